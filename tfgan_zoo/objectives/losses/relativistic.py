"""The relativistic pairing loss: reals and fakes are compared pair by pair."""

from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.losses import Loss, as_float32


def relativistic_discriminator(real_logits, fake_logits):
    """The discriminator's loss of the relativistic pairing GAN (RpGAN).

        L_D = E softplus(-(D(x) - D(G(z))))

    Jolicoeur-Martineau 2019, arXiv 1807.00734, with the pairing of Sun, Fang, Schwing 2020, arXiv 2011.04926: D says
    which of a real and a fake is more real. Row i of the reals is paired with row i of the fakes.

    Args:
        real_logits: float[N, 1], the discriminator on reals.
        fake_logits: float[N, 1], the discriminator on fakes, as many.

    Returns:
        A float32 scalar.

    Example:

    >>> round(float(relativistic_discriminator(tf.constant([[3.0], [7.0]]), tf.constant([[3.0], [7.0]]))), 4)  # log 2
    0.6931
    """
    return tf.reduce_mean(tf.nn.softplus(as_float32(fake_logits) - as_float32(real_logits)))


def relativistic_generator(fake_logits, real_logits):
    """The generator's loss of the relativistic pairing GAN: the discriminator's with the roles exchanged.

        L_G = E softplus(-(D(G(z)) - D(x)))

    Jolicoeur-Martineau 2019, arXiv 1807.00734; Sun, Fang, Schwing 2020, arXiv 2011.04926.

    Args:
        fake_logits: float[N, 1], the discriminator on fakes.
        real_logits: float[N, 1], the discriminator on reals, as many.

    Returns:
        A float32 scalar.

    Example:

    >>> round(float(relativistic_generator(tf.constant([[3.0]]), tf.constant([[3.0]]))), 4)  # log 2
    0.6931
    """
    return relativistic_discriminator(fake_logits, real_logits)


LOSS = Loss(
    name="relativistic",
    summary="E softplus(-(D(x) - D(G(z)))), a real and a fake in pairs",
    discriminator=relativistic_discriminator,
    generator=relativistic_generator,
    needs_reals=True,
    decides_at=None,
)
