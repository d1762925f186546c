"""Colour profiles (ICC) of pictures, applied: their pixels become sRGB, which is what networks and viewers take."""

import functools
import io

import numpy as np
from PIL import Image, ImageCms

_GREY, _COLOUR = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L"), ("P", "PA", "RGB", "RGBA", "RGBX")
_STEPS = 17  # of each channel, on which a profile is compared with sRGB
NEAR = 1  # levels; a profile that moves no colour by more is sRGB, under whatever name


def verdict(image):
    """Returns what there is to do about the profile of an opened picture.

    Returns:
        "none" where there is none, or it is sRGB; "apply"; or "broken", of one that is damaged or for other pixels.
    """
    profile, kind = image.info.get("icc_profile"), _kind(image.mode)
    if not profile or kind is None:
        return "none"
    try:
        return "none" if _converter(profile, kind) is None else "apply"
    except Exception:  # LittleCMS and Pillow raise what they like
        return "broken"


def to_srgb(image, profile):
    """Returns a PIL image with its colours in sRGB; what is transparent stays so, and grey stays grey.

    Args:
        image: a PIL image of 8 bits a channel.
        profile: bytes of an ICC profile; a broken one is ignored.

    Returns:
        A PIL image, the same one where the profile is sRGB's or broken.
    """
    kind = _kind(image.mode)
    try:
        converter = None if kind is None else _converter(profile, kind)
    except Exception:
        return image
    if converter is None:
        return image
    if kind == "RGB":
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif kind == "L":
        image = image.convert("LA" if image.has_transparency_data else "L")
    return converter(image)


def _kind(mode):
    """Returns the colours that a profile of such pixels is about: L, RGB or CMYK; None where we know nothing of it."""
    if mode in _GREY:
        return "L"
    return "RGB" if mode in _COLOUR else {"CMYK": "CMYK"}.get(mode)


@functools.lru_cache(maxsize=64)  # a camera's photos share one
def _converter(profile, kind):
    """Returns a function PIL image -> PIL image; None for sRGB.

    Raises:
        Exception: of any kind, if the profile is damaged, or not for such pixels.
    """
    opened, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    if kind == "CMYK":
        return functools.partial(
            ImageCms.applyTransform, transform=ImageCms.buildTransform(opened, srgb, "CMYK", "RGB")
        )
    if kind == "L":
        return _grey_converter(opened, srgb)
    transforms = {mode: ImageCms.buildTransform(opened, srgb, mode, mode) for mode in ("RGB", "RGBA")}
    levels = np.linspace(0, 255, _STEPS).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(_STEPS, -1, 3)
    if _near(grid, np.asarray(ImageCms.applyTransform(Image.fromarray(grid), transforms["RGB"]))):
        return None
    return lambda image: ImageCms.applyTransform(image, transforms[image.mode])


def _grey_converter(opened, srgb):
    """Returns the converter of grey pixels: a table. An RGB profile takes them as equal parts of its three colours."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    mode = "RGB" if opened.profile.xcolor_space.strip() == "RGB" else "L"
    exact = ImageCms.buildTransform(opened, srgb, mode, "RGB", flags=ImageCms.Flags.NOOPTIMIZE)
    table = ImageCms.applyTransform(ramp.convert(mode), exact).convert("L")
    if _near(np.asarray(ramp), np.asarray(table)):
        return None
    table = np.asarray(table)[0].tolist()
    return lambda image: image.point(table + list(range(256)) if image.mode == "LA" else table)


def _near(one, two):
    return np.abs(one.astype(int) - two).max() <= NEAR
