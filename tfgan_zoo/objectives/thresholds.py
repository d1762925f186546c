"""Where discriminators decide between real and fake, each by its own cost."""

import tensorflow as tf


def thresholds(costs, real_logits, fake_logits, mean=tf.identity):
    """The logit of each discriminator above which it holds an image for real.

    Args:
        costs: K `Loss`, one for each discriminator.
        real_logits: float32[B, K], column i of discriminator i.
        fake_logits: float32[B, K].
        mean: tensor -> its mean over the replicas.

    Returns:
        float32[K].

    >>> import tensorflow as tf
    >>> from tfgan_zoo.objectives import losses
    >>> costs = [losses.get("hinge"), losses.get("wasserstein")]
    >>> thresholds(costs, tf.constant([[2.0, 5.0]]), tf.constant([[-2.0, 1.0]])).numpy().tolist()
    [0.0, 3.0]
    """
    means = mean(tf.stack([tf.reduce_mean(real_logits, 0), tf.reduce_mean(fake_logits, 0)]))
    return tf.stack([cost.threshold(means[0, i], means[1, i]) for i, cost in enumerate(costs)])
