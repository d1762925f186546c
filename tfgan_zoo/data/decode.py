"""From the bytes of a picture file to the pixels of a training image, with Pillow, without TensorFlow."""

import contextlib
import dataclasses
import io
import warnings

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

from tfgan_zoo.data import deep, formats, profiles

MAX_PIXELS = 64 * 10**6  # in one picture, by its header
# A sound PNG may hold much text, or a large colour profile; Pillow's limit of 1 MiB would call it damaged.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = 64 * 2**20
_ORIENTATION, _ACROSS = 0x0112, (5, 6, 7, 8)  # EXIF's tag, and the values that make width of height
_SMALLER = "smaller than image_size"
_DEEP = 257  # 65535 / 255: what a level of 8 bits is in 16


class BadImage(ValueError):
    """A file that cannot be used; the message goes on after the file's name."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """How pictures become training images, where a user has a choice.

    Attributes:
        no_icc: bool, whether colours are left as they are, whatever a picture's colour profile.
        background: (red, green, blue) in sRGB, levels of what is seen through what is transparent.
        resize: str, what becomes of a picture that is not square: "crop" takes the square in its middle, "pad" scales
            it to fit and puts the background on both sides, "stretch" makes it a square.
        min_size: str, what becomes of a picture smaller than the training images: "error", "skip" or "enlarge".
    """

    no_icc: bool = False
    background: tuple = (255, 255, 255)
    resize: str = "crop"
    min_size: str = "error"


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
        size: (width, height) in pixels, as it stands upright.
        grey: bool, whether it has no colour.
        deep: bool, whether Pillow alone would not keep what is in it (`deep.is_deep`).
        profile: str, what there is to do about its colour profile (`profiles.verdict`).
        transparent: bool, whether something of it may be transparent.
        turned: bool, whether it is stored in another orientation than it stands.
    """

    size: tuple
    grey: bool
    deep: bool
    profile: str
    transparent: bool
    turned: bool


def look(content):
    """Reads a picture's header.

    Args:
        content: bytes of a file.

    Returns:
        A `Look`.

    Raises:
        BadImage: if it is no picture of `formats.known()`, or has more than `MAX_PIXELS`.
    """
    with _open(content) as image:
        try:
            return _look(image)
        except Exception as error:  # a damaged TIFF's fields are read when they are asked for
            raise BadImage(f"is damaged ({_one_line(error)})") from error


def _look(image):
    turn = _orientation(image)
    return Look(
        size=image.size[::-1] if turn in _ACROSS else image.size,
        grey=deep.is_grey(image),
        deep=deep.is_deep(image),
        profile=profiles.verdict(image),
        transparent=image.has_transparency_data,
        turned=turn in range(2, 9),
    )


def decode(content, size, channels, reading=USUAL):
    """Decodes a picture; of an animation its first frame.

    It is turned as its EXIF orientation says and then goes through `fit`.

    Args:
        content: bytes of a file of `formats.known()`, whatever its name.
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
    >>> decode(b"text", 10, 3)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    tfgan_zoo.data.decode.BadImage: is no PNG, JPEG, WEBP, BMP, GIF, TIFF, ... picture
    """
    with _loaded(content, reading) as (image, profile):
        return fit(image, size, channels, reading, profile)


def whole(content, channels, reading=USUAL):
    """Decodes a picture as `decode` does, but for its size: nothing is cut off or scaled.

    Args:
        content, channels, reading: as `decode` takes them.

    Returns:
        uint8[H, W, channels].

    Raises:
        BadImage: if the file is damaged, no picture, or too large.
    """
    with _loaded(content, reading) as (image, profile):
        return _array(_plain(image, channels, reading, profile), channels)


@contextlib.contextmanager
def _loaded(content, reading):
    """Yields (PIL image, upright, its profile to be applied or None); what goes wrong with it is a `BadImage`."""
    with _open(content) as image:
        if image.mode == "F" or (image.format == "TIFF" and image.mode == "I"):
            raise BadImage("has pixels of 32 bits, of which nobody knows what is white; save it with 8 or 16")
        try:
            profile = None if reading.no_icc or profiles.verdict(image) != "apply" else image.info["icc_profile"]
            if deep.is_deep(image):
                yield deep.load(image, lambda: _open(content), _upright), profile
            else:
                image.load()
                yield _upright(image), profile
        except BadImage:
            raise
        except Exception as error:  # on damaged files Pillow's decoders raise whatever they trip over
            raise BadImage(f"is damaged ({_one_line(error)})") from error


def fit(image, size, channels, reading=USUAL, profile=None):
    """Makes a picture a training image: a square, scaled down by the mean over areas (Pillow's BOX).

    Colours become those of sRGB, what is transparent shows the background, 16 bits become 8 by v / 257, palettes and
    CMYK become RGB, and RGB becomes grey by Pillow's (ITU-R 601-2) weights where one channel is asked for.

    Args:
        image: a PIL image.
        size: int, pixels a side of the result.
        channels: int, 1 or 3.
        reading: a `Reading`; one that enlarges scales up by cubic curves (Pillow's BICUBIC).
        profile: bytes, the ICC profile of its colours; None where they are sRGB's.

    Returns:
        uint8[size, size, channels].

    Raises:
        BadImage: if its shorter side (padded, its longer side) is below `size`, unless `reading` enlarges.
    """
    width, height = image.size
    side = max(width, height) if reading.resize == "pad" else min(width, height)
    if side < size and reading.min_size != "enlarge":
        raise BadImage(too_small(image.size, size))
    if reading.resize == "crop":
        left, top = (width - side) // 2, (height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    scaled = (size, size)
    if reading.resize == "pad":
        scaled = tuple(max(1, round(it * size / side)) for it in image.size)
    method = Image.Resampling.BOX if side >= size else Image.Resampling.BICUBIC
    pixels = _array(_plain(image, channels, reading, profile).resize(scaled, method), channels)
    return pixels if scaled == (size, size) else _padded(pixels, size, reading.background)


def _padded(pixels, size, background):
    """Returns uint8[size, size, C]: pixels in the middle of a background."""
    height, width, channels = pixels.shape
    colour = Image.new("RGB", (1, 1), background).convert("L" if channels == 1 else "RGB")
    square = np.tile(np.asarray(colour).reshape(1, 1, channels), (size, size, 1))
    top, left = (size - height) // 2, (size - width) // 2
    square[top : top + height, left : left + width] = pixels
    return square


def too_small(image_size, size):
    """Returns what is wrong with a picture of (width, height) pixels whose shorter side is below `size`."""
    width, height = image_size
    return f"is {width} x {height} pixels, {_SMALLER}={size}"


def is_too_small(reason):
    """Returns whether what is wrong with a picture is its size alone."""
    return _SMALLER in reason


def _plain(image, channels, reading, profile):
    """Returns a PIL image in sRGB without alpha, L or RGB; F of 16 bits of grey, in levels of 8 bits."""
    if image.mode.startswith("I"):
        image = Image.fromarray(np.asarray(image).astype("float32") / _DEEP)
    if profile is not None:
        image = profiles.to_srgb(Image.fromarray(_levels(image)) if image.mode == "F" else image, profile)
    return image if image.mode == "F" else _on(reading.background, image).convert("L" if channels == 1 else "RGB")


def _array(image, channels):
    """Returns uint8[H, W, channels] of a `_plain` image."""
    pixels = np.asarray(image)
    if image.mode == "F":
        pixels = np.repeat(_levels(pixels)[..., None], channels, axis=-1)
    return pixels.reshape(image.height, image.width, channels)


def _levels(pixels):
    return np.rint(np.clip(pixels, 0, 255)).astype("uint8")


def _open(content):
    try:
        image = Image.open(io.BytesIO(content), formats=formats.names())
    except Image.UnidentifiedImageError:
        *names, last = formats.names()
        raise BadImage(f"is no {', '.join(names)} or {last} picture") from None
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


def _orientation(image):
    """Returns the EXIF orientation that stands before the pixels, 1 if there is none: 2 to 8 are turned or mirrored."""
    if image.format == "PNG" and "exif" not in image.info:  # Pillow would decode all of it to look behind them
        return 1
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF data; the pixels are there
        return 1


def _upright(image):
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF data; the pixels are there
        return image


def _on(background, image):
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, (*background, 255)), image)


def _one_line(error):
    return " ".join(str(error).split())[:100] or type(error).__name__
