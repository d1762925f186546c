"""Metrics of two sets of images in memory: what `compile(metrics=[...])` names."""

import hashlib

import numpy as np

from tfgan_zoo import pictures
from tfgan_zoo.evaluation import protocols
from tfgan_zoo.evaluation.evaluator import Evaluator
from tfgan_zoo.evaluation.sets import FileFakes, FilesReference


class ArrayImages:
    """Images in memory, in the place of a `files.ImageFiles`.

    Args:
        images: float[N, H, W, C] in [0, 1].
    """

    path = "memory"

    def __init__(self, images):
        self._levels = pictures.to_levels(np.asarray(images))
        self.shape, self.count = self._levels.shape[1:], len(self._levels)

    def batches(self, size=64):
        """Yields uint8[n, H, W, C], n at most `size`."""
        yield from (self._levels[start : start + size] for start in range(0, self.count, size))

    def fingerprint(self):
        """Returns a SHA-256 of the pixels."""
        return hashlib.sha256(np.ascontiguousarray(self._levels)).hexdigest()


class Comparison:
    """A named metric as a function of two sets of images; see `comparison`.

    Args:
        name: str, the metric.
        protocol: its `Protocol`.
        shape: (H, W, C).
    """

    def __init__(self, name, protocol, shape):
        self.__name__, self.better = name, protocol.better
        self._protocol, self._shape = protocol, shape
        self._evaluator = self._of = None  # with the statistics of the last reals

    def __call__(self, reals, fakes):
        """Returns the metric's headline, a float, of float[N, H, W, C] in [0, 1]."""
        reals = ArrayImages(reals)
        if self._of != reals.fingerprint():
            self._of = reals.fingerprint()
            self._evaluator = Evaluator({self.__name__: self._protocol}, self._shape, FilesReference(reals))
        values = self._evaluator.measure(FileFakes(ArrayImages(fakes)))[0]["values"]
        return float(values[self._protocol.headline])


def comparison(name, shape):
    """Returns the `Comparison` of a metric's name.

    Args:
        name: str, of `protocols.PROTOCOLS`, one for two sets of images: it ends in _all.
        shape: (H, W, C) of the images.

    Raises:
        ValueError: in one line, for an unknown name, or one that is not for two sets of such images.
        extractors.Unavailable: if it needs Inception, and that is not available.

    >>> import numpy as np
    >>> images = np.random.default_rng(0).uniform(size=(8, 32, 32, 1))
    >>> comparison("fd_fashion_all", (32, 32, 1))(images, images) < 1e-3
    True
    """
    protocol = protocols.choose([name], shape=shape, endless=False)[name]
    if protocol.fakes is not None:
        able = ", ".join(known for known, it in protocols.PROTOCOLS.items() if it.fakes is None)
        raise ValueError(f"metrics={name} has counts of its own; on held-out images choose from {able}")
    return Comparison(name, protocol, shape)
