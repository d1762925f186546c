"""Every kind of file that Pillow writes in a format that is read: no pixel is off by more than one level."""

import io

import numpy as np
import pytest
from PIL import Image, features

from tests.data.picture_files import saved
from tfgan_zoo.data import decode, files, formats

DRAW = np.random.default_rng(0)
COLOURS = Image.fromarray(DRAW.integers(0, 256, (24, 24, 4), np.uint8), "RGBA")
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "LAB", "HSV")
OPTIONS = {
    "PNG": ({}, {"optimize": True}, {"bits": 4}),
    "JPEG": ({}, {"progressive": True}, {"quality": 100, "subsampling": 0}),
    "WEBP": ({}, {"lossless": True, "exact": True}),
    "BMP": ({}, {"bitmap_format": "bmp"}),
    "GIF": ({}, {"interlace": 0}),
    "TIFF": tuple({"compression": name} for name in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")),
    "AVIF": ({}, {"quality": 100}),
    "PPM": ({},),
}


OWN = {suffix for endings, _ in formats._OWN.values() for suffix in endings}


def in_mode(mode):
    if mode == "I;16":
        return Image.fromarray(DRAW.integers(0, 65536, (24, 24)).astype(np.uint16))
    if mode == "PA":
        return COLOURS.convert("RGB").quantize(16).convert("PA")
    return (COLOURS if mode in ("LA", "RGBA") else COLOURS.convert("RGB")).convert(mode)


def by_pillow(content):
    """The pixels as Pillow gives them, laid on white."""
    with Image.open(io.BytesIO(content)) as image:
        if image.mode.startswith("I"):
            return np.repeat(np.asarray(image)[..., None] / 257, 3, axis=-1)
        if not image.has_transparency_data:
            return np.asarray(image.convert("RGB"), float)
        pixels = np.asarray(image.convert("RGBA"), float)
    alpha = pixels[..., 3:] / 255
    return pixels[..., :3] * alpha + 255 * (1 - alpha)


@pytest.mark.parametrize("kind", OPTIONS)
def test_what_pillow_writes(kind):
    """At the files' own size, so that nothing is scaled; some modes a format does not take."""
    written = []
    for mode in MODES:
        for options in OPTIONS[kind]:
            try:
                content = saved(in_mode(mode), kind, **options)
                expected = by_pillow(content)
            except (OSError, ValueError, KeyError):  # Pillow does not write it, or cannot turn it into RGB
                continue
            found = decode.decode(content, 24, 3)
            assert np.abs(found - expected).max() <= 1, (mode, options)
            with Image.open(io.BytesIO(content)) as image:
                image.load()  # the header has told already what may be transparent
                assert decode.look(content).transparent or not image.has_transparency_data, (mode, options)
            np.testing.assert_array_equal(decode.whole(content, 3), found)
            written.append(mode)
    assert {"RGB", "L"} <= set(written)


def test_every_format_that_is_read_is_compared():
    assert OPTIONS.keys() == formats._OWN.keys()
    assert features.check("avif") and features.check("littlecms2")


def test_a_folder_of_every_suffix_that_pillow_knows(tmp_path):
    """All that we read are, whatever the case of the suffix; all others are counted, none is lost."""
    known = sorted(Image.registered_extensions())
    for suffix in known:
        kind = Image.registered_extensions()[suffix]
        content = saved(COLOURS.convert("RGB"), kind) if kind in OPTIONS else b"something else"
        (tmp_path / f"a{suffix.upper()}").write_bytes(content)
    with files.scan(str(tmp_path)) as found:
        assert len(found.names) + len(found.others) == len(known)
        read = {name[1:].lower() for name in found.names}
        assert read >= OWN
        for index, name in enumerate(found.names):
            if name[1:].lower() in OWN:
                assert decode.decode(found.read(index), 24, 3).shape == (24, 24, 3), name
        told = files.passed_over(found.others)
        assert "1 .psd" in told and told.count("1 .") == len(found.others)
