"""Penalties that keep a network smooth or humble, a file each: terms added to a loss with a weight.

A penalty is a pure function of tensors and an object around it, which owns its state, its weight, its interval and what
it does where several replicas train. A GAN has any number of them and carries the state of no other. A new penalty is
one file here, with a `PENALTY`; an installed package adds one by an entry point of the group `tfgan_zoo.penalties`.
TensorFlow is not imported before a method or a function is called.
"""

import math
import numbers
import types

from tfgan_zoo import registry
from tfgan_zoo.lazy import tf


class Penalty:
    """A term of a network's loss: weight * term, on every step or, `every` times as strong, on every `every`th.

    Class attributes, which a subclass sets:
        name: str, the word after --penalty=.
        summary: str, a line for --list.
        usual_weight, usual_every: what they are if nothing is said.
        lazy: bool, whether it may be left out on most steps (lazy regularisation: Karras et al., arXiv 1912.04958).
        keeps_state: bool, whether it remembers something of one discriminator.
        of_styles: bool, whether it needs a generator with styles.
        of_generator: bool, whether the term belongs to the generator's loss; else to the discriminator's.
        slopes_at: str, "reals" or "fakes" where the term is made of the norms of D's gradient there alone, so that the
            loss's own look at them can bring these; "" elsewhere.
        of_gradient: bool, whether it is made of gradients of `GAN.score` alone, and so goes where there are no logits.
        implies: fields of a run's configuration that follow from the choice.

    Args:
        weight: float >= 0; None is the usual one.
        every: int, the interval in steps; 0 and 1 are every step, None is the usual one.

    Raises:
        ValueError: for a weight or an interval that is out of its range.
    """

    name = summary = slopes_at = ""
    usual_weight, usual_every = 1.0, 1
    lazy = keeps_state = of_generator = of_gradient = of_styles = False
    implies = types.MappingProxyType({})

    def __init__(self, weight=None, every=None):
        weight = self.usual_weight if weight is None else weight
        every = self.usual_every if every is None else every
        if not isinstance(weight, numbers.Real) or not 0 <= weight < math.inf:
            raise ValueError(f"penalty_weight={weight!r} must be at least 0 and finite for penalty={self.name}")
        if not isinstance(every, numbers.Integral):
            raise ValueError(f"penalty_every={every!r} must be a whole number for penalty={self.name}")
        if every < 0 or (every > 1 and not self.lazy):
            allowed = "at least 0" if self.lazy else "0 or 1: it acts on every step"
            raise ValueError(f"penalty_every={every} for penalty={self.name} must be {allowed}")
        self.weight, self.every = float(weight), max(1, int(every))

    @classmethod
    def check(cls, choices, method):
        """Raises a ValueError, one line, if the penalty does not go with the rest.

        Args:
            choices: a `specs.Choices`.
            method: a `specs.Method`.
        """

    def build(self, gan):
        """Adds the penalty's state to the model, by `gan.add_state`."""

    def begin(self, gan):
        """Is called before a step's first discriminator update, and before brc's temporary ones."""

    @property
    def moved_by_updates(self):
        """The state that an update of the discriminator moves: what is put back when the update is taken back."""
        return []

    def term(self, gan, batch, fakes, real_logits, fake_logits):
        """Returns the term, without its weight, a float32 scalar.

        Args:
            gan: the `core.gan.GAN`.
            batch: a `core.batch.Batch`.
            fakes: float32[B, ...], the generator's images; a penalty of the generator draws its own and gets None.
            real_logits, fake_logits: float32[B, 1]; None for a penalty of the generator.
        """
        raise NotImplementedError

    def __call__(self, gan, batch, fakes=None, real_logits=None, fake_logits=None):
        """Returns the term as it stands in the loss of this step, without its weight: 0 where the interval skips it."""
        if self.every == 1:
            return self.term(gan, batch, fakes, real_logits, fake_logits)

        def now():
            return self.every * self.term(gan, batch, fakes, real_logits, fake_logits)

        acts = gan.acts_now(self)
        if isinstance(acts, bool):
            return now() if acts else tf.zeros([])
        return tf.cond(acts, now, lambda: tf.zeros([]))


def make(names, weights=None, every=None):
    """Makes the penalties of a model.

    Args:
        names: a name of `registry.PENALTIES`, or a sequence of names; "none" and () are none.
        weights: a number for all, one each, or None for the usual ones.
        every: an interval for all, one each, or None for the usual ones.

    Returns:
        A tuple of `Penalty`.

    Raises:
        ValueError: for an unknown name, a name that is said twice, or another number of weights or intervals.

    >>> [(penalty.name, penalty.weight, penalty.every) for penalty in make(("r1", "r2"), weights=0.5, every=1)]
    [('r1', 0.5, 1), ('r2', 0.5, 1)]
    """
    names = names_of(names)
    for name in names:
        registry.choose("penalty", name, registry.PENALTIES)
    if len(set(names)) < len(names):
        raise ValueError(f"penalty={','.join(names)} names one twice")
    weights, every = one_each("penalty_weight", weights, names), one_each("penalty_every", every, names)
    return tuple(registry.PENALTIES[name](*pair) for name, *pair in zip(names, weights, every, strict=True))


def names_of(names):
    """Returns the names of penalties as a tuple; None, "none" and an empty word are none.

    >>> names_of("r1"), names_of("none"), names_of(["r1", "r2"])
    (('r1',), (), ('r1', 'r2'))
    """
    if isinstance(names, str) or names is None:
        return () if names in (None, "", "none") else (names,)
    if not isinstance(names, list | tuple):
        raise ValueError(f"penalty={names!r} must be a name, or several")
    return tuple(names)


def one_each(argument, values, names):
    """Returns a tuple with a value for each name, of a sequence of them, of one for all, or of None.

    >>> one_each("penalty_weight", 2.0, ("r1", "r2"))
    (2.0, 2.0)
    """
    if values is None:
        return (None,) * len(names)
    values = (values,) if isinstance(values, numbers.Real) else tuple(values)
    if values and not names:
        raise ValueError(f"{argument}={','.join(map(str, values))} is of no use without a penalty")
    if len(values) == 1:
        return values * len(names)
    if len(values) != len(names):
        raise ValueError(f"{argument}={','.join(map(str, values))} must be one number, or one for each of {len(names)}")
    return values


def squared_gradient_norms(discriminator, points):
    """Returns float32[N]: the squared norm of the gradient of a function images -> logits[N, 1] at each row.

    The gradient is taken of the sum of the function's outputs, so row i may depend on image i alone. Nothing is
    detached.
    """
    return with_slopes(discriminator, points)[1]


def with_slopes(discriminator, points):
    """Returns (logits[N, 1], float32[N]): a function's values at points[N, ...], and `squared_gradient_norms` there."""
    points = tf.convert_to_tensor(points)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        logits = discriminator(points)
    gradients = tape.gradient(logits, points, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return logits, tf.reduce_sum(tf.square(gradients), axis=range(1, len(points.shape)))
