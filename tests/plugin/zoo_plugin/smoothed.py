"""The non-saturating loss with one-sided label smoothing."""

from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.losses import Loss, as_float32


def discriminator(real_logits, fake_logits):
    """Cross-entropy with the label 0.9 for reals and 0 for fakes (Salimans et al. 2016, arXiv 1606.03498)."""
    real, fake = as_float32(real_logits), as_float32(fake_logits)
    return tf.reduce_mean(tf.nn.softplus(real) - 0.9 * real) + tf.reduce_mean(tf.nn.softplus(fake))


def generator(fake_logits, real_logits=None):
    """E softplus(-D(G(z)))."""
    return tf.reduce_mean(tf.nn.softplus(-as_float32(fake_logits)))


LOSS = Loss(
    name="smoothed",
    summary="non_saturating with the label 0.9 for reals (Salimans et al. 2016)",
    discriminator=discriminator,
    generator=generator,
)
