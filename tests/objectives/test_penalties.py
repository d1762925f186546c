"""The penalties equal their closed forms, NumPy's and TF-GAN's, and their gradients are finite."""

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfgan_zoo import random
from tfgan_zoo.evaluation import tfgan_metrics
from tfgan_zoo.objectives import augment
from tfgan_zoo.objectives.penalties.lecam import lecam
from tfgan_zoo.objectives.penalties.prox import prox
from tfgan_zoo.objectives.penalties.r1 import r1
from tfgan_zoo.objectives.penalties.wgan_gp import gradient_penalty

SHAPES = [(5, 3), (5, 4, 4, 2)]


def normal(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


def linear(weights):
    """A critic w.x of points or images."""

    def critic(x):
        return tf.reshape(x, [len(x), -1]) @ tf.reshape(weights, [-1, 1])

    return critic


def quadratic(x):
    """A critic |x|^2 / 2, whose gradient is x."""
    return tf.reduce_sum(tf.square(tf.reshape(x, [len(x), -1])), axis=1, keepdims=True) / 2


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_penalty_of_a_linear_critic(shape):
    weights = normal(*shape[1:], seed=2)
    found = gradient_penalty(linear(weights), normal(*shape), normal(*shape, seed=1), tf.linspace(0.0, 0.9, 5))
    np.testing.assert_allclose(found, (np.linalg.norm(weights) - 1) ** 2, rtol=1e-5)


def test_gradient_penalty_of_a_critic_of_slope_one_is_zero():
    found = gradient_penalty(linear([0.6, 0.8]), normal(4, 2), normal(4, 2, seed=1), tf.zeros([4]))
    assert float(found) < 1e-12


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_penalty_is_taken_between_its_real_and_its_fake(shape):
    reals, fakes, alpha = normal(*shape), normal(*shape, seed=1), np.linspace(0, 1, 5)
    mixed = reals + alpha.reshape([5] + [1] * (len(shape) - 1)) * (fakes - reals)
    expected = np.mean((np.linalg.norm(np.reshape(mixed, [5, -1]), axis=1) - 1) ** 2)
    found = gradient_penalty(quadratic, reals, fakes, tf.constant(alpha, tf.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_gradient_penalty_equals_tfgan(monkeypatch):
    reals, fakes, alpha = normal(6, 3), normal(6, 3, seed=1), np.linspace(0, 0.9, 6, dtype="float32")
    theirs = tfgan_metrics.load().losses.wargs.wasserstein_gradient_penalty
    monkeypatch.setattr(tf.random, "uniform", lambda shape: tf.constant(alpha.reshape(shape)))

    @tf.function  # TF-GAN refuses to run eagerly
    def their_penalty():
        return theirs(reals, fakes, None, lambda x, _: quadratic(x), "critic", epsilon=1e-12)

    found = gradient_penalty(quadratic, reals, fakes, alpha)
    np.testing.assert_allclose(found, their_penalty(), rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_penalty_at_a_gradient_of_zero(shape):
    """The norm has no derivative there; the trained weights must still get finite gradients."""
    weights = tf.zeros(shape[1:])
    with tf.GradientTape() as tape:
        tape.watch(weights)
        value = gradient_penalty(linear(weights), normal(*shape), normal(*shape, seed=1), tf.zeros([5]))
    np.testing.assert_allclose(value, 1.0, rtol=1e-5)
    np.testing.assert_array_equal(tape.gradient(value, weights), np.zeros(shape[1:]))


def test_gradient_penalty_trains_the_critic():
    """d/dw (|w| - 1)^2 = 2 (|w| - 1) w / |w|."""
    weights = tf.constant([3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(weights)
        value = gradient_penalty(linear(weights), normal(4, 2), normal(4, 2, seed=1), tf.zeros([4]))
    np.testing.assert_allclose(tape.gradient(value, weights), [4.8, 6.4], rtol=1e-5)


def test_gradient_penalty_passes_gradients_to_the_fakes():
    fakes = normal(4, 2, seed=1)
    with tf.GradientTape() as tape:
        tape.watch(fakes)
        value = gradient_penalty(quadratic, normal(4, 2), fakes, tf.fill([4], 0.5))
    assert np.all(np.abs(tape.gradient(value, fakes)) > 0)


def test_gradient_penalty_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"fakes=\(1, 2\) must have the shape of reals, \(4, 2\)"):
        gradient_penalty(quadratic, tf.zeros([4, 2]), tf.zeros([1, 2]), tf.zeros([4]))


@pytest.mark.parametrize("shape", SHAPES)
def test_r1_of_a_linear_critic(shape):
    weights = normal(*shape[1:], seed=2)
    np.testing.assert_allclose(r1(linear(weights), normal(*shape)), np.sum(weights**2) / 2, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_r1_of_a_quadratic_critic(shape):
    reals = normal(*shape)
    np.testing.assert_allclose(r1(quadratic, reals), np.sum(reals**2) / 5 / 2, rtol=1e-5)


def test_r1_trains_the_critic():
    """d/dw |w|^2 / 2 = w."""
    weights = tf.constant([3.0, -4.0])
    with tf.GradientTape() as tape:
        tape.watch(weights)
        value = r1(linear(weights), normal(4, 2))
    np.testing.assert_allclose(tape.gradient(value, weights), weights, rtol=1e-6)


def test_a_critic_that_ignores_its_input():
    def deaf(x):
        return tf.zeros([len(x), 1])

    assert r1(deaf, normal(4, 2)) == 0.0
    np.testing.assert_allclose(gradient_penalty(deaf, normal(4, 2), normal(4, 2), tf.zeros([4])), 1.0, 1e-5)


@pytest.mark.parametrize("jit", [False, True])
def test_second_derivatives_pass_through_augmentation(jit):
    """The loop's critic augments what it is given, so a penalty differentiates DiffAugment twice."""
    images, weights = normal(4, 8, 8, 3), tf.constant(normal(8, 8, 3, seed=3))

    @tf.function(jit_compile=jit)
    def gradient(weights):
        def critic(x):
            with random.scope(0, 0, "penalty"):
                return linear(weights)(tf.square(augment.diff_augment(x)))

        with tf.GradientTape() as tape:
            tape.watch(weights)
            value = r1(critic, images)
        return tape.gradient(value, weights)

    found = gradient(weights)
    assert np.all(np.isfinite(found))
    assert np.any(found != 0)


@pytest.mark.parametrize("dtype", [tf.float16, tf.float64])
def test_penalties_are_float32(dtype):
    points, logits = tf.cast(normal(4, 2), dtype), tf.cast(normal(4, 1), dtype)
    for value in (
        gradient_penalty(quadratic, points, points, tf.zeros([4], dtype)),
        r1(quadratic, points),
        lecam(logits, logits, tf.zeros([], dtype), tf.zeros([], dtype)),
    ):
        assert value.dtype == tf.float32
        assert value.shape == ()


def test_penalties_of_a_network_in_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    critic = keras.Sequential(
        [keras.Input((4, 4, 2)), keras.layers.Flatten(), keras.layers.Dense(8, "gelu"), keras.layers.Dense(1)]
    )
    images = normal(6, 4, 4, 2)
    with tf.GradientTape() as tape:
        value = r1(critic, images) + gradient_penalty(critic, images, -images, tf.linspace(0.0, 1, 6))
    assert value.dtype == tf.float32
    gradients = tape.gradient(value, critic.trainable_variables[:3])  # the last bias moves no gradient
    assert all(np.all(np.isfinite(gradient)) and np.any(gradient != 0) for gradient in gradients)


LOGITS = hnp.arrays(np.float32, (4, 1), elements=st.floats(-100, 100, width=32, allow_subnormal=False))
AVERAGE = st.floats(-10, 10, width=32, allow_subnormal=False)


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(reals=LOGITS, fakes=LOGITS, average_real=AVERAGE, average_fake=AVERAGE)
def test_lecam_equals_numpy(reals, fakes, average_real, average_fake):
    above = np.maximum(reals.astype(np.float64) - average_fake, 0.0)
    below = np.maximum(average_real - fakes.astype(np.float64), 0.0)
    found = lecam(tf.constant(reals), tf.constant(fakes), average_real, average_fake)
    np.testing.assert_allclose(found, np.mean(above**2) + np.mean(below**2), rtol=1e-5, atol=1e-5)


def test_prox_is_the_squared_distance_and_pulls_with_twice_the_difference():
    weights, anchor = normal(7), -2.0 * normal(7)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        value = prox(weights, anchor)
    difference = weights.numpy().astype(np.float64) - anchor.numpy()
    np.testing.assert_allclose(value, np.sum(difference**2), rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(value, weights), 2 * difference, rtol=1e-6)


def test_lecam_takes_its_averages_as_constants():
    logits = tf.constant([[2.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = lecam(logits, tf.constant([[0.0]]), 0.0, 0.5 * tf.reduce_mean(logits))
    np.testing.assert_allclose(tape.gradient(value, logits), [[2.0]])  # 2 (o - o/2), not o/2
