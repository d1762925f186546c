"""Precision, recall, density and coverage against their published definitions, pair by pair."""

import numpy as np
import pytest

from tfgan_zoo.evaluation.metrics import prdc as module
from tfgan_zoo.evaluation.metrics.prdc import prdc


def radius(points, i, k):
    distances = sorted(np.linalg.norm(points[i] - points[j]) for j in range(len(points)) if j != i)
    return distances[k - 1]


def by_the_book(reals, fakes, k):
    real_radii = [radius(reals, i, k) for i in range(len(reals))]
    fake_radii = [radius(fakes, j, k) for j in range(len(fakes))]
    near = [[np.linalg.norm(x - y) for y in fakes] for x in reals]
    rows, columns = range(len(reals)), range(len(fakes))
    return {
        "precision": np.mean([any(near[i][j] <= real_radii[i] for i in rows) for j in columns]),
        "recall": np.mean([any(near[i][j] <= fake_radii[j] for j in columns) for i in rows]),
        "density": sum(near[i][j] <= real_radii[i] for i in rows for j in columns) / (k * len(fakes)),
        "coverage": np.mean([any(near[i][j] <= real_radii[i] for j in columns) for i in rows]),
    }


@pytest.mark.parametrize(("shift", "scale", "k"), [(0.0, 1.0, 5), (0.7, 1.0, 3), (0.0, 0.3, 5), (100.0, 1.5, 1)])
def test_it_equals_the_definition(shift, scale, k, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 13)  # several blocks, the last one shorter
    rng = np.random.default_rng(0)
    reals, fakes = rng.normal(size=(40, 3)), shift + scale * rng.normal(size=(31, 3))
    assert prdc(reals, fakes, k) == pytest.approx(by_the_book(reals, fakes, k))


def test_a_set_against_itself_is_covered():
    points = np.random.default_rng(1).normal(size=(60, 4))
    values = prdc(points, points)
    assert values["precision"] == values["recall"] == values["coverage"] == 1.0


def test_one_mode_of_two_is_precise_and_not_varied():
    rng = np.random.default_rng(2)
    reals = np.concatenate([rng.normal(size=(50, 2)), 50 + rng.normal(size=(50, 2))])
    values = prdc(reals, rng.normal(size=(100, 2)))
    assert values["precision"] > 0.9 and values["recall"] < 0.6 and values["coverage"] < 0.6


@pytest.mark.parametrize(
    ("reals", "fakes", "words"),
    [((5, 2), (9, 2), "reals=5 rows"), ((9, 2), (5, 2), "fakes=5 rows"), ((9, 2), (9, 3), "as many columns")],
)
def test_what_cannot_be_compared_is_refused(reals, fakes, words):
    with pytest.raises(ValueError, match=words):
        prdc(np.zeros(reals), np.zeros(fakes))


def test_copies_lie_in_the_balls_that_end_at_them():
    """A generator that copies: each fake is a neighbour of reals, some the one that a ball just reaches."""
    rng = np.random.default_rng(3)
    reals = 1 + rng.normal(size=(120, 64)).astype("float32")
    for fakes in (reals[:60], np.concatenate([reals[60:90], rng.normal(size=(30, 64)).astype("float32")])):
        assert prdc(reals, fakes) == pytest.approx(by_the_book(reals, fakes, 5), abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_a_ball_of_copies_holds_one_more(seed):
    """Six copies of an image have a ball without extent."""
    images = 5 + np.random.default_rng(seed).normal(size=(40, 1280)).astype("float32")
    values = prdc(np.repeat(images[:1], 50, axis=0), np.repeat(images, 8, axis=0))
    assert values == {"precision": 1 / 40, "recall": 1.0, "density": 50 * 8 / (5 * 320), "coverage": 1.0}
