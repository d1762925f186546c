"""Perturbed convolution after Park, Yeo and Shin 2021 (arXiv 2101.10841): a discriminator's convolutions perturb
their input at random while it trains, then convolve.

The paper's abstract gives the idea; the noise law and rate are our choice. Four laws, with rate r and noise drawn
per element:

    uniform      x (1 + r u),      u ~ U(-1, 1)
    gaussian     x (1 + r n),      n ~ N(0, 1)
    bernoulli    x m / (1 - r),    m = 0 with probability r, else 1
    additive     x + r s n,        n ~ N(0, 1),  s = the sample's standard deviation, a constant to the gradient

All keep the mean. A convolution without bias, o = sum_i w_i x_i, gets the variance sum_i (w_i x_i)^2 times r^2 / 3
(uniform), r^2 (gaussian) or r / (1 - r) (bernoulli), and r^2 s^2 sum_i w_i^2 (additive).
"""

import contextlib
import threading

import keras
import tensorflow as tf

from tfgan_zoo import noise, random
from tfgan_zoo.layers.grouped_convolution import GroupedConv2D
from tfgan_zoo.layers.spectral_normalization import SNConv2D

_LOCAL = threading.local()  # as in `random`: MirroredStrategy traces every replica in a thread of its own


@contextlib.contextmanager
def perturbing(on):
    """Says whether the layers called inside perturb in training mode; outside any, they do.

    Without noise a training call is what it was at rate 0: batch normalisation still takes the batch's statistics.

    Args:
        on: bool; False silences every `PerturbedConv2D` and `PerturbedSNConv2D`.

    >>> import tensorflow as tf
    >>> from tfgan_zoo import layers
    >>> layer, x = layers.PerturbedConv2D(8, 3, perturb=0.5), tf.ones((2, 16, 16, 3))
    >>> with layers.perturbing(False):
    ...     bool(tf.reduce_all(layer(x, training=True) == layer(x)))
    True
    """
    outer = getattr(_LOCAL, "on", True)
    _LOCAL.on = on
    try:
        yield
    finally:
        _LOCAL.on = outer


class Perturbed:
    """Mixin for a Keras layer: perturbs the input while training, unless `perturbing(False)`; see the module's text.

    Draws go through `tfgan_zoo.random` under the layer's name: inside a `random.scope` they are a function of the
    scope, outside they come from the layer's own SeedGenerator. They are float32, rounded to the compute dtype last.
    """

    def __init__(self, *args, perturb=0.0, perturb_law="uniform", **kwargs):
        noise.check(perturb_law, perturb)
        super().__init__(*args, **kwargs)
        self.perturb = perturb
        self.perturb_law = perturb_law
        # At rate 0 too: one seed then gives the same initial weights at every rate.
        self.seed_generator = keras.random.SeedGenerator(name=f"{self.name}_noise")

    def call(self, inputs, training=False):
        if training and self.perturb > 0 and getattr(_LOCAL, "on", True):
            inputs = self._perturbed(inputs)
        return super().call(inputs)

    def get_config(self):
        return {**super().get_config(), "perturb": self.perturb, "perturb_law": self.perturb_law}

    def _perturbed(self, x):
        rate, dtype = self.perturb, x.dtype
        if self.perturb_law == "uniform":
            factor = 1 + rate * (2 * self._draw(random.uniform, x) - 1)
        elif self.perturb_law == "gaussian":
            factor = 1 + rate * self._draw(random.normal, x)
        elif self.perturb_law == "bernoulli":
            factor = tf.cast(self._draw(random.uniform, x) >= rate, tf.float32) / (1 - rate)
        else:
            std = tf.math.reduce_std(tf.cast(x, tf.float32), axis=range(1, x.shape.rank), keepdims=True)
            return x + tf.cast(rate * tf.stop_gradient(std) * self._draw(random.normal, x), dtype)
        return x * tf.cast(factor, dtype)

    def _draw(self, distribution, x):
        sizes = tf.shape(x)
        shape = [sizes[i] if size is None else size for i, size in enumerate(x.shape)]
        return distribution(shape, self.name, self.seed_generator)


@keras.saving.register_keras_serializable("tfgan_zoo")
class PerturbedConv2D(Perturbed, GroupedConv2D):
    """`keras.layers.Conv2D` that perturbs its input while training (PConv: Park, Yeo, Shin, arXiv 2101.10841).

    The noise law and rate are our choice. Weights, their names and shapes are Conv2D's, and so is the output,
    bit for bit, with `perturb=0` or `training=False`.

    Args:
        perturb: float, the noise rate r: at least 0, below 1 for the bernoulli law; 0 is an ordinary Conv2D.
        perturb_law: "uniform" x (1 + r u), "gaussian" x (1 + r n), "bernoulli" x m / (1 - r) or
            "additive" x + r std(x) n, where u ~ U(-1, 1), n ~ N(0, 1), and m is 0 with probability r, else 1.
        **kwargs: those of `keras.layers.Conv2D`.

    Raises:
        ValueError: for an unknown law, or a rate outside its law's range.

    >>> import tensorflow as tf
    >>> from tfgan_zoo import layers
    >>> layer = layers.PerturbedConv2D(8, 3, perturb=0.5)
    >>> x = tf.ones((2, 16, 16, 3))
    >>> bool(tf.reduce_all(layer(x) == layer(x)))
    True
    >>> bool(tf.reduce_all(layer(x, training=True) == layer(x, training=True)))
    False
    """


@keras.saving.register_keras_serializable("tfgan_zoo")
class PerturbedSNConv2D(Perturbed, SNConv2D):
    """`SNConv2D` that perturbs its input while training (PConv: Park, Yeo, Shin, arXiv 2101.10841).

    The noise law and rate are our choice. Without noise the output is SNConv2D's, bit for bit.

    Args:
        perturb: float, the noise rate; see `PerturbedConv2D`.
        perturb_law: str, the noise law; see `PerturbedConv2D`.
        **kwargs: those of `keras.layers.Conv2D`.

    Raises:
        ValueError: for an unknown law, or a rate outside its law's range.

    >>> import tensorflow as tf
    >>> from tfgan_zoo import layers
    >>> layer = layers.PerturbedSNConv2D(8, 3, perturb=0.5, perturb_law="gaussian")
    >>> layer(tf.ones((2, 16, 16, 3)), training=True).shape.as_list()
    [2, 14, 14, 8]
    """


def conv2d(filters, kernel_size, *, spectral_norm=False, perturb=0.0, perturb_law="uniform", **kwargs):
    """Makes a discriminator's convolution.

    Args:
        filters: int, the number of output channels.
        kernel_size: int or pair of ints.
        spectral_norm: bool, divide the kernel by its largest singular value.
        perturb: float, the noise rate; see `PerturbedConv2D`.
        perturb_law: str, the noise law; see `PerturbedConv2D`.
        **kwargs: others of `keras.layers.Conv2D`.

    Returns:
        A `PerturbedSNConv2D` or a `PerturbedConv2D`.

    Raises:
        ValueError: for an unknown law, or a rate outside its law's range.

    >>> from tfgan_zoo import layers
    >>> type(layers.conv2d(8, 3, spectral_norm=True)).__name__
    'PerturbedSNConv2D'
    """
    layer = PerturbedSNConv2D if spectral_norm else PerturbedConv2D
    return layer(filters, kernel_size, perturb=perturb, perturb_law=perturb_law, **kwargs)
