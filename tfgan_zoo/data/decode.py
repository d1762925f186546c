"""From the bytes of a picture file to the pixels of a training image, with Pillow, without TensorFlow."""

import contextlib
import io
import warnings

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
MAX_PIXELS = 64 * 10**6  # in one picture, by its header
# A sound PNG may hold much text, or a large colour profile; Pillow's limit of 1 MiB would call it damaged.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = 64 * 2**20
_DEEP = 257  # 65535 / 255: what a level of 8 bits is in 16


class BadImage(ValueError):
    """A file that cannot be used; the message goes on after the file's name."""


@contextlib.contextmanager
def quietly():
    """Silences what Pillow has to say about odd files; errors are raised all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def look(content):
    """Reads a picture's header.

    Args:
        content: bytes of a file.

    Returns:
        (its shorter side in pixels, whether it is grey).

    Raises:
        BadImage: if it is no picture of `FORMATS`, or has more than `MAX_PIXELS`.
    """
    with _open(content) as image:
        return min(image.size), image.mode in ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")


def decode(content, size, channels):
    """Decodes a picture; of an animation its first frame.

    It is turned as its EXIF orientation says and then goes through `fit`.

    Args:
        content: bytes of a png, jpeg, webp, bmp, gif, tiff or avif file, whatever its name.
        size: int, pixels a side of the result.
        channels: int, 1 or 3.

    Returns:
        uint8[size, size, channels].

    Raises:
        BadImage: if the file is damaged, no picture, too large, or smaller than `size`.

    >>> file = io.BytesIO()
    >>> Image.new("RGB", (40, 30), "red").save(file, "PNG")
    >>> decode(file.getvalue(), 10, 3)[0, 0].tolist()
    [255, 0, 0]
    >>> decode(b"text", 10, 3)
    Traceback (most recent call last):
    ...
    tfgan_zoo.data.decode.BadImage: is no PNG, JPEG, WEBP, BMP, GIF, TIFF or AVIF picture
    """
    with _open(content) as image:
        if image.format == "TIFF" and image.mode in ("F", "I"):
            raise BadImage("has pixels of 32 bits, of which nobody knows what is white; save it with 8 or 16")
        try:
            image.load()
            return fit(_upright(image), size, channels)
        except BadImage:
            raise
        except Exception as error:  # on damaged files Pillow's decoders raise whatever they trip over
            raise BadImage(f"is damaged ({_one_line(error)})") from error


def fit(image, size, channels):
    """Makes a picture a training image: the square in its middle, scaled down by the mean over areas (Pillow's BOX).

    What is transparent becomes white, 16 bits become 8 by v / 257, palettes and CMYK become RGB, and RGB becomes grey
    by Pillow's (ITU-R 601-2) weights where one channel is asked for.

    Args:
        image: a PIL image.
        size: int, pixels a side of the result.
        channels: int, 1 or 3.

    Returns:
        uint8[size, size, channels].

    Raises:
        BadImage: if its shorter side is below `size`: pictures are never enlarged.
    """
    width, height = image.size
    side = min(width, height)
    if side < size:
        raise BadImage(f"is {width} x {height} pixels, smaller than image_size={size}")
    left, top = (width - side) // 2, (height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    deep = image.mode.startswith("I") or image.mode == "F"
    if deep:
        image = Image.fromarray(np.asarray(image).astype("float32") / _DEEP)
    else:
        image = _on_white(image).convert("L" if channels == 1 else "RGB")
    pixels = np.asarray(image.resize((size, size), Image.Resampling.BOX))
    if deep:
        pixels = np.repeat(np.rint(np.clip(pixels, 0, 255)).astype("uint8")[..., None], channels, axis=-1)
    return pixels.reshape(size, size, channels)


def _open(content):
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.UnidentifiedImageError:
        raise BadImage(f"is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} picture") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadImage(_too_large()) from None
    except Exception as error:
        raise BadImage(f"is damaged ({_one_line(error)})") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise BadImage(_too_large())
    return image


def _too_large():
    return f"has more than {MAX_PIXELS // 10**6} million pixels"


def _upright(image):
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF data; the pixels are there
        return image


def _on_white(image):
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def _one_line(error):
    return " ".join(str(error).split())[:100] or type(error).__name__
