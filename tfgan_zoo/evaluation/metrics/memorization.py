"""Does a generator copy its training images? Nearest neighbours in the training set against held-out ones."""

import numpy as np

from tfgan_zoo.evaluation.metrics import Protocol
from tfgan_zoo.evaluation.neighbours import squared_distances

_BLOCK = 1000


def memorization(fakes, train, heldout):
    """Compares how near fakes come to training images with how near they come to held-out ones.

    The nearest of more images is nearer, so the training images are split into disjoint sets of as many as are held
    out:

        nearest_ratio = mean_s mean_f min_{x in train_s} |f - x| / mean_f min_{x in heldout} |f - x|

    Both sets are draws from the same distribution, so the ratio is 1 for a generator that has learnt the
    distribution, up to the spread over the sets, and 0 for one that repeats training images.

    Args:
        fakes: float[M, d], pixels or features.
        train: float[N, d], training images.
        heldout: float[n, d], held-out images, n <= N.

    Returns:
        {"nearest_ratio": float (None where each fake is a held-out image), "nearest_ratio_std": standard deviation over
        the sets of training images (None for one set), "nearest_train", "nearest_heldout": the mean distances}.

    Raises:
        ValueError: if fewer images train than are held out.

    >>> points = np.random.default_rng(0).normal(size=(60, 8))
    >>> memorization(points[:20], points[:40], points[40:])["nearest_ratio"] < 0.9
    True
    """
    if len(train) < len(heldout):
        raise ValueError(f"train={len(train)} images must be at least as many as are held out, {len(heldout)}")
    size = len(heldout)
    parts = [train[start : start + size] for start in range(0, len(train) - size + 1, size)]
    near = [float(nearest(fakes, part).mean()) for part in parts]
    held = float(nearest(fakes, heldout).mean())
    mean, spread = float(np.mean(near)), float(np.std(near, ddof=1)) if len(near) > 1 else None
    ratio, ratio_std = (None if it is None or not held else it / held for it in (mean, spread))
    return {"nearest_ratio": ratio, "nearest_ratio_std": ratio_std, "nearest_train": mean, "nearest_heldout": held}


def nearest(rows, candidates):
    """Returns each row's distance, float64[N], to the nearest of the candidates.

    >>> nearest(np.array([[0.75]]), np.array([[0.0], [1.0]]))
    array([0.25])
    """
    blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    return np.sqrt(np.concatenate([squared_distances(block, candidates).min(axis=1) for block in blocks]))


def memorized(train, heldout, fakes):
    """See `memorization`; no more held-out images are taken than train."""
    return memorization(fakes["rows"], train["rows"], heldout["rows"][: len(train["rows"])])


PROTOCOLS = {
    "memorization_10k": Protocol(
        metric="memorization",
        function=memorized,
        statistics="features",
        summary="distance of fakes to the nearest training image over that to the nearest held-out one, in pixels"
        " (below 1 is copying), and D(train) - D(held-out)",
        extractor=None,
        resize="area",
        fakes=10_000,
        reference="both",
        reals=10_000,
        better="higher",
        headline="nearest_ratio",
        discriminator=True,
    )
}
