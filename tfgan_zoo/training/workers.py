"""Several processes, of one machine or of many, that train one run together: see `cluster`."""

import contextlib
import functools
import json
import os

import keras
import tensorflow as tf

from tfgan_zoo.layers import all_layers
from tfgan_zoo.tensorflow_errors import sentence
from tfgan_zoo.training import cluster
from tfgan_zoo.training.errors import RunError

_GONE = (  # what a collective operation raises when a worker does not answer any more
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.InternalError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)


@functools.cache
def strategy():
    """Returns the process's strategy; the first call, before other work of TensorFlow, waits for all workers."""
    found = cluster.cluster()
    roles = {"cluster": {"worker": list(found.addresses)}, "task": {"type": "worker", "index": found.index}}
    os.environ["TF_CONFIG"] = json.dumps(roles)
    return tf.distribute.MultiWorkerMirroredStrategy()


def share_state(model):
    """Gives every worker the chief's state: weights, optimisers and running means, bit by bit."""
    together = model.distribute_strategy
    copies = [together.experimental_local_results(one) for one in _variables(model)]

    @tf.function
    def total(values):
        context = tf.distribute.get_replica_context()
        chiefs = tf.equal(context.replica_id_in_sync_group, 0)
        mine = [tf.where(chiefs, value, tf.zeros_like(value)) for value in values]
        return [context.all_reduce(tf.distribute.ReduceOp.SUM, value) for value in mine]

    values = together.run(total, args=([first.read_value() for first, *_ in copies],))
    for value, variables in zip(values, copies, strict=True):
        for variable in variables:
            variable.assign(together.experimental_local_results(value)[0])


def _variables(model):
    """Returns what a checkpoint holds, each once."""
    return {id(variable): variable for variable in _all_variables(model)}.values()


def _all_variables(model):
    yield from (weight.value for weight in model.weights)
    for tracker in getattr(model, "trackers", ()):
        yield from (variable.value for variable in tracker.variables)
    for layer in all_layers(model):
        for part in vars(layer).values():
            if isinstance(part, keras.Optimizer):
                yield from (variable.value for variable in part.variables)


@contextlib.contextmanager
def lost(config):
    """Turns TensorFlow's pages on a worker that has gone into one line.

    Raises:
        RunError: in the place of what a collective operation raises.
    """
    try:
        yield
    except _GONE as error:
        if config.strategy != "multiworker":
            raise
        reason = sentence(error.message)[:160]
        raise RunError(
            f"a worker is gone: start all of them again by the same command, and the run goes on from its last"
            f" checkpoint ({reason})"
        ) from None
