"""The losses equal their equations in NumPy and TF-GAN's functions, and stay finite wherever the logits go."""

import dataclasses

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfgan_zoo import registry
from tfgan_zoo.evaluation import tfgan_metrics
from tfgan_zoo.objectives import losses

OF_TFGAN = ["non_saturating", "least_squares", "hinge", "wasserstein"]
NAMES = [*OF_TFGAN, "relativistic"]
LOGITS = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 7), st.just(1)), elements=st.floats(-100, 100, width=32, allow_subnormal=False)
)


def softplus(x):
    return np.logaddexp(0.0, x)


def relu(x):
    return np.maximum(x, 0.0)


DISCRIMINATOR = {
    "non_saturating": lambda r, f: softplus(-r).mean() + softplus(f).mean(),
    "least_squares": lambda r, f: ((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2,
    "hinge": lambda r, f: relu(1 - r).mean() + relu(1 + f).mean(),
    "wasserstein": lambda r, f: f.mean() - r.mean(),
    "relativistic": lambda r, f: softplus(f - r).mean(),
}
GENERATOR = {
    "non_saturating": lambda f, r: softplus(-f).mean(),
    "least_squares": lambda f, r: ((f - 1) ** 2).mean() / 2,
    "hinge": lambda f, r: -f.mean(),
    "wasserstein": lambda f, r: -f.mean(),
    "relativistic": lambda f, r: softplus(r - f).mean(),
}


def test_names_are_the_registrys():
    assert set(NAMES) == set(registry.LOSSES)
    for name in NAMES:
        assert losses.get(name).name == name


def test_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"loss=hing is unknown \(did you mean hinge\?\); choose from non_saturating"):
        losses.get("hing")


def test_a_loss_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        losses.get("hinge").generator = None


@pytest.mark.parametrize("name", NAMES)
@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(reals=LOGITS, fakes=LOGITS)
def test_equals_numpy(name, reals, fakes):
    loss = losses.get(name)
    if loss.needs_reals:  # row by row
        rows = min(len(reals), len(fakes))
        reals, fakes = reals[:rows], fakes[:rows]
    expected = DISCRIMINATOR[name](reals.astype(np.float64), fakes.astype(np.float64))
    np.testing.assert_allclose(loss.discriminator(tf.constant(reals), tf.constant(fakes)), expected, 1e-5, 1e-4)
    expected = GENERATOR[name](fakes.astype(np.float64), reals.astype(np.float64))
    np.testing.assert_allclose(loss.generator(tf.constant(fakes), tf.constant(reals)), expected, 1e-5, 1e-4)


@pytest.mark.parametrize("name", OF_TFGAN)
def test_equals_tfgan(name):
    rng = np.random.default_rng(0)
    reals, fakes = (tf.constant(3 * rng.normal(size=(64, 1)), tf.float32) for _ in range(2))
    wargs = tfgan_metrics.load().losses.wargs
    theirs = {
        # Without this argument TF-GAN's labels for reals are 0.875: a smoothing by 0.25.
        "non_saturating": (
            lambda r, f: wargs.modified_discriminator_loss(r, f, label_smoothing=0.0),
            wargs.modified_generator_loss,
        ),
        "least_squares": (wargs.least_squares_discriminator_loss, wargs.least_squares_generator_loss),
        "hinge": (wargs.wasserstein_hinge_discriminator_loss, wargs.wasserstein_hinge_generator_loss),
        "wasserstein": (wargs.wasserstein_discriminator_loss, wargs.wasserstein_generator_loss),
    }
    discriminator, generator = theirs[name]
    np.testing.assert_allclose(losses.get(name).discriminator(reals, fakes), discriminator(reals, fakes), 1e-5, 1e-6)
    np.testing.assert_allclose(losses.get(name).generator(fakes), generator(fakes), 1e-5, 1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32, tf.float64])
def test_any_precision_comes_out_as_float32(name, dtype):
    loss = losses.get(name)
    # 300 of them: a float16 sum of squares would overflow, a bfloat16 mean would stick.
    reals, fakes = tf.fill([300, 1], tf.cast(24, dtype)), tf.fill([300, 1], tf.cast(-24, dtype))
    expected = DISCRIMINATOR[name](np.full([300, 1], 24.0), np.full([300, 1], -24.0))
    for value in (loss.discriminator(reals, fakes), loss.generator(fakes, reals), loss.threshold(reals, fakes)):
        assert value.dtype == tf.float32
        assert value.shape == ()
    np.testing.assert_allclose(loss.discriminator(reals, fakes), expected, 1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("extreme", [1e4, -1e4, 0.0])
def test_gradients_are_finite_and_right_at_extreme_logits(name, extreme):
    slopes = {  # d/do of the terms of a real in L_D, a fake in L_D and a fake in L_G
        "non_saturating": lambda o: (-sigmoid(-o), sigmoid(o), -sigmoid(-o)),
        "least_squares": lambda o: (o - 1, o, o - 1),
        "hinge": lambda o: (-float(o < 1), float(o > -1), -1.0),
        "wasserstein": lambda o: (-1.0, 1.0, -1.0),
        "relativistic": lambda o: (-sigmoid(-o), sigmoid(o), -sigmoid(-o)),
    }
    logits = tf.constant([[extreme]])
    loss = losses.get(name)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        real = loss.discriminator(logits, tf.zeros([1, 1]))
        fake = loss.discriminator(tf.zeros([1, 1]), logits)
        generator = loss.generator(logits, tf.zeros([1, 1]))
    for value, slope in zip((real, fake, generator), slopes[name](extreme), strict=True):
        assert np.isfinite(value)
        np.testing.assert_allclose(tape.gradient(value, logits), [[slope]], rtol=1e-6)


def sigmoid(x):
    return float(np.exp(-np.logaddexp(0.0, -x)))


def test_hinge_is_zero_beyond_its_margins():
    reals, fakes = tf.constant([[1.0], [1.5], [9.0]]), tf.constant([[-1.0], [-1.5], [-9.0]])
    assert losses.get("hinge").discriminator(reals, fakes) == 0.0
    assert losses.get("hinge").discriminator(reals - 0.1, fakes) > 0.0
    assert losses.get("hinge").discriminator(reals, fakes + 0.1) > 0.0


def test_thresholds():
    reals, fakes = tf.constant([[4.0], [6.0]]), tf.constant([[-1.0]])
    found = {name: float(losses.get(name).threshold(reals, fakes)) for name in NAMES}
    assert found == {"non_saturating": 0.0, "least_squares": 0.5, "hinge": 0.0, "wasserstein": 2.0, "relativistic": 2.0}


@pytest.mark.parametrize("name", NAMES)
def test_a_threshold_needs_only_the_means(name):
    reals, fakes = tf.constant([[4.0], [6.0]]), tf.constant([[-1.0], [2.0]])
    threshold = losses.get(name).threshold
    assert threshold(reals, fakes) == threshold(tf.reduce_mean(reals), tf.reduce_mean(fakes))


@pytest.mark.parametrize("name", NAMES)
def test_the_mean_of_two_halves_is_the_whole(name):
    """What dividing by the number of replicas rests on."""
    rng = np.random.default_rng(1)
    reals, fakes = (tf.constant(rng.normal(size=(8, 1)), tf.float32) for _ in range(2))
    discriminator = losses.get(name).discriminator
    halves = [discriminator(reals[rows], fakes[rows]) for rows in (slice(4), slice(4, 8))]
    np.testing.assert_allclose(np.mean(halves), discriminator(reals, fakes), 1e-6)


@pytest.mark.parametrize("side", ["discriminator", "generator"])
def test_relativistic_knows_differences_of_pairs_alone(side):
    rng = np.random.default_rng(2)
    one, two = (tf.constant(rng.normal(size=(6, 1)), tf.float32) for _ in range(2))
    loss = getattr(losses.get("relativistic"), side)
    np.testing.assert_allclose(loss(one + 50.0, two + 50.0), loss(one, two), 1e-4)
    order = rng.permutation(6)
    np.testing.assert_allclose(loss(tf.gather(one, order), tf.gather(two, order)), loss(one, two), 1e-6)
    assert abs(float(loss(tf.gather(one, order), two)) - float(loss(one, two))) > 1e-3  # other pairs


def test_relativistic_generator_is_the_discriminator_with_the_roles_exchanged():
    loss = losses.get("relativistic")
    real, fake = tf.constant([[2.0], [-1.0]]), tf.constant([[0.5], [3.0]])
    assert float(loss.generator(fake, real)) == float(loss.discriminator(fake, real))
    assert loss.needs_reals and not any(losses.get(name).needs_reals for name in OF_TFGAN)
