"""The objective of today's hosts: where it converges, and its second derivatives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.core.batch import split
from tfgan_zoo.methods import BRC
from tfgan_zoo.networks import build
from tfgan_zoo.objectives.losses.relativistic import relativistic_discriminator, relativistic_generator
from tfgan_zoo.objectives.penalties.r1 import r1
from tfgan_zoo.objectives.penalties.r2 import r2

# The Dirac-GAN (Mescheder et al. 2018, arXiv 1801.04406): one real at 0, one fake at theta, D(x) = psi x.


def field(state, weight, loss=True):
    """The gradient flow (theta', psi') of both players at (theta, psi), by our own functions."""
    theta, psi = tf.constant([[state[0]]]), tf.constant([[state[1]]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch((theta, psi))
        real, fake = tf.zeros((1, 1)), theta
        pair = real @ psi, fake @ psi
        detached = tf.stop_gradient(theta)
        penalty = r1(lambda x: x @ psi, real) + r2(lambda x: x @ psi, detached)
        loss_d = relativistic_discriminator(real @ psi, detached @ psi) + weight * penalty
        loss_g = relativistic_generator(pair[1], pair[0])
    return -np.array([tape.gradient(loss_g, theta)[0, 0], tape.gradient(loss_d, psi)[0, 0]])


def eigenvalues(gamma):
    """-gamma / 2 +- sqrt(gamma^2 / 4 - l'(0)^2), l'(0) = 1 / 2, where the penalties add up to gamma psi^2 / 2."""
    root = np.sqrt(complex(gamma**2 / 4 - 0.25))
    return np.sort_complex([-gamma / 2 - root, -gamma / 2 + root])


@pytest.mark.parametrize("weight", [0.0, 0.2, 0.5, 1.0])
def test_the_linearised_game_has_the_eigenvalues_of_the_dirac_gan(weight):
    small = 1e-3
    jacobian = np.stack([field(small * unit, weight) / small for unit in np.eye(2, dtype="float32")], axis=1)
    # At a double eigenvalue the square root makes of a rounding its own root.
    found = np.sort_complex(np.linalg.eigvals(jacobian).astype(complex))
    np.testing.assert_allclose(found, eigenvalues(2 * weight), atol=1e-4 if weight != 0.5 else 3e-2)


@pytest.mark.parametrize("weight", [0.0, 0.2, 1.0])
def test_gradient_flow_follows_them(weight):
    """Simulated by Runge and Kutta's fourth order, against the solution of the linear system."""
    state, step, time = np.array([0.02, 0.01], "float32"), np.float32(0.2), 8.0
    start = state.astype(float)
    for _ in range(round(time / step)):
        one = field(state, weight)
        two = field(state + step / 2 * one, weight)
        three = field(state + step / 2 * two, weight)
        four = field(state + step * three, weight)
        state = (state + step / 6 * (one + 2 * two + 2 * three + four)).astype("float32")
    values, vectors = np.linalg.eig(np.array([[0, 0.5], [-0.5, -2 * weight]]).astype(complex))
    exact = (vectors @ np.diag(np.exp(values * time)) @ np.linalg.inv(vectors) @ start).real
    np.testing.assert_allclose(state, exact, atol=2e-5)
    shrinks = np.linalg.norm(state) / np.linalg.norm(start)
    assert shrinks == pytest.approx(1.0, rel=1e-3) if weight == 0 else shrinks < 0.5


# Second derivatives: brc takes the gradient of a loss that holds the gradients of R1 and R2.


def modern(network):
    keras.utils.set_random_seed(3)
    size = {"shape": (32, 32, 1), "width": 8, **({"blocks": 1} if network == "r3gan" else {})}
    options = {"loss": "relativistic", "penalty": ("r1", "r2"), "penalty_every": 1, "penalty_weight": 1000.0}
    generator = build(network, "generator", latent_dim=4, **size)
    model = BRC(generator, build(network, "discriminator", **size), inner_steps=0, **options)
    for weight in model.discriminator.trainable_variables:
        if not np.any(weight):  # zeros would hide what lies below
            weight.assign(tf.random.stateless_normal(weight.shape, (1, 2), stddev=0.1))
    images = np.random.default_rng(0).uniform(-1, 1, (4, 2, 32, 32, 1)).astype("float32")
    batch = split({"images": tf.constant(images)}, 2)[1]
    return model, batch, tf.constant(images[::-1, 0])


def gradients(model, batch, fakes):
    return model._gradients(lambda: model.discriminator_objective(batch, fakes)[0], fakes)


@pytest.mark.parametrize("network", ["r3gan", "stylegan2"])
def test_brc_has_the_derivatives_of_relativistic_with_r1_and_r2(network, monkeypatch):
    # Over a kink of leaky ReLU the penalties jump, which differences see and derivatives do not: a smooth one instead.
    monkeypatch.setattr(tf.nn, "leaky_relu", lambda x, alpha: alpha * x + (1 - alpha) * tf.nn.softplus(4 * x) / 4)
    model, batch, fakes = modern(network)
    plain = BRC.discriminator_loss(model, *(model.discriminator(x) for x in (batch.images, fakes)))
    assert model.discriminator_objective(batch, fakes)[0] > 1.1 * plain  # the penalties are a good part
    _, at_fakes, at_weights = gradients(model, batch, fakes)
    step = 2e-3
    direction = at_fakes / tf.norm(at_fakes)
    ends = [model.discriminator_objective(batch, fakes + sign * step * direction)[0] for sign in (1, -1)]
    np.testing.assert_allclose((ends[0] - ends[1]) / (2 * step), tf.norm(at_fakes), rtol=0.02)

    weights, norm, ends = model.discriminator_variables, float(tf.norm(at_weights)), []
    kept = [weight.numpy() for weight in weights]
    pieces = np.split(at_weights.numpy() / norm, np.cumsum([one.size for one in kept])[:-1])
    for sign in (1, -1):
        for weight, one, piece in zip(weights, kept, pieces, strict=True):
            weight.assign(one + sign * step * piece.reshape(one.shape))
        ends.append(float(model.discriminator_objective(batch, fakes)[0]))
    np.testing.assert_allclose((ends[0] - ends[1]) / (2 * step), norm, rtol=0.02)


@pytest.mark.parametrize("network", ["r3gan", "stylegan2"])
def test_bfloat16_has_second_derivatives_near_those_of_float32(network):
    exact = gradients(*modern(network))
    keras.config.set_dtype_policy("mixed_bfloat16")
    low = gradients(*modern(network))
    for one, other in zip(exact[1:], low[1:], strict=True):
        one, other = np.ravel(one), np.ravel(tf.cast(other, tf.float32))
        assert np.isfinite(other).all()
        assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("network", ["r3gan", "stylegan2"])
def test_xla_has_the_same_second_derivatives(network):
    model, batch, fakes = modern(network)
    exact = gradients(model, batch, fakes)
    fast = tf.function(lambda fakes: gradients(model, batch, fakes), jit_compile=True)(fakes)
    for one, other in zip(exact, fast, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * np.abs(one).max())
