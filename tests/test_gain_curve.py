"""The curve of what perturbed convolutions gain: pairs of runs, their differences, and the page."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "benchmarks"))  # scripts, not a package

import gain_curve  # noqa: E402

from tfgan_zoo.cli import train  # noqa: E402


def test_a_gain_is_the_difference_of_a_pair_and_more_is_better():
    done = {
        (500, "gan", 0): {64.0: 90.0, 128.0: 80.0},
        (500, "pconv", 0): {64.0: 84.0, 128.0: 81.0},
        (500, "gan", 1): {64.0: 88.0},
        (500, "pconv", 1): {64.0: 84.0},
        (1000, "pconv", 0): {64.0: 84.0},  # alone yet
    }
    found = gain_curve.gains(done)
    assert found == {500: {64.0: [6.0, 4.0], 128.0: [-1.0]}}
    # t at 0.975 of one degree of freedom is 12.706; the deviation of 6 and 4 is sqrt(2)
    assert gain_curve.table(found)[2:] == ["| 500 | 2 | +5.0 [-7.7, +17.7] | -1.0 |"]


@pytest.mark.parametrize("method", gain_curve.METHODS)
def test_its_runs_are_train_pys(method):
    flags = gain_curve.flags_of(500, method, 3)
    values, given = train.COMMAND.parse(flags)
    assert values["method"] == method and values["seed"] == 3 and {"split", "eval_metrics"} <= given


def test_the_page_is_what_the_lines_say():
    text = gain_curve.page(gain_curve.gains(gain_curve.finished()))
    assert gain_curve.PAGE.read_text() == text, "run: python benchmarks/gain_curve.py report"
