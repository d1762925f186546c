"""Images from TensorFlow Datasets (TFDS): whatever it has prepared or can prepare, by name."""

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image

from tfgan_zoo import image_sizes
from tfgan_zoo.data import cache, decode, images, tfds_probe
from tfgan_zoo.data.dataset import Data
from tfgan_zoo.tensorflow_errors import sentence

_CHUNK = 1000


def load(name, data_dir, shape, split="train"):
    """The source of all TFDS data sets: prepares one where it is not, and reads it into memory.

    What does not fit there, is not square, or shall be made smaller, goes through the cache on disk. The split `test`
    is held out, else `validation`, else (also if `split` names them) the last tenth of what trains.
    """
    folder = tfds_probe.prepared(name, data_dir) or _prepare(name, data_dir)
    try:
        return _read(name, folder, shape, split)
    except (tf.errors.OpError, OSError) as error:
        raise ValueError(f"dataset={name}: TFDS cannot read {folder} ({_one_line(error)}): prepare it again") from error


def _prepare(name, data_dir):
    try:
        tfds.builder(name, data_dir=tfds_probe.tfds_dir(data_dir)).download_and_prepare()
    except Exception as error:  # TFDS names no base class, and passes on those of its downloader
        raise ValueError(
            f"dataset={name}: TFDS cannot download and prepare it ({_one_line(error)}): fetch it by other means and"
            " give the local folder of its pictures, --dataset=PATH"
        ) from error
    return tfds_probe.prepared(name, data_dir)


def _read(name, folder, shape, split):
    builder = tfds.builder_from_directory(folder)
    heldout = next((other for other in ("test", "validation") if other in builder.info.splits), None)
    heldout = None if heldout and heldout in split else heldout
    splits = [split, heldout] if heldout else [split]
    sizes = [_num(builder, name, part) for part in splits]
    num_heldout = sizes[1] if heldout else max(1, sizes[0] // 10)
    num_train = sum(sizes) - num_heldout
    if num_train < 1:
        raise ValueError(f"split={split}: {name} has {sizes[0]} image(s) there; at least 2 are needed")
    features = dict(builder.info.features)
    label = features.get("label")
    classes = label.num_classes if isinstance(label, tfds.features.ClassLabel) else 0
    side, width, channels = features["image"].shape
    # Smaller images get a border when they are read; larger ones, and color as grey, are stored as they will be.
    square = side is not None and side == width and shape[0] == shape[1]
    whole = square and side <= shape[0] and channels <= shape[2]
    stored = (side, side, channels) if whole else shape
    if whole and sum(sizes) * side * side * channels <= images.MAX_BYTES:
        source = _in_memory(builder, splits, classes, num_train, shape)
    else:
        source = images.from_cache(_cached(builder, name, folder, splits, stored, classes), num_train, shape)
    return Data(
        name=name,
        description=" ".join(builder.info.description.split()),
        shape=shape,
        num_train=num_train,
        num_heldout=num_heldout,
        num_classes=classes,
        label_names=tuple(label.names) if classes else (),
        native=stored[0],
        split=split,
        fingerprint=f"{folder.name} {split}",
        source=source,
    )


def _num(builder, name, split):
    try:
        return builder.info.splits[split].num_examples
    except (ValueError, KeyError, AssertionError) as error:
        known = ", ".join(builder.info.splits)
        raise ValueError(f"split={split} is none of {name}'s, {known}, or a part of one ({_one_line(error)})") from None


def _in_memory(builder, splits, classes, num_train, shape):
    parts = [_arrays(builder, split, classes) for split in splits]
    if len(parts) == 1:
        (all_of,) = parts
        parts = [tuple(part[:num_train] for part in all_of), tuple(part[num_train:] for part in all_of)]
    return images.Images(*parts, shape)


def _arrays(builder, split, classes):
    """Returns (uint8[N, h, h, c], int32[N]) in the order that TFDS wrote them."""
    num = builder.info.splits[split].num_examples
    pixels = np.empty((num, *builder.info.features["image"].shape), np.uint8)
    labels = np.zeros(num, np.int32)
    dataset = builder.as_dataset(split=split, shuffle_files=False).batch(_CHUNK)
    for start, chunk in zip(range(0, num, _CHUNK), tfds.as_numpy(dataset), strict=True):
        pixels[start : start + _CHUNK] = chunk["image"]
        if classes:
            labels[start : start + _CHUNK] = chunk["label"]
    return pixels, labels


def _cached(builder, name, folder, splits, stored, classes):
    """Returns the `cache.Cache` of the images of all `splits`, one after the other, as uint8 of shape `stored`."""
    described = (folder / "dataset_info.json").read_text()
    key = cache.digest(cache.FORMAT, "tfds", str(folder.resolve()), described, splits, stored)
    found = cache.find(key)
    if found is not None:
        return found
    size, channels = image_sizes.of(stored), stored[2]
    labels = []

    def items():
        total = sum(builder.info.splits[split].num_examples for split in splits)
        for example in cache.progress(_examples(builder, splits), total, "decoding"):
            labels.append(int(example["label"]) if classes else 0)
            pixels = example["image"]
            if pixels.shape != tuple(stored):
                image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
                pixels = _fit(name, len(labels) - 1, image, size, channels)
            yield pixels

    return cache.write(key, stored, items(), lambda: {"labels": labels, "label_names": [], "bad": [], "about": {}})


def _examples(builder, splits):
    for split in splits:
        yield from tfds.as_numpy(builder.as_dataset(split=split, shuffle_files=False))


def _fit(name, number, image, size, channels):
    try:
        return decode.fit(image, size, channels)
    except decode.BadImage as error:
        raise ValueError(f"dataset={name}: image {number} {error}; choose a smaller --image_size") from None


def _one_line(error):
    return f"{type(error).__name__}: {sentence(error)[:200]}"
