"""Grids of images, as PNG."""

import math

import numpy as np
from PIL import Image


def to_levels(images):
    """Returns uint8[N, H, W, C] of float images[N, H, W, C] in [0, 1], rounded to the nearest level."""
    return np.round(np.clip(np.asarray(images, "float32"), 0.0, 1.0) * 255).astype("uint8")


def to_image(levels):
    """Returns a PIL image of uint8[H, W, C] with one or three channels."""
    return Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)


def grid(images, columns=None):
    """Lays images out row by row on one picture; cells left over are black.

    Args:
        images: float[N, H, W, C] in [0, 1], N >= 1, C 1 or 3.
        columns: int >= 1; None makes the grid as square as it can be.

    Returns:
        A PIL image.

    >>> grid(np.zeros((5, 8, 8, 1))).size
    (24, 16)
    """
    levels = to_levels(images)
    count, height, width, channels = levels.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    cells = np.zeros((rows * columns, height, width, channels), "uint8")
    cells[:count] = levels
    picture = cells.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return to_image(picture.reshape(rows * height, columns * width, channels))
