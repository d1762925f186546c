"""Haar packets and the Frechet wavelet distance, against the definition, level by level."""

import numpy as np
import pytest

from tfgan_zoo.evaluation import extractors
from tfgan_zoo.evaluation.metrics.frechet import frechet_distance
from tfgan_zoo.evaluation.metrics.wavelet import wavelet
from tfgan_zoo.evaluation.statistics import Moments
from tfgan_zoo.evaluation.wavelets import haar_packets


def packets_by_filters(images, level):
    """The packet tree as it is defined: sums and differences of neighbours along both axes, again and again."""
    packets = [images]
    for _ in range(level):
        for axis in (1, 2):
            halves = [(packet.take(range(0, packet.shape[axis], 2), axis), packet) for packet in packets]
            odd = [packet.take(range(1, packet.shape[axis], 2), axis) for packet in packets]
            signs = (1, -1)
            packets = [(even + s * o) / np.sqrt(2) for (even, _), o in zip(halves, odd, strict=True) for s in signs]
    return packets


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(size=(60, 32, 16, 3))


@pytest.mark.parametrize("level", [1, 2, 4])
def test_packets_are_those_of_the_filters(images, level):
    """In another order, which the distance does not see."""
    found = haar_packets(images[:2], level)
    assert found.shape == (2, 4**level, 32 * 16 * 3 // 4**level)
    wanted = [packet.reshape(2, -1) for packet in packets_by_filters(images[:2], level)]
    left = list(range(4**level))
    for packet in wanted:
        near = [number for number in left if np.allclose(found[:, number], packet)]
        assert near
        left.remove(near[0])
    assert np.sum(found**2) == pytest.approx(np.sum(images[:2] ** 2))


def test_sides_that_do_not_go(images):
    with pytest.raises(ValueError, match="images of 24 x 16 must have sides that are multiples of 16"):
        haar_packets(images[:, :24])


def test_the_distance_is_the_mean_over_packets(images):
    sets = haar_packets(images[:30]), haar_packets(images[30:])
    moments = []
    for rows in sets:
        held = Moments()
        held.update(rows[:7])
        held.update(rows[7:])
        moments.append(held.result())
    by_hand = []
    for packet in range(256):
        pair = [(rows[:, packet].mean(axis=0), np.cov(rows[:, packet], rowvar=False)) for rows in sets]
        by_hand.append(frechet_distance(*pair))
    assert wavelet(*moments)["distance"] == pytest.approx(np.mean(by_hand), rel=1e-9)
    assert wavelet(moments[0], moments[0])["distance"] == pytest.approx(0.0, abs=1e-9)


def test_the_extractor_takes_levels_as_shares():
    levels = np.full((2, 16, 16, 1), 255, "uint8")
    features = extractors.get("haar_packets", None, (16, 16, 1))(levels)["features"]
    assert features.shape == (2, 256, 1) and features[0, 0, 0] == pytest.approx(16)
    assert np.abs(features[:, 1:]).max() < 1e-12
