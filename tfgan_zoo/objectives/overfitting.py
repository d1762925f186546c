"""How far a discriminator overfits, and the probability of augmentation that follows from it (ADA).

Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", arXiv 2006.06676, section 3.
"""

import tensorflow as tf

from tfgan_zoo import registry
from tfgan_zoo.objectives import thresholds

TARGET, KIMG = registry.ADA["ada_target"], registry.ADA["ada_kimg"]  # r aimed at; how long p would take from 0 to 1
INTERVAL = 4  # steps between two moves of p, the paper's too
MAX_P = 0.8  # beyond, turned and flipped images are so common that the generator learns them too


def real_sign(costs, real_logits, fake_logits, mean=tf.identity):
    """The overfitting signal of one batch: r = E sign(D(x) - t), t the threshold of the discriminator's cost.

    1 says that D holds every training image for real, 0 that it cannot tell. The paper has the logistic loss, with
    t = 0; `losses` knows the other thresholds. Several discriminators are averaged.

    Args:
        costs: K `losses.Loss`.
        real_logits: float[B, K], column i under cost i.
        fake_logits: float[B, K].
        mean: tensor -> its mean over the replicas.

    Returns:
        A float32 scalar in [-1, 1], a constant to the gradient.

    Example:

    >>> import tensorflow as tf
    >>> from tfgan_zoo.objectives import losses
    >>> float(real_sign([losses.get("least_squares")], tf.constant([[0.9], [0.4], [0.7], [0.8]]), tf.zeros([4, 1])))
    0.5
    """
    real, fake = (tf.stop_gradient(tf.cast(logits, tf.float32)) for logits in (real_logits, fake_logits))
    return mean(tf.reduce_mean(tf.sign(real - thresholds.thresholds(costs, real, fake, mean))))


def adapt(p, r, images, target=TARGET, kimg=KIMG):
    """Moves the probability: up where D overfits, down where it does not, always at the same pace.

        p <- p + sign(r - target) * images / (1000 * kimg),   cut to [0, 0.8]

    Args:
        p: float32 scalar, the probability so far.
        r: float32 scalar in [-1, 1], the mean of `real_sign` since the last move.
        images: float32 scalar, how many images were shown since then.
        target: float, the r at which p rests.
        kimg: float > 0, thousands of images in which p would go from 0 to 1.

    Returns:
        A float32 scalar.

    Example:

    >>> round(float(adapt(0.1, 0.9, 64.0, kimg=1.0)), 3), round(float(adapt(0.1, 0.2, 64.0, kimg=1.0)), 3)
    (0.164, 0.036)
    """
    return tf.clip_by_value(p + tf.sign(r - target) * images / (1000.0 * kimg), 0.0, MAX_P)
