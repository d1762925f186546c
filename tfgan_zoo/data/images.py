"""Images in uint8, in memory or on disk, in the order of a run, made ready batch by batch."""

import threading

import numpy as np
import tensorflow as tf

from tfgan_zoo import random

MAX_BYTES = 4 * 2**30  # of pixels that are kept in memory


class Images:
    """The pixels of a data set and their order.

    Args:
        train: (uint8[N, h, w, c], int[N]), images and labels.
        heldout: the same of the held-out items.
        shape: (H, W, C), what an item shall be: of squares H >= h (they get a border of zeros); C == c or 3.
    """

    def __init__(self, train, heldout, shape):
        # Explicitly on the host: a GPU has better uses for its memory.
        with tf.device("CPU:0"):
            self._splits = {
                split: (tf.constant(images, tf.uint8), tf.constant(labels, tf.int32))
                for split, (images, labels) in (("train", train), ("heldout", heldout))
            }
        self._shape = shape

    def batches(self, seed, start, size, mirror=False):
        """Yields (float32[size, *shape], int32[size]) from item `start` of the training stream on, without end.

        Args:
            seed, start, size: as `order` takes them.
            mirror: bool, whether an epoch holds every image and its mirror image.
        """
        images, labels = self._splits["train"]

        def read(items):
            return tf.gather(images, items), tf.gather(labels, items)

        return _read_in_order(read, images.shape[0], (seed, start, size), mirror, self._shape)

    def first(self, num, split, start=0):
        """Returns `num` (images, labels) of a split from item `start` on, in the order they came."""
        images, labels = self._splits[split]
        return ready(images[start : start + num], self._shape), labels[start : start + num]

    def pick(self, items, split):
        """Returns the (images, labels) of a split at int32[...] places: float32[..., *shape], int32[...]."""
        images, labels = self._splits[split]
        flat = ready(tf.gather(images, tf.reshape(items, [-1])), self._shape)
        return tf.reshape(flat, [*items.shape, *self._shape]), tf.gather(labels, items)


class Stored:
    """The images of a `cache.Cache` that are too many for memory, read from disk as they are wanted.

    The order is that of `Images`.

    Args:
        cache: a `cache.Cache`.
        num_train: int, how many of its items train: the first ones; the others are held out.
        shape: as in `Images`.
    """

    def __init__(self, cache, num_train, shape):
        self._read, self._lock = cache.reader(), threading.Lock()
        self._num_train, self._stored, self._shape = num_train, cache.shape, shape
        with tf.device("CPU:0"):
            self._labels = tf.constant(cache.labels, tf.int32)

    def batches(self, seed, start, size, mirror=False):
        """Yields what `Images.batches` yields."""

        def read(items):
            images = tf.numpy_function(self._gather, [items], tf.uint8, stateful=False)
            return tf.ensure_shape(images, [size, *self._stored]), tf.gather(self._labels, items)

        return _read_in_order(read, self._num_train, (seed, start, size), mirror, self._shape)

    def first(self, num, split, start=0):
        """Returns what `Images.first` returns."""
        start += 0 if split == "train" else self._num_train
        images = self._gather(np.arange(start, start + num))
        return ready(tf.constant(images), self._shape), self._labels[start : start + num]

    def _gather(self, items):
        with self._lock:
            return self._read(items.tolist())


def from_cache(cache, num_train, shape):
    """Returns the source of a cache's images: in memory if they fit in `MAX_BYTES`, else `Stored`."""
    if len(cache) * int(np.prod(cache.shape)) > MAX_BYTES:
        return Stored(cache, num_train, shape)
    splits = [(cache.array(*ends), cache.labels[slice(*ends)]) for ends in ((0, num_train), (num_train, len(cache)))]
    return Images(*splits, shape)


def _read_in_order(read, num, place, mirror, shape):
    """Yields (images, labels) of `read` made ready; with `mirror`, item num + i of an epoch is i's mirror image."""

    def made_ready(items):
        images, labels = read(items % num)
        if mirror:
            images = tf.where((items >= num)[:, None, None, None], images[:, :, ::-1], images)
        return ready(images, shape), labels

    return order(num * (2 if mirror else 1), *place).map(made_ready)


def order(num, seed, start, size):
    """Yields the item numbers of the training stream, int32[size], from its item `start` on, without end.

    `Dataset.shuffle` would do but for one thing: it mixes TensorFlow's global seed in, which the caller may have set
    to anything. A permutation an epoch is stateless, and can begin anywhere in an epoch.

    Args:
        num: int, how many items train.
        seed: int, the run's seed.
        start: int, where in the stream to begin.
        size: int, items of a step.
    """
    first_epoch, skip = divmod(start, num)

    def permutation(epoch):
        words = tf.stack([random.epoch_seed(seed, epoch), 0])
        items = tf.random.experimental.stateless_shuffle(tf.range(num), words, alg="philox")
        return items[tf.where(epoch == first_epoch, skip, 0) :]

    epochs = tf.data.Dataset.range(first_epoch, tf.int64.max)
    return epochs.map(permutation).rebatch(size, drop_remainder=True)


def ready(images, shape):
    """uint8[N, h, w, c] -> float32[N, H, W, C] in [-1, 1], of shape (H, W, C)."""
    height, _, channels = shape
    border = height - images.shape[1]
    sides = [border // 2, border - border // 2]
    images = tf.pad(images, [[0, 0], sides, sides, [0, 0]])
    if images.shape[-1] < channels:
        images = tf.image.grayscale_to_rgb(images)
    return tf.cast(images, tf.float32) / 127.5 - 1.0
