"""Mode counts, where a collapse can be told from numbers: of Gaussian mixtures, and of stacked images."""

import math

import numpy as np

from tfgan_zoo.evaluation.metrics import Protocol

SAMPLES = 2500
STACKS = 1000  # modes of stacked_fashion
GOOD = 3.0  # standard deviations within which a sample belongs to a mode


def count_modes(samples, centres, std):
    """Counts the modes that samples cover.

    A sample is good within 3 std of its nearest centre; a mode is covered by at least one good sample.

    Args:
        samples: float[N, d], usually 2,500.
        centres: float[K, d], the mixture's centres, in the same units.
        std: float > 0, the standard deviation of each mode.

    Returns:
        {"modes": int in [0, K], "good": share of good samples in [0, 1], "kl": KL divergence in nats of the good
        samples' histogram over the modes from the uniform one: 0 is even, log K one mode alone; None without a
        good sample}.

    >>> count_modes(np.array([[0.0, 0.1], [5.0, 5.0]]), np.array([[0.0, 0.0], [1.0, 1.0]]), std=0.1)
    {'modes': 1, 'good': 0.5, 'kl': 0.6931471805599453}
    """
    samples, centres = np.asarray(samples, "float64"), np.asarray(centres, "float64")
    distances = np.linalg.norm(samples[:, None] - centres, axis=-1)
    good = distances.min(axis=1) <= GOOD * std
    counts = np.bincount(distances.argmin(axis=1)[good], minlength=len(centres))
    share = counts[counts > 0] / max(counts.sum(), 1)
    kl = float(np.sum(share * np.log(share)) + math.log(len(centres))) if good.any() else None
    return {"modes": int(np.count_nonzero(counts)), "good": float(good.mean()), "kl": kl}


def modes(centres, std, fakes):
    """{"modes", "good", "kl"} of a mixture's samples; see `count_modes`."""
    return count_modes(fakes["rows"], centres, std)


def stacked_modes(fakes):
    """{"modes", "kl"} of stacks' classes, 0 to 999 each: how many occur, and KL of their histogram from uniform."""
    counts = np.bincount(fakes["rows"][:, 0].astype(int), minlength=STACKS)
    share = counts[counts > 0] / counts.sum()
    return {"modes": int(np.count_nonzero(counts)), "kl": float(np.sum(share * np.log(share)) + np.log(STACKS))}


PROTOCOLS = {
    "modes_2500": Protocol(
        metric="modes",
        function=modes,
        statistics="features",
        summary="modes that 2,500 samples of a mixture cover",
        extractor=None,
        resize=None,
        fakes=SAMPLES,
        reference="mixture",
        reals=None,
        better="higher",
        headline="modes",
    ),
    "modes_stacked_26k": Protocol(
        metric="stacked_modes",
        function=stacked_modes,
        statistics="features",
        summary="modes of stacked_fashion, of 1,000, that 26,000 samples cover, by the fashion classifier on each"
        " channel",
        extractor="fashion_cnn",
        resize="channels",
        fakes=26_000,
        reference="none",
        reals=None,
        better="higher",
        headline="modes",
    ),
}
