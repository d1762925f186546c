"""What a step does differently where several replicas take it together."""

from tfgan_zoo.lazy import tf


def share(loss):
    """Returns this replica's share of a loss that is a mean over samples: optimisers sum gradients over replicas."""
    return loss / tf.distribute.get_strategy().num_replicas_in_sync


def replica_mean(value):
    """Returns the mean of a tensor over the replicas; the tensor itself on one device."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, value)


def replica_means(numbers):
    """Returns {name: float32 scalar}, the means over the replicas of {name: scalar}; on one device the numbers."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return numbers
    means = replica_mean(tf.stack([tf.cast(number, tf.float32) for number in numbers.values()]))  # together, as one
    return dict(zip(numbers, tf.unstack(means), strict=True))


def leave_sums_to_us(optimizer):
    """Tells a Keras optimiser that its gradients are those of the global batch already: see `summed`.

    Raises:
        RuntimeError: if this version of Keras sums them in another way.
    """
    if not hasattr(optimizer, "_all_reduce_sum_gradients"):
        raise RuntimeError("this version of Keras sums gradients over replicas in a way that is not known here")
    optimizer._all_reduce_sum_gradients = list


def summed(gradients):
    """Returns the sums of gradients over the replicas, None left where it is; the gradients on one device."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return gradients
    sums = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, [one for one in gradients if one is not None]))
    return [None if one is None else next(sums) for one in gradients]


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
