"""What a step does differently where several replicas take it together."""

import tensorflow as tf


def share(loss):
    """Returns this replica's share of a loss that is a mean over samples: optimisers sum gradients over replicas."""
    return loss / tf.distribute.get_strategy().num_replicas_in_sync


def replica_mean(value):
    """Returns the mean of a tensor over the replicas; the tensor itself on one device."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, value)


def assign(variables, values):
    """Assigns tensors to Keras variables, on every replica its own: replicas that agree go on agreeing bit by bit."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return

    def update(strategy, *values):  # a plain assign in a replica would average over the replicas
        for variable, value in zip(variables, values, strict=True):
            strategy.extended.update(variable.value, lambda mine, new: mine.assign(new), args=(value,), group=False)

    context.merge_call(update, args=[tf.convert_to_tensor(value) for value in values])
