"""Mode counts against counting by hand."""

import math

import numpy as np
import pytest

from tfgan_zoo import data
from tfgan_zoo.evaluation.metrics.modes import SAMPLES, count_modes


@pytest.mark.parametrize("name, modes", [("ring", 8), ("grid", 25), ("cube", 27)])
def test_the_data_themselves_cover_every_mode(name, modes):
    mixture = data.load(name)
    samples, labels = mixture.reals(SAMPLES, split="heldout")
    counted = count_modes(samples, mixture.mixture.centres, mixture.mixture.std)
    assert counted["modes"] == modes
    assert counted["good"] > (0.96 if name == "cube" else 0.98)  # P(|x| < 3 std) is 0.971 in space, 0.989 in the plane
    assert 0 <= counted["kl"] < 0.02
    share = np.bincount(labels, minlength=modes) / SAMPLES
    assert counted["kl"] == pytest.approx(np.sum(share * np.log(share * modes)), abs=2e-3)


def test_one_mode_alone_has_the_kl_of_one_in_k():
    centres = np.eye(4)
    assert count_modes(np.tile(centres[2], (10, 1)), centres, 0.1) == {"modes": 1, "good": 1.0, "kl": math.log(4)}


def test_samples_off_every_mode_are_not_good():
    centres = np.array([[0.0, 0.0], [1.0, 0.0]])
    assert count_modes(np.full((5, 2), 9.0), centres, 0.1) == {"modes": 0, "good": 0.0, "kl": None}
    at_the_edge = np.array([[0.0, 0.299], [0.0, 0.301]])
    assert count_modes(at_the_edge, centres, 0.1)["good"] == 0.5
