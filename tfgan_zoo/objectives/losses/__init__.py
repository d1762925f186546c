"""The adversarial losses that every method can host, a file each, as functions of the discriminator's logits.

Notation: D(x) are the logits on reals, D(G(z)) those on fakes. Each loss is a mean over the batch that it is given, in
float32 whatever the logits' precision; a training loop on several replicas divides by their number.

A new loss is one file here, a pair of functions and a `LOSS`; an installed package adds one by an entry point of the
group `tfgan_zoo.losses`. TensorFlow is not imported before a function is called.
"""

import dataclasses
from collections.abc import Callable, Mapping

from tfgan_zoo import registry
from tfgan_zoo.lazy import tf


@dataclasses.dataclass(frozen=True, kw_only=True)
class Loss:
    """A named pair of losses.

    Attributes:
        name: str, the word after --loss=.
        summary: str, a line for --list.
        discriminator: (real_logits, fake_logits) -> float32 scalar, minimised by the discriminator.
        generator: (fake_logits, real_logits) -> float32 scalar, minimised by the generator; real_logits are None
            unless `needs_reals`.
        needs_reals: bool, whether the generator's loss looks at the logits on reals too: then row i of both belongs
            together, and the generator's step runs the discriminator on reals.
        decides_at: float, the logit above which the discriminator holds an image for real; None for a loss that knows
            differences of logits only: halfway between the means over reals and fakes.
        implies: fields of a run's configuration that follow from the choice.
    """

    name: str
    summary: str
    discriminator: Callable
    generator: Callable
    needs_reals: bool = False
    decides_at: float | None = 0.0
    implies: Mapping = dataclasses.field(default_factory=dict)

    def threshold(self, real_logits, fake_logits):
        """Returns the logit above which the discriminator holds an image for real, a float32 scalar.

        It depends on its arguments through their means only, so that means taken over the global batch serve as well
        as logits.
        """
        if self.decides_at is not None:
            return tf.constant(self.decides_at, tf.float32)
        return (tf.reduce_mean(as_float32(real_logits)) + tf.reduce_mean(as_float32(fake_logits))) / 2.0


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
    >>> float(hinge.generator(tf.constant([[-0.5]]), None))
    0.5
    """
    return registry.LOSSES[registry.choose("loss", name, registry.LOSSES)]


def as_float32(logits):
    """Returns the logits in float32: a mean over a batch is taken in no lower precision."""
    return tf.cast(logits, tf.float32)
