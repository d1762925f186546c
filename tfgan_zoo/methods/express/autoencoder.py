"""An encoder and a decoder that train together, and the running statistics of their codes."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.core.batch import Batch
from tfgan_zoo.core.micro_batches import by_rows
from tfgan_zoo.core.weights import apply
from tfgan_zoo.layers import power_iteration
from tfgan_zoo.replicas import leave_sums_to_us, replica_mean, share, summed
from tfgan_zoo.tensors import global_norm

DECAY = 0.99  # of the running means over the codes


class AutoEncoder(keras.layers.Layer):
    """E and R of `Express`, and how they learn: min over E, R of mean |R(E(x)) - x|^2.

    Args:
        encoder: E, a network images[N, ...] -> codes[N, d].
        decoder: R, a network codes[N, d] -> images[N, ...], with labels where it has classes.
        whitening: the `Whitening` that follows the codes.
    """

    def __init__(
        self, encoder: keras.Model, decoder: keras.Model, whitening: keras.layers.Layer, **kwargs: Any
    ) -> None:
        super().__init__(**({"dtype": "float32"} | kwargs))
        self.encoder, self.decoder, self.whitening = encoder, decoder, whitening
        self.reconstruction = self.add_weight(
            name="reconstruction", initializer="zeros", trainable=False, aggregation="only_first_replica"
        )
        self.optimizer: Any = None
        self._base_learning_rate = 0.0
        self.built = True

    @property
    def variables_to_train(self) -> list:
        """What the optimiser trains."""
        return self.encoder.trainable_variables + self.decoder.trainable_variables

    def set_optimizer(self, optimizer: keras.optimizers.Optimizer, learning_rate: float) -> None:
        """Sets and builds the optimiser, and the learning rate that `update` scales."""
        self.optimizer, self._base_learning_rate = optimizer, learning_rate
        optimizer.build(self.variables_to_train)
        leave_sums_to_us(optimizer)

    def scale_rates(self, ratio: float | tf.Tensor) -> None:
        """Multiplies the learning rate by a number; where `update` is given a scale, that has it already."""
        self.optimizer.learning_rate.assign(self._base_learning_rate * ratio)

    def codes(self, images: tf.Tensor, micro_batch: int | None = None) -> tf.Tensor:
        """Returns E(x), float32[N, d], in inference mode, `micro_batch` rows at a time; None takes all at once."""
        rows = Batch(images, None, 0, 0)
        return by_rows(lambda rows: self.encoder(rows.images, training=False), micro_batch, [self.encoder], rows)

    def update(
        self,
        batch: Batch,
        step: tf.Tensor,
        scope: Callable[..., Any],
        scale: float | tf.Tensor | None = None,
        micro_batch: int | None = None,
        gradient: Callable[..., Any] = tf.GradientTape.gradient,
    ) -> dict[str, tf.Tensor]:
        """One update of E and R, and of the statistics.

        Args:
            batch: a `batch.Batch`.
            step: int64 scalar, how many updates there were; the running means begin as plain ones.
            scope: a function (batch, purpose) -> the `random.scope` of a network call.
            scale: float scalar for the learning rate; None leaves it.
            micro_batch: int, rows that go through E and R at once; None for all.
            gradient: a function (tape, loss, variables) -> gradients: `GAN.gradient`.

        Returns:
            Logs {name: scalar}.
        """
        if scale is not None:
            self.optimizer.learning_rate.assign(self._base_learning_rate * scale)
        power_iteration(self.encoder)

        def errors(batch):
            with scope(batch, "encoder"):
                codes = self.encoder(batch.images, training=True)
            with scope(batch, "decoder"):
                return tf.reduce_mean(tf.square(apply(self.decoder, codes, batch.labels) - batch.images))

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(by_rows(errors, micro_batch, [self.encoder, self.decoder], batch))
            shared = share(loss)
        gradients = summed(gradient(tape, shared, self.variables_to_train))
        self.optimizer.apply(gradients, self.variables_to_train)
        self._observe(
            self.codes(batch.images, micro_batch), loss, tf.maximum(1 - DECAY, 1 / (tf.cast(step, tf.float32) + 1))
        )
        return {"g_loss": loss, "g_grad_norm": global_norm(gradients), "reconstruction": loss}

    def _observe(self, codes, loss, weight):
        mean = replica_mean(tf.reduce_mean(codes, axis=0))
        self.whitening.adapt(mean, replica_mean(tf.reduce_mean(tf.square(codes - mean), axis=0)), weight)
        self.reconstruction.assign_add(weight * (replica_mean(loss) - self.reconstruction.value))
