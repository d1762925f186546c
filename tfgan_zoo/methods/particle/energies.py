"""Distances between two sets of particles, as functions of their features.

A distance between samples a and b compares, through a kernel k, how near the points of each set are to one another
and to those of the other set:

    E(a, b) = mean k(a_i, a_j) + mean k(b_i, b_j) - 2 mean k(a_i, b_j)

The V-statistic takes the means over all pairs: E >= 0, and E(a, a) = 0. The U-statistic leaves out i = j inside a set:
its expectation is the distance of the distributions, so it is 0 on average between equals, and may be negative.

A kernel here is a function of squared distances r^2. All are smooth at r = 0, so that gradients stay finite where two
points coincide. No function takes more memory than a few matrices of pairs, whatever the features' number.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tfgan_zoo import registry

_SMOOTHING = 1e-5  # in r^2: the square root has no gradient at 0


def get(name: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the kernel called `name`, a function of squared distances.

    Args:
        name: str, one of "mmd", "mmd_rq", "cramer", "eieg".

    Raises:
        ValueError: if there is no such kernel.

    Example:

    >>> import tensorflow as tf
    >>> from tfgan_zoo.methods.particle import energies
    >>> float(energies.get("eieg")(tf.constant(3.0)))
    0.5
    """
    return _KERNELS[registry.choose("energy", name, _KERNELS)]


def gaussian(squares: tf.Tensor, bandwidths: Sequence[float] = (1.0, 2.0, 4.0, 8.0, 16.0)) -> tf.Tensor:
    """The kernel of MMD GANs, a sum of Gaussians, so that some bandwidth suits the features whatever their scale.

        k(r) = sum_s exp(-r^2 / (2 s^2))

    Li et al. 2017, arXiv 1705.08584.

    Args:
        squares: float[...], squared distances.
        bandwidths: tuple of float > 0, the s.

    Returns:
        A tensor of the shape of `squares`.

    Example:

    >>> float(gaussian(tf.constant(0.0)))
    5.0
    """
    return tf.add_n([tf.exp(-squares / (2.0 * bandwidth**2)) for bandwidth in bandwidths])


def rational_quadratic(squares: tf.Tensor, alphas: Sequence[float] = (0.1, 1.0, 10.0)) -> tf.Tensor:
    """A kernel for MMD GANs with heavier tails than `gaussian`: far sets still feel each other.

        k(r) = sum_a (1 + r^2 / (2 a))^-a

    Binkowski et al. 2018, arXiv 1801.01401.

    Args:
        squares: float[...], squared distances.
        alphas: tuple of float > 0, the a.

    Returns:
        A tensor of the shape of `squares`.

    Example:

    >>> float(rational_quadratic(tf.constant(2.0), alphas=(1.0,)))
    0.5
    """
    return tf.add_n([(1.0 + squares / (2.0 * alpha)) ** -alpha for alpha in alphas])


def negative_distance(squares: tf.Tensor) -> tf.Tensor:
    """The kernel of the energy distance, that of Cramer GANs.

        k(r) = -sqrt(r^2 + 1e-5)

    Bellemare et al. 2017, arXiv 1705.10743.

    Args:
        squares: float[...], squared distances.

    Returns:
        A tensor of the shape of `squares`.

    Example:

    >>> round(float(negative_distance(tf.constant(4.0))), 4)
    -2.0
    """
    return -tf.sqrt(squares + _SMOOTHING)


def plummer(squares: tf.Tensor, power: float = 1.0, softening: float = 1.0) -> tf.Tensor:
    """The kernel of the elastic interaction energy (EIEG GAN): long range, and a set's own points repel each other.

        k(r) = (r^2 + eps^2)^(-p / 2)

    After "EIEG GAN", arXiv 2303.10553; the softening eps, which keeps 1 / r^p finite, is our choice.

    Args:
        squares: float[...], squared distances.
        power: float > 0, p; d - 1 is the physical one, of use for d <= 3 only.
        softening: float > 0, eps.

    Returns:
        A tensor of the shape of `squares`.

    Example:

    >>> float(plummer(tf.constant(3.0)))
    0.5
    """
    return (squares + softening**2) ** (-power / 2.0)


def squared_distances(a: tf.Tensor, b: tf.Tensor, dtype: Any = tf.float32) -> tf.Tensor:
    """Squared Euclidean distances of all pairs, in the memory of the result.

        r_ij^2 = |a_i|^2 + |b_j|^2 - 2 a_i . b_j

    Differences of large numbers: the common mean is subtracted first, and rounding below 0 is cut off.

    Args:
        a: float[N, d].
        b: float[M, d].
        dtype: of the result; float64 keeps what the computation has.

    Returns:
        dtype[N, M], at least 0.

    Example:

    >>> squared_distances(tf.constant([[0.0, 0.0]]), tf.constant([[3.0, 4.0], [0.0, 1.0]])).numpy().tolist()
    [[25.0, 1.0]]
    """
    a, b = tf.cast(a, tf.float32), tf.cast(b, tf.float32)
    # Distances do not change with the mean, so it counts as a constant.
    mean = tf.stop_gradient((tf.reduce_mean(a, axis=0) + tf.reduce_mean(b, axis=0)) / 2.0)
    # float64, since GPUs cut the factors of a float32 product down to 10 bits (TF32); for these sizes it costs nothing.
    a, b = tf.cast(a - mean, tf.float64), tf.cast(b - mean, tf.float64)
    norms = tf.reduce_sum(a**2, axis=1)[:, None] + tf.reduce_sum(b**2, axis=1)
    return tf.cast(tf.maximum(norms - 2.0 * tf.matmul(a, b, transpose_b=True), 0.0), dtype)


def within(kernel: Callable[[tf.Tensor], tf.Tensor], a: tf.Tensor, unbiased: bool = False) -> tf.Tensor:
    """The kernel's mean over the pairs inside one set.

    Args:
        kernel: a function of squared distances.
        a: float[N, d]; for `unbiased`, N >= 2.
        unbiased: bool, whether to leave out the pairs of a point with itself (U-statistic).

    Returns:
        A float32 scalar.

    Raises:
        ValueError: if `unbiased` is asked of a single point.

    Example:

    >>> points = tf.constant([[0.0], [2.0]])
    >>> [round(float(within(negative_distance, points, unbiased)), 2) for unbiased in (False, True)]
    [-1.0, -2.0]
    """
    values = kernel(squared_distances(a, a))
    if not unbiased:
        return tf.reduce_mean(values)
    if a.shape[0] == 1:
        raise ValueError("a U-statistic is over pairs of different points: it needs a batch of at least 2")
    count = tf.cast(tf.shape(values)[0], tf.float32)
    return tf.reduce_sum(tf.linalg.set_diag(values, tf.zeros_like(values[0]))) / (count * (count - 1.0))


def real_sign(kernel: Callable[[tf.Tensor], tf.Tensor], real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """How far a kernel's witness function tells reals from fakes: ADA's signal where there are no logits.

        E sign(f(x) - t),   f(x) = mean k(x, x') - mean k(x, y)

    over reals x, other reals x' and fakes y, with t halfway between the means of f over reals and fakes: f(x) > t says
    that x lies nearer to the reals' mean embedding than to the fakes'. In float64: of features that differ by little,
    the values of a kernel differ by less than float32 holds, and the sign would be that of the rounding.

    Args:
        kernel: a function of squared distances.
        real: float[N, d], N >= 2.
        fake: float[M, d], M >= 2.

    Returns:
        A float32 scalar in [-1, 1], a constant to the gradient.

    >>> clouds = tf.constant([[0.0], [1.0]]), tf.constant([[1e-4], [0.9e-4]])
    >>> float(real_sign(gaussian, 1e-4 * clouds[0], clouds[1] + 1.0))
    1.0
    """
    real, fake = tf.stop_gradient(real), tf.stop_gradient(fake)
    to_reals, fakes_within = (_to_others(kernel(squared_distances(a, a, tf.float64))) for a in (real, fake))
    to_fakes = tf.reduce_mean(kernel(squared_distances(real, fake, tf.float64)), axis=1)
    # The means of f are to_reals - to_fakes and to_fakes - fakes_within: in their sum, 2 t, to_fakes cancels.
    threshold = (tf.reduce_mean(to_reals) - tf.reduce_mean(fakes_within)) / 2.0
    return tf.cast(tf.reduce_mean(tf.sign(to_reals - to_fakes - threshold)), tf.float32)


def _to_others(values):
    """The mean of each row of values[N, N] without its diagonal, [N]."""
    others = tf.cast(tf.shape(values)[0] - 1, values.dtype)
    return (tf.reduce_sum(values, axis=1) - tf.linalg.diag_part(values)) / others


def across(kernel: Callable[[tf.Tensor], tf.Tensor], a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """The kernel's mean over all pairs of a point of `a` and one of `b`, a float32 scalar.

    Args:
        kernel: a function of squared distances.
        a: float[N, d].
        b: float[M, d].

    Example:

    >>> round(float(across(negative_distance, tf.constant([[0.0]]), tf.constant([[1.0], [3.0]]))), 2)
    -2.0
    """
    return tf.reduce_mean(kernel(squared_distances(a, b)))


def witness(kernel: Callable[[tf.Tensor], tf.Tensor], points: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """How much nearer each point is to `a` than to `b`, by the kernel: mean k(p, a_i) - mean k(p, b_i).

    Args:
        kernel: a function of squared distances.
        points: float[N, d].
        a: float[M, d].
        b: float[L, d].

    Returns:
        float32[N].

    Example:

    >>> a, b = tf.constant([[0.0]]), tf.constant([[4.0], [6.0]])
    >>> witness(negative_distance, tf.constant([[0.0], [5.0]]), a, b).numpy().round(2).tolist()
    [5.0, -4.0]
    """
    return tf.reduce_mean(kernel(squared_distances(points, a)), axis=1) - tf.reduce_mean(
        kernel(squared_distances(points, b)), axis=1
    )


def energy(kernel: Callable[[tf.Tensor], tf.Tensor], a: tf.Tensor, b: tf.Tensor, unbiased: bool = False) -> tf.Tensor:
    """The distance between two sets of points.

        E(a, b) = mean k(a_i, a_j) + mean k(b_i, b_j) - 2 mean k(a_i, b_j)

    Gretton et al. 2012, "A Kernel Two-Sample Test", JMLR 13.

    Args:
        kernel: a function of squared distances, such as those of `get`.
        a: float[N, d].
        b: float[M, d].
        unbiased: bool, U-statistic, else V-statistic.

    Returns:
        A float32 scalar.

    Raises:
        ValueError: if `unbiased` is asked of a single point.

    Example:

    >>> a, b = tf.constant([[0.0], [2.0]]), tf.constant([[10.0], [12.0]])
    >>> round(float(energy(get("cramer"), a, b)), 2)
    18.0
    """
    return within(kernel, a, unbiased) + within(kernel, b, unbiased) - 2.0 * across(kernel, a, b)


_KERNELS = {"mmd": gaussian, "mmd_rq": rational_quadratic, "cramer": negative_distance, "eieg": plummer}
