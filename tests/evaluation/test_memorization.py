"""The memorisation ratio: 1 for fresh draws, 0 for copies, whatever the sizes of the sets."""

import numpy as np
import pytest

from tfgan_zoo.evaluation.metrics.memorization import memorization, nearest


def draws(seed, num):
    return np.random.default_rng(seed).normal(size=(num, 6))


def test_fresh_draws_are_as_near_to_both():
    values = memorization(draws(0, 400), draws(1, 900), draws(2, 100))
    assert values["nearest_ratio"] == pytest.approx(1.0, abs=4 * values["nearest_ratio_std"])


def test_more_training_images_do_not_look_like_copying():
    few, many = (memorization(draws(0, 200), draws(1, num), draws(2, 100)) for num in (100, 2000))
    assert few["nearest_ratio_std"] is None
    assert abs(few["nearest_ratio"] - many["nearest_ratio"]) < 0.1


def test_copies_are_told_and_the_more_the_lower():
    train, heldout = draws(1, 300), draws(2, 300)
    fakes = draws(0, 100)
    ratios = [
        memorization(np.concatenate([train[:copies], fakes[copies:]]), train, heldout)["nearest_ratio"]
        for copies in (0, 30, 60, 100)
    ]
    assert ratios == sorted(ratios, reverse=True) and ratios[-1] == pytest.approx(0.0, abs=1e-6)


def test_the_mean_runs_over_disjoint_sets_of_training_images():
    train, heldout, fakes = draws(1, 25), draws(2, 10), draws(0, 7)
    parts = [nearest(fakes, train[:10]).mean(), nearest(fakes, train[10:20]).mean()]
    values = memorization(fakes, train, heldout)
    assert values["nearest_train"] == pytest.approx(np.mean(parts))
    assert values["nearest_ratio_std"] == pytest.approx(np.std(parts, ddof=1) / values["nearest_heldout"])


def test_nearest_equals_the_pairs():
    rows, candidates = draws(0, 20), 100 + draws(1, 15)
    expected = [min(np.linalg.norm(row - other) for other in candidates) for row in rows]
    np.testing.assert_allclose(nearest(rows, candidates), expected)


def test_fewer_training_images_than_held_out_ones_are_refused():
    with pytest.raises(ValueError, match="train=5 images must be at least as many"):
        memorization(draws(0, 5), draws(1, 5), draws(2, 6))


def test_of_held_out_images_alone_there_is_no_ratio():
    """As a data set of copies of one picture gives, and a generator that has learnt it."""
    values = memorization(np.ones((5, 6)), np.ones((4, 6)), np.ones((2, 6)))
    assert values == {"nearest_ratio": None, "nearest_ratio_std": None, "nearest_train": 0.0, "nearest_heldout": 0.0}
