"""LeCam: logits near the running averages of the other side's."""

from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.penalties import Penalty
from tfgan_zoo.replicas import replica_mean

DECAY = 0.99  # of the running averages


def lecam(real_logits, fake_logits, average_real, average_fake):
    """Keeps the logits on each side near the running average of the other side's (LeCam).

        E relu(D(x) - a_F)^2 + E relu(a_R - D(G(z)))^2,   a_R, a_F running averages of D(x) and D(G(z))

    Tseng et al. 2021, arXiv 2104.03310. The relu is in the authors' code, not in the paper's equation: a real image
    that scores below the average fake is not pulled, the loss sees to it. The averages count as constants.

    Args:
        real_logits: float[N, 1], the discriminator on reals.
        fake_logits: float[N, 1], the discriminator on fakes.
        average_real: float scalar, a_R.
        average_fake: float scalar, a_F.

    Returns:
        A float32 scalar.

    Example:

    >>> import tensorflow as tf
    >>> float(lecam(tf.constant([[2.0]]), tf.constant([[-1.0]]), average_real=1.0, average_fake=0.0))
    8.0
    """
    real_logits, fake_logits = tf.cast(real_logits, tf.float32), tf.cast(fake_logits, tf.float32)
    average_real = tf.stop_gradient(tf.cast(average_real, tf.float32))
    average_fake = tf.stop_gradient(tf.cast(average_fake, tf.float32))
    above = tf.reduce_mean(tf.square(tf.nn.relu(real_logits - average_fake)))
    below = tf.reduce_mean(tf.square(tf.nn.relu(average_real - fake_logits)))
    return above + below


class LeCam(Penalty):
    """`lecam` with running averages over the global batch, which begin as plain means: zeros would pull at first.

    Attributes:
        average_real, average_fake: the averages, float32 scalars.
    """

    name = "lecam"
    summary = "distance to the logits' running averages (Tseng et al. 2021)"
    usual_weight = 0.1
    keeps_state = True

    def build(self, gan):
        self.average_real = gan.add_state("average_real")
        self.average_fake = gan.add_state("average_fake")

    @property
    def moved_by_updates(self):
        return [self.average_real, self.average_fake]

    def term(self, gan, batch, fakes, real_logits, fake_logits):
        count = tf.cast(gan.step.value * gan.n_dis + batch.substep, tf.float32)
        weight = tf.maximum(1 - DECAY, 1 / (count + 1))
        for average, logits in ((self.average_real, real_logits), (self.average_fake, fake_logits)):
            mean = replica_mean(tf.stop_gradient(tf.reduce_mean(logits)))
            average.assign(average.value + weight * (mean - average.value))
        return lecam(real_logits, fake_logits, self.average_real.value, self.average_fake.value)


PENALTY = LeCam
