"""What paired runs say: Student's t and exact sign-flip tests of the differences, corrected for their number.

Two arms are run on the same seeds, and d_i is the difference on seed i. The mean difference has the 95 % interval

    mean(d) +- t_{0.975, n - 1} sd(d) / sqrt(n)

whose coverage is 95 % for normal differences at every n >= 2. (A percentile bootstrap of the mean is too narrow for few
seeds: `missed` shows by how much.) The sign-flip test asks no law of the differences but that d_i and -d_i are equally
likely if the arms are alike: its p is the share of the 2^n ways to sign them whose mean is at least as far from 0. No p
is below 2 / 2^n, 0.25 for 3 seeds, 0.06 for 5 and 0.002 for 10. Holm's method corrects the p values of a table, so that
the chance of even one false verdict in it is at most 5 %.

It needs SciPy, which the extra `test` brings.
"""

import dataclasses
import itertools
import math

import numpy as np
from scipy import stats

LEVEL = 0.95
MOST_FLIPPED = 16  # seeds beyond which 2^n ways are not gone through


@dataclasses.dataclass(frozen=True)
class Difference:
    """The paired difference of two arms.

    Attributes:
        seeds: int, n.
        mean: float.
        low, high: floats, the ends of Student's interval; None for one seed, and where all differences are equal, so
            that there is no deviation to judge the mean by.
        p: float, Student's two-sided p where there is an interval, else `flips`; 1 for equal arms.
        flips: float, the exact two-sided p of the sign flips; None beyond `MOST_FLIPPED` seeds.
    """

    seeds: int
    mean: float
    low: float | None
    high: float | None
    p: float
    flips: float | None


def difference(one, two):
    """Compares paired values.

    Args:
        one, two: float[n] of the same seeds, n >= 1.

    Returns:
        The `Difference` one - two.

    >>> found = difference([3.0, 4.0, 8.0], [1.0, 1.0, 4.0])
    >>> found.mean, round(found.low, 2), round(found.high, 2), round(found.p, 3), found.flips
    (3.0, 0.52, 5.48, 0.035, 0.25)
    >>> difference([3.0, 4.0], [1.0, 2.0])
    Difference(seeds=2, mean=2.0, low=None, high=None, p=0.5, flips=0.5)
    """
    differences = np.asarray(one, float) - np.asarray(two, float)
    seeds, mean = len(differences), float(differences.mean())
    flips = sign_flips(differences) if seeds <= MOST_FLIPPED else None
    error = differences.std(ddof=1) / math.sqrt(seeds) if seeds > 1 else 0.0
    if error <= 1e-12 * abs(mean):  # one seed, or equal differences up to rounding
        return Difference(seeds, mean, None, None, 2.0 ** (1 - seeds) if mean else 1.0, flips)
    half = error * stats.t.ppf((1 + LEVEL) / 2, seeds - 1)
    p = 2 * stats.t.sf(abs(mean) / error, seeds - 1)
    return Difference(seeds, mean, float(mean - half), float(mean + half), float(p), flips)


def sign_flips(differences):
    """Returns the exact two-sided p of the sign-flip test.

    Args:
        differences: float[n], n at most `MOST_FLIPPED`.

    >>> sign_flips([1.0, 2.0, 3.0]), sign_flips([1.0, 2.0, -3.0])
    (0.25, 1.0)
    """
    differences = np.asarray(differences, float)
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=len(differences))))
    sums = np.abs(signs @ differences)
    slack = 1e-9 * np.abs(differences).sum()  # equal sums may differ by rounding
    return float(np.mean(sums >= abs(differences.sum()) - slack))


def holm(p_values):
    """Returns the p values corrected by Holm's step-down method (Holm 1979), in the order given.

    Args:
        p_values: float[m].

    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def missed(seeds, experiments=10_000):
    """Simulates how often a 95 % interval misses 0 though the differences are normal around 0.

    Args:
        seeds: int, the differences of an experiment.
        experiments: int, how many are drawn.

    Returns:
        (share for Student's interval, share for the percentile bootstrap of the mean); 0.05 is what they promise.
    """
    random = np.random.RandomState(seeds)  # whose numbers NumPy promises never to change
    differences = random.standard_normal((experiments, seeds))
    means, errors = differences.mean(axis=1), differences.std(axis=1, ddof=1) / math.sqrt(seeds)
    student = np.abs(means) > stats.t.ppf((1 + LEVEL) / 2, seeds - 1) * errors
    # The bootstrap's resamples: all there are of few seeds, else enough of them.
    every = itertools.product(range(seeds), repeat=seeds)
    picks = np.array(list(every)) if seeds <= 5 else random.randint(0, seeds, (2000, seeds))
    counts = (picks[:, :, None] == np.arange(seeds)).sum(axis=1)
    parts = (counts @ part.T / seeds for part in np.array_split(differences, max(1, experiments // 1000)))
    low, high = np.hstack([np.percentile(part, [2.5, 97.5], axis=0, method="inverted_cdf") for part in parts])
    return float(student.mean()), float(((low > 0) | (high < 0)).mean())
