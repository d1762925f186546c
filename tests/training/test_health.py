"""The health word, and the numbers it looks at."""

import itertools
import json
import math
import pathlib

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
        ({"d_train": 40.0, "d_heldout": 40.0, "d_samples": -40.0, "g_grad_norm": 1e-6}, "D wins"),
        ({"d_train": 40.0, "d_heldout": 40.0, "d_samples": -40.0}, "D wins"),
        ({"g_grad_norm": 1e-6}, "D wins"),
        ({"d_grad_norm": 0.0}, "D wins"),
        ({"d_heldout": -1.5, "g_grad_norm": 1e-6}, "D overfits"),  # it wins on what it knows by heart alone
        ({"unlikeness": 0.3}, "mush"),
        ({"unlikeness": 0.2}, "ok"),
        ({"roughness": 0.3}, "mush"),
        ({"roughness": 3.0}, "mush"),
    ],
)
def test_word(change, word):
    assert health.word(FINE | change) == word


@pytest.mark.parametrize(
    "change, word",
    [
        ({}, "too early"),
        ({"diversity": 0.0}, "too early"),
        ({"unlikeness": 1.0}, "too early"),
        ({"d_heldout": -5.0}, "too early"),
        ({"d_heldout": 40.0}, "D wins"),
        ({"g_loss": math.nan}, "diverging"),
    ],
)
def test_the_first_steps_have_a_word_of_their_own(change, word):
    assert health.word(FINE | change, step=health.WARM_UP) == word
    assert health.word(FINE, step=health.WARM_UP + 1) == "ok"


def test_the_distance_of_scores_that_are_no_logits_tells_nothing():
    far = FINE | {"d_train": 40.0, "d_heldout": 39.0, "d_samples": -40.0}
    assert health.word(far, logits=False) == health.word(far, relative=True) == "ok"


# Real runs of 1,000 to 3,000 steps, recorded by `tools/record_health.py`; some were made to suffer.

RECORDED = json.loads((pathlib.Path(__file__).parent / "health_records.json").read_text())


def words_of(name):
    """Returns {step: word} of a recorded run."""
    run = RECORDED[name]
    return {
        row["step"]: health.word(
            {key: value for key, value in row.items() if key != "step"}, step=row["step"], **run["loss"]
        )
        for row in run["rows"]
    }


@pytest.mark.parametrize("name", ["fine", "fine_hinge", "few_pictures", "ring", "wasserstein"])
def test_a_run_that_goes_well_is_never_cried_at(name):
    words = words_of(name)
    assert all(word == ("too early" if step <= health.WARM_UP else "ok") for step, word in words.items())
    assert set(words.values()) == {"too early", "ok"}


@pytest.mark.parametrize(
    "name, last, allowed",
    [
        ("d_untrained", "collapse", {"too early", "collapse"}),
        ("d_overtrained", "collapse", {"D wins", "collapse"}),
        ("d_overtrained_hinge", "D wins", {"too early", "D wins"}),
        ("rates_far_too_high", "D wins", {"D wins", "diverging"}),
    ],
)
def test_a_run_that_was_made_to_suffer_is_never_ok(name, last, allowed):
    words = list(words_of(name).values())
    assert words[-1] == last and set(words) <= allowed


def test_samples_that_vary_but_are_like_nothing_are_mush():
    rows = {row["step"]: row for row in RECORDED["few_pictures"]["rows"]}
    assert [health.word(rows[step]) for step in (625, 750, 1500)] == ["mush", "mush", "ok"]


@pytest.mark.parametrize("shape", [(2, 3), (7, 2), (5, 4, 4, 3)])
def test_mean_distance_is_over_all_pairs(shape):
    images = np.random.default_rng(0).normal(3.0, 1.0, shape)
    pairs = [np.linalg.norm(one - two) for one, two in itertools.combinations(images.reshape(shape[0], -1), 2)]
    assert health.mean_distance(images) == pytest.approx(np.mean(pairs), rel=1e-9)


def test_mean_distance_to_others_is_over_all_pairs():
    one, two = (np.random.default_rng(n).normal(3.0, 1.0, (5 + n, 2, 2, 1)) for n in range(2))
    pairs = [np.linalg.norm(a - b) for a in one for b in two]
    assert health.mean_distance(one, two) == pytest.approx(np.mean(pairs), rel=1e-9)


def test_samples_are_compared_with_reals():
    rng = np.random.default_rng(0)
    reals, others = (rng.normal(size=(200, 8, 8, 1)) for _ in range(2))
    same = health.compared(others, reals)
    assert same["unlikeness"] < 0.01 and same["diversity"] == pytest.approx(1, abs=0.05)
    assert same["roughness"] == pytest.approx(1, abs=0.05)
    assert health.compared(others + 1.0, reals)["unlikeness"] > 0.25  # as diverse, elsewhere
    blurred = np.repeat(np.repeat(others[:, ::4, ::4], 4, axis=1), 4, axis=2)
    assert health.compared(blurred, reals)["roughness"] < 0.4
    assert health.compared(others, reals[:1]) == {"diversity": 1.0, "unlikeness": 0.0} | {
        "roughness": pytest.approx(1, abs=0.2)
    }
    assert "roughness" not in health.compared(others[:, 0, :, 0], reals[:, 0, :, 0])  # points


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
