"""Spectral normalisation after Miyato, Kataoka, Koyama and Yoshida 2018, "Spectral Normalization for Generative
Adversarial Networks" (arXiv 1802.05957).

A layer's weight W, seen as a matrix of d_out rows, is divided by an estimate of its largest singular value:

    v = W^T u / |W^T u|,    sigma = u^T W v,    W_SN = W / sigma                              (eq. 8)
    u <- W v / |W v|                                                                          (algorithm 1)

Two things differ from `keras.layers.SpectralNormalization`. The division is part of the graph, with u and v held
constant, so the gradient passes through sigma (eq. 12) and the stored kernel is never overwritten. And a call leaves
u alone: the training loop advances it with `power_iteration`, once per discriminator step, so that reals and fakes
meet the same function.
"""

import keras
import tensorflow as tf

from tfgan_zoo.layers.grouped_convolution import GroupedConv2D
from tfgan_zoo.layers.walk import all_layers

_TINY = 1e-12


def _unit_normal(shape, dtype=None):
    """A keras initializer: a direction drawn uniformly."""
    return tf.math.l2_normalize(keras.initializers.RandomNormal(stddev=1.0)(shape, dtype))


class SpectralNormalized:
    """Mixin for a Keras layer with a `kernel` whose last axis is the output; see the module's text.

    Adds one non-trainable weight, `u` float32[d_out], saved with the others. Sigma is computed in float32 under
    every dtype policy.
    """

    def add_weight(self, *args, **kwargs):
        if kwargs.get("name") == "kernel":
            kwargs["autocast"] = False  # mixed precision would round W before its norm is taken
        return super().add_weight(*args, **kwargs)

    def build(self, input_shape):
        super().build(input_shape)
        self.u = self.add_weight(
            name="u",
            shape=(self.kernel.shape[-1],),
            initializer=_unit_normal,
            dtype="float32",
            trainable=False,
            autocast=False,
            aggregation="mean",  # replicas must not drift apart
        )

    def sigma(self):
        """Returns u^T W v, a float32 scalar, differentiable in W with u and v held constant."""
        product = tf.linalg.matvec(self._matrix(), tf.stop_gradient(tf.convert_to_tensor(self.u)))
        v = tf.stop_gradient(tf.math.l2_normalize(product, epsilon=_TINY))
        return tf.tensordot(product, v, 1)

    def normalized_kernel(self):
        """Returns W / sigma in the layer's compute dtype, of the kernel's shape."""
        kernel = tf.cast(tf.convert_to_tensor(self.kernel), tf.float32)
        return tf.cast(kernel / tf.maximum(self.sigma(), _TINY), self.compute_dtype)

    def power_iteration(self):
        """Advances u by one power iteration; the kernel stays as it is."""
        matrix = self._matrix()
        v = tf.math.l2_normalize(tf.linalg.matvec(matrix, tf.convert_to_tensor(self.u)), epsilon=_TINY)
        self.u.assign(tf.math.l2_normalize(tf.linalg.matvec(matrix, v, transpose_a=True), epsilon=_TINY))

    def save_own_variables(self, store):
        super().save_own_variables(store)  # Keras's Conv2D and Dense save kernel and bias only
        if self.built:
            store["u"] = self.u

    def load_own_variables(self, store):
        super().load_own_variables(store)
        if self.built:
            self.u.assign(store["u"])

    def _matrix(self):
        """The kernel as float32[d_in, d_out]: the paper's W, transposed."""
        kernel = tf.cast(tf.convert_to_tensor(self.kernel), tf.float32)
        return tf.reshape(kernel, (-1, kernel.shape[-1]))


@keras.saving.register_keras_serializable("tfgan_zoo")
class SNConv2D(SpectralNormalized, GroupedConv2D):
    """`keras.layers.Conv2D` with spectral normalisation (Miyato et al. 2018, arXiv 1802.05957, eq. 8).

    The kernel [height, width, in, out] is taken as a matrix of `out` rows, as in the paper.

    Args:
        **kwargs: those of `keras.layers.Conv2D`.

    >>> import tensorflow as tf
    >>> from tfgan_zoo import layers
    >>> layer = layers.SNConv2D(8, 3, padding="same")
    >>> layer(tf.zeros((2, 16, 16, 3))).shape.as_list()
    [2, 16, 16, 8]
    >>> [weight.name for weight in layer.weights]
    ['kernel', 'bias', 'u']
    """

    def convolution_op(self, inputs, kernel):
        return super().convolution_op(inputs, self.normalized_kernel())


@keras.saving.register_keras_serializable("tfgan_zoo")
class SNDense(SpectralNormalized, keras.layers.Dense):
    """`keras.layers.Dense` with spectral normalisation (Miyato et al. 2018, arXiv 1802.05957, eq. 8).

    Args:
        **kwargs: those of `keras.layers.Dense`.

    >>> import tensorflow as tf
    >>> from tfgan_zoo import layers
    >>> layer = layers.SNDense(4)
    >>> layer(tf.zeros((2, 16))).shape.as_list()
    [2, 4]
    """

    def call(self, inputs):
        outputs = tf.linalg.matmul(inputs, self.normalized_kernel())
        if self.use_bias:
            outputs += self.bias
        return outputs if self.activation is None else self.activation(outputs)


def power_iteration(network):
    """Advances u by one power iteration in every spectrally normalised layer of a network.

    A loop calls it once per discriminator step, before the reals and the fakes, in eager mode, in a `tf.function`
    or in a replica. A network without such layers is left alone.

    Args:
        network: a `keras.layers.Layer` or `keras.Model`, built.

    >>> import tensorflow as tf
    >>> from tfgan_zoo import layers
    >>> layer = layers.SNDense(4)
    >>> _ = layer(tf.zeros((2, 16)))
    >>> for _ in range(100):
    ...     layers.power_iteration(layer)
    >>> largest = tf.linalg.svd(layer.kernel.value, compute_uv=False)[0]
    >>> bool(abs(layer.sigma() - largest) < 1e-3)
    True
    """
    for layer in all_layers(network):
        if isinstance(layer, SpectralNormalized):
            layer.power_iteration()
