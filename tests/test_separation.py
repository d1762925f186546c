"""The gap without a scale: what it is, and that the discriminator's scale does not enter."""

import pathlib
import sys

import numpy as np
import pytest
from scipy import stats

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "benchmarks"))  # scripts, not a package

import separation


def scores(seed, gap=0.8):
    rng = np.random.default_rng(seed)
    return rng.normal(gap, 1, 300).round(1), rng.normal(0, 2, 200).round(1)  # rounded: there are ties


def test_the_auc_is_the_mann_whitney_statistic_over_the_pairs():
    train, heldout = scores(0)
    u = stats.mannwhitneyu(train, heldout).statistic
    assert separation.auc(train, heldout) == pytest.approx(u / (300 * 200))
    assert separation.auc(heldout, train) == pytest.approx(1 - u / (300 * 200))


def test_chance_and_learnt_by_heart():
    same = np.arange(50.0)
    assert separation.auc(same, same) == 0.5
    assert separation.auc(same + 100, same) == 1.0
    assert separation.auc([1.0], [1.0, 1.0]) == 0.5


def test_neither_number_depends_on_the_scale_or_the_zero_of_the_logits():
    train, heldout = scores(1)
    for number in (separation.auc, separation.gap_in_deviations):
        assert number(0.5 * train - 3, 0.5 * heldout - 3) == pytest.approx(number(train, heldout))


def test_the_gap_is_measured_in_deviations_within_the_sets():
    rng = np.random.default_rng(2)
    assert separation.gap_in_deviations(rng.normal(7, 3, 50_000), rng.normal(4, 3, 50_000)) == pytest.approx(
        1, abs=0.02
    )
    assert separation.gap_in_deviations([1.0, 1.0], [1.0, 1.0]) == 0
    assert separation.gap_in_deviations([1.0, 1.0], [2.0, 2.0]) == -np.inf


def test_scores_are_of_whole_batches():
    seen = []

    def score(images):
        seen.append(len(images))
        return images[:, 0]

    train, heldout = np.arange(10.0)[:, None] + 100, np.arange(7.0)[:, None]
    auc, gap = separation.of_discriminator(score, train, heldout, batch_size=4)
    assert seen == [4, 4, 4]
    assert (auc, gap) == (1.0, separation.gap_in_deviations(train[:8, 0], heldout[:4, 0]))
