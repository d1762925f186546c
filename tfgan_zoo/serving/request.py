"""What an export is asked for images of seeds, in this process or on a server."""

import numpy as np

from tfgan_zoo import random


def of_seeds(num, seed, truncation, batch_size, labels, num_classes):
    """Returns the inputs of signature generate, batch by batch, for the images of `GAN.generate` of these arguments.

    Args:
        num, seed, truncation, batch_size, labels: as for `GAN.generate`.
        num_classes: int, how many classes the export knows; 0 if it has no labels.

    Returns:
        A list of {"seeds": int64[N], "truncation": float32[N]}, of a conditional model with "labels": int32[N].

    Raises:
        ValueError: in one line, if an argument is out of its range.

    >>> [len(batch["seeds"]) for batch in of_seeds(5, 0, 1.0, 2, None, 0)]
    [2, 2, 1]
    """
    columns = {"seeds": random.consecutive_seeds(num, seed)}
    if not batch_size >= 1:
        raise ValueError(f"batch_size={batch_size} must be at least 1")
    if not 0 <= truncation <= 1:
        raise ValueError(f"truncation={truncation} must be in [0, 1]")
    columns["truncation"] = np.full(num, truncation, "float32")
    labels = random.seed_labels(labels, columns["seeds"], num_classes)
    if labels is not None:
        columns["labels"] = labels
    return [
        {name: column[start : start + batch_size] for name, column in columns.items()}
        for start in range(0, num, batch_size)
    ]
