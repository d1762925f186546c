"""Walks through latents: closed ways from stop to stop, cell by cell."""

from collections.abc import Iterator

import numpy as np


def between(start: np.ndarray, end: np.ndarray, steps: int) -> Iterator[np.ndarray]:
    """Yields the latents on the ways from some stops to the next ones.

    Latents z go along a great circle, whose points have lengths that normal numbers have (`random.slerp`); styles w,
    which have no such law, in a line:

        w_t = (1 - t) w_start + t w_end

    Args:
        start: float32[N, latent_dim], or styles float32[N, layers, d].
        end: the same.
        steps: int >= 1, how many are yielded: t = 0, 1 / steps, ..., 1 - 1 / steps; the first one is `start` itself.

    Yields:
        float32 arrays of the shape of `start`.

    >>> [float(w[0, 0, 0]) for w in between(np.zeros((1, 1, 2)), np.ones((1, 1, 2)), 4)]
    [0.0, 0.25, 0.5, 0.75]
    """
    from tfgan_zoo import random

    shares = np.arange(steps) / steps
    yield np.asarray(start, "float32")
    if np.ndim(start) == 3:
        for share in shares[1:]:
            yield ((1 - share) * start + share * end).astype("float32")
        return
    ways = np.stack([random.slerp(one, other, shares) for one, other in zip(start, end, strict=True)])
    yield from ways[:, 1:].swapaxes(0, 1)


def loop(stops: np.ndarray, steps: int) -> Iterator[np.ndarray]:
    """Yields the latents of all frames of a closed walk: from the last stop it goes on to the first one.

    Args:
        stops: float32[K, N, ...], K >= 2 stops of N cells.
        steps: int >= 1, frames from a stop to the next one.

    Yields:
        K * steps float32[N, ...]; frame k * steps is that of stop k.
    """
    for number, start in enumerate(stops):
        yield from between(start, stops[(number + 1) % len(stops)], steps)
