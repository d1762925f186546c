"""The three signatures of a served generator, with their checks inside the graph."""

import tensorflow as tf

from tfgan_zoo import pictures, random, transparency

MAX_BATCH = 256


class ServedGenerator(tf.Module):
    """A trained generator as TensorFlow Serving calls it.

    It holds the sampling network's weights once and nothing of Keras, and needs TensorFlow alone to load. Every
    input and output shares its first dimension, so that the server may put requests into one batch:

        serving_default  latents f32[N, latent_dim]          -> images f32[N, H, W, C] in [0, 1]
        generate         seeds i64[N], truncation f32[N]     -> images, one for each seed whatever its batch
        generate_png     the same                            -> image_bytes string[N], a PNG each

    Points of mixtures and images of more than four channels have no PNG; the points are f32[N, d] in data units. The
    colours of RGBA are multiplied by alpha in images, and as they are in PNGs.

    Of a conditional model, all three take labels i32[N] too, and a fourth says which label a seed stands for:

        draw_labels      seeds i64[N]                        -> labels i32[N], one_hot f32[N, num_classes]

    and where its classes have names, a fifth tells them, all in each row:

        class_names      seeds i64[N]                        -> names string[N, num_classes]

    What an input may be is checked in the graph, and anything else is INVALID_ARGUMENT with a sentence. The shapes
    are among it: TensorFlow Serving compares names and types of a request with the signature, not shapes. A batch of
    more than `max_batch` rows is refused too, so that no request can ask for a million images.

    Args:
        model: a `GAN`.
        max_batch: int >= 1, the most rows of a batch, those that the server puts together included.
    """

    def __init__(self, model, max_batch=MAX_BATCH):
        super().__init__(name="generator")
        self._max_batch = max_batch
        self.weights = [variable.value for variable in model.sampler.variables]
        self._model = _Untracked(model)
        labels = ("labels",) if model.num_classes else ()
        self.endpoints = {
            "serving_default": self._endpoint(self.from_latents, "latents", *labels),
            "generate": self._endpoint(self.from_seeds, "seeds", "truncation", *labels),
        }
        if len(model.image_shape) == 3 and model.image_shape[-1] in pictures.CHANNELS:
            self.endpoints["generate_png"] = self._endpoint(self.png_from_seeds, "seeds", "truncation", *labels)
        if labels:
            self.endpoints["draw_labels"] = self._endpoint(self.labels_from_seeds, "seeds")
        if model.class_names:
            self.endpoints["class_names"] = self._endpoint(self.names_of_classes, "seeds")

    def _endpoint(self, method, *names):
        specs = {
            "latents": tf.TensorSpec([None, self._model.value.latent_dim], tf.float32, "latents"),
            "seeds": tf.TensorSpec([None], tf.int64, "seeds"),
            "truncation": tf.TensorSpec([None], tf.float32, "truncation"),
            "labels": tf.TensorSpec([None], tf.int32, "labels"),
        }

        @tf.function(autograph=False)
        def checked(**inputs):  # in the order of the alphabet
            return method(**self._checked({name: inputs[name] for name in names}))

        return checked.get_concrete_function(**{name: specs[name] for name in names})

    def from_latents(self, latents, labels=None):
        """Signature serving_default."""
        images = self._model.value.sample(latents, labels)
        # Numbers near float32's largest overflow inside the network.
        return {"images": _finite(images, "latents are too large: their images are no numbers")}

    def from_seeds(self, seeds, truncation, labels=None):
        """Signature generate."""
        images = self._model.value.images_of_seeds(seeds, truncation, labels)
        return {"images": _finite(images, "the images of these seeds are no numbers")}

    def png_from_seeds(self, seeds, truncation, labels=None):
        """Signature generate_png."""
        levels = tf.cast(tf.round(self.from_seeds(seeds, truncation, labels)["images"] * 255), tf.uint8)
        if levels.shape[-1] == transparency.CHANNELS:
            levels = _straight(levels)
        png = tf.map_fn(tf.io.encode_png, levels, fn_output_signature=tf.TensorSpec([], tf.string))
        return {"image_bytes": png}

    def labels_from_seeds(self, seeds):
        """Signature draw_labels."""
        labels = random.labels_from_seeds(seeds, self._model.value.num_classes)
        return {"labels": labels, "one_hot": tf.one_hot(labels, self._model.value.num_classes)}

    def names_of_classes(self, seeds):
        """Signature class_names."""
        return {"names": tf.tile(tf.constant([self._model.value.class_names]), [tf.shape(seeds)[0], 1])}

    def _checked(self, inputs):
        """Returns {name: tensor} of which is known that ranks, rows and values are as they should be."""
        inputs = {name: _checked_shape(name, tensor) for name, tensor in inputs.items()}
        (lead, first), *others = inputs.items()
        rows = tf.shape(first)[0]
        limit = f"{lead} has more rows than the limit of this export, {self._max_batch}"
        checks = [
            _require(rows >= 1, f"{lead} must have at least one row"),
            _require(rows <= self._max_batch, f"{limit}; ask in smaller batches, not for", rows),
        ]
        for name, tensor in others:
            sentence = f"{name} needs one value for each of {lead}:"
            checks.append(_require(tf.equal(tf.shape(tensor)[0], rows), sentence, tf.shape(tensor)[0], "for", rows))
        with tf.control_dependencies(checks):
            inputs = {name: tf.identity(tensor) for name, tensor in inputs.items()}
        with tf.control_dependencies([check for name in inputs for check in self._value_checks(name, inputs[name])]):
            return {name: tf.identity(tensor) for name, tensor in inputs.items()}

    def _value_checks(self, name, tensor):
        if name == "latents":
            yield _require(tf.reduce_all(tf.math.is_finite(tensor)), "latents must be finite numbers")
        if name == "truncation":  # a NaN fails the comparison too
            inside = tf.reduce_all((tensor >= 0) & (tensor <= 1))
            yield _require(inside, "truncation must be in [0, 1]:", tensor)
        if name == "labels":
            last = self._model.value.num_classes - 1
            inside = tf.reduce_all((tensor >= 0) & (tensor <= last))
            yield _require(inside, f"labels must be in [0, {last}]:", tensor)


def _finite(images, sentence):
    """Returns images, or fails with a sentence where one is no number: as PNG it would look like a picture."""
    with tf.control_dependencies([_require(tf.reduce_all(tf.math.is_finite(images)), sentence)]):
        return tf.identity(images)


def _straight(levels):
    """Returns what `transparency.straight` does, in the graph."""
    colours, alpha = tf.split(tf.cast(levels, tf.int32), [3, 1], axis=-1)
    colours = (2 * 255 * colours + alpha) // tf.maximum(2 * alpha, 1)
    colours = tf.where(alpha > 0, tf.minimum(colours, 255), 0)
    return tf.cast(tf.concat([colours, alpha], axis=-1), tf.uint8)


class _Untracked:
    """Keeps a reference that tf.Module does not follow, so that the weights are stored once."""

    def __init__(self, value):
        self.value = value


def _checked_shape(name, tensor):
    """Returns a tensor that is sure to have the static shape that its signature promises."""
    # The promise would let the optimiser remove the check: this op makes it forget.
    unknown = tf.raw_ops.PlaceholderWithDefault(input=tensor, shape=None)
    row = tensor.shape[1:].as_list()
    fits = tf.equal(tf.size(tf.shape(unknown)), len(tensor.shape))
    if row:
        fits = tf.cond(fits, lambda: tf.reduce_all(tf.equal(tf.shape(unknown)[1:], row)), lambda: False)
    allowed = ", ".join(["N", *map(str, row)])
    with tf.control_dependencies([_require(fits, f"{name} must have the shape [{allowed}], not", tf.shape(unknown))]):
        return tf.ensure_shape(unknown, tensor.shape)


def _require(condition, *sentence):
    """Returns an op that fails with a sentence, values in it, where the condition does not hold."""
    return tf.raw_ops.Assert(condition=condition, data=list(sentence), summarize=8)
