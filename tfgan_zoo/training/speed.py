"""What this machine does in a second, as far as networks of convolutions are concerned."""

import time

import tensorflow as tf

_BATCH, _SIDE, _DEPTH = 32, 16, 64
_SECONDS = 1.0  # at most, after the first


def operations_per_second():
    """Returns the floating-point operations a second of a convolution and its gradients, on the default device."""
    images = tf.ones([_BATCH, _SIDE, _SIDE, _DEPTH])
    kernel = tf.ones([4, 4, _DEPTH, _DEPTH])

    @tf.function
    def passes():
        with tf.GradientTape() as tape:
            tape.watch([images, kernel])
            outputs = tf.nn.conv2d(images, kernel, strides=2, padding="SAME")
            total = tf.reduce_sum(outputs)
        return [tf.reduce_sum(gradient) for gradient in tape.gradient(total, [images, kernel])]

    def once():
        return [float(number) for number in passes()]  # which waits for the device

    once()
    begin, times = time.perf_counter(), 0
    while time.perf_counter() - begin < _SECONDS:
        once()
        times += 1
    operations = 3 * 2 * 16 * _DEPTH**2 * _BATCH * (_SIDE // 2) ** 2
    return times * operations / (time.perf_counter() - begin)
