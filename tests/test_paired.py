"""The statistics of the claims: intervals with their stated coverage, exact tests, and the correction for many."""

import itertools
import pathlib
import sys

import numpy as np
import pytest
from scipy import stats

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "benchmarks"))  # scripts, not a package

import paired


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_the_interval_and_p_are_those_of_scipys_paired_test(seeds):
    rng = np.random.default_rng(seeds)
    shared = rng.normal(0, 100, seeds)  # what a seed brings, which pairing takes out
    one, two = shared + rng.normal(1, 0.5, seeds), shared
    found = paired.difference(one, two)
    theirs = stats.ttest_rel(one, two)
    interval = theirs.confidence_interval(0.95)
    assert (found.seeds, found.mean) == (seeds, pytest.approx((one - two).mean()))
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert found.p == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_it_misses_0_one_time_in_twenty_where_the_bootstrap_does_far_more_often(seeds):
    student, bootstrap = paired.missed(seeds, experiments=4000)
    assert student == pytest.approx(0.05, abs=0.01)
    assert bootstrap == pytest.approx({3: 0.25, 5: 0.17, 10: 0.10}[seeds], abs=0.02)


@pytest.mark.parametrize(
    "one, two, mean, p",
    [
        ([8, 8, 8], [8, 8, 8], 0, 1.0),  # no difference at all
        ([8, 8, 8], [4, 4, 4], 4, 0.25),  # the sign flips decide, as there is no deviation
        ([0.3, 1.3, 2.3], [0.1, 1.1, 2.1], 0.2, 0.25),  # equal up to rounding
        ([8], [4], 4, 1.0),
        ([4], [4], 0, 1.0),
    ],
)
def test_one_seed_and_equal_differences_have_no_interval(one, two, mean, p):
    found = paired.difference(one, two)
    assert (found.low, found.high, found.p, found.flips) == (None, None, p, p)
    assert found.mean == pytest.approx(mean)


def test_the_flips_are_scipys_exact_permutation_test():
    differences = np.random.default_rng(0).normal(0.5, 1, 8)
    theirs = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert paired.sign_flips(differences) == pytest.approx(theirs.pvalue)


def test_the_flips_are_exact_for_alike_arms_whatever_the_law():
    """Over all signs of given sizes, p <= a with a chance of at most a: the test's validity, by going through them."""
    sizes = [0.1, 0.2, 0.7, 3.0, 50.0]
    p_values = np.array([paired.sign_flips(np.multiply(s, sizes)) for s in itertools.product((1, -1), repeat=5)])
    for level in (0.0625, 0.125, 0.25, 0.5):
        assert np.mean(p_values <= level) <= level
    assert p_values.min() == 2 / 2**5


def test_too_many_seeds_are_not_flipped():
    assert paired.difference(np.arange(40.0), np.zeros(40)).flips is None


def test_holm_is_the_step_down_method_and_keeps_the_order():
    assert paired.holm([0.04, 0.001, 0.03, 0.005]).tolist() == pytest.approx([0.06, 0.004, 0.06, 0.015])
    assert paired.holm([0.6, 0.9]).tolist() == [1.0, 1.0]
    assert paired.holm([]).tolist() == []


def test_holm_keeps_the_chance_of_any_false_verdict_among_twenty():
    p_values = np.random.default_rng(0).uniform(size=(4000, 20))
    plain, corrected = (p_values < 0.05).any(axis=1), [(paired.holm(row) < 0.05).any() for row in p_values]
    assert plain.mean() > 0.6 and np.mean(corrected) == pytest.approx(0.05, abs=0.012)
