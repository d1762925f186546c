"""The adversarial losses that every method can host, as functions of the discriminator's logits.

Notation: D(x) are the logits on reals, D(G(z)) those on fakes. Each loss is a mean over the batch that it is
given, in float32 whatever the logits' precision; a training loop on several replicas divides by their number.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from tfgan_zoo import registry


@dataclasses.dataclass(frozen=True)
class Loss:
    """A named pair of losses.

    Attributes:
        name: str, a key of `registry.LOSSES`.
        discriminator: (real_logits, fake_logits) -> float32 scalar, minimised by the discriminator.
        generator: fake_logits -> float32 scalar, minimised by the generator.
        threshold: (real_logits, fake_logits) -> float32 scalar, the logit above which the discriminator holds an
            image for real. It depends on its arguments through their means only, so that means taken over the global
            batch serve as well as logits.
    """

    name: str
    discriminator: Callable
    generator: Callable
    threshold: Callable


def get(name):
    """Returns the `Loss` called `name`.

    Args:
        name: str, one of `registry.LOSSES`.

    Raises:
        ValueError: if there is no such loss.

    Example:

    >>> import tensorflow as tf
    >>> from tfgan_zoo.objectives import losses
    >>> hinge = losses.get("hinge")
    >>> float(hinge.discriminator(tf.constant([[3.0]]), tf.constant([[-0.5]])))
    0.5
    >>> float(hinge.generator(tf.constant([[-0.5]])))
    0.5
    """
    return _LOSSES[registry.choose("loss", name, _LOSSES)]


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
    real_logits, fake_logits = _float32(real_logits), _float32(fake_logits)
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))


def non_saturating_generator(fake_logits):
    """The generator's loss that does not saturate when the discriminator wins.

        L_G = E softplus(-D(G(z))) = -E log s(D(G(z))),   s the sigmoid

    Goodfellow et al. 2014, arXiv 1406.2661, section 3.

    Args:
        fake_logits: float[N, 1], the discriminator on fakes.

    Returns:
        A float32 scalar.

    Example:

    >>> round(float(non_saturating_generator(tf.zeros([4, 1]))), 4)  # log 2
    0.6931
    """
    return tf.reduce_mean(tf.nn.softplus(-_float32(fake_logits)))


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
    real_logits, fake_logits = _float32(real_logits), _float32(fake_logits)
    return (tf.reduce_mean(tf.square(real_logits - 1.0)) + tf.reduce_mean(tf.square(fake_logits))) / 2.0


def least_squares_generator(fake_logits):
    """The generator's least squares loss.

        L_G = E (D(G(z)) - 1)^2 / 2

    Mao et al. 2017, arXiv 1611.04076.

    Args:
        fake_logits: float[N, 1], the discriminator on fakes.

    Returns:
        A float32 scalar.

    Example:

    >>> float(least_squares_generator(tf.zeros([4, 1])))
    0.5
    """
    return tf.reduce_mean(tf.square(_float32(fake_logits) - 1.0)) / 2.0


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
    real_logits, fake_logits = _float32(real_logits), _float32(fake_logits)
    return tf.reduce_mean(tf.nn.relu(1.0 - real_logits)) + tf.reduce_mean(tf.nn.relu(1.0 + fake_logits))


def hinge_generator(fake_logits):
    """The generator's loss beside the discriminator's hinge.

        L_G = -E D(G(z))

    Lim and Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957.

    Args:
        fake_logits: float[N, 1], the discriminator on fakes.

    Returns:
        A float32 scalar.

    Example:

    >>> float(hinge_generator(tf.ones([4, 1])))
    -1.0
    """
    return -tf.reduce_mean(_float32(fake_logits))


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
    return tf.reduce_mean(_float32(fake_logits)) - tf.reduce_mean(_float32(real_logits))


def wasserstein_generator(fake_logits):
    """The generator's part of the Wasserstein-1 distance.

        L_G = -E D(G(z))

    Arjovsky et al. 2017, arXiv 1701.07875.

    Args:
        fake_logits: float[N, 1], the critic on fakes.

    Returns:
        A float32 scalar.

    Example:

    >>> float(wasserstein_generator(tf.ones([4, 1])))
    -1.0
    """
    return -tf.reduce_mean(_float32(fake_logits))


def _float32(logits):
    return tf.cast(logits, tf.float32)


def _fixed(value):
    def threshold(real_logits, fake_logits):
        return tf.constant(value, tf.float32)

    return threshold


def _midpoint(real_logits, fake_logits):
    # A critic's logits have no zero of their own: only differences enter its loss.
    return (tf.reduce_mean(_float32(real_logits)) + tf.reduce_mean(_float32(fake_logits))) / 2.0


_LOSSES = {
    loss.name: loss
    for loss in (
        Loss("non_saturating", non_saturating_discriminator, non_saturating_generator, _fixed(0.0)),
        Loss("least_squares", least_squares_discriminator, least_squares_generator, _fixed(0.5)),
        Loss("hinge", hinge_discriminator, hinge_generator, _fixed(0.0)),
        Loss("wasserstein", wasserstein_discriminator, wasserstein_generator, _midpoint),
    )
}
