"""The data sets' names and what a user may ask of them, checked without TensorFlow.

A source is one file with one function `(name, data_dir, shape) -> Data` and one line in `DATASETS`.
"""

import dataclasses
import os

from tfgan_zoo import image_sizes, specs
from tfgan_zoo.choices import choose
from tfgan_zoo.data import tfds_probe


@dataclasses.dataclass(frozen=True)
class Entry:
    """What stands behind a data set's name.

    Attributes:
        summary: a line for `--list`.
        path: "module:function" that loads it.
        implies: fields of a run's configuration that the choice implies.
        stored: bool, whether there are pictures, which can be mirrored, and not draws without end.
        reads: tuple of str, what of `READING` can be chosen.
        on: {network: fields that the choice implies on it, in the place of what the network implies}.
    """

    summary: str
    path: str
    implies: dict = dataclasses.field(default_factory=dict)
    stored: bool = True
    reads: tuple = ()
    on: dict = dataclasses.field(default_factory=dict)

    def load(self):
        """Imports the function and returns it."""
        return specs.attribute(self.path)


# Lengths and widths that show something within minutes on two cores.
_MIXTURE = {"network": "mlp", "batch_size": 256, "kimg": 1024.0, "tick_kimg": 128.0}
_SMALL = {"width": 32, "kimg": 320.0, "tick_kimg": 16.0}
_FEW = _SMALL | {"batch_size": 32, "augment": ("translation", "cutout")}  # which D would learn by heart
# What a user may choose of how pictures are read, the fields of a `decode.Reading`, and what is usual.
READING = {"no_icc": False, "background": "white", "resize": "crop", "min_size": "error"}
DATASETS = {
    "fashion_mnist_10k": Entry(
        "10,000 grey images of clothes, 32 px, in the package: 9,000 train, 1,000 held out",
        "tfgan_zoo.data.embedded:load",
        _SMALL,
    ),
    "noto_emoji_64": Entry(
        "3,762 emoji in colour, 64 px, in nine groups, in the package",
        "tfgan_zoo.data.noto_emoji:load",
        _FEW,
        on={"dcgan": {"normalization": "spectral"}},  # with batch normalisation one pattern comes again and again
        reads=("background",),
    ),
    "fashion_mnist": Entry("all 70,000 of Fashion-MNIST, 32 px, through TFDS", "tfgan_zoo.data.tfds:load"),
    "stacked_fashion": Entry(
        "1,000 modes: three images of clothes as the channels of one, 32 px",
        "tfgan_zoo.data.stacked:load",
        _SMALL,
        stored=False,
    ),
    "ring": Entry("8 Gaussians on a circle of radius 2 in the plane", "tfgan_zoo.data.mixtures:load", _MIXTURE, False),
    "ring_r5": Entry("the ring with radius 5", "tfgan_zoo.data.mixtures:load", _MIXTURE, False),
    "ring_r8": Entry("the ring with radius 8", "tfgan_zoo.data.mixtures:load", _MIXTURE, False),
    "grid": Entry("5 x 5 Gaussians in the plane", "tfgan_zoo.data.mixtures:load", _MIXTURE, False),
    "cube": Entry("3 x 3 x 3 Gaussians in space", "tfgan_zoo.data.mixtures:load", _MIXTURE, False),
}
PREPARED = Entry("a data set of images that TFDS has prepared or can prepare", "tfgan_zoo.data.tfds:load")
FOLDER = Entry("a folder or zip file of pictures", "tfgan_zoo.data.folder_source:load", reads=tuple(READING))

_IMAGES = {
    "fashion_mnist_10k": (28, 1),
    "fashion_mnist": (28, 1),
    "stacked_fashion": (28, 3),
    "noto_emoji_64": (64, 3),
}  # pixels a side, channels
_SMALLER = {"noto_emoji_64": 32}  # pixels a side to which an embedded set is scaled down, for those who ask
_ALPHA = {"noto_emoji_64": 4}  # channels that an embedded set has with alpha, for those who ask
BAD_IMAGES = ("error", "skip")
MIN_SIZE, RESIZE = ("error", "skip", "enlarge"), ("crop", "pad", "stretch")
_COLOURS = {"white": (255, 255, 255), "black": (0, 0, 0)}
_VECTORS = {"ring": 2, "ring_r5": 2, "ring_r8": 2, "grid": 2, "cube": 3}
# Where no network says which image sizes it makes, the default is one of these.
USUAL_SIZES = (32, 64, 128)


def check(name, data_dir=None, image_size=None, channels=None, split=None, sizes=None):
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
    image_size = None if image_size is None else image_sizes.parse(image_size)
    if split is not None and source(name).path != PREPARED.path:
        raise ValueError(f"split={split} is for data sets of TFDS; dataset={name} has splits of its own")
    if is_path(name):
        from tfgan_zoo.data import folders

        return folders.shape(os.path.expanduser(name), image_size, channels, sizes or USUAL_SIZES)
    if name in _VECTORS:
        for argument, value in (("image_size", image_size), ("channels", channels)):
            if value is not None:
                raise ValueError(f"{argument}={value}: {name} has vectors, not images; leave {argument} out")
        return (_VECTORS[name],)
    height, width, depth = _image_format(name, data_dir, split)
    sides = " x ".join(map(str, sorted({height, width})))
    described = f"{name} has images of {sides} px"
    if _is_embedded(name):
        padded = _padded_size(height, sizes)
        size = _one_of("image_size", image_size, padded, (_SMALLER.get(name, height), height, padded), described)
        allowed = (depth, 3, _ALPHA.get(name, 3))
        channels = _one_of("channels", channels, depth, allowed, f"{name} has images of {depth} channel(s)")
        return (*image_sizes.sides(size), channels)
    channels = _one_of("channels", channels, depth, (1, 3), f"{name} has images of {depth} channel(s)")
    size = _size(name, image_size, (height, width), described, sizes)
    return (*image_sizes.sides(size), channels)


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


def key(name, shape, reading=None):
    """Returns the key of the contents of a path, decoded to `shape` as a `decode.Reading` says (None: as usual).

    It is None of any other name.
    """
    if not is_path(name):
        return None
    from tfgan_zoo.data import decode, folders

    return folders.key(os.path.expanduser(name), shape, reading or decode.USUAL)


def colour(argument, text):
    """Returns the levels of a colour that is said as white, black or R,G,B.

    Raises:
        ValueError: in one line, for anything else.

    >>> colour("background", "255,128,0")
    (255, 128, 0)
    """
    if text in _COLOURS:
        return _COLOURS[text]
    parts = text.split(",")
    if len(parts) == 3 and all(part.strip().isascii() and part.strip().isdecimal() for part in parts):
        levels = tuple(map(int, parts))
        if max(levels) <= 255:
            return levels
    raise ValueError(f"{argument}={text} must be {', '.join(_COLOURS)}, or R,G,B with levels from 0 to 255")


def check_pictures(name, mirror=False, **choices):
    """Checks what is asked of the pictures of a data set.

    Args:
        name: str, the data set.
        mirror: bool, whether their mirror images train too.
        **choices: those of `READING`, all for folders and zip files, some for other sets (`Entry.reads`).

    Raises:
        ValueError: in one line that names the argument.
    """
    if mirror and not source(name).stored:
        raise ValueError(f"mirror={mirror}: dataset={name} has no pictures to mirror, but draws without end")
    for argument, value in choices.items():
        if value != READING[argument] and argument not in source(name).reads:
            raise ValueError(f"{argument}={value} is for folders and zip files of pictures; dataset={name} is none")
    colour("background", choices.get("background", "white"))


def reading(name, **choices):
    """Returns the `decode.Reading` of a path's pictures; None for any other name, whose images nobody reads so.

    Args:
        name: str, the data set.
        **choices: those of `READING`.
    """
    if not is_path(name):
        return None
    from tfgan_zoo.data import decode

    if "background" in choices:
        choices["background"] = colour("background", choices["background"])
    return decode.Reading(**choices)


def count(name):
    """Returns how many pictures of a path there are, to train on and held out; None of any other name."""
    if not is_path(name):
        return None
    from tfgan_zoo.data import folders

    return folders.survey(os.path.expanduser(name)).num


def prepare(name, shape, bad_images="error", key=None, reading=None):
    """Decodes the pictures of a path into the cache, unless they are there; does nothing for any other name.

    Args:
        name: str, the data set.
        shape: what `check` returned for it.
        bad_images: str, "error" stops at the first file that cannot be used; "skip" leaves such files out.
        key: str, what `key` returned when a run was begun; None asks for nothing.
        reading: a `decode.Reading`; None is as usual.

    Raises:
        ValueError: in one line, for a file that cannot be used, and for contents that are not those of `key`.
    """
    if not is_path(name):
        return
    from tfgan_zoo.data import decode, folders

    choose("bad_images", bad_images, BAD_IMAGES)
    folders.prepare(os.path.expanduser(name), shape, bad_images, key, reading or decode.USUAL)


def no_labels(name):
    """Returns what is said of a data set without labels where they are needed."""
    return f"dataset={name} has no labels; pictures get them from folders, one a class"


def look_over(name, shape, bad_images="error", labels=False, reading=None):
    """Finds what `prepare` would refuse of a path's files by their names and headers; nothing is decoded.

    Args:
        name, shape, bad_images: as `prepare` takes them.
        labels: bool, whether there must be class folders.
        reading: a `decode.Reading`; None is as usual.

    Raises:
        ValueError: in one line, for a file that cannot be used, and for class folders that are missing.
    """
    if is_path(name):
        from tfgan_zoo.data import decode, folders

        folders.look_over(os.path.expanduser(name), shape, bad_images, labels, reading or decode.USUAL)


def _is_embedded(name):
    return name in _IMAGES and name not in tfds_probe.DOWNLOADS


def _image_format(name, data_dir, split):
    """Returns (height, width, channels) of the images that the source holds; 0 where sizes differ."""
    if _is_embedded(name):
        return _IMAGES[name][0], *_IMAGES[name]
    folder = tfds_probe.prepared(name, data_dir)
    if folder is not None:
        tfds_probe.check_split(split, name, folder)
        return tfds_probe.prepared_format(name, folder)
    if name in tfds_probe.DOWNLOADS:
        tfds_probe.check_download(name, data_dir)
        return _IMAGES[name][0], *_IMAGES[name]
    return tfds_probe.downloadable_format(name, data_dir, DATASETS)


def _padded_size(native, sizes):
    """Returns the pixels a side that images of `native` pixels a side get by a border of zeros.

    That is the smallest of `sizes`, those of a network, that holds them; where none does, a power of two.
    """
    return next((size for size in sorted(sizes or USUAL_SIZES) if size >= native), 1 << (native - 1).bit_length())


def _one_of(argument, value, default, allowed, reason):
    if value is None:
        return default
    if value not in allowed:
        choices = ", ".join(str(choice) for choice in sorted(set(allowed)))
        shown = image_sizes.shown(value) if argument == "image_size" else value
        raise ValueError(f"{argument}={shown}: {reason}; choose from {choices}")
    return value


def _size(name, image_size, sides, described, sizes):
    """Returns the size of a TFDS set's training images; what has other proportions or is too large is scaled down."""
    native = min(sides)
    if isinstance(image_size, tuple):
        if native >= 1 and any(wanted > side for wanted, side in zip(image_size, sides, strict=True)):
            most = "x".join(map(str, sides))
            raise ValueError(f"image_size={image_sizes.shown(image_size)}: {described}; choose at most {most}")
        return image_size
    if native < 1:
        if image_size is None:
            raise ValueError(f"dataset={name} has images of many sizes: say which one you want, --image_size=64")
        return _one_of("image_size", image_size, None, range(1, 1025), f"{name} has images of many sizes")
    padded = _padded_size(native, sizes)
    square = len(set(sides)) == 1
    sizes = sorted(sizes or USUAL_SIZES)
    if square and padded <= sizes[-1]:
        default = padded
    else:
        default = max((size for size in sizes if size <= native), default=sizes[0])
    size = image_size or default
    if square and size == padded:
        return size
    if not 1 <= size <= native:
        raise ValueError(
            f"image_size={size}: {described}; choose at most {native}, or, for a square with a border, {padded}"
        )
    return size
