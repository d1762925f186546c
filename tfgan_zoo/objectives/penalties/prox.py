"""Prox: a discriminator near where its step began."""

import math
import types

from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.penalties import Penalty
from tfgan_zoo.replicas import assign
from tfgan_zoo.tensors import flatten


def prox(weights, anchor):
    """Holds a discriminator near where it was (Prox).

        |D - D0|^2,   the squared distance between all its weights

    After Farnia and Ozdaglar 2020, arXiv 2002.09124, whose proximal training measures the distance between the
    functions; the distance between the weights and its weight, 0.01, are those of Liu et al. 2022, arXiv 2205.10146.

    Args:
        weights: float[n], all numbers of D.
        anchor: float[n], those of D0.

    Returns:
        A float32 scalar.

    Example:

    >>> import tensorflow as tf
    >>> float(prox(tf.constant([3.0, 4.0, 1.0]), tf.constant([0.0, 0.0, 3.0])))
    29.0
    """
    return tf.reduce_sum(tf.square(tf.cast(weights, tf.float32) - tf.cast(anchor, tf.float32)))


class Prox(Penalty):
    """`prox` from the weights at the start of a step, and of brc's temporary updates.

    Attributes:
        anchor: D0, all trainable weights as one float32 vector.
    """

    name = "prox"
    summary = "|D - D0|^2, from the weights at the start of a step (Farnia, Ozdaglar 2020)"
    usual_weight = 0.01
    keeps_state = True
    implies = types.MappingProxyType({"n_dis": 5})

    @classmethod
    def check(cls, choices, method):
        if choices.n_dis == 1 and not method.unrolls(choices.options):
            raise ValueError("n_dis=1 leaves penalty=prox without effect, as D starts at D0; choose n_dis=2 or more")

    def build(self, gan):
        size = sum(math.prod(weight.shape) for weight in gan.discriminator.trainable_variables)
        self.anchor = gan.add_state("anchor", shape=(size,))

    def begin(self, gan):
        assign([self.anchor], [flatten(gan.discriminator.trainable_variables)])

    def term(self, gan, batch, fakes, real_logits, fake_logits):
        return prox(flatten(gan.discriminator.trainable_variables), self.anchor.value)


PENALTY = Prox
