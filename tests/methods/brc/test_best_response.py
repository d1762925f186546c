"""The rank-one implicit gradient against linear algebra in NumPy, where it is exact and where it is cured."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.methods.brc import best_response

X, Y = 3, 5
SEEDS = range(4)


def vectors(seed, *sizes):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=size) for size in sizes]


def constant(vector):
    return tf.constant(vector, tf.float32)


def gradient(upper_x, upper_y, lower_x, lower_y, **options):
    c, _ = best_response.coefficient(constant(upper_y), constant(lower_y), **options)
    return best_response.implicit_gradient(constant(upper_x), constant(lower_x), c).numpy()


def residual(seed):
    """f = (a.x + b.y - k)^2 / 2 at a random point: (r a, r b, a b^T, b b^T), its f_x, f_y, f_xy, f_yy."""
    a, b, x, y, k = vectors(seed, X, Y, X, Y, ())
    r = a @ x + b @ y - k
    return r * a, r * b, np.outer(a, b), np.outer(b, b)


@pytest.mark.parametrize("seed", SEEDS)
def test_for_a_scalar_residual_it_is_the_exact_implicit_gradient(seed):
    lower_x, lower_y, mixed, hessian = residual(seed)
    upper_x, upper_y = vectors(seed + 100, X, Y)
    exact = upper_x - mixed @ np.linalg.pinv(hessian) @ upper_y
    np.testing.assert_allclose(gradient(upper_x, upper_y, lower_x, lower_y), exact, rtol=1e-4, atol=1e-5)
    assert np.linalg.norm(exact - upper_x) > 0.1  # else the test would pass with c = 0


@pytest.mark.parametrize("damping", [1e-3, 0.5, 20.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_damped_form_equals_the_inverse_of_the_damped_outer_product(seed, damping):
    """Sherman-Morrison."""
    upper_x, upper_y, lower_x, lower_y = vectors(seed, X, Y, X, Y)
    inverse = np.linalg.inv(np.outer(lower_y, lower_y) + damping * np.eye(Y))
    exact = upper_x - np.outer(lower_x, lower_y) @ inverse @ upper_y
    found = gradient(upper_x, upper_y, lower_x, lower_y, damping=damping)
    np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_zero_sum_leaves_no_gradient(seed):
    """The trap: with F = -f nothing is left to follow."""
    lower_x, lower_y = vectors(seed, X, Y)
    np.testing.assert_allclose(gradient(-lower_x, -lower_y, lower_x, lower_y), 0.0, atol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_orthogonal_gradients_leave_the_plain_gradient(seed):
    upper_x, lower_x, lower_y, upper_y = vectors(seed, X, X, Y, Y)
    upper_y -= lower_y * (upper_y @ lower_y) / (lower_y @ lower_y)
    np.testing.assert_allclose(gradient(upper_x, upper_y, lower_x, lower_y), upper_x, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_coefficient_is_clamped_on_both_sides(sign):
    upper, lower = sign * tf.constant([3.0, 1.0]), tf.constant([0.1, 0.0])
    c, unclamped = best_response.coefficient(upper, lower, clamp=0.25)
    assert float(c) == pytest.approx(-0.25 * sign)
    assert float(unclamped) == pytest.approx(-30.0 * sign, rel=1e-5)
    assert float(best_response.coefficient(upper, lower, clamp=0.0)[0]) == 0.0
    c, unclamped = best_response.coefficient(upper, lower)
    assert float(c) == float(unclamped)


@pytest.mark.parametrize("upper", [0.0, 1.0])
def test_coefficient_is_finite_at_the_best_response(upper):
    for value in best_response.coefficient(tf.fill([4], upper), tf.zeros([4])):
        assert float(value) == 0.0
    assert np.isfinite(best_response.coefficient(tf.fill([4], upper), tf.fill([4], 1e-30))[1])


def test_coefficient_is_a_constant_to_differentiation():
    upper, lower = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch([upper, lower])
        c, _ = best_response.coefficient(upper, lower)
    assert tape.gradient(c, [upper, lower]) == [None, None]
