"""Modulated convolution: a convolution whose input channels every sample scales in its own way."""

import tensorflow as tf

_TINY = 1e-8


def modulated_conv2d(x, kernel, scales, demodulate=True, up=False):
    """Convolves every sample with kernels of its own (Karras et al. 2020, arXiv 1912.04958, eqs. 1 and 3).

        w'_ijk = s_i w_ijk,    w''_ijk = w'_ijk / sqrt(sum over i, k of w'_ijk^2 + 1e-8)

    for input channel i, output channel j and position k. A scale of the kernel's input channels is one of the input,
    and one of its output channels one of the output: so one convolution serves all samples.

    Args:
        x: float[N, H, W, in].
        kernel: float[h, w, in, out].
        scales: float[N, in], s.
        demodulate: bool, whether to divide.
        up: bool, whether to double the resolution, by a transposed convolution, [1, 3, 3, 1] after it; h = w = 3.

    Returns:
        float[N, H, W, out], or twice the height and width.

    >>> scales = tf.constant([[1.0, 1.0, 1.0], [2.0, 0.0, 0.0]])
    >>> y = modulated_conv2d(tf.ones((2, 4, 4, 3)), tf.ones((1, 1, 3, 5)), scales, demodulate=False)
    >>> y[:, 0, 0, 0].numpy()
    array([3., 2.], dtype=float32)
    """
    x = x * tf.cast(scales, x.dtype)[:, None, None, :]
    y = _doubled(x, tf.cast(kernel, x.dtype)) if up else tf.nn.conv2d(x, tf.cast(kernel, x.dtype), 1, "SAME")
    if not demodulate:
        return y
    squares = tf.square(tf.cast(scales, tf.float32)) @ tf.reduce_sum(tf.square(tf.cast(kernel, tf.float32)), (0, 1))
    return y * tf.cast(tf.math.rsqrt(squares + _TINY), y.dtype)[:, None, None, :]


def _doubled(x, kernel):
    _, height, width, _ = x.shape
    size = (2 * height + 1, 2 * width + 1)
    flipped = tf.transpose(kernel[::-1, ::-1], (0, 1, 3, 2))
    y = tf.nn.conv2d_transpose(x, flipped, (tf.shape(x)[0], *size, kernel.shape[-1]), 2, "VALID")
    y = tf.pad(tf.ensure_shape(y, (None, *size, kernel.shape[-1])), [[0, 0], [1, 1], [1, 1], [0, 0]])
    for _ in range(3):  # [1, 3, 3, 1] along both axes, with a sum of 1
        y = tf.nn.avg_pool2d(y, ksize=2, strides=1, padding="VALID")
    return 4 * y  # zeros lie between the pixels
