"""The energies equal double loops in NumPy, are what their theory says, and have gradients wherever points lie."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import registry
from tfgan_zoo.methods.particle import energies

NAMES = ["mmd", "mmd_rq", "cramer", "eieg"]
KERNELS = {
    "mmd": lambda r: sum(math.exp(-(r**2) / (2 * s**2)) for s in (1, 2, 4, 8, 16)),
    "mmd_rq": lambda r: sum((1 + r**2 / (2 * a)) ** -a for a in (0.1, 1, 10)),
    "cramer": lambda r: -math.sqrt(r**2 + 1e-5),
    "eieg": lambda r: 1 / math.sqrt(r**2 + 1),
}


def points(num, dim=3, seed=0, scale=1.0):
    return np.random.default_rng(seed).normal(0, scale, (num, dim)).astype("float32")


def double_loop(name, a, b, unbiased):
    """E by its definition, pair by pair, in float64."""

    def mean(x, y, skip=False):
        x, y = np.asarray(x, "float64"), np.asarray(y, "float64")
        pairs = [(i, j) for i in range(len(x)) for j in range(len(y)) if not (skip and i == j)]
        return sum(KERNELS[name](np.linalg.norm(x[i] - y[j])) for i, j in pairs) / len(pairs)

    return mean(a, a, unbiased) + mean(b, b, unbiased) - 2 * mean(a, b)


def energy(name, a, b, unbiased=False):
    return float(energies.energy(energies.get(name), tf.constant(a), tf.constant(b), unbiased))


def test_names_are_the_registrys():
    assert set(registry.METHODS["particle"].options["energy"].choices) == set(NAMES)
    with pytest.raises(ValueError, match=r"energy=cramers is unknown \(did you mean cramer"):
        energies.get("cramers")


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_both_statistics_equal_a_double_loop(name, unbiased):
    a, b = points(5), points(7, seed=1, scale=2.0) + 1
    assert energy(name, a, b, unbiased) == pytest.approx(double_loop(name, a, b, unbiased), abs=1e-5)


@pytest.mark.parametrize("power, softening", [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0)])
def test_plummer_is_the_softened_inverse_power(power, softening):
    r = np.array([0.0, 0.1, 1.0, 10.0], "float32")
    kernel = energies.plummer(tf.constant(r**2), power, softening)
    np.testing.assert_allclose(kernel, np.sqrt(r**2 + softening**2) ** -power, rtol=1e-5)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_both_statistics_are_symmetric(name, unbiased):
    a, b = points(6), points(6, seed=1) + 0.5
    assert energy(name, a, b, unbiased) == pytest.approx(energy(name, b, a, unbiased), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_v_statistic_of_a_set_and_itself_permuted_is_0(name):
    a = points(9)
    assert energy(name, a, a) == pytest.approx(0, abs=2e-6)
    assert energy(name, a, a[::-1].copy()) == pytest.approx(0, abs=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_v_statistic_is_never_negative(name):
    for seed in range(20):
        a, b = points(4 + seed % 3, 1 + seed % 5, 2 * seed), points(5, 1 + seed % 5, 2 * seed + 1)
        assert energy(name, a, b) > -1e-6
    assert energy(name, a, b) > 1e-3  # and sees a difference


@pytest.mark.parametrize("name", NAMES)
def test_u_statistic_is_0_on_average_between_equals_and_the_v_statistic_is_not(name):
    u, v = (
        np.mean([energy(name, points(8, 2, 2 * i), points(8, 2, 2 * i + 1), unbiased) for i in range(100)])
        for unbiased in (True, False)
    )
    assert v > 0.02
    assert abs(u) < v / 4


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("offset", [1.0, 100.0, 1e4])
@pytest.mark.parametrize("name", NAMES)
def test_translation_changes_nothing(name, offset, unbiased):
    # Sixteenths, so that the offset itself rounds nothing.
    a, b = np.round(points(32, 4) * 16) / 16, np.round((points(32, 4, 1) + 0.3) * 16) / 16
    assert energy(name, a + offset, b + offset, unbiased) == pytest.approx(energy(name, a, b, unbiased), abs=1e-6)


def test_distances_of_far_points_in_float32_alone_would_be_wrong():
    """What the mean and the wider product guard against: |a|^2 + |b|^2 - 2 ab of large numbers."""
    a, b = points(32, 4) * 0.1 + 100, points(32, 4, 1) * 0.1 + 100
    exact = np.sum((a[:, None].astype("float64") - b) ** 2, -1)
    naive = np.sum(a**2, 1)[:, None] + np.sum(b**2, 1) - 2 * a @ b.T
    ours = energies.squared_distances(a, b).numpy()
    assert np.abs(naive - exact).max() > 1e-3
    np.testing.assert_allclose(ours, exact, rtol=1e-4, atol=1e-8)


def test_distances_are_clipped_at_0():
    a = points(64, 16) * np.logspace(-4, 4, 16, dtype="float32")
    a -= a.mean(axis=0)
    wide = tf.cast(a, tf.float64)
    norms = tf.reduce_sum(wide**2, axis=1)
    unclipped = norms[:, None] + norms - 2.0 * tf.matmul(wide, wide, transpose_b=True)
    assert np.min(unclipped) < 0  # rounding, of equal points even in float64
    squares = energies.squared_distances(a, a).numpy()
    assert (squares >= 0).all()
    np.testing.assert_allclose(np.diag(squares), 0, atol=1e-6)


def test_cramer_is_homogeneous_of_degree_1():
    a, b = points(32, 8), points(32, 8, 1) + 0.5
    for factor in (0.5, 2.0, 3.0):
        assert energy("cramer", factor * a, factor * b) == pytest.approx(factor * energy("cramer", a, b), rel=2e-3)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_finite_where_points_coincide(name, unbiased):
    a, b = points(4), points(4, seed=1)
    a[1] = a[0]
    b[2] = a[0]
    for one, two in ((a, b), (a, a), (np.zeros_like(a), np.zeros_like(b))):
        one, two = tf.constant(one), tf.constant(two)
        with tf.GradientTape() as tape:
            tape.watch([one, two])
            value = energies.energy(energies.get(name), one, two, unbiased)
        for gradient in tape.gradient(value, [one, two]):
            assert np.isfinite(gradient).all() and np.abs(gradient).max() < 10


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_equal_finite_differences(name, unbiased):
    a, b = points(3, 2), points(4, 2, 1) + 1
    x = tf.constant(a)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = energies.energy(energies.get(name), x, tf.constant(b), unbiased)
    gradient, step = tape.gradient(value, x).numpy(), 1e-5
    for index in np.ndindex(*a.shape):
        nudge = np.zeros(a.shape)
        nudge[index] = step
        slope = double_loop(name, a + nudge, b, unbiased) - double_loop(name, a - nudge, b, unbiased)
        assert gradient[index] == pytest.approx(slope / (2 * step), abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_memory_is_that_of_the_pairs(name):
    """256 x 256 pairs of 4,096 features: the differences would take 1 GiB, the matrices take a few MiB."""

    @tf.function
    def gradients(a, b):
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            value = energies.energy(energies.get(name), a, b, unbiased=True)
        return tape.gradient(value, [a, b])

    graph = gradients.get_concrete_function(tf.zeros([256, 4096]), tf.zeros([256, 4096])).graph
    largest = max(
        math.prod(tensor.shape) for node in graph.get_operations() for tensor in node.outputs if tensor.shape.rank
    )
    assert largest <= 256 * 4096


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_sums_are_float32_whatever_the_features_precision(dtype):
    a, b = (tf.cast(points(4, seed=seed), dtype) for seed in (0, 1))
    value = energies.energy(energies.get("mmd"), a, b)
    assert value.dtype == tf.float32
    assert float(value) == pytest.approx(energy("mmd", tf.cast(a, tf.float32), tf.cast(b, tf.float32)))


def test_a_u_statistic_of_one_point_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        energy("mmd", points(1), points(4), unbiased=True)
    assert energy("mmd", points(1), points(1)) == pytest.approx(0, abs=1e-6)
