"""Penalties on the gradient of the witness function: what they are, and that they train D alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import contract
from tfgan_zoo.core.batch import Batch
from tfgan_zoo.methods import Particle
from tfgan_zoo.methods.particle import energies
from tfgan_zoo.networks import MLPDiscriminator, MLPGenerator

RNG = np.random.default_rng(0)
REALS, FAKES = (RNG.normal(size=(6, 2)).astype("float32") for _ in range(2))


def make(penalty, **options):
    keras.utils.set_random_seed(0)
    networks = MLPGenerator((2,), width=8, latent_dim=3), MLPDiscriminator((2,), width=8, outputs=4)
    return Particle(*networks, penalty=penalty, **({"penalty_every": 1} if penalty else {}), **options)


def features(model, points):
    return model.discriminator(tf.constant(points), training=True).numpy().astype("float64")


def loop(kernel, point, others):
    return np.mean([float(kernel(tf.constant(np.sum((point - other) ** 2), tf.float64))) for other in others])


@pytest.mark.parametrize("name", ["mmd", "mmd_rq", "cramer", "eieg"])
def test_the_witness_is_a_double_loop_over_the_kernel(name):
    kernel = energies.get(name)
    points, a, b = (RNG.normal(size=(n, 3)) for n in (4, 5, 3))
    expected = [loop(kernel, point, a) - loop(kernel, point, b) for point in points]
    found = energies.witness(kernel, *(tf.constant(it, tf.float32) for it in (points, a, b)))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("penalty", ["r1", "r2"])
def test_the_term_is_that_of_a_gradient_by_finite_differences(penalty):
    model = make(penalty)
    batch = Batch(tf.constant(REALS), None, 0, 0)
    _, logs = model.discriminator_objective(batch, tf.constant(FAKES))
    anchors = features(model, REALS), features(model, FAKES)
    points, step, squares = (REALS if penalty == "r1" else FAKES), 1e-3, []
    for point in points:
        ends = [
            [
                loop(model.kernel, features(model, [point + sign * step * axis])[0], anchors[0])
                - loop(model.kernel, features(model, [point + sign * step * axis])[0], anchors[1])
                for sign in (1, -1)
            ]
            for axis in np.eye(2, dtype="float32")
        ]
        squares.append(sum(((up - down) / (2 * step)) ** 2 for up, down in ends))
    np.testing.assert_allclose(logs["penalty"], np.mean(squares) / 2, rtol=0.02)


@pytest.mark.parametrize("penalty", ["r1", "r2", "wgan_gp"])
def test_the_loss_has_the_term_by_its_weight(penalty):
    batch, fakes = Batch(tf.constant(REALS), None, 0, 0), tf.constant(FAKES)
    alone, _ = make(()).discriminator_objective(batch, fakes)
    total, logs = make(penalty, penalty_weight=3.0).discriminator_objective(batch, fakes)
    assert float(logs["penalty"]) > 1e-4
    np.testing.assert_allclose(total - 3.0 * logs["penalty"], alone, rtol=1e-5, atol=1e-6)


def test_what_the_images_are_compared_with_is_not_held_still():
    """Fakes are in R1 as what reals are compared with alone: its gradient reaches them."""
    model, fakes = make("r1"), tf.constant(FAKES)
    with tf.GradientTape() as tape:
        tape.watch(fakes)
        _, logs = model.discriminator_objective(Batch(tf.constant(REALS), None, 0, 0), fakes)
    assert np.abs(tape.gradient(logs["penalty"], fakes)).max() > 1e-6


@pytest.mark.thorough
def test_two_replicas_hold_the_gradient_of_the_whole_batch(mirrored):
    contract.run_replicas_test("particle", mirrored, width=8, penalty="wgan_gp", penalty_every=1)


def test_micro_batches_are_refused_in_one_line():
    model = make("r1")
    with pytest.raises(ValueError, match="micro_batch=2 does not go with penalty=r1"):
        model.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), micro_batch=2)


@pytest.mark.thorough
@pytest.mark.parametrize("penalty", [("r1", "r2"), "wgan_gp"])
def test_it_keeps_the_contract(penalty, tmp_path):
    contract.run_method_test("particle", tmp_path, sampled=False, penalty=penalty, penalty_every=2)
