"""The stabilizing term that sees a collapse of the features."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.methods.particle import decorrelation

DAMPING = decorrelation.DAMPING


def normal(num, dim, seed=0):
    return np.random.default_rng(seed).standard_normal((num, dim))


def rotation(dim, seed=1):
    return np.linalg.qr(normal(dim, dim, seed))[0]


def by_hand(features):
    covariance = np.cov(features.T, bias=True) + DAMPING * np.eye(features.shape[1])
    return np.sum(features**2, axis=1).mean() - np.linalg.slogdet(covariance)[1] - features.shape[1]


@pytest.mark.parametrize("scales", [(1.0, 1.0, 1.0), (3.0, 0.5, 0.1), (1.0, 0.0, 0.0)])
def test_it_is_the_formula(scales):
    features = normal(64, 3) * scales + [0.5, -1.0, 2.0]
    assert float(decorrelation.whitening(features.astype("float32"))) == pytest.approx(by_hand(features), rel=1e-4)


def test_it_is_twice_the_divergence_of_gaussians():
    """KL(N(m, C) | N(0, I)) by an estimate from samples: E log p - log q."""
    root, mean = normal(3, 3, 2) / 2 + np.eye(3), np.array([0.3, -0.2, 0.1])
    features = normal(200_000, 3, 3) @ root.T + mean
    whitened = np.linalg.solve(root, (features - mean).T).T
    log_ratio = -np.sum(whitened**2, 1) / 2 - np.linalg.slogdet(root)[1] + np.sum(features**2, 1) / 2
    found = float(decorrelation.whitening(features.astype("float32"), damping=1e-6))
    assert found == pytest.approx(2 * log_ratio.mean(), rel=0.02)


def test_white_features_have_none_and_a_rotation_changes_nothing():
    features = normal(500, 4)
    centred = features - features.mean(axis=0)
    white = centred @ np.linalg.inv(np.linalg.cholesky(np.cov(centred.T, bias=True))).T
    assert float(decorrelation.whitening(white)) == pytest.approx(0, abs=4 * DAMPING + 1e-4)
    stretched = white * [2.0, 1.0, 0.5, 0.1]
    one, two = (float(decorrelation.whitening(x)) for x in (stretched, stretched @ rotation(4)))
    assert one == pytest.approx(two, rel=1e-4) and one > 3


def test_it_sees_a_collapse_that_the_mean_square_does_not():
    spread = normal(256, 8)
    along = normal(256, 1) * rotation(8)[0] * np.sqrt(8)  # the same mean square, one direction
    assert np.mean(along**2) == pytest.approx(np.mean(spread**2), rel=0.2)
    assert float(decorrelation.whitening(along)) > 20 + float(decorrelation.whitening(spread))


def test_its_descent_brings_a_lost_direction_back():
    features = tf.Variable((normal(64, 4) * [2.0, 1.0, 1.0, 0.02]).astype("float32"))
    before = decorrelation.top_direction(features)

    @tf.function
    def descend():
        with tf.GradientTape() as tape:
            loss = decorrelation.whitening(features)
        features.assign_sub(2.0 * tape.gradient(loss, features))

    for _ in range(200):
        descend()
    np.testing.assert_allclose(np.cov(features.numpy().T, bias=True), np.eye(4), atol=0.05)
    assert before > 0.6 and decorrelation.top_direction(features) < 0.3


@pytest.mark.parametrize("num", [2, 3, 16])
def test_value_and_gradient_are_finite_for_few_and_for_equal_rows(num):
    for features in (normal(num, 16).astype("float32"), np.ones((num, 16), "float32")):
        x = tf.constant(features)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = decorrelation.whitening(x)
        assert np.isfinite(loss) and np.isfinite(tape.gradient(loss, x)).all()


def test_the_top_directions_share():
    assert decorrelation.top_direction(normal(50_000, 4)) == pytest.approx(0.25, abs=0.01)
    assert decorrelation.top_direction(normal(50, 1) * rotation(4)[0] + 3) == pytest.approx(1)
    assert decorrelation.top_direction(np.ones((3, 4))) == 1
    assert decorrelation.top_direction(normal(50_000, 2) * [3.0, 1.0]) == pytest.approx(0.9, abs=0.01)
