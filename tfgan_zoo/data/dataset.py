"""What every data set offers: endless training batches, and its first real items for evaluation."""

import dataclasses
import numbers
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo import random

_PREFETCH = 4  # batches


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Data:
    """A data set: its description and the ways to read it. `tfgan_zoo.data.load` makes one.

    Attributes:
        name: str.
        description: str, one sentence.
        shape: (H, W, C) of an image, (d,) of a mixture's vector.
        num_train: int, how many items train; None for a mixture or for stacks, which have no end.
        num_heldout: int, how many items are held out; None where training has no end.
        num_classes: int; 0 if there are no labels (they are all 0 then).
        label_names: tuple of str, one a class; empty if they have no names.
        native: int, the height in pixels of the images inside their border of zeros; None for a mixture.
        split: str, what trains of a TFDS set, in TFDS's words; None of a set that has splits of its own.
        skipped: tuple of str, the files that were left out, each with the reason.
        fingerprint: str, changes when the items do; None where the name and the sizes say it all.
        mirror: bool, whether an epoch of training holds every image and its mirror image; `reals` are as they are.
        mixture: the `tfgan_zoo.data.mixtures.Mixture` (`centres`, `std`); None for images.
        source: what holds or draws the items: an object with `batches` and `first`.

    >>> from tfgan_zoo import data
    >>> clothes = data.load("fashion_mnist_10k")
    >>> clothes.shape, clothes.num_train, clothes.num_heldout, clothes.label_names[0]
    ((32, 32, 1), 9000, 1000, 'T-shirt/top')
    >>> images, labels = clothes.reals(10, split="heldout")
    >>> images.shape, clothes.crop(images).shape, labels.dtype.name
    ((10, 32, 32, 1), (10, 28, 28, 1), 'int32')
    """

    name: str
    description: str
    shape: tuple
    num_train: int | None
    num_heldout: int | None
    num_classes: int
    label_names: tuple = ()
    fingerprint: str | None = None
    native: int | None = None
    split: str | None = None
    skipped: tuple = ()
    mirror: bool = False
    mixture: Any = None
    source: Any = dataclasses.field(repr=False)

    def train(self, batch_size: int, batches_per_step: int = 1, seed: int = 0, start_step: int = 0) -> tf.data.Dataset:
        """Yields the training batches of all steps from `start_step` on, without end.

        The training items form one endless stream: all of them in the order that (seed, epoch 0) gives, then all in
        the order of epoch 1, and so on; with `mirror`, the mirror image of each is an item too. A mixture's stream is
        one endless row of draws. With r batches a step, step k takes the next batch_size * r of it, across the end of
        an epoch if need be, and element (b, i) of its batch is item `(k * batch_size + b) * r + i` of the stream. So
        what belongs to one sample stays together when a strategy splits the first dimension over replicas, and nothing
        depends on TensorFlow's global seed or on what was read before: `start_step=k` yields what step k of
        `start_step=0` yields, and finds its place at once.

        Args:
            batch_size: int, B, samples of one network call, over all replicas.
            batches_per_step: int, how many batches of reals a step reads, side by side.
            seed: int in [0, 2**31), the run's seed.
            start_step: int, the first step to yield.

        Returns:
            A `tf.data.Dataset` of {"images": float32[B, r, *shape], "labels": int32[B, r]}; images are in
            [-1, 1], vectors in data units.

        Raises:
            ValueError: if an argument is out of its range.

        >>> from tfgan_zoo import data
        >>> batch = next(iter(data.load("fashion_mnist_10k").train(batch_size=4)))
        >>> batch["images"].shape.as_list(), batch["labels"].shape.as_list()
        ([4, 1, 32, 32, 1], [4, 1])
        """
        _check_int("batch_size", batch_size, 1)
        _check_int("batches_per_step", batches_per_step, 1)
        _check_int("seed", seed, 0, random.MAX_SEED)
        _check_int("start_step", start_step, 0)
        size = batch_size * batches_per_step

        def fold(images, labels):
            return {
                "images": tf.reshape(images, [batch_size, batches_per_step, *self.shape]),
                "labels": tf.reshape(labels, [batch_size, batches_per_step]),
            }

        options = tf.data.Options()
        options.autotune.enabled = False  # it can stall the end of a short `fit` for longer than the `fit` took
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
        flat = self.source.batches(seed, start_step * size, size, **({"mirror": True} if self.mirror else {}))
        endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
        return flat.map(fold).apply(endless).with_options(options).prefetch(_PREFETCH)

    def reals(self, num: int, split: str = "train") -> tuple:
        """Returns the first `num` items of a split, in the source's order; a mixture's are those of seed 0.

        Args:
            num: int, at least 1 and at most the size of the split.
            split: "train" or "heldout"; no item is in both.

        Returns:
            (float32[num, *shape], int32[num]), NumPy arrays: images in [-1, 1] (vectors: data units), and labels.

        Raises:
            ValueError: for an unknown split, and for more items than the split has.

        >>> from tfgan_zoo import data
        >>> images, labels = data.load("fashion_mnist_10k").reals(16, split="heldout")
        >>> images.shape, labels.shape
        ((16, 32, 32, 1), (16,))
        """
        sizes = {"train": self.num_train, "heldout": self.num_heldout}
        if split not in sizes:
            raise ValueError(f"split={split} is unknown; choose from {', '.join(sizes)}")
        _check_int("num", num, 1, sizes[split])
        images, labels = self.source.first(num, split)
        return images.numpy(), labels.numpy()

    def chunks(self, num: int, split: str = "train", size: int = 256) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields what `reals` returns in parts of at most `size` items, so that not all are in memory at once."""
        for start in range(0, num, size):
            images, labels = self.source.first(min(size, num - start), split, start)
            yield images.numpy(), labels.numpy()

    def crop(self, images: np.ndarray | tf.Tensor) -> np.ndarray | tf.Tensor:
        """Cuts the border of zeros off [..., H, W, C] images: returns [..., native, native, C] of squares."""
        border = self.shape[0] - self.native
        rows, columns = (slice(border // 2, border // 2 + side - border) for side in self.shape[:2])
        return images[..., rows, columns, :]


def _check_int(argument, value, least, most=None):
    if not isinstance(value, numbers.Integral) or value < least or (most is not None and value > most):
        allowed = f"of at least {least}" if most is None else f"in [{least}, {most}]"
        raise ValueError(f"{argument}={value} must be an integer {allowed}")
