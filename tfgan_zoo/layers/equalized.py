"""Equalised learning rates: kernels of unit variance, scaled where they are used.

    y = x (m W / sqrt(fan_in)) + m b,    W ~ N(0, 1) / m

Karras et al. 2018, arXiv 1710.10196, section 4.1: Adam's steps, which know no scale, are then equally large for the
numbers of every layer, relative to their spread; the rate multiplier m makes them m times as large.
"""

import math

import keras
import tensorflow as tf

from tfgan_zoo.layers.perturbation import PerturbedConv2D


def unit_normal(stddev=1.0):
    """Returns the initializer N(0, stddev^2)."""
    return keras.initializers.RandomNormal(stddev=stddev)


def fan_in(kernel):
    """Returns how many inputs an output of a kernel [..., in, out] has."""
    return math.prod(kernel.shape[:-1])


@keras.saving.register_keras_serializable("tfgan_zoo")
class EqualizedDense(keras.layers.Dense):
    """`keras.layers.Dense` with an equalised learning rate; see the module's text.

    Args:
        units: int.
        multiplier: float > 0, m.
        **kwargs: others of `keras.layers.Dense`.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.layers.equalized import EqualizedDense
    >>> EqualizedDense(3, multiplier=0.01)(tf.zeros((2, 8))).shape.as_list()
    [2, 3]
    """

    def __init__(self, units, multiplier=1.0, **kwargs):
        super().__init__(units, **({"kernel_initializer": unit_normal(1 / multiplier)} | kwargs))
        self.multiplier = multiplier

    def call(self, inputs):
        kernel = tf.convert_to_tensor(self.kernel) * (self.multiplier / math.sqrt(fan_in(self.kernel)))
        outputs = tf.linalg.matmul(tf.cast(inputs, self.compute_dtype), tf.cast(kernel, self.compute_dtype))
        if self.use_bias:
            outputs += tf.cast(self.multiplier * tf.convert_to_tensor(self.bias), self.compute_dtype)
        return outputs if self.activation is None else self.activation(outputs)

    def get_config(self):
        return {**super().get_config(), "multiplier": self.multiplier}


@keras.saving.register_keras_serializable("tfgan_zoo")
class EqualizedConv2D(PerturbedConv2D):
    """`layers.PerturbedConv2D` with an equalised learning rate, m = 1; see the module's text.

    Args:
        **kwargs: those of `layers.PerturbedConv2D`.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.layers.equalized import EqualizedConv2D
    >>> EqualizedConv2D(filters=8, kernel_size=3)(tf.zeros((2, 16, 16, 3))).shape.as_list()
    [2, 14, 14, 8]
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **({"kernel_initializer": unit_normal()} | kwargs))

    def convolution_op(self, inputs, kernel):
        kernel = tf.convert_to_tensor(kernel)
        return super().convolution_op(inputs, kernel / tf.cast(math.sqrt(fan_in(kernel)), kernel.dtype))
