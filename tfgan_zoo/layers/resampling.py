"""Resampling by two with a binomial filter, made of 2 x 2 averages: quick on CPUs, differentiable twice."""

import tensorflow as tf


def upsample(x, boxes):
    """Doubles the resolution with the binomial filter of `boxes` + 1 taps.

    Zeros between the pixels, and beyond the border, go through [1, 2, 1] (2 boxes, bilinear: Huang et al. 2024, arXiv
    2501.05441) or [1, 3, 3, 1] (3 boxes: Karras et al. 2020, arXiv 1912.04958), whose sum is 2 along each axis. Such a
    filter is a box [1, 1] convolved `boxes` times: the first one repeats pixels, the others average neighbours.

    Args:
        x: float[N, H, W, C], static but for N.
        boxes: int >= 1; 1 is nearest neighbour.

    Returns:
        float[N, 2 H, 2 W, C].

    >>> x = tf.reshape([1.0, 3.0], (1, 1, 2, 1)) * tf.ones((1, 2, 1, 1))
    >>> upsample(x, 2)[0, 1, :, 0].numpy().tolist()
    [0.5, 1.0, 2.0, 3.0]
    """
    _, height, width, channels = x.shape
    x = tf.reshape(tf.stack([x, x], axis=3), (-1, height, 2 * width, channels))
    x = tf.reshape(tf.stack([x, x], axis=2), (-1, 2 * height, 2 * width, channels))
    return _averaged(_padded(x, boxes), boxes - 1)


def downsample(x, boxes):
    """Halves the resolution with the binomial filter of `boxes` + 1 taps, whose sum is 1, and zeros at the border.

    Args:
        x: float[N, H, W, C], H and W even.
        boxes: int >= 1; 1 is the average of 2 x 2 pixels.

    Returns:
        float[N, H / 2, W / 2, C].

    >>> downsample(tf.reshape([4.0, 8.0, 12.0, 16.0], (1, 1, 4, 1)) * tf.ones((1, 2, 1, 1)), 1)[0, 0, :, 0].numpy()
    array([ 6., 14.], dtype=float32)
    """
    return tf.nn.avg_pool2d(_averaged(_padded(x, boxes), boxes - 1), ksize=2, strides=2, padding="VALID")


def _padded(x, boxes):
    margin = [boxes // 2, (boxes - 1) // 2]
    return tf.pad(x, [[0, 0], margin, margin, [0, 0]]) if boxes > 1 else x


def _averaged(x, times):
    for _ in range(times):
        x = tf.nn.avg_pool2d(x, ksize=2, strides=1, padding="VALID")
    return x
