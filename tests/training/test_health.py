"""The health word, and the numbers it looks at."""

import itertools
import math

import numpy as np
import pytest

from tfgan_zoo import data, registry
from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build
from tfgan_zoo.training import health

FINE = {"d_train": 1.0, "d_heldout": 0.9, "d_samples": -1.0, "diversity": 0.9, "g_grad_norm": 1.0}


@pytest.mark.parametrize(
    "change, word",
    [
        ({}, "ok"),
        ({"d_heldout": -0.1}, "D overfits"),  # r_v = 0.55
        ({"d_heldout": 0.1}, "ok"),  # r_v = 0.45
        ({"d_heldout": -5.0}, "D overfits"),
        ({"d_train": -2.0, "d_heldout": -9.0}, "ok"),  # D does not tell samples from reals at all
        ({"diversity": 0.3}, "collapse"),
        ({"diversity": 0.35}, "ok"),
        ({"g_grad_norm": 2e4}, "diverging"),
        ({"d_samples": -2e4}, "diverging"),
        ({"g_loss": math.nan}, "diverging"),
        ({"d_loss": -math.inf, "diversity": 0.0}, "diverging"),
    ],
)
def test_word(change, word):
    assert health.word(FINE | change) == word


@pytest.mark.parametrize("shape", [(2, 3), (7, 2), (5, 4, 4, 3)])
def test_mean_distance_is_over_all_pairs(shape):
    images = np.random.default_rng(0).normal(3.0, 1.0, shape)
    pairs = [np.linalg.norm(one - two) for one, two in itertools.combinations(images.reshape(shape[0], -1), 2)]
    assert health.mean_distance(images) == pytest.approx(np.mean(pairs), rel=1e-9)


def test_mean_distance_survives_a_common_offset():
    images = np.random.default_rng(0).normal(0, 1e-3, (20, 8)).astype("float32")
    shifted = (images + np.float32(1.0)).astype("float32")
    assert health.mean_distance(shifted) == pytest.approx(health.mean_distance(images), rel=1e-3)
    assert health.mean_distance(np.ones((4, 8))) == 0.0


def test_signals_are_mean_logits_and_relative_diversity():
    ring = data.load("ring")
    model = GAN(build("mlp", "generator", shape=(2,), latent_dim=4), build("mlp", "discriminator", shape=(2,)))
    signals = health.Health(model, ring).signals()
    reals, heldout = (ring.reals(health.SAMPLES, split)[0] for split in ("train", "heldout"))
    assert signals["d_train"] == pytest.approx(float(np.mean(model.discriminator(reals))), abs=1e-5)
    assert signals["d_heldout"] == pytest.approx(float(np.mean(model.discriminator(heldout))), abs=1e-5)
    assert signals["d_train"] != signals["d_heldout"]
    weights = [0 * weight for weight in model.ema_generator.get_weights()]
    point = np.array([[1.0, -2.0]])
    model.ema_generator.set_weights([*weights[:-1], point[0]])  # the last bias: one point for all latents
    collapsed = health.Health(model, ring).signals()
    assert collapsed["diversity"] == pytest.approx(0.0, abs=1e-6)
    assert collapsed["d_samples"] == pytest.approx(model.discriminator(point).numpy().item(), abs=1e-5)
    assert collapsed["d_samples"] != signals["d_samples"]


def test_small_data_sets_have_fewer_reals():
    clothes = data.load("fashion_mnist_10k")
    assert clothes.num_heldout > health.SAMPLES
    model = GAN(build("dcgan", "generator", width=2, latent_dim=4), build("dcgan", "discriminator", width=2))
    few = FewReals(clothes)
    assert all(math.isfinite(value) for value in health.Health(model, few).signals().values())
    assert few.asked == [("train", health.SAMPLES), ("heldout", 10)]


class FewReals:
    """A data set with ten held-out images, which says what it is asked for."""

    num_train, num_heldout = 9000, 10

    def __init__(self, data):
        self._data, self.asked = data, []

    def reals(self, num, split):
        self.asked.append((split, num))
        return self._data.reals(num, split)


def test_the_size_of_logits_tells_nothing_where_the_loss_knows_differences_alone():
    far = {name: value + 5e4 if name.startswith("d_") else value for name, value in FINE.items()}
    far |= {"d_real": 5e4 + 1.0, "d_fake": 5e4 - 1.0}
    assert health.word(far) == "diverging"
    assert health.word(far, relative=True) == "ok"
    assert health.word(far | {"d_heldout": 5e4 - 0.1}, relative=True) == "D overfits"
    assert health.word(far | {"d_samples": -5e4}, relative=True) == "diverging"
    assert health.word(far | {"d_real": math.nan}, relative=True) == "diverging"


def test_a_method_has_a_word_of_its_own():
    express = registry.METHODS["express"]
    assert health.word(FINE | {"phase": 1.0, "diversity": 0.0}, express) == "preparing"
    assert health.word(FINE | {"phase": 2.0}, express) == health.word(FINE | {"phase": 1.0}) == "ok"
