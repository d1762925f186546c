"""The data sets' names and the checks of what a user asks for, without TensorFlow.

A source is one file with one function `(name, data_dir, shape) -> Data` and one line in `DATASETS`.
"""

import http.client
import json
import os
import pathlib
import re
import threading
import urllib.request

from tfgan_zoo import registry
from tfgan_zoo.registry import Entry

# Lengths and widths that show something within minutes on two cores.
_MIXTURE = {"network": "mlp", "batch_size": 256, "kimg": 1024.0, "tick_kimg": 128.0}
_SMALL = {"width": 32, "kimg": 320.0, "tick_kimg": 16.0}
DATASETS = {
    "fashion_mnist_10k": Entry(
        "10,000 grey images of clothes, 32 px, in the package: 9,000 train, 1,000 held out",
        "tfgan_zoo.data.embedded:load",
        _SMALL,
    ),
    "fashion_mnist": Entry("all 70,000 of Fashion-MNIST, 32 px, through TFDS", "tfgan_zoo.data.tfds:load"),
    "stacked_fashion": Entry(
        "1,000 modes: three images of clothes as the channels of one, 32 px",
        "tfgan_zoo.data.stacked:load",
        _SMALL,
    ),
    "ring": Entry("8 Gaussians on a circle of radius 2 in the plane", "tfgan_zoo.data.mixtures:load", _MIXTURE),
    "ring_r5": Entry("the ring with radius 5", "tfgan_zoo.data.mixtures:load", _MIXTURE),
    "ring_r8": Entry("the ring with radius 8", "tfgan_zoo.data.mixtures:load", _MIXTURE),
    "grid": Entry("5 x 5 Gaussians in the plane", "tfgan_zoo.data.mixtures:load", _MIXTURE),
    "cube": Entry("3 x 3 x 3 Gaussians in space", "tfgan_zoo.data.mixtures:load", _MIXTURE),
}
PREPARED = Entry("a data set of square images that TFDS has prepared", "tfgan_zoo.data.tfds:load")

_IMAGES = {
    "fashion_mnist_10k": (28, 1),
    "fashion_mnist": (28, 1),
    "stacked_fashion": (28, 3),
}  # pixels a side, channels
_VECTORS = {"ring": 2, "ring_r5": 2, "ring_r8": 2, "grid": 2, "cube": 3}
# The first file that TFDS would fetch: without it a download is hopeless.
_DOWNLOADS = {
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
}
_MIN_SIZE = 32  # the smallest images of the convolutional networks
_PROBE_SECONDS = 5


def check(name, data_dir=None, image_size=None, channels=None):
    """Checks what a user asks for, before TensorFlow starts.

    Arguments are those of `tfgan_zoo.data.load`. A data set that would have to be downloaded is asked for once over
    the network, for at most five seconds.

    Returns:
        The shape of one item: (H, W, C) of an image, (d,) of a vector.

    Raises:
        ValueError: in one line that names the argument, the value and what is allowed.

    >>> from tfgan_zoo import data
    >>> data.check("fashion_mnist_10k")
    (32, 32, 1)
    >>> data.check("fashion_mnist_10k", image_size=64)
    Traceback (most recent call last):
    ...
    ValueError: image_size=64: fashion_mnist_10k has images of 28 px; choose from 28, 32
    """
    if name in _VECTORS:
        for argument, value in (("image_size", image_size), ("channels", channels)):
            if value is not None:
                raise ValueError(f"{argument}={value}: {name} has vectors, not images; leave {argument} out")
        return (_VECTORS[name],)
    native, depth = _image_format(name, data_dir)
    padded = max(_MIN_SIZE, 1 << (native - 1).bit_length())
    size = _one_of("image_size", image_size, padded, (native, padded), f"{name} has images of {native} px")
    channels = _one_of("channels", channels, depth, (depth, 3), f"{name} has images of {depth} channel(s)")
    return (size, size, channels)


def tfds_dir(data_dir=None):
    """Returns TFDS's folder as a `pathlib.Path`: `data_dir`, else $TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    return pathlib.Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def prepared(name, data_dir=None):
    """Returns the folder where TFDS has prepared the newest version of `name` ("set" or "set/config"), or None."""
    if not re.fullmatch(r"\w+(/[\w.+-]+)?", name):
        return None
    found = [file.parent for file in tfds_dir(data_dir).glob(f"{name}/*/dataset_info.json")]
    # What TFDS is still writing, or left unfinished, is called incomplete.*
    found = [folder for folder in found if re.fullmatch(r"\d+\.\d+\.\d+", folder.name)]
    return max(found, key=lambda folder: [int(part) for part in folder.name.split(".")], default=None)


def _one_of(argument, value, default, allowed, reason):
    if value is None:
        return default
    if value not in allowed:
        choices = ", ".join(str(choice) for choice in sorted(set(allowed)))
        raise ValueError(f"{argument}={value}: {reason}; choose from {choices}")
    return value


def _image_format(name, data_dir):
    """Returns (pixels a side, channels) of the images that the source holds."""
    if name in _IMAGES and name not in _DOWNLOADS:
        return _IMAGES[name]
    folder = prepared(name, data_dir)
    if folder is not None:
        return _tfds_image_format(name, folder)
    if name in _DOWNLOADS:
        reason = _unreachable(_DOWNLOADS[name])
        if reason:
            raise ValueError(
                f"dataset={name} is not prepared in {tfds_dir(data_dir)} and cannot be downloaded ({reason}): run"
                f" `make data` (Debian's dataset-fashion-mnist), point --data_dir to a local folder where TFDS has"
                f" prepared it, or take --dataset=fashion_mnist_10k, which needs no network"
            )
        return _IMAGES[name]
    if os.path.exists(name) or name.startswith((".", "/", "~")) or name.endswith(".zip"):
        raise ValueError(f"dataset={name} is a path; folders and zip files are not supported yet, give a name")
    try:
        return registry.choose("dataset", name, DATASETS)
    except ValueError as error:
        raise ValueError(f"{error}, or a TFDS data set that is prepared in {tfds_dir(data_dir)}") from None


def _tfds_image_format(name, folder):
    """Reads the images' format from TFDS's description of them."""
    features = json.loads((folder / "features.json").read_text()).get("featuresDict", {}).get("features", {})
    image = features.get("image", {}).get("image", {})
    sides = [int(side) for side in image.get("shape", {}).get("dimensions", [])]
    square = len(sides) == 3 and sides[0] == sides[1] > 0 and sides[2] in (1, 3)
    if not square or image.get("dtype") != "uint8":
        raise ValueError(
            f"dataset={name}: {folder} has no feature `image` of one square size in 1 or 3 channels of uint8"
            f" (its features: {', '.join(features)}; image: {image.get('dtype')} {sides})"
        )
    return sides[0], sides[2]


def _unreachable(url):
    """Returns why `url` cannot be fetched, or "" if it can."""
    reasons = []

    def probe():
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=_PROBE_SECONDS).close()
            reasons.append("")
        except (OSError, http.client.HTTPException) as error:
            reasons.append(" ".join(str(getattr(error, "reason", error)).split()) or type(error).__name__)

    # A thread, because urlopen's time limit does not cover the look-up of the host's name.
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(_PROBE_SECONDS)
    return reasons[0] if reasons else f"no answer within {_PROBE_SECONDS} s"
