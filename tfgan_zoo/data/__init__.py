"""Data sets by name. Importing this package does not import TensorFlow; `load` and `Data` do, when first used."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfgan_zoo.choices import choose
from tfgan_zoo.data import catalogue
from tfgan_zoo.data.catalogue import DATASETS, check, prepare, source
from tfgan_zoo.files import PathLike

if TYPE_CHECKING:
    from tfgan_zoo.data.dataset import Data

__all__ = ["DATASETS", "Data", "check", "load"]


def load(
    name: str,
    *,
    data_dir: PathLike | None = None,
    image_size: int | str | Sequence[int] | None = None,
    channels: int | None = None,
    split: str | None = None,
    bad_images: str = "error",
    key: str | None = None,
    sizes: tuple[int, ...] | None = None,
    label_order: str = "natural",
    no_icc: bool = False,
    background: str = "white",
    resize: str = "crop",
    min_size: str = "error",
    mirror: bool = False,
) -> "Data":
    """Loads a data set.

    Args:
        name: str, one of `DATASETS`, a TFDS data set, or the path of a folder or zip file of pictures.
        data_dir: str, TFDS's folder; None is $TFDS_DATA_DIR, else ~/tensorflow_datasets.
        image_size: int, pixels a side, or (height, width). Pictures and TFDS's images that are larger or have other
            proportions are cropped in the middle and scaled down to it; smaller square images of a set get a border of
            zeros, up to the next of `sizes`. None follows the images.
        channels: int, 1 or 3; of a folder's pictures also 4, RGBA, the colours multiplied by alpha. None is the images'
            own number, without alpha.
        split: str in TFDS's syntax, such as "train[:50%]", what trains of a TFDS set; None is "train".
        bad_images: str, "error" refuses a folder with a file that cannot be used; "skip" leaves such files out.
        key: str, a run's `Config.data_key`: a folder whose contents have changed since is refused; None takes any.
        sizes: tuple of int, the image sizes that the network can make (`registry.NETWORKS[name].sizes`), from which the
            default of `image_size` is taken; None or () is 32, 64, 128.
        label_order: str, how a folder's class folders are numbered: "natural" has "2" before "10"; "alphabetical" is
            that of conditional runs that were begun before classes had names.
        no_icc: bool, whether a folder's pictures keep their colours as they are, whatever their colour profiles; else
            they become those of sRGB.
        background: str, white, black or "R,G,B" (levels), what is seen through what is transparent in a folder's
            pictures and in those of `noto_emoji_64`.
        resize: str, what becomes of a folder's pictures with other proportions than the image size: "crop" takes what
            has them out of the middle, "pad" puts the background on both sides, "stretch" changes their proportions.
        min_size: str, what becomes of a folder's pictures that are smaller than the image size: "error" treats them as
            files that cannot be used, "skip" leaves them out, "enlarge" scales them up.
        mirror: bool, whether training shows every image and its mirror image.

    Returns:
        A `Data`.

    Raises:
        ValueError: in one line, for a bad argument and for data that are missing or damaged.

    >>> from tfgan_zoo import data
    >>> ring = data.load("ring")
    >>> ring.shape, ring.num_classes
    ((2,), 8)
    >>> batch = next(iter(ring.train(batch_size=4, batches_per_step=3, seed=0)))
    >>> batch["images"].shape.as_list(), batch["labels"].shape.as_list()
    ([4, 3, 2], [4, 3])
    """
    shape = check(name, data_dir=data_dir, image_size=image_size, channels=channels, split=split, sizes=sizes)
    choices = {"no_icc": no_icc, "background": background, "resize": resize, "min_size": min_size}
    choose("resize", resize, catalogue.RESIZE)
    choose("min_size", min_size, catalogue.MIN_SIZE)
    catalogue.check_pictures(name, mirror, **choices)
    reading = catalogue.reading(name, **choices)
    prepare(name, shape, bad_images, key, reading)
    choose("label_order", label_order, ("natural", "alphabetical"))
    entry = source(name)
    asked = {} if split is None else {"split": split}
    if catalogue.is_path(name):
        asked |= {"label_order": label_order, "reading": reading}
    elif "background" in entry.reads:
        asked |= {"background": catalogue.colour("background", background)}
    found = entry.load()(name, data_dir, shape, **asked)
    if not mirror:
        return found
    return dataclasses.replace(found, mirror=True, description=f"{found.description} Mirror images train too.")


def __getattr__(attribute: str) -> Any:
    if attribute != "Data":
        raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")
    from tfgan_zoo.data.dataset import Data

    return Data


def __dir__():
    return __all__
