"""Toy mixtures of Gaussians: the modes are known, so those that a generator has lost can be counted."""

import dataclasses
import itertools
import math

import numpy as np
import tensorflow as tf

from tfgan_zoo import random
from tfgan_zoo.data.dataset import Data


@dataclasses.dataclass(frozen=True, eq=False)
class Mixture:
    """Equally likely round Gaussians. Nothing is stored: item i of a seed is a pure function of (seed, i).

    Attributes:
        centres: float32[K, d], the modes' means, in data units.
        std: float, the standard deviation of each mode in each direction, in data units.
    """

    centres: np.ndarray = dataclasses.field(repr=False)
    std: float

    def draw(self, seed, start, num, split):
        """Returns items [start, start + num): (float32[num, d], int32[num] index of the centre)."""
        modes, dim = self.centres.shape
        with random.scope(seed, 0, f"data/{split}", first_row=start):
            labels = tf.cast(random.uniform([num], "mode") * modes, tf.int32)
            noise = random.normal([num, dim], "noise")
        return tf.gather(self.centres, labels) + self.std * noise, labels

    def batches(self, seed, start, size):
        """Yields (float32[size, d], int32[size]) from item `start` of the training stream on, without end."""
        starts = tf.data.Dataset.range(start, tf.int64.max, size)
        return starts.map(lambda first: self.draw(seed, first, size, "train"))

    def first(self, num, split, start=0):
        """Returns `num` items that seed 0 draws for a split, from item `start` on."""
        return self.draw(0, start, num, split)


def load(name, data_dir, shape):
    """The source of the mixtures; `data_dir` and `shape` are for other sources."""
    del data_dir
    mixture = _MIXTURES[name]()
    return Data(
        name=name,
        description=f"{len(mixture.centres)} equally likely Gaussians of standard deviation {mixture.std}.",
        shape=shape,
        num_train=None,
        num_heldout=None,
        num_classes=len(mixture.centres),
        mixture=mixture,
        source=mixture,
    )


def _ring(radius):
    angles = np.arange(8) * (2 * math.pi / 8)
    return Mixture((radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.float32), std=0.02)


def _lattice(ticks, dim, std):
    return Mixture(np.array(list(itertools.product(ticks, repeat=dim)), np.float32), std)


_MIXTURES = {
    "ring": lambda: _ring(2.0),
    # Best-response GANs (Liu et al., arXiv 2205.10146): the paper's radius, that of the authors' scripts, and their
    # cube, lopsided as they have it.
    "ring_r5": lambda: _ring(5.0),
    "ring_r8": lambda: _ring(8.0),
    "cube": lambda: _lattice([2 * (i - 1.5) * 4 * math.pi / 3 for i in range(3)], 3, std=0.02),
    "grid": lambda: _lattice([-4, -2, 0, 2, 4], 2, std=0.05),
}
