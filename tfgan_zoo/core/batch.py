"""What a training step receives: rows of reals, one row of the batch axis for each discriminator step."""

import dataclasses
from collections.abc import Mapping

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Batch:
    """The reals of one discriminator step on one replica.

    Attributes:
        images: float32[B, ...], reals in [-1, 1] (mixtures: data units).
        labels: int32[B], or None when the data set has none.
        substep: int, which of the step's batches this is.
        first_row: int or int tensor, the global row of images[0]; 0 on one device.
        fake_labels: int32[B], those of the fakes held against the reals; None if they are the reals'.
        slopes: {"reals", "fakes": float32[B], the squared norm of D's gradient at each image}, where the loss's own
            look at the images has found them for a penalty; see `GAN.look`.
    """

    images: tf.Tensor
    labels: tf.Tensor | None
    substep: int
    first_row: int | tf.Tensor
    fake_labels: tf.Tensor | None = None
    slopes: Mapping[str, tf.Tensor] = dataclasses.field(default_factory=dict)

    @property
    def size(self) -> int | tf.Tensor:
        """Returns the number of rows on this replica, an int where it is known before the step runs."""
        return self.images.shape[0] or tf.shape(self.images)[0]


def split(data: dict, count: int) -> list[Batch]:
    """Splits what `fit_data.batches_of_steps` yields into `count` batches, one for each substep.

    Args:
        data: {"images": float32[B, count, ...], "labels": int32[B, count] (optional)}.
        count: int, the method's `batches_per_step`.

    Returns:
        A list of `count` `Batch`es.
    """
    images, labels = data["images"], data.get("labels")
    context = tf.distribute.get_replica_context()
    rows = images.shape[0] or tf.shape(images)[0]
    alone = context is None or context.num_replicas_in_sync == 1
    first_row = 0 if alone else context.replica_id_in_sync_group * rows
    return [Batch(images[:, k], None if labels is None else labels[:, k], k, first_row) for k in range(count)]
