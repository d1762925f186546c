"""Batch normalisation with a scale and a shift for each class."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfgan_zoo")
class ConditionalBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` whose scale and shift follow the sample's label.

    de Vries et al. 2017, arXiv 1707.00683; in a GAN's generator Dumoulin et al. 2017 (arXiv 1610.07629), Miyato and
    Koyama 2018 (arXiv 1802.05637):

        y = gamma[label] * (x - mean) / sqrt(variance + epsilon) + beta[label]

    The statistics are those of the whole batch, all classes together. Rows of gamma begin at 1, those of beta at 0,
    so a fresh layer is the plain one.

    Args:
        num_classes: int >= 1.
        **kwargs: those of `keras.layers.BatchNormalization`; it has no center and scale of its own.

    Call arguments: inputs float[N, ..., C] and labels int32[N] in [0, num_classes), `training` as usual. A label out
    of the range has the row of no class: zeros come out.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.layers import ConditionalBatchNormalization
    >>> layer = ConditionalBatchNormalization(num_classes=10)
    >>> layer.build((None, 4, 4, 8))
    >>> layer(tf.zeros((2, 4, 4, 8)), tf.constant([3, 7])).shape.as_list()
    [2, 4, 4, 8]
    """

    def __init__(self, num_classes, **kwargs):
        if not isinstance(num_classes, int) or num_classes < 1:
            raise ValueError(f"num_classes={num_classes!r}: expected a whole number of at least 1")
        super().__init__(**(kwargs | {"center": False, "scale": False}))
        self.num_classes = num_classes

    def build(self, input_shape):
        super().build(input_shape)
        shape = (self.num_classes, input_shape[self.axis])
        self.gammas = self.add_weight(name="gammas", shape=shape, initializer="ones")
        self.betas = self.add_weight(name="betas", shape=shape, initializer="zeros")

    def call(self, inputs, labels, training=None):
        normalized = super().call(inputs, training=training)
        rows = [1] * (inputs.shape.rank - 2)
        scale, shift = (
            tf.reshape(one_hot(labels, weights.shape[0], normalized.dtype) @ weights, (-1, *rows, weights.shape[1]))
            for weights in (tf.cast(self.gammas, normalized.dtype), tf.cast(self.betas, normalized.dtype))
        )
        return scale * normalized + shift

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}


def one_hot(labels, num_classes, dtype="float32"):
    """Returns float[N, num_classes] of labels int[N]: a look-up as a product, whose gradient is dense and in order."""
    return tf.one_hot(tf.cast(labels, tf.int32), num_classes, dtype=dtype)
