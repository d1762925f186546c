"""A large batch in micro batches has the update of the whole, on any number of devices."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.core import replica_array
from tfgan_zoo import random
from tfgan_zoo.core.batch import Batch
from tfgan_zoo.core.micro_batches import by_rows
from tfgan_zoo.settings.resolve import resolve

ROWS = 6
# A pairing, averages over the batch, a second derivative.
GLOBAL_TERMS = {"method": "gan", "loss": "relativistic", "penalty": ("r2", "lecam"), "penalty_every": (2, 1)}
POINTS = {"network": "mlp", "dataset": "ring", "width": 8}
IMAGES = {  # draws and labels too
    "network": "dcgan",
    "normalization": "spectral",
    "perturb": 0.3,
    "augment": ("ada",),
    "conditional": True,
}


def pieces(network, x, labels, size):
    """Returns outputs that depend on draws and labels, and the gradients of a loss that compares all rows."""
    batch = Batch(x, labels, 0, 0)

    def function(batch, x):
        with random.scope(0, 3, "test", first_row=batch.first_row):
            noise = random.uniform((batch.size, x.shape[1]), "noise")
        return network(x + noise, training=True) * tf.cast(batch.labels, tf.float32)[:, None]

    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = by_rows(function, size, [network], batch, x)
            loss = tf.reduce_mean(tf.tanh(outputs[:, None] - outputs[None]) ** 2)
        inner = tape.gradient(loss, x)
        squares = tf.reduce_sum(inner**2)
    return [outputs, inner, *outer.gradient(squares, [x, *network.trainable_variables])]


@pytest.mark.parametrize("eagerly", [False, True])
def test_outputs_and_gradients_twice_are_those_of_the_whole_batch(eagerly):
    network = keras.Sequential([keras.layers.Dense(4, "tanh"), keras.layers.Dense(2)])
    network.build((None, 3))
    x, labels = tf.random.stateless_normal((ROWS, 3), (0, 1)), tf.constant([1, 2, 3, 1, 2, 3])
    call = pieces if eagerly else tf.function(pieces)
    for one, other in zip(call(network, x, labels, None), call(network, x, labels, 2), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_states_move_once_and_draws_of_a_layer_differ_between_micro_batches():
    norm, dropout = keras.layers.BatchNormalization(momentum=0.5), keras.layers.Dropout(0.5)
    network = keras.Sequential([keras.Input((2,)), norm, dropout])
    x = tf.reshape(tf.range(12.0), (6, 2))
    before = dropout.seed_generator.state.numpy()
    outputs = by_rows(lambda batch, x: network(x, training=True) + 5.0, 2, [network], Batch(x, None, 0, 0), x)
    np.testing.assert_allclose(norm.moving_mean, 0.5 * np.mean(x, 0))
    np.testing.assert_allclose(norm.moving_variance, 0.5 + 0.5 * np.ones(2))  # the mean of the micro batches'
    assert np.all(dropout.seed_generator.state.numpy() - before == [0, 3])
    dropped = np.reshape(outputs == 5.0, (3, 4))
    assert len({row.tobytes() for row in dropped}) > 1


def test_a_size_that_does_not_divide_the_rows_is_one_line():
    with pytest.raises(ValueError, match=r"^micro_batch=4 must divide the 6 rows of a device's batch$"):
        by_rows(lambda batch: batch.images, 4, [], Batch(tf.zeros((6, 1)), None, 0, 0))


def test_global_terms_are_those_of_the_whole_batch():
    whole, parts = (_trained(size, POINTS) for size in (None, 4))
    _assert_near(whole, parts)


@pytest.mark.slow
def test_draws_and_labels_are_those_of_the_whole_batch(monkeypatch):
    normalize = keras.layers.BatchNormalization.call
    monkeypatch.setattr(  # which is what micro batches change
        keras.layers.BatchNormalization, "call", lambda self, x, training=None: normalize(self, x, training=False)
    )
    whole, parts = (_trained(size, IMAGES) for size in (None, 4))
    _assert_near(whole, parts)


@pytest.mark.slow
def test_two_replicas_in_micro_batches_are_one_device_in_micro_batches(mirrored):
    """Batch normalisation too: its statistics are those of a micro batch wherever it is computed."""
    images = {"network": "dcgan", "normalization": "batch", "perturb": 0.3, "penalty": "lecam", "penalty_every": 1}
    alone, shared = (_trained(3, images, strategy) for strategy in (None, mirrored))
    for weight in shared.weights:
        first, second = (copy.numpy() for copy in weight.value.values)
        assert first.tobytes() == second.tobytes(), weight.path
    _assert_near(alone, shared)


def _trained(size, data, strategy=None):
    config = resolve(**(replica_array.COMMON | GLOBAL_TERMS | data | {"micro_batch": size}))
    return replica_array.train(config, strategy, steps=2)


def _assert_near(one, other):
    for first, second in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(first.numpy(), second.numpy(), atol=1e-6, err_msg=first.path)
