"""Penalties that keep a discriminator smooth or humble, added to its loss with a weight.

A `critic` is any callable images -> logits whose row i depends on image i; the gradients are taken of the sum of its
outputs. All sums are float32. Nothing is detached but LeCam's averages.
"""

import tensorflow as tf

_EPSILON = 1e-12  # sqrt has no gradient at 0


def gradient_penalty(critic, reals, fakes, alpha):
    """Holds the critic's gradient at norm 1 between reals and fakes (WGAN-GP).

        E (|grad_x D(x)| - 1)^2   at   x = reals + alpha * (fakes - reals),   |g| = sqrt(sum g^2 + 1e-12)

    Gulrajani et al. 2017, arXiv 1704.00028, equation 3; its weight there is 10.

    Args:
        critic: callable, float32[N, ...] -> float[N, 1].
        reals: float[N, ...], images [N, H, W, C] or points [N, d].
        fakes: float, of the shape of `reals`.
        alpha: float[N], uniform on [0, 1): where between its real (0) and its fake (1) each row is.

    Returns:
        A float32 scalar.

    Raises:
        ValueError: if `reals` and `fakes` differ in shape.

    Example:

    >>> critic = lambda x: tf.reduce_sum(3.0 * x, 1, keepdims=True)  # its gradient is (3, 3, 3, 3), of norm 6
    >>> float(gradient_penalty(critic, tf.zeros([2, 4]), tf.ones([2, 4]), tf.constant([0.25, 0.75])))
    25.0
    """
    reals, fakes, alpha = (tf.cast(tensor, tf.float32) for tensor in (reals, fakes, alpha))
    if not reals.shape.is_compatible_with(fakes.shape):
        raise ValueError(f"fakes={fakes.shape} must have the shape of reals, {reals.shape}")
    alpha = tf.reshape(alpha, [-1] + [1] * (len(reals.shape) - 1))
    norms = tf.sqrt(_squared_gradient_norms(critic, reals + alpha * (fakes - reals)) + _EPSILON)
    return tf.reduce_mean(tf.square(norms - 1.0))


def r1(critic, reals):
    """Holds the critic's gradient at 0 on reals.

        E |grad_x D(x)|^2 / 2

    Mescheder et al. 2018, arXiv 1801.04406, without its weight gamma.

    Args:
        critic: callable, float32[N, ...] -> float[N, 1].
        reals: float[N, ...], images [N, H, W, C] or points [N, d].

    Returns:
        A float32 scalar.

    Example:

    >>> critic = lambda x: tf.reduce_sum(3.0 * x, 1, keepdims=True)
    >>> float(r1(critic, tf.zeros([2, 4])))
    18.0
    """
    return tf.reduce_mean(_squared_gradient_norms(critic, tf.cast(reals, tf.float32))) / 2.0


def lecam(real_logits, fake_logits, average_real, average_fake):
    """Keeps the logits on each side near the running average of the other side's (LeCam).

        E relu(D(x) - a_F)^2 + E relu(a_R - D(G(z)))^2,   a_R, a_F running averages of D(x) and D(G(z))

    Tseng et al. 2021, arXiv 2104.03310. The relu is in the authors' code, not in the paper's equation: a real image
    that scores below the average fake is not pulled, the loss sees to it. The averages count as constants.

    Args:
        real_logits: float[N, 1], the discriminator on reals.
        fake_logits: float[N, 1], the discriminator on fakes.
        average_real: float scalar, a_R.
        average_fake: float scalar, a_F.

    Returns:
        A float32 scalar.

    Example:

    >>> float(lecam(tf.constant([[2.0]]), tf.constant([[-1.0]]), average_real=1.0, average_fake=0.0))
    8.0
    """
    real_logits, fake_logits = tf.cast(real_logits, tf.float32), tf.cast(fake_logits, tf.float32)
    average_real = tf.stop_gradient(tf.cast(average_real, tf.float32))
    average_fake = tf.stop_gradient(tf.cast(average_fake, tf.float32))
    above = tf.reduce_mean(tf.square(tf.nn.relu(real_logits - average_fake)))
    below = tf.reduce_mean(tf.square(tf.nn.relu(average_real - fake_logits)))
    return above + below


def prox(weights, anchor):
    """Holds a discriminator near where it was (Prox).

        |D - D0|^2,   the squared distance between all its weights

    After Farnia and Ozdaglar 2020, arXiv 2002.09124, whose proximal training measures the distance between the
    functions; the distance between the weights and its weight, 0.01, are those of Liu et al. 2022, arXiv 2205.10146.

    Args:
        weights: float[n], all numbers of D.
        anchor: float[n], those of D0.

    Returns:
        A float32 scalar.

    Example:

    >>> float(prox(tf.constant([3.0, 4.0, 1.0]), tf.constant([0.0, 0.0, 3.0])))
    29.0
    """
    return tf.reduce_sum(tf.square(tf.cast(weights, tf.float32) - tf.cast(anchor, tf.float32)))


def _squared_gradient_norms(critic, points):
    """Returns float32[N]: the squared norm of the critic's gradient at each row."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        logits = critic(points)
    gradients = tape.gradient(logits, points, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return tf.reduce_sum(tf.square(gradients), axis=range(1, len(points.shape)))
