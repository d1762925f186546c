"""Networks and their weights as a whole: calling, copying, averaging, flattening."""

import tensorflow as tf

from tfgan_zoo.replicas import assign

EMA_RAMPUP = 0.05  # the half-life never exceeds 5 % of the images seen, so that short runs average too


def apply(network, x, labels=None, training=True):
    """Calls a network on x[N, ...], with the labels int[N] if it is made for classes."""
    if getattr(network, "num_classes", 0):
        return network(x, labels, training=training)
    return network(x, training=training)


def copy_of(network):
    """Returns a network of the same kind with the same weights."""
    copy = network.__class__.from_config(network.get_config())
    assign(copy.weights, network.weights)
    return copy


def update_average(average, network, step, rows, ema_kimg, ramp=True):
    """Moves a network that holds an average towards the network itself, moving statistics included.

    Args:
        average: the network to move.
        network: the network that trains, of the same kind.
        step: int64 scalar, how often this was done before; the first time makes a copy.
        rows: int, the local batch's rows.
        ema_kimg: float >= 0, the half-life in thousands of images.
        ramp: bool, whether the half-life grows with the images seen, from 0 at step 0; where the average is that of a
            trained model already, it has its length from the first step on, and the first time makes no copy.
    """
    images = tf.cast(rows * tf.distribute.get_strategy().num_replicas_in_sync, tf.float32)
    seen = tf.cast(step, tf.float32) * images
    half_life = tf.minimum(ema_kimg * 1000, seen * EMA_RAMPUP) if ramp else ema_kimg * 1000
    decay = 0.5 ** (images / tf.maximum(half_life, 1e-6))
    for old, weight in zip(average.weights, network.weights, strict=True):
        keep = tf.cast(decay, old.dtype)
        old.assign(keep * old.value + (1 - keep) * weight.value)
