"""Grids of images, as PNG."""

import io
import math
import pathlib

import numpy as np
from PIL import Image

from tfgan_zoo import transparency
from tfgan_zoo.files import write_atomically

MAX_BYTES = 2**31  # of the pixels that are held at once
CHANNELS = (1, 2, 3, 4)  # that pictures have: grey, grey with alpha, RGB, RGBA


class NotFinite(ValueError):
    """Images hold what is no number: weights or a server's answer are damaged."""


def to_levels(images):
    """Returns uint8[N, H, W, C] of float images[N, H, W, C] in [0, 1], rounded to the nearest level.

    Raises:
        NotFinite: if a pixel is NaN or infinite, which as a level would look like any other.
    """
    images = np.asarray(images)
    broken = np.flatnonzero(~np.isfinite(images).all(axis=tuple(range(1, images.ndim))))
    if len(broken):
        raise NotFinite(f"{len(broken)} of {len(images)} images are not finite numbers, the first is image {broken[0]}")
    return np.round(np.clip(np.asarray(images, "float32"), 0.0, 1.0) * 255).astype("uint8")


def to_image(levels):
    """Returns a PIL image of uint8[H, W, C]: grey, RGB, or RGBA, which it takes with its colours times alpha.

    Raises:
        ValueError: for other numbers of channels than `CHANNELS`.
    """
    if levels.shape[-1] not in CHANNELS:
        raise ValueError(f"images of {levels.shape[-1]} channels are no pictures, which have 1 to 4")
    if levels.shape[-1] == transparency.CHANNELS:
        levels = transparency.straight(levels)
    return Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)


def layout(count, columns=None):
    """Returns the (rows, columns) of a grid of `count` images; None makes it as square as it can be.

    >>> layout(5), layout(5, 4)
    ((2, 3), (2, 4))
    """
    columns = columns or math.ceil(math.sqrt(count))
    return math.ceil(count / columns), columns


def grid(images, columns=None, alpha=False):
    """Lays images out row by row on one picture; cells left over are black.

    Args:
        images: float[N, H, W, C] in [0, 1], N >= 1, C 1, 3 or 4 (RGBA, the colours times alpha).
        columns: int >= 1; None makes the grid as square as it can be.
        alpha: bool, whether RGBA stays so; else it is drawn on checkerboards, so that one sees it everywhere.

    Returns:
        A PIL image.

    >>> grid(np.zeros((5, 8, 8, 1))).size
    (24, 16)
    """
    levels = to_levels(images)
    count, height, width, channels = levels.shape
    rows, columns = layout(count, columns)
    cells = np.zeros((rows * columns, height, width, channels), "uint8")
    cells[:count] = levels
    if channels == transparency.CHANNELS and not alpha:
        cells = transparency.over(cells, transparency.checkerboard(height, width))
        channels = cells.shape[-1]
    picture = cells.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return to_image(picture.reshape(rows * height, columns * width, channels))


def write(picture, output):
    """Writes a PIL image as PNG, whole or not at all; its folder is made if it is missing.

    Raises:
        OSError: if it cannot be written; a picture of before is still there.
    """
    output, content = pathlib.Path(output).resolve(), io.BytesIO()  # a link stays, and leads to the picture
    picture.save(content, "PNG")
    output.parent.mkdir(parents=True, exist_ok=True)
    if output.exists() and not output.is_file():  # a device, in whose place no file is put
        output.write_bytes(content.getvalue())
    else:
        write_atomically(output, content.getvalue())


def check_room(count, shape, what):
    """Refuses more images of a shape at once, as float32, than a picture is worth.

    Args:
        count: int.
        shape: (H, W, C).
        what: str, what was asked for.

    Raises:
        ValueError: in one line.
    """
    check_bytes(4 * count * math.prod(shape), what)


def check_bytes(size, what):
    """Refuses more bytes of pixels at once than a picture is worth: a ValueError in one line that begins with `what`.

    >>> check_bytes(2**40, "num=100000000")
    Traceback (most recent call last):
    ...
    ValueError: num=100000000: 1.02e+03 GiB of pixels at once, more than 2 GiB; ask for less
    """
    if size > MAX_BYTES:
        most = f"more than {MAX_BYTES / 2**30:g} GiB"
        raise ValueError(f"{what}: {size / 2**30:.3g} GiB of pixels at once, {most}; ask for less")


def classes(model, rows, columns, seed=0, truncation=1.0, batch_size=64):
    """Returns a PIL image of a conditional model's samples, a class a row, a seed a column.

    Args:
        model: a `core.sampler.Sampler`.
        rows: int, how many classes, from the first on.
        columns: int, how many seeds, from `seed` on.
        seed, truncation, batch_size: as `generate` takes them.
    """
    samples = [model.generate(columns, seed, truncation, batch_size, labels=label) for label in range(rows)]
    return grid(np.concatenate(samples), columns)


def scatter(samples, reals):
    """Draws points over the data they should cover, one panel for each pair of neighbouring axes.

    Args:
        samples: float[N, d], d >= 2.
        reals: float[M, d], drawn underneath; the panels show their range and a quarter more.

    Returns:
        A PIL image, 400 pixels a panel.

    >>> scatter(np.zeros((5, 3)), np.ones((5, 3))).size
    (800, 400)
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pairs = [(axis, axis + 1) for axis in range(reals.shape[1] - 1)]
    figure = Figure(figsize=(4 * len(pairs), 4), dpi=100, layout="constrained")
    limit = 1.25 * np.abs(reals).max()
    for panel, (x, y) in enumerate(pairs):
        axes = figure.add_subplot(1, len(pairs), panel + 1, aspect="equal", xlim=(-limit, limit), ylim=(-limit, limit))
        axes.scatter(reals[:, x], reals[:, y], s=8, color="0.8", label="data")
        axes.scatter(samples[:, x], samples[:, y], s=4, alpha=0.5, label="samples")
        axes.legend(loc="upper right")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
