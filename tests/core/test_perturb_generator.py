"""Whether D's convolutions are noisy while the generator learns, in every method."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import random
from tfgan_zoo.core.batch import split
from tfgan_zoo.layers import PerturbedConv2D, perturbing
from tfgan_zoo.layers.perturbation import Perturbed
from tfgan_zoo.methods import BRC, CES, GAN, Particle, PConv
from tfgan_zoo.networks import build
from tfgan_zoo.settings import config as configs
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training.build import build_model

SHAPE = (32, 32, 1)
NETWORK = {"shape": SHAPE, "width": 4}
METHODS = {
    "gan": (GAN, {}, {}),
    "pconv": (PConv, {"perturb_law": "bernoulli"}, {"penalty": "r1"}),
    "unrolled": (BRC, {}, {"inner_steps": 1, "clamp": 0.0}),
    "ces": (CES, {}, {"costs": ("non_saturating", "hinge")}),
    "shared": (CES, {"outputs": 2}, {"costs": ("hinge", "least_squares"), "shared_trunk": True}),
    "particle": (Particle, {"outputs": 4, "normalization": "none"}, {}),
}


def make(method=GAN, network=None, rate=0.5, **options):
    keras.utils.set_random_seed(1)
    generator = build("dcgan", "generator", latent_dim=8, **NETWORK)
    discriminator = build("dcgan", "discriminator", perturb=rate, **NETWORK, **network or {})
    model = method(generator, discriminator, **options)
    model.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0), run_eagerly=True)
    return model


def batches(model, size=4):
    shape = (size, model.batches_per_step, *SHAPE)
    reals = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")
    return split({"images": tf.constant(reals)}, model.batches_per_step)


def flat(tensors):
    return np.concatenate([np.ravel(tensor) for tensor in tensors])


def gradients(model):
    batch_list = batches(model)
    logs = model.discriminator_step(batch_list[0])  # its rate is 0; CES selects by what it returns
    return flat(model.generator_gradients(batch_list, logs)[0])


@pytest.fixture
def other_noise(monkeypatch):
    """A function after which the layers draw other numbers, and nothing else does."""

    def change():
        monkeypatch.setattr(Perturbed, "_draw", lambda self, law, x: law(tf.shape(x), "other", None))

    return change


@pytest.mark.thorough
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("noisy", [True, False])
def test_the_generators_gradients_depend_on_the_noise_as_they_are_told(name, noisy, other_noise):
    method, network, options = METHODS[name]
    model = make(method, network, perturb_generator=noisy, **options)
    state = [weight.numpy() for weight in model.weights]
    first = gradients(model)
    for weight, value in zip(model.weights, state, strict=True):
        weight.assign(value)
    other_noise()
    second = gradients(model)
    assert np.linalg.norm(first) > 0
    assert np.array_equal(first, second) != noisy


def test_the_silent_discriminator_is_the_one_of_rate_0_in_training_mode():
    model, plain = make(perturb_generator=False, network={"normalization": "batch"}), make(rate=0.0)
    batch = batches(model)[0]
    logits = model.discriminate(batch.images, batch, "generator")
    np.testing.assert_array_equal(logits, plain.discriminate(batch.images, batch, "generator"))
    assert np.abs(logits - model.discriminator(batch.images, training=False)).max() > 0.01


@pytest.mark.parametrize("purpose", ["reals", "fakes", "penalty"])
def test_the_discriminators_own_step_stays_noisy(purpose):
    silent, noisy, plain = make(), make(perturb_generator=True), make(rate=0.0)
    batch = batches(silent)[0]
    logits = [model.discriminate(batch.images, batch, purpose).numpy() for model in (silent, noisy, plain)]
    np.testing.assert_array_equal(logits[0], logits[1])
    assert np.abs(logits[0] - logits[2]).max() > 1e-4


def test_brc_is_silent_in_its_upper_level_and_noisy_in_its_lower(other_noise):
    model = make(BRC, inner_steps=0, clamp=0.5, perturb_generator=False)
    batch = batches(model)[-1]

    def levels():
        fakes = model.fakes(batch, "generator")
        return float(model.generator_objective(batch, fakes)), float(model.discriminator_objective(batch, fakes)[0])

    upper, lower = levels()
    other_noise()
    other_upper, other_lower = levels()
    assert upper == other_upper and lower != other_lower


def test_silence_ends_with_its_block_and_may_be_nested():
    layer, x = PerturbedConv2D(2, 3, perturb=0.5), tf.ones((1, 8, 8, 1))
    with random.scope(seed=0, step=0, purpose="reals"):
        noisy, clean = layer(x, training=True), layer(x)
        with pytest.raises(RuntimeError), perturbing(False):
            with perturbing(True):
                np.testing.assert_array_equal(layer(x, training=True), noisy)
            np.testing.assert_array_equal(layer(x, training=True), clean)
            raise RuntimeError
        np.testing.assert_array_equal(layer(x, training=True), noisy)


def test_a_run_has_it_a_host_too_and_an_older_run_is_noisy():
    small = {"width": 4, "latent_dim": 4, "kimg": 1, "perturb": 0.2}
    assert resolve(method="pconv").perturb_generator is False
    config = resolve(method="pconv", perturb_generator=True, **small)
    model = build_model(config)
    assert model.perturb_generator is True
    assert GAN.from_config(model.get_config()).perturb_generator is True
    before = {name: value for name, value in make().get_config().items() if name != "perturb_generator"}
    assert make().perturb_generator is False and GAN.from_config(before).perturb_generator is True
    hosted = build_model(resolve(method="express", perturb_generator=True, **small))
    assert hosted.host.perturb_generator is True and hosted.finished().perturb_generator is True
    older = {name: value for name, value in dataclasses.asdict(config).items() if name != "perturb_generator"}
    assert configs.Config.from_json(json.dumps(older)).perturb_generator is True
