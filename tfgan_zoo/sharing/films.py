"""Animations without end: the film of a run's sheets, and what writes any frames. Nothing here needs TensorFlow."""

import contextlib
import importlib.util
import io
import pathlib
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from tfgan_zoo.files import PathLike, check_regular, write_atomically

FRAME = 40  # milliseconds, the shortest that a frame is shown
MOST_SECONDS = 3600
MOST_BYTES = 2**31  # of the pixels of all frames
_PILLOW = {".gif": ("GIF", {}), ".webp": ("WEBP", {"lossless": True}), ".apng": ("PNG", {})}
FORMATS = (*_PILLOW, ".mp4")
_MOST_OF_GIF = 655_350  # milliseconds of a frame: hundredths of a second, in 16 bits
_MOST_SIDE = 16383  # pixels, WebP's


def is_film(output: PathLike) -> bool:
    """Returns whether a path's suffix is that of an animation.

    >>> is_film("training.webp"), is_film("grid.png")
    (True, False)
    """
    return pathlib.Path(output).suffix.lower() in FORMATS


def check(output: PathLike, seconds: float) -> None:
    """Refuses a film that could not be written, before its frames are made.

    Args:
        output: path of the file, of a suffix in `FORMATS`.
        seconds: float in (0, 3600], how long it is.

    Raises:
        ValueError: in one line.

    >>> check("training.webp", seconds=0)
    Traceback (most recent call last):
    ...
    ValueError: seconds=0 must be above 0, and at most 3600
    """
    if pathlib.Path(output).suffix.lower() == ".mp4" and importlib.util.find_spec("imageio_ffmpeg") is None:
        raise ValueError(f"output={output} needs imageio-ffmpeg: pip install 'tfgan-zoo[film]'; .webp needs nothing")
    if not 0 < seconds <= MOST_SECONDS:
        raise ValueError(f"seconds={seconds} must be above 0, and at most {MOST_SECONDS}")


def check_room(frames: int, size: tuple[int, int], bytes_a_pixel: int, what: Any) -> None:
    """Refuses frames that are too large together, or each.

    Args:
        frames: int, how many.
        size: (width, height) in pixels.
        bytes_a_pixel: int.
        what: str, what the error begins with.

    Raises:
        ValueError: in one line.

    >>> check_room(100, (256, 256), bytes_a_pixel=3, what="training.webp")
    """
    if frames * size[0] * size[1] * bytes_a_pixel > MOST_BYTES or max(size) > _MOST_SIDE:
        raise ValueError(f"{what}: {frames} frames of {size[0]} x {size[1]} pixels are too large for a film")


def sheets(folder: PathLike, seconds: float) -> list[pathlib.Path]:
    """Lists a run's sheets, evenly chosen if they are more than `seconds` can show, the last one among them.

    Args:
        folder: the run's `samples/`, a path.
        seconds: float > 0.

    Returns:
        A list of at least 2 paths.

    Raises:
        ValueError: in one line, if there are fewer.

    >>> import tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for step in (0, 100, 200, 300):
    ...     Image.new("L", (8, 8)).save(folder / f"step_{step}.png")
    >>> [path.name for path in sheets(folder, seconds=0.08)]  # 25 a second at most
    ['step_0.png', 'step_300.png']
    """
    found = sorted(pathlib.Path(folder).glob("step_*.png"), key=lambda path: (len(path.name), path.name))
    if len(found) < 2:
        raise ValueError(f"{folder} holds {len(found)} sheets of samples; a film needs at least 2")
    shown = max(2, min(len(found), int(1000 * seconds / FRAME)))
    return [found[i] for i in np.linspace(0, len(found) - 1, shown).round().astype(int)]


def read(paths: Sequence[PathLike]) -> list[Image.Image]:
    """Reads PNG files of one size, a list of PIL images.

    Raises:
        ValueError: in one line, if one is damaged or of another size, or they are too large together.

    >>> import tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> Image.new("L", (8, 8)).save(folder / "step_0.png")
    >>> [frame.size for frame in read([folder / "step_0.png"])]
    [(8, 8)]
    """
    frames = [_read(paths[0])]
    check_room(len(paths), frames[0].size, len(frames[0].getbands()), paths[0])
    for path in paths[1:]:
        frames.append(_read(path))
        if (frames[-1].size, frames[-1].mode) != (frames[0].size, frames[0].mode):
            raise ValueError(f"{path} is of another size or mode than {paths[0]}; a film's sheets are alike")
    return frames


def write(frames: Sequence[Image.Image], output: pathlib.Path, milliseconds: int) -> None:
    """Writes an animation, whole or not at all; but for MP4, which players repeat or do not, it has no end.

    WebP and APNG keep every level; GIF keeps grey ones, and of colours 256 a frame; MP4 (H.264) is near them all,
    shows what is transparent over white, and has one black line more where a side is odd.

    Args:
        frames: list of PIL images of one size and mode, "L", "RGB" or "RGBA".
        output: path of the file, of a suffix in `FORMATS`.
        milliseconds: int >= 1, how long a frame is shown.

    Raises:
        ValueError: if a GIF's frames are shown for longer than it can say.
        OSError: if it cannot be written.

    >>> import tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for step in (0, 100):
    ...     Image.new("L", (8, 8), step).save(folder / f"step_{step}.png")
    >>> write(read(sheets(folder, seconds=2)), folder / "training.gif", milliseconds=1000)
    >>> with Image.open(folder / "training.gif") as film:
    ...     film.n_frames
    2
    """
    output = pathlib.Path(output)
    suffix = output.suffix.lower()
    if suffix == ".gif" and milliseconds > _MOST_OF_GIF:
        raise ValueError(
            f"output={output}: a GIF shows a frame for {_MOST_OF_GIF / 1000:.0f} s at most; .webp does longer"
        )
    if suffix == ".apng" and milliseconds >= 2**16:  # a fraction of two numbers of 16 bits: from there on of seconds
        milliseconds = 1000 * round(milliseconds / 1000)
    content = _mp4(frames, milliseconds) if suffix == ".mp4" else _animated(frames, milliseconds, *_PILLOW[suffix])
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(output, content)


def _animated(frames, milliseconds, name, options):
    content = io.BytesIO()
    frames[0].save(content, name, save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, **options)
    return content.getvalue()


def _mp4(frames, milliseconds):
    import imageio_ffmpeg

    even = [side + side % 2 for side in frames[0].size]  # H.264 halves the resolution of colours
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "film.mp4"
        writer = imageio_ffmpeg.write_frames(
            str(path),
            even,
            fps=1000 / milliseconds,
            quality=None,
            macro_block_size=1,
            ffmpeg_log_level="error",
            output_params=["-crf", "12", "-movflags", "+faststart"],
        )
        with contextlib.closing(writer):  # and its process
            writer.send(None)
            for frame in frames:
                picture = Image.new("RGB", even)
                picture.paste(_opaque(frame))
                writer.send(picture.tobytes())
        return path.read_bytes()


def _opaque(frame):
    if frame.mode != "RGBA":
        return frame.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", frame.size, "white"), frame).convert("RGB")


def _read(path):
    check_regular("sheet", path)
    try:
        with Image.open(path, formats=("PNG",)) as image:
            image.load()
            return image.copy()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is damaged: {' '.join(str(error).split())[:200]}") from None
