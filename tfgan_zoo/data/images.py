"""Images that fit into memory: kept as they came, in uint8, and made ready batch by batch."""

import tensorflow as tf

from tfgan_zoo import random


class Images:
    """The pixels of a data set and their order.

    Args:
        train: (uint8[N, h, h, c], int[N]), images and labels.
        heldout: the same of the held-out items.
        shape: (H, H, C), what an item shall be: H >= h (the images get a border of zeros), C == c or 3.
    """

    def __init__(self, train, heldout, shape):
        # Explicitly on the host: a GPU has better uses for its memory.
        with tf.device("CPU:0"):
            self._splits = {
                split: (tf.constant(images, tf.uint8), tf.constant(labels, tf.int32))
                for split, (images, labels) in (("train", train), ("heldout", heldout))
            }
        self._shape = shape

    def batches(self, seed, start, size):
        """Yields (float32[size, *shape], int32[size]) from item `start` of the training stream on, without end.

        `Dataset.shuffle` would do for the order but for one thing: it mixes TensorFlow's global seed in, which the
        caller may have set to anything. A permutation an epoch is stateless, and can begin anywhere in an epoch.
        """
        images, labels = self._splits["train"]
        num = images.shape[0]
        first_epoch, skip = divmod(start, num)

        def order(epoch):
            words = tf.stack([random.epoch_seed(seed, epoch), 0])
            items = tf.random.experimental.stateless_shuffle(tf.range(num), words, alg="philox")
            return items[tf.where(epoch == first_epoch, skip, 0) :]

        def read(items):
            return self._ready(tf.gather(images, items)), tf.gather(labels, items)

        epochs = tf.data.Dataset.range(first_epoch, tf.int64.max)
        return epochs.map(order).rebatch(size, drop_remainder=True).map(read)

    def first(self, num, split):
        """Returns the first `num` (images, labels) of a split in the order they came."""
        images, labels = self._splits[split]
        return self._ready(images[:num]), labels[:num]

    def pick(self, items, split):
        """Returns the (images, labels) of a split at int32[...] places: float32[..., *shape], int32[...]."""
        images, labels = self._splits[split]
        flat = tf.reshape(items, [-1])
        ready = self._ready(tf.gather(images, flat))
        return tf.reshape(ready, [*items.shape, *self._shape]), tf.gather(labels, items)

    def _ready(self, images):
        """uint8[N, h, h, c] -> float32[N, H, H, C] in [-1, 1]."""
        height, _, channels = self._shape
        border = height - images.shape[1]
        sides = [border // 2, border - border // 2]
        images = tf.pad(images, [[0, 0], sides, sides, [0, 0]])
        if images.shape[-1] < channels:
            images = tf.image.grayscale_to_rgb(images)
        return tf.cast(images, tf.float32) / 127.5 - 1.0
