"""Colour profiles are applied: by the formulas, by Pillow's ImageCms, or not at all where they are broken or sRGB's."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.data.picture_files import ADOBE_RGB, DISPLAY_P3, SRGB, icc, in_srgb, picture, png, saved, tiff
from tfgan_zoo.data import decode, profiles

DRAW = np.random.default_rng(0)
PIXELS = DRAW.integers(0, 256, (32, 32, 3), np.uint8)
SPACES = {"Adobe RGB": ADOBE_RGB, "Display P3": DISPLAY_P3}
RAW = decode.Reading(no_icc=True)


def away(one, two):
    return np.abs(np.asarray(one, float) - two).max()


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_colours_become_those_of_srgb(name, kind):
    profile = icc(SPACES[name])
    content = saved(picture(PIXELS), kind, icc_profile=profile, **({"lossless": True} if kind == "WEBP" else {}))
    assert decode.look(content).profile == "apply"
    found = decode.decode(content, 32, 3)
    assert away(found, in_srgb(PIXELS, SPACES[name])) <= 1
    by_pillow = ImageCms.profileToProfile(
        picture(PIXELS), ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    )
    assert away(found, np.asarray(by_pillow)) <= 1
    assert away(found, PIXELS) > 20
    np.testing.assert_array_equal(decode.decode(content, 32, 3, RAW), PIXELS)


@pytest.mark.parametrize("kind", ["JPEG", "AVIF"])
def test_lossy_formats_too(kind):
    smooth = np.zeros((32, 32, 3), np.uint8)
    smooth[...] = np.arange(0, 256, 8, np.uint8)[:, None, None] // np.array([1, 2, 3], np.uint8)
    content = saved(picture(smooth), kind, icc_profile=icc(DISPLAY_P3), quality=100)
    without = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert away(decode.decode(content, 32, 3), in_srgb(without, DISPLAY_P3)) <= 1


def test_what_is_srgb_under_any_name_is_left_as_it_is():
    curve_of_srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for content in (saved(picture(PIXELS), icc_profile=curve_of_srgb), saved(picture(PIXELS))):
        assert decode.look(content).profile == "none"
        np.testing.assert_array_equal(decode.decode(content, 32, 3), PIXELS)


def test_alpha_is_kept_and_colours_are_not_mixed_with_white_first():
    alpha = np.full((32, 32, 1), 128, np.uint8)
    content = saved(picture(np.dstack([PIXELS, alpha])), icc_profile=icc(ADOBE_RGB))
    expected = in_srgb(PIXELS, ADOBE_RGB) * (128 / 255) + 255 * (127 / 255)
    assert away(decode.decode(content, 32, 3), expected) <= 1.5


def test_a_transparent_colour_is_one_before_it_is_turned_into_srgb():
    pixels = PIXELS.copy()
    pixels[0, 0] = (10, 200, 30)
    content = saved(picture(pixels), icc_profile=icc(ADOBE_RGB), transparency=(10, 200, 30))
    found = decode.decode(content, 32, 3)
    assert found[0, 0].tolist() == [255] * 3
    assert away(found[1:], in_srgb(pixels[1:], ADOBE_RGB)) <= 1


def test_palettes():
    image = picture(PIXELS).quantize(16)
    content = saved(image, icc_profile=icc(DISPLAY_P3))
    expected = in_srgb(np.asarray(image.convert("RGB")), DISPLAY_P3)
    assert away(decode.decode(content, 32, 3), expected) <= 1


def test_16_bits_with_a_profile():
    deep = DRAW.integers(0, 65536, (32, 32, 3)).astype(">u2")
    found = decode.decode(png(16, 2, deep, profile=icc(ADOBE_RGB)), 32, 3)
    assert away(found, in_srgb(np.rint(deep / 257), ADOBE_RGB)) <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [8, 16])
def test_grey_of_another_gamma(channels, bits):
    grey = np.arange(0, 256, 1, np.uint8).reshape(16, 16)
    rows = grey if bits == 8 else (grey.astype(">u2") * 257)
    content = png(bits, 0, rows, profile=icc(gamma=1.0))
    linear = grey[..., None] / 255.0
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert decode.look(content).grey
    assert away(decode.decode(content, 16, channels), expected) <= 1


def test_grey_with_a_profile_of_colours_is_grey_in_them():
    grey = np.arange(0, 256, 1, np.uint8).reshape(16, 16)
    expected = in_srgb(np.repeat(grey[..., None], 3, axis=-1), SRGB, gamma=1.0)
    found = decode.decode(saved(picture(grey), icc_profile=icc(SRGB, gamma=1.0)), 16, 3)
    assert away(found, expected) <= 1
    with_srgb = saved(picture(grey), icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert decode.look(with_srgb).profile == "none"


# Broken ones


BROKEN = {
    "zeros": bytes(2**21),
    "cut": icc(ADOBE_RGB)[:200],
    "of grey": icc(),
    "of a space that pictures do not have": icc(ADOBE_RGB, space=b"7CLR"),
    "text": b"this is no profile",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_profile_is_ignored(name):
    content = saved(picture(PIXELS), icc_profile=BROKEN[name])
    assert decode.look(content).profile == "broken"
    np.testing.assert_array_equal(decode.decode(content, 32, 3), PIXELS)


def test_a_profile_of_rgb_in_cmyk_is_broken():
    image = Image.new("CMYK", (8, 8), (10, 20, 30, 40))
    content = saved(image, "TIFF", icc_profile=icc(ADOBE_RGB))
    assert decode.look(content).profile == "broken"
    np.testing.assert_array_equal(decode.decode(content, 8, 3), np.asarray(image.convert("RGB")))


def test_damaged_profiles_do_no_harm():
    """A byte of the header or of a tag is another: the picture is read, with or without the profile."""
    whole = icc(ADOBE_RGB)
    for at in DRAW.integers(0, len(whole), 100):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << int(DRAW.integers(8))
        content = saved(picture(PIXELS), icc_profile=bytes(damaged))
        assert decode.look(content).profile in ("none", "apply", "broken")
        assert decode.decode(content, 32, 3).shape == (32, 32, 3)


def test_a_profile_is_looked_at_once(monkeypatch):
    profiles._converter.cache_clear()
    content = saved(picture(PIXELS), icc_profile=icc(ADOBE_RGB))
    for _ in range(3):
        decode.look(content)
        decode.decode(content, 32, 3)
    assert profiles._converter.cache_info().misses == 1


def test_a_tiff_of_16_bits_without_a_profile_has_none():
    assert decode.look(tiff(DRAW.integers(0, 65536, (8, 8, 3)).astype(np.uint16))).profile == "none"
