"""What `GAN.fit` makes of a user's data set: the batches of a step side by side, and checks of what it is given."""

import collections.abc
import itertools
import warnings

import keras
import numpy as np
import tensorflow as tf

_SLACK = 1e-3  # a rounding beyond [-1, 1]


def batches_of_steps(dataset, count, shape, num_classes=0, checked=False):
    """Turns any data set of image batches into the form that the loop reads: `count` batches a step, side by side.

    The rows of a batch come first, so that a strategy, which splits the first axis, gives every replica its share of
    each discriminator step. A data set that is in that form already, as `tfgan_zoo.data` yields it, passes unseen. Of
    any other the first batch is looked at; a smaller one at the end is left out where a step reads several batches or
    several replicas share one.

    Args:
        dataset: a tf.data.Dataset of images[B, ...] in [-1, 1] (mixtures: data units), of (images, labels) or of
            {"images": ..., "labels": ...}; or one already in that form, with images[B, count, ...].
        count: int, the method's `batches_per_step`.
        shape: (H, W, C) of an image, (d,) of a mixture's point.
        num_classes: int, the model's; above 0 the labels are needed.
        checked: bool, whether it is known that the batches are as they should be: then none is looked at.

    Returns:
        A tf.data.Dataset of {"images": [B, count, ...], "labels": [B, count]} (labels only where given).

    Raises:
        ValueError: in one line, for images of another size or range, labels that are no classes, or fewer batches than
            a step reads.
    """
    dataset = dataset.map(named)
    spec = dataset.element_spec.get("images")
    given = None if spec is None else spec.shape
    if given is None or given.rank not in (len(shape) + 1, len(shape) + 2):
        raise ValueError(
            f"fit: a data set must yield images [B, {', '.join(map(str, shape))}], alone or with labels, not"
            f" {dataset.element_spec}"
        )
    if num_classes and "labels" not in dataset.element_spec:
        raise ValueError(f"fit: a model with num_classes={num_classes} needs labels beside the images")
    if given.rank == len(shape) + 2:
        if given[1] not in (None, count):
            raise ValueError(f"fit: a step reads {count} batches side by side, not the {given[1]} of {tuple(given)}")
        return dataset
    batches = int(dataset.cardinality())
    if 0 <= batches < count:
        raise ValueError(f"fit: the data set has {batches} batch(es), and one step reads {count}; make smaller ones")
    if not checked:
        dataset = _checked(dataset, count, shape, num_classes)
    return _side_by_side(dataset, count)


def batches_of_array(images, labels, batch_size, seed, shape, num_classes=0):
    """Returns a shuffled tf.data.Dataset of whole batches of arrays: images[N, ...] and labels int[N], or None.

    Raises:
        ValueError: as `batches_of_steps` does, for any of the images and labels.
    """
    check_batch_size("fit", batch_size)
    given, images = images, np.asarray(images)
    if not images.ndim:
        wanted = f"images [N, {', '.join(map(str, shape))}]"
        raise ValueError(f"fit: x must be {wanted}, or yield them, and is {_kind(given)}")
    check_images(images, shape)
    items = images
    if labels is not None:
        labels = np.asarray(labels)
        check_pairs("fit", images, labels)
        if num_classes:
            check_labels(labels, num_classes)
        items = (images, labels.astype("int32"))
    dataset = tf.data.Dataset.from_tensor_slices(items).shuffle(len(images), seed=seed)
    return dataset.batch(min(batch_size, len(images)), drop_remainder=True)


def as_dataset(source):
    """Returns what yields batches as a tf.data.Dataset; a data set, and arrays, as they are.

    Args:
        source: a `keras.utils.PyDataset`, a generator, or another iterable of batches such as a PyTorch DataLoader: of
            images[B, ...], or of (images, labels).

    Raises:
        ValueError: in one line, if it yields nothing.
    """
    arrays = isinstance(source, list | tuple | collections.abc.Mapping | str) or hasattr(source, "__array__")
    indexed = isinstance(source, keras.utils.PyDataset)
    if source is None or arrays or isinstance(source, tf.data.Dataset) or not (indexed or hasattr(source, "__iter__")):
        return source

    def batches():
        for it in map(source.__getitem__, _numbers(source)) if indexed else source:
            yield tuple(map(np.asarray, it)) if isinstance(it, tuple | list) else np.asarray(it)
        if indexed:
            source.on_epoch_end()

    iterator = batches()
    first = next(iterator, None)
    if first is None:
        raise ValueError(f"fit: {type(source).__name__} yields no batch")
    again = batches
    if isinstance(source, collections.abc.Iterator):  # it cannot begin anew
        kept = [first]

        def again():
            if kept:
                yield kept[0]
                kept.clear()  # whoever looks at the first batch alone leaves it there
            yield from iterator

    spec = tf.nest.map_structure(lambda part: tf.TensorSpec([None, *part.shape[1:]], part.dtype), first)
    dataset = tf.data.Dataset.from_generator(again, output_signature=spec)
    size = len(source) if hasattr(source, "__len__") else None
    return dataset if size is None else dataset.apply(tf.data.experimental.assert_cardinality(size))


def _numbers(source):
    """Returns the numbers of a PyDataset's batches, which may have no end."""
    return itertools.count() if source.num_batches is None else range(source.num_batches)


def of_one_step(images, labels, count, shape, num_classes=0):
    """Returns a batch in the form that the loop reads: {"images": [B, count, ...], "labels": [B, count]}.

    Args:
        images: array[B * count, ...]; labels: int[B * count] or None.
        count, shape, num_classes: as in `batches_of_steps`.

    Raises:
        ValueError: as `batches_of_steps` does, and if they are no `count` batches.
    """
    images = np.asarray(images)
    check_images(images, shape)
    if not len(images) or len(images) % count:
        raise ValueError(f"train_on_batch: {len(images)} images are given, and a step reads {count} equal batches")
    items = {"images": images}
    if num_classes:
        if labels is None:
            raise ValueError(f"train_on_batch: a model with num_classes={num_classes} needs labels too")
        labels = np.asarray(labels)
        check_pairs("train_on_batch", images, labels)
        check_labels(labels, num_classes)
        items["labels"] = labels.astype("int32")
    return {
        name: tf.constant(np.swapaxes(it.reshape(count, len(images) // count, *it.shape[1:]), 0, 1))
        for name, it in items.items()
    }


def split(images, labels, share):
    """Returns ((images, labels), (images, labels)), the first without, and the second of, the last `share` of an array.

    Raises:
        ValueError: if it is no array, or one of the two would be empty.
    """
    if isinstance(images, tf.data.Dataset):
        raise ValueError(f"fit: validation_split={share} is for arrays; give validation_data=, another data set")
    kept = int(len(images) * (1 - share))
    if not 0 < kept < len(images):
        raise ValueError(f"fit: validation_split={share} of {len(images)} images leaves none on one side")
    return tuple((images[part], None if labels is None else labels[part]) for part in (slice(kept), slice(kept, None)))


def named(*element):
    """Returns an element of a user's data set as {"images": ..., "labels": ... where it has them}."""
    element = element[0] if len(element) == 1 else element
    if isinstance(element, tuple):
        return dict(zip(("images", "labels"), element, strict=False))
    return element if isinstance(element, dict) else {"images": element}


def _checked(dataset, count, shape, num_classes):
    """Returns the data set with batches of one size wherever that is needed; the first batch is looked at."""
    first = next(iter(dataset.take(1)), None)
    if first is None:
        raise ValueError(f"fit: the data set is empty, and one step reads {count} batch(es)")
    images = first["images"]
    check_images((tf.cast(images, tf.float32) if images.dtype.is_floating else images).numpy(), shape)
    if num_classes:
        check_labels(first["labels"].numpy(), num_classes)
    one_size = dataset.element_spec["images"].shape[0] is not None
    if one_size or (count == 1 and tf.distribute.get_strategy().num_replicas_in_sync == 1):
        return dataset
    return dataset.rebatch(int(first["images"].shape[0]), drop_remainder=True)


def _side_by_side(dataset, count):
    def transposed(element):
        return {name: tf.experimental.numpy.swapaxes(value, 0, 1) for name, value in element.items()}

    return dataset.batch(count, drop_remainder=True).map(transposed)


def check_images(images, shape):
    """Checks a batch of a user's images[B, ...], a NumPy array.

    Raises:
        ValueError: in one line, for another shape than `shape`, if there are none, or for another range than [-1, 1]
            (only images have one).
    """
    if images.shape[1:] != tuple(shape):
        raise ValueError(f"fit: images of {_times(images.shape[1:])} are given, and the networks make {_times(shape)}")
    if not len(images):
        raise ValueError("fit: there are no images")
    if images.dtype.kind != "f":
        raise ValueError(
            f"fit: images are {images.dtype}, not floats in [-1, 1]: map them through lambda x: x / 127.5 - 1"
        )
    if len(shape) != 3:
        return
    low, high = float(np.min(images)), float(np.max(images))
    if not (low >= -1 - _SLACK and high <= 1 + _SLACK):
        hint = ": map them through lambda x: x / 127.5 - 1" if low >= 0 and high <= 255 else ""
        raise ValueError(f"fit: images must be in [-1, 1], and the first batch is in [{low:g}, {high:g}]{hint}")
    if 0 <= low < high:
        warnings.warn(
            f"fit: the first batch is in [{low:g}, {high:g}], and images are wanted in [-1, 1]; images in [0, 1] go"
            " through lambda x: 2 * x - 1",
            stacklevel=4,
        )


def check_labels(labels, num_classes):
    """Checks a batch of labels[B], or [B, 1] as Keras's own data sets have them, a NumPy array.

    Raises:
        ValueError: in one line, unless they are whole numbers in [0, num_classes), one an image.
    """
    if labels.ndim != 1 and labels.shape[1:] != (1,):
        sides = "".join(f", {side}" for side in labels.shape[1:])
        raise ValueError(f"fit: labels are [B{sides}], not one number an image, [B]: of one-hot ones take the argmax")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"fit: labels are {labels.dtype}, not whole numbers in [0, {num_classes})")
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if wrong.size:
        raise ValueError(f"fit: labels={wrong.flat[0]} must be in [0, {num_classes - 1}], the model's classes")


def check_pairs(where, images, labels):
    """Refuses labels that are not as many as the images: a ValueError of one line that begins with `where`."""
    if not labels.ndim or len(labels) != len(images):
        many = len(labels) if labels.ndim else "no"
        raise ValueError(f"{where}: there are {len(images)} images and {many} labels")


def check_batch_size(where, batch_size):
    """Refuses a batch of no images: a ValueError of one line that begins with `where`."""
    if batch_size < 1:
        raise ValueError(f"{where}: batch_size={batch_size} must be at least 1")


def _kind(value):
    return "None" if value is None else f"a {type(value).__name__}"


def _times(shape):
    return " x ".join(map(str, shape))
