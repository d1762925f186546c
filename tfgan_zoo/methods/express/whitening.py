"""Whitening by running statistics, and its inverse."""

from typing import Any

import keras
import tensorflow as tf

_EPSILON = 1e-8  # of the variance: a dimension that never moves keeps a deviation of 1e-4


@keras.saving.register_keras_serializable("tfgan_zoo")
class Whitening(keras.layers.Layer):
    """Gives every dimension of a vector mean 0 and variance 1; calling the layer undoes it.

        whiten(h) = (h - mean) / std ;   call(w) = w * std + mean ;   std = sqrt(variance + 1e-8)

    It changes only by `adapt`; both ways are in float32 whatever the dtype policy.

    Args:
        dim: int, length of the vectors.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.methods.express.whitening import Whitening
    >>> whitening = Whitening(2)
    >>> whitening.adapt(mean=[10.0, 20.0], variance=[4.0, 4.0], weight=1.0)
    >>> whitening.whiten(tf.constant([[12.0, 16.0]])).numpy().round(4).tolist()
    [[1.0, -2.0]]
    >>> whitening(tf.constant([[1.0, -2.0]])).numpy().round(4).tolist()
    [[12.0, 16.0]]
    """

    def __init__(self, dim: int, **kwargs: Any) -> None:
        super().__init__(**({"dtype": "float32"} | kwargs))
        self.dim = dim
        self.mean = self._statistic("mean", "zeros")
        self.variance = self._statistic("variance", "ones")
        self.built = True

    def adapt(self, mean: tf.Tensor, variance: tf.Tensor, weight: float | tf.Tensor) -> None:
        """Mixes a batch's statistics into the running ones, as those of a mixture of the two populations.

        Args:
            mean: float32[dim], the batch's; of the global batch, if there are replicas.
            variance: float32[dim], the batch's, around its own mean.
            weight: float32 scalar in [0, 1], the batch's weight; 1 forgets what was.
        """
        apart = mean - self.mean.value
        old, new = (1 - weight) * self.variance.value, weight * tf.convert_to_tensor(variance)
        self.variance.assign(old + new + weight * (1 - weight) * apart**2)
        self.mean.assign(self.mean.value + weight * apart)

    def whiten(self, vectors: tf.Tensor) -> tf.Tensor:
        """Returns float32[N, dim] of mean 0 and variance 1 of vectors[N, dim]."""
        return (tf.cast(vectors, tf.float32) - self.mean.value) / self._deviation()

    def call(self, whitened: tf.Tensor) -> tf.Tensor:
        """Returns the vectors float32[N, dim] that `whiten` made into whitened[N, dim]."""
        return tf.cast(whitened, tf.float32) * self._deviation() + self.mean.value

    def _deviation(self):
        return tf.sqrt(self.variance.value + _EPSILON)

    def _statistic(self, name, initializer):
        return self.add_weight(
            name=name,
            shape=(self.dim,),
            initializer=initializer,
            dtype="float32",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dim": self.dim}
