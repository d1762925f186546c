"""Networks on a large batch in the memory of a small one: some rows at a time, and in the gradient again.

A loss may compare any row with any other, as an energy, a pairing or a running average does; a network looks at its
rows one by one. So what is split is the network's call, not the loss: the outputs of all micro batches are put together
before anything is made of them, and the gradient that comes back is passed on through one micro batch at a time, whose
forward pass is computed anew. (Chen et al. 2016, arXiv 1604.06174, do it by layers; Gao et al. 2021, arXiv 2101.06983,
by rows.) All that a loss does with outputs is then what it was; the price is one more forward pass.
"""

import contextlib
import dataclasses

import keras
import tensorflow as tf

from tfgan_zoo.layers import all_layers
from tfgan_zoo.replicas import assign, replica_mean


def by_rows(function, size, networks, batch, *tensors):
    """Returns function(batch, *tensors), computed `size` rows at a time, as is its gradient.

    Batch normalisation takes the statistics of a micro batch, on any number of devices; its moving statistics move once
    a call, by the mean over the micro batches.

    Args:
        function: (batch, *tensors) -> float32[rows, ...], row i of which depends on the rows i alone; or a float32
            scalar, a mean over rows. It opens all contexts that it needs, since it is called again for the gradient.
        size: int >= 1, rows of a micro batch, which divide those of `batch`; None computes all at once.
        networks: the networks in it: gradients reach their weights, and `tensors`, and nothing else.
        batch: a `core.batch.Batch`.
        *tensors: [rows, ...], or None.

    Returns:
        float32[rows, ...]; of a scalar function the scalars of the micro batches, float32[rows / size].

    Raises:
        ValueError: in one line, if `size` does not divide the rows.

    >>> from tfgan_zoo.core.batch import Batch
    >>> dense, x = keras.layers.Dense(1, kernel_initializer="ones"), tf.ones((4, 2))
    >>> dense.build(x.shape)
    >>> with tf.GradientTape() as tape:
    ...     outputs = by_rows(lambda batch, x: dense(x), 2, [dense], Batch(x, None, 0, 0), x)
    >>> outputs.shape.as_list(), tape.gradient(outputs, dense.kernel.value).numpy().tolist()
    ([4, 1], [[4.0], [4.0]])
    """
    rows = batch.size
    if size is None or rows == size:
        return function(batch, *tensors)
    if isinstance(rows, int) and rows % size:
        raise ValueError(f"micro_batch={size} must divide the {rows} rows of a device's batch")
    parts = _Parts(function, size, networks, batch, tensors)

    @tf.custom_gradient
    def call(*inputs):
        outputs = parts.forward([tf.stop_gradient(value) for value in inputs])
        return outputs, lambda upstream: parts.backward(inputs, upstream)

    outputs = call(*parts.inputs)
    parts.move_states()
    return outputs


class _Parts:
    """A function's micro batches: `inputs` are the weights that train and the tensors that have gradients."""

    def __init__(self, function, size, networks, batch, tensors):
        self._function, self._size, self._networks = function, size, networks
        self._batch, self._tensors = batch, tensors
        self._count = batch.size // size
        self._trained = [weight for network in networks for weight in network.trainable_variables]
        self._states = [state for network in networks for state in network.non_trainable_variables]
        # Read once: what the forward pass saw, the gradient sees.
        self._state_values = [tf.stop_gradient(tf.convert_to_tensor(state.value)) for state in self._states]
        self._floating = [tensor is not None and tensor.dtype.is_floating for tensor in tensors]
        weights = [tf.convert_to_tensor(weight.value) for weight in self._trained]
        self.inputs = [*weights, *(it for it, floats in zip(tensors, self._floating, strict=True) if floats)]
        self._moved, self._changes = [], []  # states that the forward pass moves, and by how much

    def forward(self, inputs):
        """Returns the function's outputs, and keeps how its states move."""

        def step(i):
            output, scope = self._call(i, *self._of_part(i, inputs))
            seen = self._seen(i)
            now = [scope.get_current_value(state) for state in self._states]
            moved = [k for k, value in enumerate(now) if value is not seen[k]]
            self._moved = [self._states[k] for k in moved]
            return [output], [now[k] - seen[k] for k in moved]

        (outputs,), self._changes = self._each(step)
        return outputs

    def backward(self, inputs, upstream):
        """Returns the gradients for the inputs."""
        weights = len(self._trained)

        def step(i):
            values, pieces = self._of_part(i, inputs)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([*values, *pieces])
                output, _ = self._call(i, values, pieces)
            piece = self._piece(upstream, i) if output.shape.rank else upstream[i]
            gradients = tape.gradient(output, [*values, *pieces], piece, unconnected_gradients="zero")
            gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
            return gradients[weights:], gradients[:weights]

        of_tensors, of_weights = self._each(step)
        return [*of_weights, *of_tensors]

    def move_states(self):
        """Moves what the networks keep, such as moving statistics, once: by the mean over the micro batches."""
        values = []
        for state, change in zip(self._moved, self._changes, strict=True):
            if change.dtype.is_floating:
                change = replica_mean(change / tf.cast(self._count, change.dtype))
            values.append(tf.convert_to_tensor(state.value) + change)
        if values:
            assign(self._moved, values)

    def _seen(self, i):
        """The states as micro batch i finds them: a layer's count of its draws goes on from one to the next."""
        return [it if it.dtype.is_floating else it + tf.cast(i, it.dtype) for it in self._state_values]

    def _of_part(self, i, inputs):
        """Returns the weights, and micro batch i of the tensors that have gradients."""
        weights, tensors = inputs[: len(self._trained)], inputs[len(self._trained) :]
        return [tf.identity(weight) for weight in weights], [self._piece(tensor, i) for tensor in tensors]

    def _call(self, i, weights, pieces):
        """Returns the function's output on micro batch i, and the scope with the states that it leaves."""
        pieces = iter(pieces)
        tensors = [
            next(pieces) if floats else self._piece(tensor, i)
            for tensor, floats in zip(self._tensors, self._floating, strict=True)
        ]
        batch = dataclasses.replace(
            self._batch,
            **{name: self._piece(getattr(self._batch, name), i) for name in ("images", "labels", "fake_labels")},
            first_row=self._batch.first_row + i * self._size,
        )
        known = [*zip(self._trained, weights, strict=True), *zip(self._states, self._seen(i), strict=True)]
        with keras.StatelessScope(known) as scope, _unsynchronized(self._networks):
            output = self._function(batch, *tensors)
        return output, scope

    def _piece(self, tensor, i):
        """Returns micro batch i of a tensor [rows, ...]; None of None."""
        if tensor is None:
            return None
        return tf.reshape(tensor, [-1, self._size, *tensor.shape[1:]])[i]

    def _each(self, step):
        """Calls `step` for each micro batch, one after the other.

        Args:
            step: int32 scalar -> (tensors of its rows, tensors to add up).

        Returns:
            (the rows of all in order, the sums).
        """
        if tf.executing_eagerly():
            results = [step(i) for i in range(self._count)]
            rows, sums = ([list(column) for column in zip(*part, strict=True)] for part in zip(*results, strict=True))
            return [_joined(tf.stack(column)) for column in rows], [sum(column[1:], column[0]) for column in sums]
        # Its shapes must be known before the loop.
        step = tf.function(step, autograph=False).get_concrete_function(tf.TensorSpec([], tf.int32))
        rows, sums = step.structured_outputs
        arrays = [tf.TensorArray(row.dtype, self._count, element_shape=row.shape) for row in rows]
        totals = [tf.zeros(one.shape, one.dtype) for one in sums]

        def body(i, arrays, totals):
            rows, sums = step(i)
            arrays = [array.write(i, row) for array, row in zip(arrays, rows, strict=True)]
            return i + 1, arrays, [total + one for total, one in zip(totals, sums, strict=True)]

        loop = tf.constant(0), arrays, totals
        limit = self._count if isinstance(self._count, int) else None  # which XLA asks for
        _, arrays, totals = tf.while_loop(
            lambda i, *_: i < self._count, body, loop, parallel_iterations=1, maximum_iterations=limit
        )
        return [_joined(array.stack()) for array in arrays], totals


def _joined(stacked):
    """Returns the rows of all micro batches of stacked[count, size, ...]; scalars[count] stay."""
    return stacked if stacked.shape.rank == 1 else tf.reshape(stacked, [-1, *stacked.shape[2:]])


@contextlib.contextmanager
def _unsynchronized(networks):
    """Lets batch normalisation take its own rows' statistics: a device cannot wait for another inside a loop."""
    layers = [layer for network in networks for layer in all_layers(network) if getattr(layer, "synchronized", False)]
    for layer in layers:
        layer.synchronized = False
    try:
        yield
    finally:
        for layer in layers:
            layer.synchronized = True
