"""Precision, recall, density and coverage: how good samples are, apart from how varied they are."""

import numpy as np

from tfgan_zoo.evaluation.metrics import of_files, on_fashion, on_given, on_inception, on_lite0
from tfgan_zoo.evaluation.neighbours import squared_distances

NEIGHBOURS = 5
_BLOCK = 1000  # rows of the distance matrix held at once
_SLACK = 1 + 1e-9  # of radii: a copy of the neighbour that a ball ends at lies in it, however distances are rounded


def prdc(reals, fakes, neighbours=NEIGHBOURS):
    """Precision and recall (Kynkaanniemi et al. 2019, arXiv 1904.06991), density and coverage (Naeem et al. 2020).

    With B(x) the ball around x that reaches to its k-th nearest neighbour in x's own set, x itself not counted:

        precision  share of fakes in at least one real ball
        recall     share of reals in at least one fake ball
        density    mean number of real balls that a fake lies in, over k; can exceed 1 (arXiv 2002.09797, eq. 4)
        coverage   share of reals whose ball holds at least one fake (arXiv 2002.09797, eq. 5)

    Args:
        reals: float[N, d], N > neighbours.
        fakes: float[M, d], M > neighbours.
        neighbours: int k >= 1.

    Returns:
        {"precision", "recall", "density", "coverage"}: floats.

    Raises:
        ValueError: if a set has too few rows, or the widths differ.

    >>> points = np.random.default_rng(0).normal(size=(50, 2))
    >>> prdc(points, points)["coverage"], prdc(points, points + 100)["coverage"]
    (1.0, 0.0)
    """
    reals, fakes = np.asarray(reals, "float64"), np.asarray(fakes, "float64")
    for name, rows in (("reals", reals), ("fakes", fakes)):
        if len(rows) <= neighbours:
            raise ValueError(f"{name}={len(rows)} rows must be more than neighbours={neighbours}")
    if reals.shape[1] != fakes.shape[1]:
        raise ValueError(f"fakes={fakes.shape} must have as many columns as reals, {reals.shape}")
    real_radii, fake_radii = _radii(reals, neighbours), _radii(fakes, neighbours)
    inside, balls, covered = np.zeros(len(fakes), bool), 0, []
    recalled = []
    for start in range(0, len(reals), _BLOCK):
        squares = squared_distances(reals[start : start + _BLOCK], fakes)
        in_real = squares <= real_radii[start : start + _BLOCK, None]
        inside |= in_real.any(axis=0)
        balls += int(in_real.sum())
        covered.append(in_real.any(axis=1))
        recalled.append((squares <= fake_radii).any(axis=1))
    return {
        "precision": float(inside.mean()),
        "recall": float(np.concatenate(recalled).mean()),
        "density": balls / (neighbours * len(fakes)),
        "coverage": float(np.concatenate(covered).mean()),
    }


def _radii(rows, neighbours):
    """Squared distance of each row to its k-th nearest other row."""
    radii = np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        squares = squared_distances(rows[start : start + _BLOCK], rows)
        squares[np.arange(len(squares)), start + np.arange(len(squares))] = -1.0  # the row itself comes first
        radii[start : start + _BLOCK] = np.partition(squares, neighbours, axis=1)[:, neighbours]
    return radii * _SLACK


def precision_recall(reals, fakes):
    """{"precision", "recall", "density", "coverage"}; see `prdc`."""
    values = prdc(reals["rows"], fakes["rows"])
    return {name: values[name] for name in ("precision", "recall", "density", "coverage")}


_SUMMARY = "precision, recall, density, coverage with 5 neighbours (Naeem et al. 2020) on"
_OF_ROWS = {
    "metric": "prdc",
    "function": precision_recall,
    "statistics": "features",
    "better": "higher",
    "headline": "coverage",
    "least": NEIGHBOURS + 1,
}

PROTOCOLS = {
    "prdc_10k": on_inception(
        **_OF_ROWS, summary=f"{_SUMMARY} Inception's features", fakes=10_000, reference="train", reals=10_000
    ),
    "prdc_fashion_10k": on_fashion(**_OF_ROWS, summary=f"{_SUMMARY} the fashion classifier's features"),
    "prdc_lite0_10k": on_lite0(**_OF_ROWS, summary=f"{_SUMMARY} EfficientNet-Lite0's features of RGB images"),
    "prdc_given_10k": on_given(**_OF_ROWS, summary=f"{_SUMMARY} the features of --extractor"),
}
PROTOCOLS |= {
    "prdc_all": of_files(PROTOCOLS["prdc_10k"], "prdc"),
    "prdc_fashion_all": of_files(PROTOCOLS["prdc_fashion_10k"], "prdc_fashion"),
    "prdc_lite0_all": of_files(PROTOCOLS["prdc_lite0_10k"], "prdc_lite0"),
    "prdc_given_all": of_files(PROTOCOLS["prdc_given_10k"], "prdc_given"),
}
