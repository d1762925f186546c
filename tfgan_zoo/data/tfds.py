"""Images from TensorFlow Datasets (TFDS): whatever it has prepared, by name."""

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tfgan_zoo.data import names
from tfgan_zoo.data.dataset import Data
from tfgan_zoo.data.images import Images

_MAX_BYTES = 4 * 2**30
_CHUNK = 1000


def load(name, data_dir, shape):
    """The source of all TFDS data sets: prepares one where it is not, and reads it into memory.

    The split `test` is held out, else `validation`, else the last tenth of `train`.
    """
    folder = names.prepared(name, data_dir) or _prepare(name, data_dir)
    try:
        return _read(name, folder, shape)
    except (tf.errors.OpError, OSError) as error:
        raise ValueError(f"dataset={name}: TFDS cannot read {folder} ({_one_line(error)}): prepare it again") from error


def _prepare(name, data_dir):
    try:
        tfds.builder(name, data_dir=names.tfds_dir(data_dir)).download_and_prepare()
    except Exception as error:  # TFDS names no base class, and passes on those of its downloader
        raise ValueError(f"dataset={name}: TFDS cannot prepare it ({_one_line(error)})") from error
    return names.prepared(name, data_dir)


def _read(name, folder, shape):
    builder = tfds.builder_from_directory(folder)
    splits = builder.info.splits
    heldout = next((split for split in ("test", "validation") if split in splits), None)
    train, heldout = ("train", heldout) if heldout else ("train[:90%]", "train[90%:]")
    features = dict(builder.info.features)
    side, _, channels = features["image"].shape
    label = features.get("label")
    classes = label.num_classes if isinstance(label, tfds.features.ClassLabel) else 0
    size = sum(splits[split].num_examples for split in (train, heldout)) * side * side * channels
    if size > _MAX_BYTES:
        raise ValueError(f"dataset={name} has {size / 2**30:.1f} GiB of pixels; at most {_MAX_BYTES >> 30} GiB fit")
    return Data(
        name=name,
        description=" ".join(builder.info.description.split()),
        shape=shape,
        num_train=splits[train].num_examples,
        num_heldout=splits[heldout].num_examples,
        num_classes=classes,
        label_names=tuple(label.names) if classes else (),
        native=side,
        source=Images(_arrays(builder, train, classes), _arrays(builder, heldout, classes), shape),
    )


def _arrays(builder, split, classes):
    """Returns (uint8[N, h, h, c], int32[N]) in the order that TFDS wrote them."""
    num = builder.info.splits[split].num_examples
    images = np.empty((num, *builder.info.features["image"].shape), np.uint8)
    labels = np.zeros(num, np.int32)
    dataset = builder.as_dataset(split=split, shuffle_files=False).batch(_CHUNK)
    for start, chunk in zip(range(0, num, _CHUNK), tfds.as_numpy(dataset), strict=True):
        images[start : start + _CHUNK] = chunk["image"]
        if classes:
            labels[start : start + _CHUNK] = chunk["label"]
    return images, labels


def _one_line(error):
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
