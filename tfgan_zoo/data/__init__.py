"""Data sets by name. Importing this package does not import TensorFlow; `load` and `Data` do, when first used."""

from tfgan_zoo.data.names import DATASETS, PREPARED, check

__all__ = ["DATASETS", "Data", "check", "load"]


def load(name, *, data_dir=None, image_size=None, channels=None):
    """Loads a data set.

    Args:
        name: str, one of `DATASETS`, or a TFDS data set that is prepared in `data_dir`.
        data_dir: str, TFDS's folder; None is $TFDS_DATA_DIR, else ~/tensorflow_datasets.
        image_size: int, pixels a side: the images' own size or its default, the next power of two (at least 32),
            to which a border of zeros is added.
        channels: int, the images' own number, or 3 to repeat a grey image; None is their own.

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
    shape = check(name, data_dir=data_dir, image_size=image_size, channels=channels)
    return DATASETS.get(name, PREPARED).load()(name, data_dir, shape)


def __getattr__(attribute):
    if attribute != "Data":
        raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")
    from tfgan_zoo.data.dataset import Data

    return Data
