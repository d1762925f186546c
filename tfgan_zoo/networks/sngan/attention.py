"""Self-attention over the positions of a feature map."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import layers
from tfgan_zoo.networks import base


@keras.saving.register_keras_serializable("tfgan_zoo")
class Attention(base.Configured, keras.layers.Layer):
    """Adds to every position what it attends to: the identity at first.

    Zhang, Goodfellow, Metaxas and Odena 2019, "Self-Attention Generative Adversarial Networks" (arXiv 1805.08318),
    eqs. 1 to 3:

        b_ji = softmax over i of f(x_i) . g(x_j),   y_j = x_j + sigma v(sum over i of b_ji h(x_i)),   sigma = 0 at first

    with f, g of C / 8 channels and h of C / 2, and, as in the authors' code, f and h pooled over 2 x 2 positions.

    Args:
        spectral_norm: bool, for its 1 x 1 convolutions.
        perturb: float, their noise rate, see `layers.PerturbedConv2D`; None is a generator's plain convolutions.
        perturb_law: str, their noise law.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks.sngan.attention import Attention
    >>> x = tf.random.normal((2, 8, 8, 16))
    >>> bool(tf.reduce_all(Attention(name="attention")(x) == x))
    True
    """

    def __init__(
        self, spectral_norm: bool = False, perturb: float | None = 0.0, perturb_law: str = "uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.spectral_norm, self.perturb, self.perturb_law = spectral_norm, perturb, perturb_law

    def build(self, input_shape: Any) -> None:
        channels = input_shape[-1]
        sizes = {"query": max(channels // 8, 1), "key": max(channels // 8, 1), "value": max(channels // 2, 1)}
        self.query, self.key, self.value = (self._conv(filters, role) for role, filters in sizes.items())
        self.out = self._conv(channels, "out")
        for layer, inputs in ((self.query, channels), (self.key, channels), (self.value, channels)):
            layer.build((*input_shape[:-1], inputs))
        self.out.build((*input_shape[:-1], sizes["value"]))
        self.sigma = self.add_weight(name="sigma", shape=(), initializer="zeros")

    def _conv(self, filters, role):
        shared = {
            "use_bias": False,
            "kernel_initializer": keras.initializers.GlorotUniform(),
            "name": f"{self.name}_{role}",
            "dtype": self.dtype_policy,
        }
        if self.perturb is None:
            return keras.layers.Conv2D(filters, 1, **shared)
        noise = {"perturb": self.perturb, "perturb_law": self.perturb_law}
        return layers.conv2d(filters, 1, spectral_norm=self.spectral_norm, **noise, **shared)

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        kwargs = {} if self.perturb is None else {"training": training}
        _, height, width, _ = x.shape
        query, key, value = (layer(x, **kwargs) for layer in (self.query, self.key, self.value))
        key, value = (tf.nn.max_pool2d(part, 2, 2, "VALID") for part in (key, value))
        query, key, value = (
            tf.reshape(part, (-1, part.shape[1] * part.shape[2], part.shape[3])) for part in (query, key, value)
        )
        weights = tf.nn.softmax(tf.cast(tf.matmul(query, key, transpose_b=True), tf.float32))
        y = tf.matmul(tf.cast(weights, value.dtype), value)
        y = self.out(tf.reshape(y, (-1, height, width, y.shape[-1])), **kwargs)
        return x + tf.cast(self.sigma, y.dtype) * y
