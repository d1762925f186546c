"""Pictures of which Pillow does not keep what is in the file: 16 bits a channel, 12 bits, transparency of odd depths.

Of 16 bits a channel Pillow keeps the upper 8, of grey with alpha too, takes uncompressed planes of them for 8 bits,
and compares a PNG's transparent colour with the pixels as they have become. Here such pictures are read as they are, by
Pillow's own decoders, and rounded. One kind is left at its upper 8 bits: TIFFs whose channels are planes, compressed.
"""

import sys

import numpy as np
from PIL import Image

_SWAPPED = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}  # gives the lower 8 bits for the upper
_FEW_BITS = {"L;2": 85, "L;4": 17}  # what a step of so many bits is in 8
_TWELVE = "I;12"
# TIFF's tags: bits of a channel; what grey is, 0 where 0 is white; whether channels stand one after the other, 2.
_BITS, _PHOTOMETRIC, _PLANES = 258, 262, 284


def is_deep(image):
    """Returns whether an opened, not yet loaded PIL image is one that `load` reads otherwise than Pillow does."""
    raw = _raw_mode(image)
    if raw.split(";")[0] in ("RGB", "RGBX", "RGBA", "RGBa", "LA", "CMYK") and ";16" in raw:
        return True
    if raw in _FEW_BITS or _is_16_bit_grey(image):
        return "transparency" in image.info or raw == _TWELVE or _is_inverted(image)
    return False


def is_grey(image):
    """Returns whether an opened picture has no colour, by its header."""
    return image.mode in ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L") or _raw_mode(image).startswith("LA;16")


def load(image, again, upright):
    """Loads a picture that `is_deep`.

    Args:
        image: a PIL image that was opened and not loaded.
        again: a function that opens it once more.
        upright: a function PIL image -> PIL image that turns it as it should stand.

    Returns:
        A PIL image of 8 bits a channel, v / 257 of what has 16, rounded; with alpha where something is transparent.
    """
    raw = _raw_mode(image)
    if raw in _FEW_BITS:
        image.info["transparency"] *= _FEW_BITS[raw]
        image.load()
        return upright(image)
    if _is_16_bit_grey(image):
        return _grey(image, raw, upright)
    key = image.info.get("transparency")
    if raw.startswith("LA"):
        pairs = np.asarray(upright(_loaded(again, "RGBA")))
        return _image("LA", _rounded(pairs[..., 0::2], pairs[..., 1::2]))
    straight = raw.replace("RGBa", "RGBA")
    upper, lower = (np.asarray(upright(_loaded(again, kind))) for kind in (straight, _swapped(straight)))
    if raw.startswith("RGBa"):
        return _image("RGBA", _unmultiplied(upper, lower))
    pixels = _rounded(upper, lower)
    if key is None:
        return _image(image.mode, pixels)
    keyed = (upper == np.right_shift(key, 8)) & (lower == np.bitwise_and(key, 255))
    return _image("RGBA", np.dstack([pixels, _opaque(~keyed.all(axis=-1))]))


def _grey(image, raw, upright):
    key, most, inverted = image.info.get("transparency"), 4095 if raw == _TWELVE else 65535, _is_inverted(image)
    image.load()
    values = np.asarray(upright(image)).astype(np.uint16)
    levels = np.rint(values * np.float32(255 / most)).clip(0, 255).astype(np.uint8)
    if inverted:
        levels = 255 - levels
    return _image("L", levels) if key is None else _image("LA", np.dstack([levels, _opaque(values != key)]))


def _rounded(upper, lower):
    """Returns (256 upper + lower) / 257 = upper + (lower - upper) / 257, rounded, of uint8 arrays."""
    difference = lower.astype(np.int16) - upper
    return (upper + (difference > 128) - (difference < -128)).astype(np.uint8)


def _unmultiplied(upper, lower):
    """Returns RGBA of colours that were multiplied by alpha."""
    values = upper.astype(np.float32) * 256 + lower
    alpha = values[..., 3:]
    colours = np.where(alpha > 0, values[..., :3] * 255 / np.maximum(alpha, 1), 0)
    return np.concatenate([np.rint(colours.clip(0, 255)), np.rint(alpha / 257)], axis=-1).astype(np.uint8)


def _opaque(mask):
    return mask.astype(np.uint8) * np.uint8(255)


def _image(mode, pixels):
    return Image.frombytes(mode, (pixels.shape[1], pixels.shape[0]), np.ascontiguousarray(pixels))


def _loaded(again, raw):
    """Returns the picture as Pillow's decoder unpacks it under another raw mode."""
    image = again()
    image.tile = [tile._replace(args=_with_raw_mode(tile.args, raw)) for tile in image.tile]
    image.info.pop("transparency", None)
    image.load()
    return image


def _with_raw_mode(args, raw):
    if isinstance(args, str):
        return raw
    if len(args[0]) == 1:  # a channel of its own
        raw = args[0] + raw[raw.index(";") :]
    return (raw, *args[1:])


def _raw_mode(image):
    """Returns the layout of a PNG's or TIFF's pixels in the file, in Pillow's words; "" of any other."""
    if image.format not in ("PNG", "TIFF") or not image.tile:
        return ""
    args = image.tile[0].args
    if image.format == "TIFF" and image.tag_v2.get(_PLANES) == 2:
        return _raw_mode_of_planes(image)
    return str(args if isinstance(args, str) else args[0])


def _raw_mode_of_planes(image):
    """Returns the layout of channels that stand one after the other: RGB;16L is R;16L, G;16L, B;16L; "" of 8 bits."""
    deep = image.tag_v2.get(_BITS, (0,))[0] == 16 and image.mode in ("RGB", "RGBA", "CMYK")
    if not deep or image.tile[0].codec_name != "raw":  # where it is libtiff, that unpacks planes in its own way
        return ""
    return f"{image.mode};16{'L' if image.tag_v2.prefix == b'II' else 'B'}"


def _swapped(raw):
    return raw[:-1] + _SWAPPED[raw[-1]]


def _is_16_bit_grey(image):
    return image.format in ("PNG", "TIFF") and image.mode.startswith("I;16")


def _is_inverted(image):
    return image.format == "TIFF" and image.tag_v2.get(_PHOTOMETRIC) == 0 and _is_16_bit_grey(image)
