"""Feature extractors: from uint8 images to the numbers that metrics compare."""

import functools
import hashlib
import json
import pathlib
import warnings

import numpy as np
import tensorflow as tf

from tfgan_zoo import transparency
from tfgan_zoo.evaluation import resize
from tfgan_zoo.evaluation.wavelets import haar_packets
from tfgan_zoo.tensorflow_errors import sentence

INCEPTION_URL = "https://tfhub.dev/tensorflow/tfgan/eval/inception/1"
INCEPTION_SIZE = 299
AREA = 32  # pixels are compared at most this large
ON_WHITE = "/on_white"


class Unavailable(Exception):
    """An extractor's weights are not available; the message says how to get them."""


class Extractor:
    """Turns a batch of images into features.

    Args:
        name: str.
        checksum: str, of the weights; results carry it, and cached statistics are kept under it.
        prepare: a function from uint8[N, H, W, C] to what `network` takes.
        network: a function from that to {"features": [N, d]} and, of a classifier, "logits": [N, k].
    """

    def __init__(self, name, checksum, prepare, network):
        self.name, self.checksum = name, checksum
        self._prepare, self._network = prepare, network

    def __call__(self, levels):
        outputs = {name: np.asarray(value) for name, value in self._network(self._prepare(levels)).items()}
        for name, value in outputs.items():
            if not np.isfinite(value).all():
                raise ValueError(f"extractor={self.name}: its {name} are not all finite")
        return outputs

    def on_white(self):
        """Returns the extractor of RGBA images, which sees them as training on three channels does by default."""
        name = f"{self.name}{ON_WHITE}"
        return Extractor(name, self.checksum, lambda it: self._prepare(transparency.over(it, 255)), self._network)

    def features(self, images):
        """Returns features as a tensor through which gradients flow, of images float32[N, H, W, C] in [0, 1].

        That is so of the classifier of clothes and of a network that the user gives; Inception's images are resized
        outside TensorFlow.
        """
        return self._network(self._prepare(255 * images))["features"]

    def describe(self):
        """Returns {"name", "sha256"} for a result."""
        return {"name": self.name, "sha256": self.checksum}


def get(name, how, shape, inception=None, given=None):
    """Makes the extractor that a protocol names; RGBA is seen on white by networks that take three channels.

    Args:
        name, how: the `extractor` and `resize` of a `protocols.Protocol`.
        shape: (H, W, C) of the images, or (d,) of a mixture's points.
        inception: URL, or folder of a local copy, of TF-GAN's Inception; None is the URL.
        given: path of a .keras file or a SavedModel, for "given".

    Returns:
        An `Extractor`.

    Raises:
        ValueError: if the images do not fit, or `given` or `inception` is no extractor.
        Unavailable: if Inception is not available.

    >>> fashion = get("fashion_cnn", "crop", (32, 32, 1))
    >>> fashion(np.zeros((2, 32, 32, 1), "uint8"))["features"].shape
    (2, 128)
    """
    if name is None:
        prepare = (lambda points: points) if how is None else lambda levels: resize.area(levels, AREA) / 255
        return Extractor(
            "pixels" if how else "points", "", prepare, lambda rows: {"features": rows.reshape(len(rows), -1)}
        )
    if name == "fashion_cnn":
        return _fashion_cnn() if how == "crop" else _fashion_stacks()
    transparent = tuple(shape)[2:] == (transparency.CHANNELS,)
    if name == "lite0":
        found = _lite0(getattr(resize, how), how)
        return found.on_white() if transparent else found
    if name == "haar_packets":
        return Extractor("haar_packets", "", lambda levels: levels / 255, lambda x: {"features": haar_packets(x)})
    if name == "given":
        return _given(given, tuple(shape))
    found = _inception(inception or INCEPTION_URL, getattr(resize, how), how)
    return found.on_white() if transparent else found


def _fashion_cnn():
    from tfgan_zoo.evaluation import fashion_cnn

    network = fashion_cnn.load()

    def crop(levels):
        border = (levels.shape[1] - fashion_cnn.SIZE) // 2
        inner = slice(border, border + fashion_cnn.SIZE)
        return tf.cast(levels[:, inner, inner], tf.float32) / 255

    function = tf.function(lambda images: network(images, training=False), reduce_retracing=True)
    return Extractor("fashion_cnn", fashion_cnn.card()["sha256"], crop, function)


def _fashion_stacks():
    """The classifier on each channel: the features are the three classes, read as one number."""
    single = _fashion_cnn()

    def classes(levels):
        planes = np.moveaxis(levels, -1, 1).reshape(-1, *levels.shape[1:3], 1)
        digits = single(planes)["logits"].argmax(axis=1).reshape(-1, 3)
        return {"features": (digits * [100, 10, 1]).sum(axis=1, keepdims=True)}

    return Extractor("fashion_cnn/channels", single.checksum, lambda levels: levels, classes)


def _lite0(resizer, how):
    from tfgan_zoo.evaluation import lite0

    network = lite0.load()
    function = tf.function(lambda images: network(images, training=False), reduce_retracing=True)
    return Extractor(f"lite0/{how}", lite0.card()["sha256"], lambda levels: resizer(levels, lite0.SIZE), function)


@functools.lru_cache(maxsize=1)
def _inception_network(source):
    folder = pathlib.Path(source)
    if not folder.is_dir():
        folder = pathlib.Path(_fetch(source))
    return _load_saved_model(folder, "inception"), checksum(folder)


def _inception(source, resizer, how):
    network, digest = _inception_network(source)

    def prepare(levels):
        images = resizer(levels, INCEPTION_SIZE) / 127.5 - 1
        return tf.constant(np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images)

    try:
        outputs = network(prepare(np.zeros((2, 32, 32, 3), "uint8")))
        for name in ("pool_3", "logits"):
            _rows(outputs[name], 2)
    except (KeyError, TypeError, ValueError, tf.errors.OpError) as error:
        raise ValueError(
            f"inception={source} does not map float32[N, 299, 299, 3] to pool_3 and logits as TF-GAN's does"
            f" ({_one_line(error)})"
        ) from None

    def run(images):
        outputs = network(images)
        names = (("features", "pool_3"), ("logits", "logits"))
        return {role: _rows(outputs[name], len(images)) for role, name in names}

    return Extractor(f"tfgan_inception/{how}", digest, prepare, run)


def _fetch(url):
    """Downloads a TF-Hub module into TF-Hub's cache, and returns its folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports a deprecated module
        import tensorflow_hub

    try:
        return tensorflow_hub.resolve(url)
    except Exception as error:  # whatever urllib, tarfile and TF-Hub raise
        raise Unavailable(
            f"inception={url} is not available ({_one_line(error)}): on a machine with a network, run"
            f" `mkdir inception && curl -L '{INCEPTION_URL}?tf-hub-format=compressed' | tar -xz -C inception`,"
            " and point --inception to the folder"
        ) from None


def _given(source, shape):
    path = pathlib.Path(source)
    if path.is_file():
        network, digest = _load_keras(path), hashlib.sha256(path.read_bytes()).hexdigest()
        expected = tuple(network.input_shape[1:]) if network.built else (None,) * 3  # else by its first call
    else:
        network, digest = _load_saved_model(path, "extractor"), checksum(path)
        expected = getattr(network, "input_shape", (None,) * 3)
    opaque = shape[2:] == (transparency.CHANNELS,) and expected[2:] == (3,)
    shape = (*shape[:2], 3) if opaque else shape
    if len(expected) != 3 or any(want not in (None, have) for want, have in zip(expected, shape, strict=False)):
        raise ValueError(f"extractor={source} takes images of {expected}, not of {tuple(shape)}; nothing is resized")

    def run(images):
        outputs = network(images)
        if isinstance(outputs, dict):
            outputs = outputs["features"] if "features" in outputs else next(iter(outputs.values()))
        return {"features": _rows(outputs, len(images))}

    try:
        run(tf.zeros((2, *shape)))
    except (TypeError, ValueError, tf.errors.OpError) as error:
        raise ValueError(
            f"extractor={source} does not make features of images of {tuple(shape)} ({_one_line(error)})"
        ) from None
    found = Extractor(path.name, digest, lambda levels: tf.cast(levels, tf.float32) / 255, run)
    return found.on_white() if opaque else found


def _rows(outputs, num):
    """Returns what a network makes of `num` images as [num, d].

    Raises:
        ValueError: if it is not one row an image: reshaped, it would be the rows of several images.
    """
    if isinstance(outputs, list | tuple):
        if len(outputs) != 1:
            raise ValueError(f"it has {len(outputs)} outputs, none of them named features")
        (outputs,) = outputs
    shape = tuple(outputs.shape)
    if not shape or shape[0] != num:
        raise ValueError(f"it makes {list(shape)} of {num} images, not a row of each")
    return tf.reshape(outputs, [num, -1])


def _load_keras(path):
    import keras

    try:
        network = keras.saving.load_model(path, compile=False)
    except Exception as error:
        raise ValueError(f"extractor={path} is no Keras model ({_one_line(error)})") from None
    inputs = getattr(network, "inputs", None) or [None]  # none of one that is built by its first call
    if len(inputs) > 1:
        raise ValueError(f"extractor={path} takes {len(inputs)} inputs, not images alone")
    return network


def _load_saved_model(folder, argument):
    """Returns a function of one tensor: the module itself, or its serving signature."""
    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise ValueError(f"{argument}={folder} is no SavedModel ({_one_line(error)})") from None
    if callable(loaded):
        return loaded
    known = [loaded.signatures[name] for name in ("serving_default", "default") if name in loaded.signatures]
    if not known:
        raise ValueError(f"{argument}={folder} has no signature called serving_default")
    signature = known[0]
    (argument_name, spec), *others = signature.structured_input_signature[1].items()
    if others:
        raise ValueError(f"{argument}={folder}: its signature takes {1 + len(others)} inputs, not images alone")

    def call(images):
        return signature(**{argument_name: images})

    call.input_shape = tuple(spec.shape[1:])
    call.keep = loaded  # its variables live as long as it
    return call


def checksum(folder):
    """Returns the SHA-256 over the files of a folder, names included."""
    digest = hashlib.sha256()
    for file in sorted(path for path in pathlib.Path(folder).rglob("*") if path.is_file()):
        inner = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(json.dumps([file.relative_to(folder).as_posix(), inner]).encode())
    return digest.hexdigest()


def _one_line(error):
    return f"{type(error).__name__}: {sentence(error)[:200]}"
