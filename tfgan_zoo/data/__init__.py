"""Data sets by name. Importing this package does not import TensorFlow; `load` and `Data` do, when first used."""

from tfgan_zoo.data.names import DATASETS, check, prepare, source

__all__ = ["DATASETS", "Data", "check", "load"]


def load(name, *, data_dir=None, image_size=None, channels=None, split=None, bad_images="error", key=None):
    """Loads a data set.

    Args:
        name: str, one of `DATASETS`, a TFDS data set, or the path of a folder or zip file of pictures.
        data_dir: str, TFDS's folder; None is $TFDS_DATA_DIR, else ~/tensorflow_datasets.
        image_size: int, pixels a side. Pictures and TFDS's images that are larger or not square are cropped in the
            middle and scaled down to it; smaller images of a set get a border of zeros, up to the next power of two
            (at least 32). None follows the images.
        channels: int, 1 or 3; None is the images' own number.
        split: str in TFDS's syntax, such as "train[:50%]", what trains of a TFDS set; None is "train".
        bad_images: str, "error" refuses a folder with a file that cannot be used; "skip" leaves such files out.
        key: str, a run's `Config.data_key`: a folder whose contents have changed since is refused; None takes any.

    Returns:
        A `Data`.

    Raises:
        ValueError: in one line, for a bad argument and for data that cannot be had or are damaged.

    >>> from tfgan_zoo import data
    >>> ring = data.load("ring")
    >>> ring.shape, ring.num_classes
    ((2,), 8)
    >>> batch = next(iter(ring.train(batch_size=4, rows=3, seed=0)))
    >>> batch["images"].shape.as_list(), batch["labels"].shape.as_list()
    ([4, 3, 2], [4, 3])
    """
    shape = check(name, data_dir=data_dir, image_size=image_size, channels=channels, split=split)
    prepare(name, shape, bad_images, key)
    entry = source(name)
    return entry.load()(name, data_dir, shape, **({} if split is None else {"split": split}))


def __getattr__(attribute):
    if attribute != "Data":
        raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")
    from tfgan_zoo.data.dataset import Data

    return Data
