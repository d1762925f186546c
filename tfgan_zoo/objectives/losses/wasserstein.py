"""The critic's estimate of the Wasserstein-1 distance."""

from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.losses import Loss, as_float32


def wasserstein_discriminator(real_logits, fake_logits):
    """The critic's loss: minus the Wasserstein-1 distance that it sees.

        L_D = E D(G(z)) - E D(x)

    Arjovsky et al. 2017, arXiv 1701.07875. The critic must be 1-Lipschitz: use it with
    `penalties.gradient_penalty` or spectral normalisation.

    Args:
        real_logits: float[N, 1], the critic on reals.
        fake_logits: float[N, 1], the critic on fakes.

    Returns:
        A float32 scalar.

    Example:

    >>> float(wasserstein_discriminator(tf.constant([[3.0]]), tf.constant([[1.0]])))
    -2.0
    """
    return tf.reduce_mean(as_float32(fake_logits)) - tf.reduce_mean(as_float32(real_logits))


def wasserstein_generator(fake_logits, real_logits=None):
    """The generator's part of the Wasserstein-1 distance.

        L_G = -E D(G(z))

    Arjovsky et al. 2017, arXiv 1701.07875.

    Args:
        fake_logits: float[N, 1], the critic on fakes.
        real_logits: not used.

    Returns:
        A float32 scalar.

    Example:

    >>> float(wasserstein_generator(tf.ones([4, 1])))
    -1.0
    """
    return -tf.reduce_mean(as_float32(fake_logits))


LOSS = Loss(
    name="wasserstein",
    summary="E D(G(z)) - E D(x), with a penalty",
    discriminator=wasserstein_discriminator,
    generator=wasserstein_generator,
    decides_at=None,  # a critic's logits have no zero of their own: only differences enter its loss
    implies={"penalty": ("wgan_gp",), "n_dis": 5},
)
