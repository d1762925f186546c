"""Transparent images: four channels, RGBA, whose colours are multiplied by alpha until a picture is written.

What is transparent then has no colour, so that means over areas, distances and a discriminator do not see what nobody
sees; a PNG, and every canvas, has colours as they are (Porter and Duff 1984, "Compositing Digital Images").
"""

import numpy as np

CHANNELS = 4
_LIGHT, _DARK = 255, 204  # of a checkerboard
_FIELD = 8  # pixels a side of its fields, at most


def premultiplied(levels):
    """Returns uint8[..., 4], colours times alpha / 255, of colours as they are.

    >>> premultiplied(np.uint8([200, 100, 0, 128])).tolist()
    [100, 50, 0, 128]
    """
    alpha = np.asarray(levels[..., 3:], "uint16")
    colours = (levels[..., :3] * alpha + 127) // 255
    return np.concatenate([colours, alpha], axis=-1).astype("uint8")


def straight(levels):
    """Returns uint8[..., 4], colours as they are, of colours times alpha; without alpha there is none: black.

    A network may make more colour than alpha lets through: that is the brightest there is.

    >>> straight(np.uint8([[100, 50, 0, 128], [9, 9, 9, 0], [255, 0, 0, 51]])).tolist()
    [[199, 100, 0, 128], [0, 0, 0, 0], [255, 0, 0, 51]]
    """
    alpha = np.asarray(levels[..., 3:], "uint32")
    colours = (2 * 255 * levels[..., :3].astype("uint32") + alpha) // np.maximum(2 * alpha, 1)
    colours = np.where(alpha > 0, np.minimum(colours, 255), 0)
    return np.concatenate([colours, alpha], axis=-1).astype("uint8")


def over(levels, background):
    """Returns uint8[..., 3]: what is seen of colours times alpha, uint8[..., 4], before a background.

    Args:
        levels: uint8[..., 4].
        background: a level, or uint8[..., 1 or 3] that goes with `levels`.

    >>> over(np.uint8([100, 50, 0, 128]), 255).tolist()
    [227, 177, 127]
    """
    behind = (255 - np.asarray(levels[..., 3:], "uint32")) * np.asarray(background, "uint32")
    return np.minimum(levels[..., :3] + (behind + 127) // 255, 255).astype("uint8")


def checkerboard(height, width):
    """Returns uint8[height, width, 1], light and dark fields, at least two in each direction.

    >>> checkerboard(2, 4)[..., 0].tolist()
    [[255, 204, 255, 204], [204, 255, 204, 255]]
    """
    field = max(1, min(_FIELD, height // 2, width // 2))
    rows, columns = np.arange(height) // field, np.arange(width) // field
    dark = (rows[:, None] + columns[None, :]) % 2
    return np.where(dark, _DARK, _LIGHT).astype("uint8")[..., None]
