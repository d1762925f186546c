"""The film of a training: a run's sheets of samples, one after the other. Nothing here needs TensorFlow."""

import io
import pathlib

import numpy as np
from PIL import Image

from tfgan_zoo.files import check_regular, write_atomically

FORMATS = {".gif": "GIF", ".webp": "WEBP", ".apng": "PNG"}
MOST_BYTES = 2**31  # of the pixels of all frames
_SHORTEST = 40  # milliseconds of a frame
_MOST_SIDE = 16383  # pixels, WebP's


def sheets(folder, seconds):
    """Lists a run's sheets, evenly chosen if they are more than `seconds` can show, the last one among them.

    Args:
        folder: the run's `samples/`, a path.
        seconds: float > 0.

    Returns:
        A list of at least 2 paths.

    Raises:
        ValueError: in one line, if there are fewer.
    """
    found = sorted(pathlib.Path(folder).glob("step_*.png"), key=lambda path: (len(path.name), path.name))
    if len(found) < 2:
        raise ValueError(f"{folder} holds {len(found)} sheets of samples; a film needs at least 2")
    shown = max(2, min(len(found), int(1000 * seconds / _SHORTEST)))
    return [found[i] for i in np.linspace(0, len(found) - 1, shown).round().astype(int)]


def write(paths, output, seconds):
    """Writes pictures of one size as an animation without end, whole or not at all.

    WebP and APNG keep every level; GIF keeps grey ones, and of colours 256 a frame.

    Args:
        paths: list of paths of PNG files.
        output: the file to write, of a suffix in `FORMATS`.
        seconds: float > 0, how long it is, to the nearest frame.

    Raises:
        ValueError: in one line, if a picture is damaged or of another size, or they are too large together.
    """
    frames = [_read(path) for path in paths[:1]]
    if len(paths) * np.asarray(frames[0]).nbytes > MOST_BYTES or max(frames[0].size) > _MOST_SIDE:
        raise ValueError(f"{paths[0]}: {len(paths)} sheets of {frames[0].size} pixels are too large for a film")
    for path in paths[1:]:
        frames.append(_read(path))
        if (frames[-1].size, frames[-1].mode) != (frames[0].size, frames[0].mode):
            raise ValueError(f"{path} is of another size or mode than {paths[0]}; a film's sheets are alike")
    options = {"lossless": True} if output.suffix.lower() == ".webp" else {}
    content, duration = io.BytesIO(), round(1000 * seconds / len(frames))
    frames[0].save(
        content,
        FORMATS[output.suffix.lower()],
        save_all=True,
        append_images=frames[1:],
        duration=duration,
        loop=0,
        **options,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(output, content.getvalue())


def _read(path):
    check_regular("sheet", path)
    try:
        with Image.open(path, formats=("PNG",)) as image:
            image.load()
            return image.copy()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is damaged: {' '.join(str(error).split())[:200]}") from None
