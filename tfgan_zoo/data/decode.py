"""From the bytes of a picture file to the pixels of a training image, with Pillow, without TensorFlow."""

import contextlib
import dataclasses
import io
import warnings

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

from tfgan_zoo.data import deep, profiles

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
MAX_PIXELS = 64 * 10**6  # in one picture, by its header
# A sound PNG may hold much text, or a large colour profile; Pillow's limit of 1 MiB would call it damaged.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = 64 * 2**20
_DEEP = 257  # 65535 / 255: what a level of 8 bits is in 16


class BadImage(ValueError):
    """A file that cannot be used; the message goes on after the file's name."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """How pictures become training images, where a user has a choice.

    Attributes:
        no_icc: bool, whether colours are left as they are, whatever a picture's colour profile.
    """

    no_icc: bool = False


USUAL = Reading()


@contextlib.contextmanager
def quietly():
    """Silences what Pillow has to say about odd files; errors are raised all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@dataclasses.dataclass(frozen=True)
class Look:
    """What a picture's header says.

    Attributes:
        side: int, its shorter side in pixels.
        grey: bool, whether it has no colour.
        deep: bool, whether Pillow alone would not keep what is in it (`deep.is_deep`).
        profile: str, what there is to do about its colour profile (`profiles.verdict`).
    """

    side: int
    grey: bool
    deep: bool
    profile: str


def look(content):
    """Reads a picture's header.

    Args:
        content: bytes of a file.

    Returns:
        A `Look`.

    Raises:
        BadImage: if it is no picture of `FORMATS`, or has more than `MAX_PIXELS`.
    """
    with _open(content) as image:
        return Look(min(image.size), deep.is_grey(image), deep.is_deep(image), profiles.verdict(image))


def decode(content, size, channels, reading=USUAL):
    """Decodes a picture; of an animation its first frame.

    It is turned as its EXIF orientation says and then goes through `fit`.

    Args:
        content: bytes of a png, jpeg, webp, bmp, gif, tiff or avif file, whatever its name.
        size: int, pixels a side of the result.
        channels: int, 1 or 3.
        reading: a `Reading`.

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
            profile = None if reading.no_icc or profiles.verdict(image) != "apply" else image.info["icc_profile"]
            return fit(_pixels(image, content), size, channels, profile)
        except BadImage:
            raise
        except Exception as error:  # on damaged files Pillow's decoders raise whatever they trip over
            raise BadImage(f"is damaged ({_one_line(error)})") from error


def _pixels(image, content):
    if deep.is_deep(image):
        return deep.load(image, lambda: _open(content), _upright)
    image.load()
    return _upright(image)


def fit(image, size, channels, profile=None):
    """Makes a picture a training image: the square in its middle, scaled down by the mean over areas (Pillow's BOX).

    Colours become those of sRGB, what is transparent becomes white, 16 bits become 8 by v / 257, palettes and CMYK
    become RGB, and RGB becomes grey by Pillow's (ITU-R 601-2) weights where one channel is asked for.

    Args:
        image: a PIL image.
        size: int, pixels a side of the result.
        channels: int, 1 or 3.
        profile: bytes, the ICC profile of its colours; None where they are sRGB's.

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
    floats = image.mode.startswith("I") or image.mode == "F"
    if floats:
        image = Image.fromarray(np.asarray(image).astype("float32") / _DEEP)
    if profile is not None:
        image, floats = profiles.to_srgb(_of_8_bits(image), profile), False
    if not floats:
        image = _on_white(image).convert("L" if channels == 1 else "RGB")
    pixels = np.asarray(image.resize((size, size), Image.Resampling.BOX))
    if floats:
        pixels = np.repeat(_levels(pixels)[..., None], channels, axis=-1)
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


def _of_8_bits(image):
    return Image.fromarray(_levels(np.asarray(image))) if image.mode == "F" else image


def _levels(pixels):
    return np.rint(np.clip(pixels, 0, 255)).astype("uint8")


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
