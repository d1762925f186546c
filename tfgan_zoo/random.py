"""Every random draw of the project, as a pure function of what it is for.

A draw in training is fixed by six things: the run's seed, the step, the purpose of the network call, the
sub-step (the k-th discriminator step of one step), the name of the layer that draws and the row of the
*global* batch. Nothing is kept between draws, so a run that was killed and resumed draws what it would have
drawn, and two replicas together draw what one device would. (XLA's Philox yields other numbers than
TensorFlow's from the same key: a run keeps the `jit` it began with.)

The loop opens a scope around a network call; a layer asks for numbers by its own name:

>>> import tensorflow as tf
>>> from tfgan_zoo import random
>>> with random.scope(seed=0, step=7, purpose="reals"):
...     whole = random.uniform((4, 3), "noise")
>>> with random.scope(seed=0, step=7, purpose="reals", first_row=2):
...     half = random.uniform((2, 3), "noise")
>>> bool(tf.reduce_all(whole[2:] == half))
True
"""

import contextlib
import dataclasses
import math
import operator
import threading
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

MAX_SEED = 2**31 - 1
_PHILOX = 1
_GROUP = 4  # float32 numbers that one value of Philox's counter yields
_LOCAL = threading.local()  # MirroredStrategy traces every replica in a thread of its own


@dataclasses.dataclass(frozen=True)
class Scope:
    """What the draws of one network call are for; see `scope`."""

    seed: int
    step: int
    purpose: str
    substep: int
    first_row: int

    def words(self, name: str) -> tf.Tensor:
        """Returns the int64[2] words of the layer called `name`: four fields of 32 bits."""
        salt = zlib.crc32(f"{self.purpose}/{name}".encode())
        substep, step, seed = (tf.cast(field, tf.int64) for field in (self.substep, self.step, self.seed))
        return tf.stack([substep * 2**32 + seed, step * 2**32 + salt])


@contextlib.contextmanager
def scope(
    seed: int | tf.Tensor,
    step: int | tf.Tensor,
    purpose: str,
    substep: int | tf.Tensor = 0,
    first_row: int | tf.Tensor = 0,
) -> Iterator[Scope]:
    """Makes every draw inside it a function of the arguments.

    Args:
        seed: the run's seed, an int or int tensor in [0, 2**31).
        step: the run's step (generator updates so far), an int or int tensor in [0, 2**31).
        purpose: str, which network call this is ("reals", "fakes", "generator", ...).
        substep: int or int tensor, the index of the discriminator step inside the step.
        first_row: int or int tensor, the global row of the first local row: 0 on one device.

    >>> from tfgan_zoo import random
    >>> with random.scope(seed=0, step=7, purpose="generator"):
    ...     first, again = (random.normal((2, 3), "latents") for _ in range(2))
    >>> bool(tf.reduce_all(first == again))  # of the same name: the same numbers
    True
    """
    outer = getattr(_LOCAL, "scope", None)
    _LOCAL.scope = Scope(seed, step, purpose, substep, first_row)
    try:
        yield _LOCAL.scope
    finally:
        _LOCAL.scope = outer


def current() -> Scope | None:
    """Returns the innermost `Scope` of this thread, or None outside any.

    >>> from tfgan_zoo import random
    >>> with random.scope(seed=0, step=7, purpose="reals"):
    ...     random.current().purpose
    'reals'
    >>> random.current() is None
    True
    """
    return getattr(_LOCAL, "scope", None)


def uniform(shape: Sequence[Any], name: str, fallback: Any = None) -> tf.Tensor:
    """Draws float32 numbers from U[0, 1), row by row.

    Args:
        shape: (rows, ...), ints or scalar tensors; the first dimension is the batch.
        name: str, which draw this is: a layer's name, or a fixed word.
        fallback: a `keras.random.SeedGenerator`, advanced when no scope is open.

    Returns:
        A float32 tensor of `shape`.

    Raises:
        ValueError: outside a scope, if there is no fallback.

    >>> from tfgan_zoo import random
    >>> with random.scope(seed=0, step=7, purpose="reals"):
    ...     numbers = random.uniform((4, 3), "noise")
    >>> bool(tf.reduce_all((numbers >= 0) & (numbers < 1)))
    True
    """
    return _draw(tf.raw_ops.StatelessRandomUniformV2, shape, name, fallback)


def normal(shape: Sequence[Any], name: str, fallback: Any = None) -> tf.Tensor:
    """Draws float32 numbers from N(0, 1), row by row. Arguments and result are those of `uniform`.

    >>> from tfgan_zoo import random
    >>> with random.scope(seed=0, step=7, purpose="generator"):
    ...     random.normal((4, 3), "latents").shape.as_list()
    [4, 3]
    """
    return _draw(tf.raw_ops.StatelessRandomNormalV2, shape, name, fallback)


def consecutive_seeds(num: int, seed: int) -> np.ndarray:
    """The seeds of the images that `generate(num, seed)` makes, here, in an export and on a server.

    Args:
        num: int >= 1, how many.
        seed: int, the first one; all must fit into 64 bits.

    Returns:
        A NumPy array int64[num]: seed, seed + 1, ...

    Raises:
        ValueError: if an argument is no whole number, or out of its range.

    >>> consecutive_seeds(3, -1)
    array([-1,  0,  1])
    """
    for name, value in (("num", num), ("seed", seed)):
        try:
            operator.index(value)
        except TypeError:
            raise ValueError(f"{name}={value!r} must be a whole number") from None
    num, seed = int(num), int(seed)
    if num < 1:
        raise ValueError(f"num={num} must be at least 1")
    if not -(2**63) <= seed <= 2**63 - num:
        raise ValueError(f"seed={seed} must be a 64-bit integer, and seed + {num - 1} too")
    return np.arange(num, dtype="int64") + np.int64(seed)


def latents_from_seeds(seeds: ArrayLike, latent_dim: int) -> tf.Tensor:
    """The latents that a served or sampled seed stands for.

    A seed's latents are the same bits alone, in any batch, in any process and on any number of devices.

    Args:
        seeds: int64[N], any values.
        latent_dim: int, the generator's latent dimension.

    Returns:
        float32[N, latent_dim], standard normal.

    >>> from tfgan_zoo import random
    >>> latents = random.latents_from_seeds([7, 42], latent_dim=3)
    >>> bool(tf.reduce_all(latents[1:] == random.latents_from_seeds([42], latent_dim=3)))
    True
    """
    salt = zlib.crc32(b"latents")

    def one(seed):
        words = tf.stack([seed, tf.constant(salt, tf.int64)])
        return tf.random.stateless_normal([latent_dim], words, alg="philox")

    seeds = tf.cast(tf.convert_to_tensor(seeds), tf.int64)
    return tf.map_fn(one, seeds, fn_output_signature=tf.TensorSpec([latent_dim], tf.float32))


def labels_from_seeds(seeds: ArrayLike, num_classes: int) -> tf.Tensor:
    """The labels that seeds stand for where no label is asked for, drawn evenly.

    Args:
        seeds: int64[N], any values.
        num_classes: int >= 1.

    Returns:
        int32[N] in [0, num_classes); a seed's label is the same in any batch, in any process, on any device.

    >>> from tfgan_zoo import random
    >>> labels = random.labels_from_seeds(range(100), num_classes=10)
    >>> sorted(set(labels.numpy().tolist()))
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    return _labels(tf.cast(tf.convert_to_tensor(seeds), tf.int64), num_classes)


@tf.function(reduce_retracing=True)  # eagerly it takes milliseconds a seed
def _labels(seeds, num_classes):
    salt = zlib.crc32(b"labels")

    def one(seed):
        words = tf.stack([seed, tf.constant(salt, tf.int64)])
        return tf.random.stateless_uniform([], words, 0, num_classes, tf.int32, alg="philox")

    return tf.map_fn(one, seeds, fn_output_signature=tf.TensorSpec([], tf.int32))


def seed_labels(labels: ArrayLike | None, seeds: Any, num_classes: int) -> np.ndarray | None:
    """Returns the labels of seeds int64[N]: int32[N], a NumPy array; None for a model without classes.

    Args:
        labels: an int, int[N], one in a list for all, or None: then each seed draws its own.
        seeds: int64[N].
        num_classes: int, the model's; 0 if it has no labels.

    Raises:
        ValueError: in one line, if labels are given to a model without, or are of another number or range.

    >>> from tfgan_zoo import random
    >>> random.seed_labels(3, [7, 42], num_classes=10)
    array([3, 3], dtype=int32)
    """
    if not num_classes:
        if labels is not None:
            raise ValueError(f"labels={labels} are for conditional models; this one has no classes")
        return None
    if labels is None:
        return labels_from_seeds(seeds, num_classes).numpy()
    try:
        given = np.asarray(labels)
        labels = given.tolist()
    except ValueError:  # lists of several lengths
        given = np.zeros(0)
    if given.dtype.kind not in "iu" or given.shape not in ((), (1,), (len(seeds),)):
        raise ValueError(f"labels={labels} must be a whole number, or {len(seeds)} of them, one an image")
    wrong = given[(given < 0) | (given >= num_classes)]
    if wrong.size:
        raise ValueError(f"labels={wrong.flat[0]} must be in [0, {num_classes - 1}]")
    return np.broadcast_to(given, (len(seeds),)).astype("int32")


def slerp(start: ArrayLike, end: ArrayLike, steps: ArrayLike) -> np.ndarray:
    """Interpolates between two latents along a great circle, with lengths in between: what a normal z is used to.

    Args:
        start: float[latent_dim].
        end: float[latent_dim].
        steps: float[T] in [0, 1]: 0 is `start`, 1 is `end`.

    Returns:
        float32[T, latent_dim], a NumPy array.

    >>> from tfgan_zoo import random
    >>> random.slerp([1.0, 0.0], [0.0, 1.0], [0.0, 0.5, 1.0]).round(3).tolist()
    [[1.0, 0.0], [0.7070000171661377, 0.7070000171661377], [0.0, 1.0]]
    """
    start, end = np.asarray(start, "float64"), np.asarray(end, "float64")  # squares of float32 leave its range
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    steps = np.asarray(steps)[:, None]
    if not all(lengths):  # the middle of all latents has no direction
        return ((1 - steps) * start + steps * end).astype("float32")
    angle = np.arccos(np.clip(np.dot(start / lengths[0], end / lengths[1]), -1, 1))
    if np.sin(angle) < 1e-6:  # the same direction, or opposite ones: no circle is singled out
        return ((1 - steps) * start + steps * end).astype("float32")
    direction = np.sin((1 - steps) * angle) * start / lengths[0] + np.sin(steps * angle) * end / lengths[1]
    return (direction / np.sin(angle) * ((1 - steps) * lengths[0] + steps * lengths[1])).astype("float32")


def epoch_seed(seed: int | tf.Tensor, epoch: int | tf.Tensor) -> tf.Tensor:
    """Returns an int64 scalar: the shuffling seed of one pass over the data.

    >>> from tfgan_zoo import random
    >>> len({int(random.epoch_seed(0, epoch)) for epoch in (1, 1, 2)})
    2
    """
    words = tf.stack([tf.cast(seed, tf.int64), tf.cast(epoch, tf.int64)])
    return tf.random.stateless_uniform([], words, None, None, tf.int64, alg="philox")


def _draw(op, shape, name, fallback):
    here = current()
    if here is not None:
        words, first_row = here.words(name), here.first_row
    elif fallback is not None:
        words, first_row = tf.cast(fallback.next(), tf.int64), 0
    else:
        raise ValueError(f"random draw {name!r} needs an open random.scope or a SeedGenerator as fallback")
    rows, *rest = shape
    per_row = math.prod(rest)  # ints in all of our layers; a scalar tensor works too
    # Philox is a function of a key and a counter. One word is the key, the other the counter's upper half; the
    # lower half counts groups, and a row starts at a whole group, so that a replica can begin at any row.
    groups = (per_row + _GROUP - 1) // _GROUP
    counter = tf.stack([tf.cast(first_row, tf.int64) * tf.cast(groups, tf.int64), words[1]])
    numbers = op(
        shape=tf.stack([rows, groups * _GROUP]),
        key=tf.bitcast(words[:1], tf.uint64),
        counter=tf.bitcast(counter, tf.uint64),
        alg=_PHILOX,
        dtype=tf.float32,
    )
    return tf.reshape(numbers[:, :per_row], shape)
