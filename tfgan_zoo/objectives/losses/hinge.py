"""The hinge loss."""

from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.losses import Loss, as_float32


def hinge_discriminator(real_logits, fake_logits):
    """The discriminator's hinge loss: logits beyond the margins 1 and -1 no longer pull.

        L_D = E relu(1 - D(x)) + E relu(1 + D(G(z)))

    Lim and Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957.

    Args:
        real_logits: float[N, 1], the discriminator on reals.
        fake_logits: float[N, 1], the discriminator on fakes.

    Returns:
        A float32 scalar.

    Example:

    >>> float(hinge_discriminator(tf.constant([[2.0]]), tf.constant([[-2.0]])))
    0.0
    """
    real_logits, fake_logits = as_float32(real_logits), as_float32(fake_logits)
    return tf.reduce_mean(tf.nn.relu(1.0 - real_logits)) + tf.reduce_mean(tf.nn.relu(1.0 + fake_logits))


def hinge_generator(fake_logits, real_logits=None):
    """The generator's loss beside the discriminator's hinge.

        L_G = -E D(G(z))

    Lim and Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957.

    Args:
        fake_logits: float[N, 1], the discriminator on fakes.
        real_logits: not used.

    Returns:
        A float32 scalar.

    Example:

    >>> float(hinge_generator(tf.ones([4, 1])))
    -1.0
    """
    return -tf.reduce_mean(as_float32(fake_logits))


LOSS = Loss(
    name="hinge",
    summary="E relu(1 - D(x)) + E relu(1 + D(G(z)))",
    discriminator=hinge_discriminator,
    generator=hinge_generator,
)
