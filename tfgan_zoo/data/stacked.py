"""A thousand modes of images: three grey images of clothes, drawn independently, as the channels of one."""

import dataclasses

import tensorflow as tf

from tfgan_zoo import random
from tfgan_zoo.data import embedded
from tfgan_zoo.data.dataset import Data

NAME = "fashion_mnist_10k"


@dataclasses.dataclass(frozen=True, eq=False)
class Stacked:
    """Draws of stacks, in the manner of Stacked MNIST (Metz et al. 2017, arXiv 1611.02163).

    Nothing is stored: item i of a seed is a pure function of (seed, i). Held-out stacks are of held-out images.

    Attributes:
        grey: the `Data` of the single images.
    """

    grey: Data

    def draw(self, seed, start, num, split):
        """Returns items [start, start + num): (float32[num, H, W, 3] in [-1, 1], int32[num] in [0, 1000))."""
        size = self.grey.num_train if split == "train" else self.grey.num_heldout
        with random.scope(seed, 0, f"data/{split}", first_row=start):
            picks = tf.cast(random.uniform([num, 3], "picks") * size, tf.int32)
        # A uniform draw just below 1 may round up to the size.
        images, labels = self.grey.source.pick(tf.minimum(picks, size - 1), split)
        stacks = tf.transpose(images[..., 0], [0, 2, 3, 1])
        return stacks, tf.reduce_sum(labels * tf.constant([100, 10, 1]), axis=1)

    def batches(self, seed, start, size):
        """Yields (float32[size, H, W, 3], int32[size]) from item `start` of the training stream on, without end."""
        starts = tf.data.Dataset.range(start, tf.int64.max, size)
        return starts.map(lambda first: self.draw(seed, first, size, "train"))

    def first(self, num, split, start=0):
        """Returns `num` items that seed 0 draws for a split, from item `start` on."""
        return self.draw(0, start, num, split)


def load(name, data_dir, shape):
    """The source of `stacked_fashion`: stacks of the embedded images."""
    grey = embedded.load(NAME, data_dir, (*shape[:2], 1))
    return Data(
        name=name,
        description="Three of Fashion-MNIST's images, drawn independently, as red, green and blue: 1,000 modes.",
        shape=shape,
        num_train=None,
        num_heldout=None,
        num_classes=grey.num_classes**3,
        native=grey.native,
        source=Stacked(grey),
    )
