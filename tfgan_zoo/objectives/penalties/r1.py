"""R1: no gradient on reals."""

from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.penalties import Penalty, squared_gradient_norms


def r1(discriminator, reals):
    """Holds the discriminator's gradient at 0 on reals.

        E |grad_x D(x)|^2 / 2

    Mescheder et al. 2018, arXiv 1801.04406, without its weight gamma.

    Args:
        discriminator: callable, float32[N, ...] -> float[N, 1].
        reals: float[N, ...], images [N, H, W, C] or points [N, d].

    Returns:
        A float32 scalar.

    Example:

    >>> import tensorflow as tf
    >>> discriminator = lambda x: tf.reduce_sum(3.0 * x, 1, keepdims=True)
    >>> float(r1(discriminator, tf.zeros([2, 4])))
    18.0
    """
    return tf.reduce_mean(squared_gradient_norms(discriminator, tf.cast(reals, tf.float32))) / 2.0


class R1(Penalty):
    """`r1` on every 16th step, 16 times as strong (Karras et al. 2020, arXiv 1912.04958), unless told otherwise."""

    name = "r1"
    summary = "|grad D(x)|^2 / 2 on reals, every 16th step (Mescheder et al. 2018)"
    usual_every = 16
    lazy = of_gradient = True
    slopes_at = "reals"

    def term(self, gan, batch, fakes, real_logits, fake_logits):
        if self.slopes_at in batch.slopes:
            return tf.reduce_mean(batch.slopes[self.slopes_at]) / 2.0

        def of_rows(batch):
            return r1(lambda x: gan.score(x, batch, "penalty"), batch.images)

        return tf.reduce_mean(gan.by_rows(of_rows, gan.discriminator_of(batch), batch))


PENALTY = R1
