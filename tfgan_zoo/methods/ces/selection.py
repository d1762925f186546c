"""How a generator follows several discriminators: their strengths, and the rules that select among their gradients.

After the gradient selecting of Liu et al. 2023, "Cost Ensemble with Gradient Selecting for GANs" (IJCAI); the strength
and the rules are our choice. Pure functions of this device's tensors. Where the batch is split over replicas, `mean`
takes a tensor to its mean over them, so that every replica decides for the whole batch.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tfgan_zoo.choices import choose
from tfgan_zoo.methods.ces.spec import SELECTIONS
from tfgan_zoo.objectives import thresholds


def strengths(
    costs: Sequence[Any],
    real_logits: tf.Tensor,
    fake_logits: tf.Tensor,
    mean: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
) -> tf.Tensor:
    """How well each discriminator tells reals from fakes: its balanced accuracy.

        a_i = (E [D_i(x) > t_i] + E [D_i(G(z)) < t_i]) / 2,   t_i the threshold of cost i

    1/2 is a guess, 1 never errs. Right answers are counted before they are divided, so equal strengths are equal bits.

    Args:
        costs: K `losses.Loss`, one for each discriminator.
        real_logits: float[B, K], column i of discriminator i.
        fake_logits: float[B, K].
        mean: tensor -> its mean over the replicas.

    Returns:
        float32[K] in [0, 1], constants to the gradient.

    Example:

    >>> import tensorflow as tf
    >>> from tfgan_zoo.objectives import losses
    >>> costs = [losses.get("hinge"), losses.get("least_squares")]  # their thresholds are 0 and 1/2
    >>> real, fake = tf.constant([[2.0, 0.4], [1.0, 0.6]]), tf.constant([[-1.0, 0.1], [-2.0, 0.2]])
    >>> strengths(costs, real, fake).numpy().tolist()
    [1.0, 0.75]
    """
    real, fake = (tf.stop_gradient(tf.cast(logits, tf.float32)) for logits in (real_logits, fake_logits))
    threshold = thresholds.thresholds(costs, real, fake, mean)
    right = tf.concat([real > threshold, fake < threshold], 0)
    return mean(tf.reduce_sum(tf.cast(right, tf.float32), 0)) / tf.cast(tf.shape(right)[0], tf.float32)


def select(
    gradients: tf.Tensor,
    strength: tf.Tensor,
    rule: str,
    draw: float | tf.Tensor = 0.0,
    normalize: bool = False,
    mean: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Makes one gradient of the gradients g_i = dL_i / d fakes of K costs.

        best, worst          the g_i of the largest, smallest a_i
        max_norm, min_norm   the g_i of the largest, smallest |g_i|, the norm over the whole batch
        random               the g_i that `draw` falls on
        mean                 the mean of all
        per_sample           row b is that of the g_i with the largest |g_i[b]| / E_b |g_i[b]|

    A tie goes to the first.

    Args:
        gradients: float32[K, B, ...].
        strength: float32[K], the a_i of `strengths`.
        rule: str, one of `SELECTIONS`.
        draw: float32 scalar from U[0, 1), the same on every replica, for "random".
        normalize: bool, rescale the outcome to the mean of the norms |g_i|, so that the costs share a scale.
        mean: tensor -> its mean over the replicas.

    Returns:
        (float32[B, ...], the gradient; float32[K], how much of it came from each: it adds up to 1).

    Raises:
        ValueError: for an unknown rule.

    Example:

    >>> import tensorflow as tf
    >>> gradients = tf.constant([[[3.0, 4.0]], [[0.0, 1.0]]])
    >>> gradient, shares = select(gradients, tf.constant([0.6, 0.9]), "best")
    >>> gradient.numpy().tolist(), shares.numpy().tolist()
    ([[0.0, 1.0]], [0.0, 1.0])
    >>> select(gradients, tf.constant([0.6, 0.9]), "best", normalize=True)[0].numpy().tolist()  # (5 + 1) / 2
    [[0.0, 3.0]]
    """
    choose("selection", rule, SELECTIONS)
    count = gradients.shape[0]
    norms = _norms(gradients, mean) if normalize or rule in ("max_norm", "min_norm") else None
    if rule == "mean":
        gradient, shares = tf.reduce_mean(gradients, 0), tf.fill([count], 1 / count)
    elif rule == "per_sample":
        index = _of_each_row(gradients, mean)
        rows = tf.range(tf.shape(gradients)[1], dtype=index.dtype)
        gradient = tf.gather_nd(gradients, tf.stack([index, rows], 1))
        shares = mean(tf.reduce_mean(tf.one_hot(index, count), 0))
    else:
        index = _of_all(strength, norms, rule, draw, count)
        gradient, shares = tf.gather(gradients, index), tf.one_hot(index, count)
    if normalize:
        gradient *= tf.math.divide_no_nan(tf.reduce_mean(norms), _norms(gradient[None], mean)[0])
    return gradient, shares


def _of_all(strength, norms, rule, draw, count):
    """Returns the index of the gradient that the whole batch follows."""
    if rule == "random":
        return tf.cast(tf.floor(draw * count), tf.int32)
    values = strength if rule in ("best", "worst") else norms
    extreme = tf.argmax if rule in ("best", "max_norm") else tf.argmin
    return extreme(values, output_type=tf.int32)


def _of_each_row(gradients, mean):
    """Returns int32[B], the index that each row follows."""
    sizes = tf.sqrt(tf.reduce_sum(tf.square(gradients), axis=range(2, len(gradients.shape))))
    usual = mean(tf.reduce_mean(sizes, 1, keepdims=True))
    return tf.argmax(tf.math.divide_no_nan(sizes, usual), output_type=tf.int32)


def _norms(gradients, mean):
    """Returns float32[K], the norms over the whole batch, up to a factor that all of them share."""
    return tf.sqrt(mean(tf.reduce_sum(tf.square(gradients), axis=range(1, len(gradients.shape)))))
