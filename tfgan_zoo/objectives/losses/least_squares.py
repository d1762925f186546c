"""Least squares: the discriminator regresses on the labels 1 and 0."""

from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.losses import Loss, as_float32


def least_squares_discriminator(real_logits, fake_logits):
    """The discriminator's least squares loss, with labels 1 (real) and 0 (fake).

        L_D = E (D(x) - 1)^2 / 2 + E D(G(z))^2 / 2

    Mao et al. 2017, arXiv 1611.04076.

    Args:
        real_logits: float[N, 1], the discriminator on reals.
        fake_logits: float[N, 1], the discriminator on fakes.

    Returns:
        A float32 scalar.

    Example:

    >>> float(least_squares_discriminator(tf.ones([4, 1]), tf.ones([4, 1])))
    0.5
    """
    real_logits, fake_logits = as_float32(real_logits), as_float32(fake_logits)
    return (tf.reduce_mean(tf.square(real_logits - 1.0)) + tf.reduce_mean(tf.square(fake_logits))) / 2.0


def least_squares_generator(fake_logits, real_logits=None):
    """The generator's least squares loss.

        L_G = E (D(G(z)) - 1)^2 / 2

    Mao et al. 2017, arXiv 1611.04076.

    Args:
        fake_logits: float[N, 1], the discriminator on fakes.
        real_logits: not used.

    Returns:
        A float32 scalar.

    Example:

    >>> float(least_squares_generator(tf.zeros([4, 1])))
    0.5
    """
    return tf.reduce_mean(tf.square(as_float32(fake_logits) - 1.0)) / 2.0


LOSS = Loss(
    name="least_squares",
    summary="E (D(x) - 1)^2 / 2 + E D(G(z))^2 / 2",
    discriminator=least_squares_discriminator,
    generator=least_squares_generator,
    decides_at=0.5,
)
