"""Training in float16: gradients are computed larger than they are, and a step in which they overflow is undone."""

import tensorflow as tf

from tfgan_zoo.replicas import assign

FIRST = 15  # log2 of the scale at step 0
LEAST, MOST = 0, 24  # of log2
GROWTH = 2000  # steps without an overflow after which the scale doubles


class LossScale:
    """The factor of a model's losses, and what happens to a step in which a gradient is no number.

    float16 holds no number below 6e-8, where many gradients lie. Losses are multiplied by a power of two, which loses
    nothing, and their gradients divided by it in float32 (Micikevicius et al. 2018, arXiv 1710.03740, section 3.2). The
    power is found by trying: a step that leaves a weight which is no number is taken back as a whole, all updates of
    all networks, averages and optimisers with it, and the scale is halved; after `GROWTH` steps without it doubles. So
    the networks never see half a step, and what a method compares of several gradients is of one step.

    Draws and data go on after a step that was taken back. At the least scale, 1, nothing is: a model that is broken
    for another reason says so some steps later.

    Args:
        gan: a `core.gan.GAN`, of which it keeps one state: log2 of the scale less `FIRST`, in steps of 1 / `GROWTH`.
    """

    def __init__(self, gan):
        self._state = gan.add_state("loss_scale")

    @property
    def scale(self):
        """The factor, a float32 scalar, a power of two."""
        exponent = tf.cast(tf.floor(FIRST + self._state.value), tf.int32)
        return tf.bitcast(tf.bitwise.left_shift(exponent + 127, 23), tf.float32)  # `tf.pow` rounds under XLA

    def gradient(self, tape, target, sources, output_gradients=None, **options):
        """`tf.GradientTape.gradient`, scaled up on its way through the networks, and as large as ever in the end."""
        scale = self.scale
        upstream = scale if output_gradients is None else scale * output_gradients
        gradients = tape.gradient(target, sources, output_gradients=upstream, **options)
        return tf.nest.map_structure(lambda one: one if one is None else tf.convert_to_tensor(one) / scale, gradients)

    def step(self, gan, data):
        """Takes a step, or takes it back.

        Args:
            gan: the model.
            data: what its `update` takes.

        Returns:
            (logs {name: scalar}, with the scale; whether they count, a float32 scalar: 0 of a step that was undone).
        """
        variables = _moved(gan)
        before = [tf.identity(variable.value) for variable in variables]
        scale = self.scale
        logs = gan.update(data)
        after = [tf.convert_to_tensor(variable.value) for variable in variables]
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(it)) for it in after if it.dtype.is_floating])
        kept = finite | (scale <= 2.0**LEAST)
        assign(variables, [tf.where(kept, new, old) for new, old in zip(after, before, strict=True)])
        self._state.assign(self._next(finite))
        logs = {name: tf.where(kept, it, tf.zeros_like(it)) for name, it in logs.items()}
        return logs | {"loss_scale": scale}, tf.cast(kept, tf.float32)

    def _next(self, finite):
        """Returns the state after a step: it grows by little, and falls to the next power of two."""
        state = self._state.value
        moved = tf.where(finite, state + 1 / GROWTH, tf.floor(state) - 1)
        return tf.clip_by_value(moved, float(LEAST - FIRST), float(MOST - FIRST))


def _moved(gan):
    """Returns what a step may spoil: all weights that are floats, and the optimisers' variables."""
    ours = {id(gan.states["loss_scale"])}
    weights = [it for it in gan.weights if tf.as_dtype(it.dtype).is_floating and id(it) not in ours]
    return [*weights, *(variable for optimizer in gan.optimizers for variable in optimizer.variables)]
