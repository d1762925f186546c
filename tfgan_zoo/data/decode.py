"""From the bytes of a picture file to the pixels of a training image, with Pillow, without TensorFlow."""

import contextlib
import dataclasses
import io
import warnings

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

from tfgan_zoo import image_sizes, transparency
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
        resize: str, what becomes of a picture that has not the training images' proportions: "crop" takes what has them
            out of its middle, "pad" scales it to fit and puts the background on both sides, "stretch" gives it theirs.
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
    upright = getattr(image, "_tile_size", image.size) != image.size  # of a TIFF new Pillows say how it will stand
    return Look(
        size=image.size[::-1] if turn in _ACROSS and not upright else image.size,
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
        size: int, pixels a side of the result, or (height, width).
        channels: int, 1 (grey), 3 (RGB) or 4 (RGBA, the colours multiplied by alpha).
        reading: a `Reading`.

    Returns:
        uint8[height, width, channels].

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
    """Makes a picture a training image, scaled down by the mean over areas (Pillow's BOX).

    Colours become those of sRGB, what is transparent shows the background or, with four channels, stays so, 16 bits
    become 8 by v / 257, palettes and CMYK become RGB, and RGB becomes grey by Pillow's (ITU-R 601-2) weights where one
    channel is asked for.

    Args:
        image: a PIL image.
        size: int, pixels a side of the result, or (height, width).
        channels: int, 1 (grey), 3 (RGB) or 4 (RGBA, the colours multiplied by alpha).
        reading: a `Reading`; one that enlarges scales up by cubic curves (Pillow's BICUBIC).
        profile: bytes, the ICC profile of its colours; None where they are sRGB's.

    Returns:
        uint8[height, width, channels].

    Raises:
        BadImage: if it is smaller than `size` in a side (padded, in both), unless `reading` enlarges.
    """
    wanted = image_sizes.sides(size)[::-1]
    small = is_smaller(image.size, size, reading)
    if small and reading.min_size != "enlarge":
        raise BadImage(too_small(image.size, size))
    if reading.resize == "crop":
        image = image.crop(_middle(image.size, wanted))
    scaled = _fitted(image.size, wanted) if reading.resize == "pad" else wanted
    method = Image.Resampling.BICUBIC if small else Image.Resampling.BOX
    pixels = _array(_plain(image, channels, reading, profile).resize(scaled, method), channels)
    return pixels if scaled == wanted else _padded(pixels, wanted, reading.background)


def _middle(sides, wanted):
    """Returns the box (left, top, right, bottom) of the largest part of a picture in given proportions, in its middle.

    >>> _middle((40, 30), (10, 10)), _middle((40, 30), (16, 24))
    ((5, 0, 35, 30), (10, 0, 30, 30))
    """
    (width, height), (wide, high) = sides, wanted
    part = width, height
    if width * high > height * wide:
        part = max(1, round(height * wide / high)), height
    elif width * high < height * wide:
        part = width, max(1, round(width * high / wide))
    left, top = ((side - it) // 2 for side, it in zip(sides, part, strict=True))
    return left, top, left + part[0], top + part[1]


def _fitted(sides, wanted):
    """Returns the (width, height) of a picture scaled to fit into (width, height).

    >>> _fitted((40, 30), (16, 24))
    (16, 12)
    """
    (width, height), (wide, high) = sides, wanted
    scale, by = (wide, width) if width * high >= height * wide else (high, height)
    return max(1, round(width * scale / by)), max(1, round(height * scale / by))


def _padded(pixels, wanted, background):
    """Returns uint8[H, W, C] of (W, H) `wanted`: pixels in the middle of a background, with alpha of nothing."""
    height, width, channels = pixels.shape
    colour = Image.new("RGB", (1, 1), background).convert("L" if channels == 1 else "RGB")
    if channels == transparency.CHANNELS:
        colour = np.zeros(channels, np.uint8)
    whole = np.tile(np.asarray(colour).reshape(1, 1, channels), (wanted[1], wanted[0], 1))
    top, left = (wanted[1] - height) // 2, (wanted[0] - width) // 2
    whole[top : top + height, left : left + width] = pixels
    return whole


def is_smaller(sides, size, reading=USUAL):
    """Returns whether a picture of (width, height) pixels would have to be enlarged.

    Args:
        sides: (width, height).
        size: the image size, an int or (height, width).
        reading: a `Reading`: one that pads fills one side only.
    """
    less = [side < it for side, it in zip(sides, image_sizes.sides(size)[::-1], strict=True)]
    return all(less) if reading.resize == "pad" else any(less)


def too_small(sides, size):
    """Returns what is wrong with a picture of (width, height) pixels that is smaller than the image size."""
    width, height = sides
    return f"is {width} x {height} pixels, {_SMALLER}={image_sizes.shown(size)}"


def is_too_small(reason):
    """Returns whether what is wrong with a picture is its size alone."""
    return _SMALLER in reason


def _plain(image, channels, reading, profile):
    """Returns a PIL image in sRGB, without alpha L or RGB, with it RGBa; F of 16 bits of grey, in levels of 8 bits."""
    if image.mode.startswith("I"):
        image = Image.fromarray(np.asarray(image).astype("float32") / _DEEP)
    if profile is not None:
        image = profiles.to_srgb(Image.fromarray(_levels(image)) if image.mode == "F" else image, profile)
    if channels == transparency.CHANNELS:
        image = Image.fromarray(_levels(image)) if image.mode == "F" else image
        return image.convert("RGBA" if image.has_transparency_data else "RGB").convert("RGBA").convert("RGBa")
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
