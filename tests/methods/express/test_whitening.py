"""Whitening: both ways, and how its statistics run."""

import keras
import numpy as np
import pytest

from tfgan_zoo.methods.express.whitening import Whitening


def vectors(num, dim=5, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(num, dim)) * [0.01, 0.5, 1, 20, 300] + [3, -40, 0, 7, 1000]).astype("float32")


def observe(whitening, batch, weight):
    whitening.adapt(batch.mean(axis=0), batch.var(axis=0), weight)


def test_round_trips():
    x = vectors(100)
    whitening = Whitening(5)
    observe(whitening, x, 1.0)
    back = whitening(whitening.whiten(x)).numpy()
    assert np.max(np.abs(back - x) / np.abs(x).max(axis=0)) < 1e-5


def test_whitened_vectors_have_mean_0_and_variance_1():
    x = vectors(1000)
    whitening = Whitening(5)
    observe(whitening, x, 1.0)
    white = whitening.whiten(x).numpy()
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=2e-2)  # float32 knows 0.01 around 3 to two digits
    np.testing.assert_allclose(white.std(axis=0), 1, atol=1e-2)


def test_statistics_are_those_of_the_mixture_of_all_batches():
    parts = np.split(vectors(60), 3)
    whitening = Whitening(5)
    for count, part in enumerate(parts, start=1):
        observe(whitening, part, 1 / count)  # equal weights in the end
    x = np.concatenate(parts).astype("float64")
    np.testing.assert_allclose(whitening.mean, x.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(whitening.variance, x.var(axis=0), rtol=1e-2)


def test_a_far_mean_does_not_spoil_the_variance():
    """E h^2 - (E h)^2 would: 1e-4 beside 1e6 is nothing in float32."""
    rng = np.random.default_rng(0)
    x = 1000 + rng.integers(-8, 8, (500, 1)) / 1024  # exact in float32
    whitening = Whitening(1)
    for count, part in enumerate(np.split(x, 5), start=1):
        observe(whitening, part.astype("float32"), 1 / count)
    assert whitening.variance.numpy()[0] == pytest.approx(x.var(), rel=0.1)


def test_a_dimension_that_never_moves_stays_finite():
    whitening = Whitening(2)
    observe(whitening, np.ones((4, 2), "float32"), 1.0)
    assert np.isfinite(whitening.whiten([[1.0, 1.001]])).all()
    np.testing.assert_allclose(whitening(whitening.whiten([[1.0, 1.001]])), [[1.0, 1.001]], atol=1e-5)


def test_stays_in_float32_under_a_mixed_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    whitening = Whitening(5)
    observe(whitening, vectors(100), 1.0)
    x = vectors(10)
    back = whitening(whitening.whiten(x))
    assert back.dtype == "float32"
    assert np.max(np.abs(back.numpy() - x) / np.abs(x).max(axis=0)) < 1e-5


def test_config_round_trip():
    whitening = Whitening(3, name="codes")
    again = Whitening.from_config(whitening.get_config())
    assert again.get_config() == whitening.get_config() and again.dim == 3
    assert not whitening.trainable_weights and len(whitening.weights) == 2
