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
PREPARED = Entry("a data set of images that TFDS has prepared or can prepare", "tfgan_zoo.data.tfds:load")
FOLDER = Entry("a folder or zip file of pictures", "tfgan_zoo.data.local:load")

_IMAGES = {
    "fashion_mnist_10k": (28, 1),
    "fashion_mnist": (28, 1),
    "stacked_fashion": (28, 3),
}  # pixels a side, channels
BAD_IMAGES = ("error", "skip")
_VECTORS = {"ring": 2, "ring_r5": 2, "ring_r8": 2, "grid": 2, "cube": 3}
# The first file that TFDS would fetch: without it a download is hopeless.
_DOWNLOADS = {
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
}
_MIN_SIZE, _MAX_SIZE = 32, 128  # the images of the convolutional networks
_PROBE_SECONDS = 5
_SHOWN = 24  # configs of a TFDS set in a message


def check(name, data_dir=None, image_size=None, channels=None, split=None):
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
    if split is not None and source(name).path != PREPARED.path:
        raise ValueError(f"split={split} is for data sets of TFDS; dataset={name} has splits of its own")
    if is_path(name):
        from tfgan_zoo.data import folders

        return folders.shape(os.path.expanduser(name), image_size, channels)
    if name in _VECTORS:
        for argument, value in (("image_size", image_size), ("channels", channels)):
            if value is not None:
                raise ValueError(f"{argument}={value}: {name} has vectors, not images; leave {argument} out")
        return (_VECTORS[name],)
    *sides, depth = _image_format(name, data_dir, split)
    native = min(sides)
    what = f"{name} has images of {' x '.join(map(str, sorted(set(sides))))} px"
    if name in _IMAGES and name not in _DOWNLOADS:
        padded = padded_size(native)
        size = _one_of("image_size", image_size, padded, (native, padded), what)
        channels = _one_of("channels", channels, depth, (depth, 3), f"{name} has images of {depth} channel(s)")
        return (size, size, channels)
    channels = _one_of("channels", channels, depth, (1, 3), f"{name} has images of {depth} channel(s)")
    return (*(2 * (_size(name, image_size, sides, what),)), channels)


def is_path(name):
    """Returns whether a data set's name is that of a folder or zip file.

    It is if it begins with . / or ~, ends in .zip, or exists and is no name in `DATASETS`.
    """
    if name in DATASETS:
        return False
    return name.startswith((".", "/", "~")) or name.lower().endswith(".zip") or os.path.exists(name)


def absolute(name):
    """Returns the absolute path of a name that is a path, and any other name as it is."""
    return os.path.abspath(os.path.expanduser(name)) if is_path(name) else name


def source(name):
    """Returns the `Entry` of a data set's name."""
    return FOLDER if is_path(name) else DATASETS.get(name, PREPARED)


def key(name, shape):
    """Returns the key of the contents of a path, decoded to `shape`; None of any other name."""
    if not is_path(name):
        return None
    from tfgan_zoo.data import folders

    return folders.key(os.path.expanduser(name), shape)


def prepare(name, shape, bad_images="error", key=None):
    """Decodes the pictures of a path into the cache, unless they are there; does nothing for any other name.

    Args:
        name: str, the data set.
        shape: what `check` returned for it.
        bad_images: str, "error" stops at the first file that cannot be used; "skip" leaves such files out.
        key: str, what `key` returned when a run was begun; None asks for nothing.

    Raises:
        ValueError: in one line, for a file that cannot be used, and for contents that are not those of `key`.
    """
    if not is_path(name):
        return
    from tfgan_zoo.data import folders

    registry.choose("bad_images", bad_images, BAD_IMAGES)
    folders.prepare(os.path.expanduser(name), shape, bad_images, key)


def padded_size(native):
    """Returns the pixels a side that images of `native` pixels a side get by a border: a power of two."""
    return max(_MIN_SIZE, 1 << (native - 1).bit_length())


def tfds_dir(data_dir=None):
    """Returns TFDS's folder as a `pathlib.Path`: `data_dir`, else $TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    return pathlib.Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def prepared(name, data_dir=None):
    """Returns the folder where TFDS has prepared the newest fitting version of a data set, or None.

    Args:
        name: str in TFDS's form, "set", "set/config" or either with ":version", such as "set:3.*.*".
        data_dir: str, as in `tfds_dir`.
    """
    match = re.fullmatch(r"(\w+(?:/[\w.+-]+)?)(?::([\d*]+\.[\d*]+\.[\d*]+))?", name)
    if not match:
        return None
    found = [file.parent for file in tfds_dir(data_dir).glob(f"{match[1]}/*/dataset_info.json")]
    # What TFDS is still writing, or left unfinished, is called incomplete.*
    version = re.escape(match[2] or "*.*.*").replace(r"\*", r"\d+")
    found = [folder for folder in found if re.fullmatch(version, folder.name)]
    return max(found, key=lambda folder: [int(part) for part in folder.name.split(".")], default=None)


def _one_of(argument, value, default, allowed, reason):
    if value is None:
        return default
    if value not in allowed:
        choices = ", ".join(str(choice) for choice in sorted(set(allowed)))
        raise ValueError(f"{argument}={value}: {reason}; choose from {choices}")
    return value


def _size(name, image_size, sides, what):
    """Returns the pixels a side of a TFDS set's training images; what is not square or too large is scaled down."""
    native = min(sides)
    if native < 1:
        if image_size is None:
            raise ValueError(f"dataset={name} has images of many sizes: say which one you want, --image_size=64")
        return _one_of("image_size", image_size, None, range(1, 1025), f"{name} has images of many sizes")
    padded = padded_size(native)
    if len(set(sides)) > 1 or padded > _MAX_SIZE:
        largest = 1 << (native.bit_length() - 1)
        default = max(min(largest, _MAX_SIZE), _MIN_SIZE)
    else:
        default = padded
    size = image_size or default
    if len(set(sides)) == 1 and size == padded:
        return size
    if not 1 <= size <= native:
        raise ValueError(
            f"image_size={size}: {what}; choose at most {native}, or, for a square with a border, {padded}"
        )
    return size


def _image_format(name, data_dir, split):
    """Returns (height, width, channels) of the images that the source holds; 0 where sizes differ."""
    if name in _IMAGES and name not in _DOWNLOADS:
        return _IMAGES[name][0], *_IMAGES[name]
    folder = prepared(name, data_dir)
    if folder is not None:
        _check_split(split, name, folder)
        return _tfds_image_format(name, folder)
    if name in _DOWNLOADS:
        _check_download(name, _DOWNLOADS[name], data_dir)
        return _IMAGES[name][0], *_IMAGES[name]
    return _tfds_builder_format(name, data_dir)


def _check_split(split, name, folder):
    """Checks the names in a split of TFDS's syntax; TFDS itself checks the rest."""
    if split is None:
        return
    known = [it["name"] for it in json.loads((folder / "dataset_info.json").read_text()).get("splits", [])]
    for part in split.split("+"):
        word = part.split("[")[0].strip()
        if word not in known:
            raise ValueError(f"split={split}: {name} has no split {word!r}; choose from {', '.join(known)}")


def _check_download(name, url, data_dir):
    reason = _unreachable(url)
    if reason:
        ways = (
            "run `make data` (Debian's dataset-fashion-mnist), point --data_dir to a local folder where TFDS has"
            " prepared it, or take --dataset=fashion_mnist_10k, which needs no network"
        )
        if name.split(":")[0] not in _DOWNLOADS:
            ways = (
                "point --data_dir to a folder where TFDS has prepared it, or give a local folder of pictures,"
                " --dataset=PATH"
            )
        raise ValueError(
            f"dataset={name} is not prepared in {tfds_dir(data_dir)} and cannot be downloaded ({reason}): {ways}"
        )


def _tfds_builder_format(name, data_dir):
    """Asks TFDS, which does not start TensorFlow for it, what a set that is not prepared will hold."""
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=tfds_dir(data_dir))
    except tfds.core.DatasetNotFoundError:
        try:
            return registry.choose("dataset", name, DATASETS)
        except ValueError as error:
            where = f"or a TFDS data set that is prepared in {tfds_dir(data_dir)}"
            raise ValueError(f"{error}, a folder or zip file of pictures, {where} or can be downloaded") from None
    except Exception as error:  # TFDS names no base class for a wrong config or version
        said = re.sub(r'^Failed to construct dataset .*?}": | Here are \d+ BuilderConfigs .*', "", str(error))
        reason = f"{_first_line(said)}{_configs(name)}"
        raise ValueError(f"dataset={name}: TFDS has no such config or version ({reason})") from None
    features = dict(builder.info.features)
    image = features.get("image")
    sides = [side or 0 for side in getattr(image, "shape", None) or ()]
    dtype = getattr(getattr(image, "np_dtype", None), "__name__", None)
    sides = _checked(name, "TFDS's description", features, sides, dtype)
    for url in list(builder.url_infos)[:1]:
        _check_download(name, url, data_dir)
    return sides


def _configs(name):
    """Returns " Configs: ..." of a TFDS set whose name is right where its config is not, else ""."""
    import tensorflow_datasets as tfds

    known = sorted(tfds.builder_cls(re.split("[/:]", name)[0]).builder_configs)
    return f" Configs: {', '.join(known[:_SHOWN])}{', ...' if len(known) > _SHOWN else ''}" if known else ""


def _tfds_image_format(name, folder):
    """Reads the images' format from TFDS's description of them."""
    features = json.loads((folder / "features.json").read_text()).get("featuresDict", {}).get("features", {})
    image = features.get("image", {}).get("image", {})
    sides = [max(0, int(side)) for side in image.get("shape", {}).get("dimensions", [])]
    return _checked(name, folder, features, sides, image.get("dtype"))


def _checked(name, where, features, sides, dtype):
    if len(sides) != 3 or sides[2] not in (1, 3) or dtype != "uint8":
        raise ValueError(
            f"dataset={name}: {where} has no feature `image` in 1 or 3 channels of uint8"
            f" (its features: {', '.join(features)}; image: {dtype} {sides})"
        )
    return tuple(sides) if all(sides) else (0, 0, sides[2])


def _first_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


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
