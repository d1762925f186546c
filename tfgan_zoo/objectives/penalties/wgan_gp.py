"""WGAN-GP: a gradient of norm 1 between reals and fakes."""

import types

from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.penalties import Penalty, squared_gradient_norms

_EPSILON = 1e-12  # sqrt has no gradient at 0


def gradient_penalty(discriminator, reals, fakes, alpha):
    """Holds the discriminator's gradient at norm 1 between reals and fakes (WGAN-GP).

        E (|grad_x D(x)| - 1)^2   at   x = reals + alpha * (fakes - reals),   |g| = sqrt(sum g^2 + 1e-12)

    Gulrajani et al. 2017, arXiv 1704.00028, equation 3; its weight there is 10.

    Args:
        discriminator: callable, float32[N, ...] -> float[N, 1].
        reals: float[N, ...], images [N, H, W, C] or points [N, d].
        fakes: float, of the shape of `reals`.
        alpha: float[N], uniform on [0, 1): where between its real (0) and its fake (1) each row is.

    Returns:
        A float32 scalar.

    Raises:
        ValueError: if `reals` and `fakes` differ in shape.

    Example:

    >>> import tensorflow as tf
    >>> discriminator = lambda x: tf.reduce_sum(3.0 * x, 1, keepdims=True)  # its gradient is (3, 3, 3, 3), of norm 6
    >>> float(gradient_penalty(discriminator, tf.zeros([2, 4]), tf.ones([2, 4]), tf.constant([0.25, 0.75])))
    25.0
    """
    reals, fakes, alpha = (tf.cast(tensor, tf.float32) for tensor in (reals, fakes, alpha))
    if not reals.shape.is_compatible_with(fakes.shape):
        raise ValueError(f"fakes={fakes.shape} must have the shape of reals, {reals.shape}")
    alpha = tf.reshape(alpha, [-1] + [1] * (len(reals.shape) - 1))
    norms = tf.sqrt(squared_gradient_norms(discriminator, reals + alpha * (fakes - reals)) + _EPSILON)
    return tf.reduce_mean(tf.square(norms - 1.0))


class WGANGP(Penalty):
    """`gradient_penalty` at one place, drawn evenly, between each real and its fake; the weight is the paper's."""

    name = "wgan_gp"
    summary = "(|grad D| - 1)^2 between reals and fakes (Gulrajani et al. 2017)"
    usual_weight = 10.0
    lazy = of_gradient = True
    implies = types.MappingProxyType({"normalization": "none"})

    @classmethod
    def check(cls, choices, method):
        if choices.normalization == "batch":
            raise ValueError(
                "normalization=batch ties the samples of a batch together, which penalty=wgan_gp forbids; "
                "choose normalization=none or spectral"
            )

    def term(self, gan, batch, fakes, real_logits, fake_logits):
        from tfgan_zoo import random

        def of_rows(batch, fakes):
            with gan.scope(batch, "penalty"):
                alpha = random.uniform((batch.size,), "alpha")
            return gradient_penalty(lambda x: gan.score(x, batch, "penalty"), batch.images, fakes, alpha)

        return tf.reduce_mean(gan.by_rows(of_rows, gan.discriminator_of(batch), batch, fakes))


PENALTY = WGANGP
