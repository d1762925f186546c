"""The non-saturating loss of the original GAN."""

from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.losses import Loss, as_float32


def non_saturating_discriminator(real_logits, fake_logits):
    """The discriminator's loss of the original GAN, cross-entropy on logits.

        L_D = E softplus(-D(x)) + E softplus(D(G(z))) = -E log s(D(x)) - E log(1 - s(D(G(z)))),   s the sigmoid

    Goodfellow et al. 2014, arXiv 1406.2661, equation 1.

    Args:
        real_logits: float[N, 1], the discriminator on reals.
        fake_logits: float[N, 1], the discriminator on fakes.

    Returns:
        A float32 scalar.

    Example:

    >>> round(float(non_saturating_discriminator(tf.zeros([4, 1]), tf.zeros([4, 1]))), 4)  # 2 log 2
    1.3863
    """
    real_logits, fake_logits = as_float32(real_logits), as_float32(fake_logits)
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))


def non_saturating_generator(fake_logits, real_logits=None):
    """The generator's loss that does not saturate when the discriminator wins.

        L_G = E softplus(-D(G(z))) = -E log s(D(G(z))),   s the sigmoid

    Goodfellow et al. 2014, arXiv 1406.2661, section 3.

    Args:
        fake_logits: float[N, 1], the discriminator on fakes.
        real_logits: not used.

    Returns:
        A float32 scalar.

    Example:

    >>> round(float(non_saturating_generator(tf.zeros([4, 1]))), 4)  # log 2
    0.6931
    """
    return tf.reduce_mean(tf.nn.softplus(-as_float32(fake_logits)))


LOSS = Loss(
    name="non_saturating",
    summary="E softplus(-D(x)) + E softplus(D(G(z)))",
    discriminator=non_saturating_discriminator,
    generator=non_saturating_generator,
)
