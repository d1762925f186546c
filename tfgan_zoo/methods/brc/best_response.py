"""The rank-one implicit gradient of a bilevel problem, min over x of F(x, y) subject to y in argmin f(x, .).

With the Hessian f_yy replaced by the outer product f_y f_y^T, and its mixed part f_xy by f_x f_y^T, the implicit
gradient F_x - f_xy f_yy^+ F_y needs first derivatives only (Liu et al. 2022, arXiv 2205.10146):

    g = F_x + c f_x,    c = -<F_y, f_y> / (|f_y|^2 + damping)

For f = r^2 / 2 with one residual r that is linear in y the replacements are exact. A damping above the 1e-10 that
keeps c finite is that of the damped inverse: f_y^T (f_y f_y^T + damping I)^-1 = f_y^T / (|f_y|^2 + damping).
"""

import math

import tensorflow as tf

DAMPING = 1e-10


def coefficient(
    upper: tf.Tensor, lower: tf.Tensor, damping: float = DAMPING, clamp: float = math.inf
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns how much of the lower level's gradient the upper level takes in.

        c = -<F_y, f_y> / (|f_y|^2 + damping),   held within [-clamp, clamp]

    Near the best response f_y goes to 0 and c grows without bound; clamp and damping are two cures.

    Args:
        upper: float32[n], F_y, of all of y's numbers together.
        lower: float32[n], f_y.
        damping: float > 0.
        clamp: float >= 0; 0 makes c 0, inf sets no bound.

    Returns:
        (c, a constant to differentiation; c before it was clamped), float32 scalars.

    Example:

    >>> c, unclamped = coefficient(tf.constant([1.0, 0.0]), tf.constant([-2.0, 2.0]), clamp=0.1)
    >>> round(float(c), 3), round(float(unclamped), 3)
    (0.1, 0.25)
    """
    upper, lower = tf.stop_gradient(upper), tf.stop_gradient(lower)
    unclamped = -tf.reduce_sum(upper * lower) / (tf.reduce_sum(tf.square(lower)) + damping)
    return tf.clip_by_value(unclamped, -clamp, clamp), unclamped


def implicit_gradient(upper: tf.Tensor, lower: tf.Tensor, c: tf.Tensor) -> tf.Tensor:
    """Returns F_x + c f_x.

    Args:
        upper: float tensor, F_x.
        lower: float tensor of the same shape, f_x.
        c: float scalar, from `coefficient`.

    Example:

    >>> implicit_gradient(tf.constant([1.0, 0.0]), tf.constant([0.0, 2.0]), 0.5).numpy().tolist()
    [1.0, 1.0]
    """
    return upper + tf.cast(c, upper.dtype) * lower
