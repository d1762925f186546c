"""R2: no gradient on fakes."""

from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.penalties import Penalty, squared_gradient_norms


def r2(discriminator, fakes):
    """Holds the discriminator's gradient at 0 on fakes.

        E |grad_x D(x)|^2 / 2   at   x = G(z)

    Mescheder et al. 2018, arXiv 1801.04406, without its weight gamma. Together with R1 it makes the relativistic
    pairing loss converge locally (Huang et al. 2024, arXiv 2501.05441).

    Args:
        discriminator: callable, float32[N, ...] -> float[N, 1].
        fakes: float[N, ...], images [N, H, W, C] or points [N, d].

    Returns:
        A float32 scalar.

    Example:

    >>> import tensorflow as tf
    >>> discriminator = lambda x: tf.reduce_sum(3.0 * x, 1, keepdims=True)
    >>> float(r2(discriminator, tf.zeros([2, 4])))
    18.0
    """
    return tf.reduce_mean(squared_gradient_norms(discriminator, tf.cast(fakes, tf.float32))) / 2.0


class R2(Penalty):
    """`r2` on every 16th step, 16 times as strong, as R1 is, unless told otherwise."""

    name = "r2"
    summary = "|grad D(G(z))|^2 / 2 on fakes, every 16th step (Mescheder et al. 2018)"
    usual_every = 16
    lazy = of_gradient = True
    slopes_at = "fakes"

    def term(self, gan, batch, fakes, real_logits, fake_logits):
        if self.slopes_at in batch.slopes:
            return tf.reduce_mean(batch.slopes[self.slopes_at]) / 2.0

        def of_rows(batch, fakes):
            return r2(lambda x: gan.score(x, batch, "penalty/fakes", batch.fake_labels), fakes)

        return tf.reduce_mean(gan.by_rows(of_rows, gan.discriminator_of(batch), batch, fakes))


PENALTY = R2
