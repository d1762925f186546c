"""The three signatures of a served generator, with their checks inside the graph."""

import tensorflow as tf

from tfgan_zoo import random

MAX_BATCH = 256


class ServedGenerator(tf.Module):
    """A trained generator as TensorFlow Serving calls it.

    It holds the sampling network's weights once and nothing of Keras, and needs TensorFlow alone to load. Every
    input and output shares its first dimension, so that the server may put requests into one batch:

        serving_default  latents f32[N, latent_dim]          -> images f32[N, H, W, C] in [0, 1]
        generate         seeds i64[N], truncation f32[N]     -> images, one for each seed whatever its batch
        generate_png     the same                            -> image_bytes string[N], a PNG each

    Mixtures have no PNG, and their images are f32[N, d] in data units.

    A batch of more than `max_batch` rows is refused, so that no request can ask for a million images.

    Args:
        model: a `GAN`.
        max_batch: int >= 1, the most rows of a batch, those that the server puts together included.
    """

    def __init__(self, model, max_batch=MAX_BATCH):
        super().__init__(name="generator")
        self._max_batch = max_batch
        self.weights = [variable.value for variable in model.sampler.variables]
        self._model = _Untracked(model)
        latents = tf.TensorSpec([None, model.generator.latent_dim], tf.float32, "latents")
        seeds = tf.TensorSpec([None], tf.int64, "seeds")
        truncation = tf.TensorSpec([None], tf.float32, "truncation")
        self.endpoints = {
            "serving_default": self.from_latents.get_concrete_function(latents),
            "generate": self.from_seeds.get_concrete_function(seeds, truncation),
        }
        if len(model.generator.image_shape) == 3:
            self.endpoints["generate_png"] = self.png_from_seeds.get_concrete_function(seeds, truncation)

    @tf.function(autograph=False)
    def from_latents(self, latents):
        """Signature serving_default."""
        with tf.control_dependencies(self._checked_rows(latents, "latents")):
            latents = tf.debugging.check_numerics(latents, "latents must be finite numbers")
        return {"images": self._model.value.sample(latents)}

    @tf.function(autograph=False)
    def from_seeds(self, seeds, truncation):
        """Signature generate."""
        return {"images": self._images(seeds, truncation)}

    @tf.function(autograph=False)
    def png_from_seeds(self, seeds, truncation):
        """Signature generate_png."""
        levels = tf.cast(tf.round(self._images(seeds, truncation) * 255), tf.uint8)
        png = tf.map_fn(tf.io.encode_png, levels, fn_output_signature=tf.TensorSpec([], tf.string))
        return {"image_bytes": png}

    def _images(self, seeds, truncation):
        checks = [
            *self._checked_rows(seeds, "seeds"),
            tf.debugging.assert_equal(
                tf.shape(truncation), tf.shape(seeds), "truncation needs one value for each seed"
            ),
            # A NaN fails the comparison too.
            tf.debugging.Assert(
                tf.reduce_all((truncation >= 0) & (truncation <= 1)), ["truncation must be in [0, 1]:", truncation]
            ),
        ]
        with tf.control_dependencies([check for check in checks if check is not None]):
            latents = random.latents_from_seeds(seeds, self._model.value.generator.latent_dim)
        return self._model.value.sample(latents * truncation[:, tf.newaxis])

    def _checked_rows(self, tensor, name):
        most = tf.debugging.assert_less_equal(
            tf.shape(tensor)[0],
            self._max_batch,
            f"{name} has more rows than the limit of this export, {self._max_batch}",
        )
        return [check for check in (_not_empty(tensor, name), most) if check is not None]


class _Untracked:
    """Keeps a reference that tf.Module does not follow, so that the weights are stored once."""

    def __init__(self, value):
        self.value = value


def _not_empty(rows, name):
    return tf.debugging.assert_positive(tf.shape(rows)[0], f"{name} must have at least one row")
