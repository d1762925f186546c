"""A stabilizing term that sees features collapse into few directions, which an isotropic one does not.

With the mean m and the covariance C of the features of a batch, d numbers each,

    S = E |f|^2 - log det(C + damping I) - d,     E |f|^2 = tr C + |m|^2

is twice the Kullback-Leibler divergence of N(m, C) from N(0, I), but for the damping: 0 if the features have mean 0 and
covariance I, and else above. The first part is the stabilizer `l2`; the second grows without bound as any direction of
the features loses its variance, and leaves their scale to the first. The term is our choice: the paper names none.
"""

import numpy as np
import tensorflow as tf

DAMPING = 1e-3


def whitening(features: tf.Tensor, damping: float = DAMPING) -> tf.Tensor:
    """Returns S of a batch of features, a float32 scalar.

    Args:
        features: float[N, d], N >= 2. With N <= d the covariance is singular, and `damping` alone bounds S.
        damping: float > 0, the variance below which a direction counts as lost.

    Returns:
        A float32 scalar, at least 0 but for `damping` (-d log(1 + damping) at the least).

    Example:

    >>> import tensorflow as tf
    >>> from tfgan_zoo.methods.particle import decorrelation
    >>> corners = tf.constant([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> abs(round(float(decorrelation.whitening(corners)), 2))
    0.0
    >>> round(float(decorrelation.whitening(corners * [1.0, 0.1])), 2)  # the second feature is nearly lost
    3.52
    """
    features = tf.cast(features, tf.float32)
    dim = features.shape[-1]
    centred = features - tf.reduce_mean(features, axis=0)
    covariance = tf.matmul(centred, centred, transpose_a=True) / tf.cast(tf.shape(features)[0], tf.float32)
    root = tf.linalg.cholesky(covariance + damping * tf.eye(dim))
    log_volume = 2.0 * tf.reduce_sum(tf.math.log(tf.linalg.diag_part(root)))
    return tf.reduce_mean(tf.reduce_sum(tf.square(features), axis=1)) - log_volume - float(dim)


def top_direction(features: tf.Tensor) -> tf.Tensor:
    """Returns the share of the features' variance along their first principal direction, a float.

    Args:
        features: float[N, d], N >= 2, a NumPy array or a tensor.

    Returns:
        1/d if all directions vary alike, 1 if only one does, and 1 too if nothing varies.

    Example:

    >>> corners = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> top_direction(corners), round(top_direction(corners * [1.0, 0.1]), 2)
    (0.5, 0.99)
    """
    features = np.asarray(features, "float64")
    variances = np.linalg.svd(features - features.mean(axis=0), compute_uv=False) ** 2
    return float(variances[0] / variances.sum()) if variances.sum() else 1.0
