"""What a training step receives: rows of reals, one row of the batch axis for each discriminator step."""

import dataclasses

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
    """

    images: tf.Tensor
    labels: tf.Tensor | None
    substep: int
    first_row: int | tf.Tensor
    fake_labels: tf.Tensor | None = None

    @property
    def size(self):
        """Returns the number of rows on this replica, an int where it is known before the step runs."""
        return self.images.shape[0] or tf.shape(self.images)[0]


def split(data, count):
    """Splits what `rows_first` yields into `count` batches, one for each substep.

    Args:
        data: {"images": float32[B, count, ...], "labels": int32[B, count] (optional)}.
        count: int, the method's `reals_per_step`.

    Returns:
        A list of `count` `Batch`es.
    """
    images, labels = data["images"], data.get("labels")
    context = tf.distribute.get_replica_context()
    rows = images.shape[0] or tf.shape(images)[0]
    alone = context is None or context.num_replicas_in_sync == 1
    first_row = 0 if alone else context.replica_id_in_sync_group * rows
    return [Batch(images[:, k], None if labels is None else labels[:, k], k, first_row) for k in range(count)]


def rows_first(dataset, count, image_rank):
    """Turns any data set of image batches into the rows-first form that the loop reads.

    Rows come first so that a strategy, which splits the first axis, gives every replica its share of each
    discriminator step. A data set that is already in that form passes through.

    Args:
        dataset: a tf.data.Dataset of images[B, ...], (images, labels) or {"images": ..., "labels": ...}, or one
            already rows-first, with images[B, count, ...].
        count: int, the method's `reals_per_step`.
        image_rank: int, the rank of one image (3) or mixture point (1).

    Returns:
        A tf.data.Dataset of {"images": [B, count, ...], "labels": [B, count]} (labels only where given).

    Raises:
        ValueError: if the elements are neither.
    """

    def named(*element):
        element = element[0] if len(element) == 1 else element
        if isinstance(element, tuple):
            return dict(zip(("images", "labels"), element, strict=False))
        return element if isinstance(element, dict) else {"images": element}

    dataset = dataset.map(named)
    spec = dataset.element_spec.get("images")
    shape = None if spec is None else spec.shape
    if shape is not None and shape.rank == image_rank + 2 and shape[1] == count:
        return dataset
    if shape is None or shape.rank != image_rank + 1:
        raise ValueError(
            f"fit: a data set must yield images [B, ...] of rank {image_rank + 1} or rows-first images "
            f"[B, {count}, ...], not {dataset.element_spec}"
        )

    def transpose(element):
        return {name: tf.experimental.numpy.swapaxes(value, 0, 1) for name, value in element.items()}

    return dataset.batch(count, drop_remainder=True).map(transpose)
