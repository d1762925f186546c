"""16 bits a channel of every mode are v / 257, rounded, and what a PNG calls transparent is so at every depth."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.data.picture_files import png, saved, tiff
from tfgan_zoo.data import decode, deep

DRAW = np.random.default_rng(0)
DEEP = DRAW.integers(0, 65536, (32, 32, 4)).astype(np.uint16)
DEEP[0, :8, :3] = np.array([0, 127, 128, 129, 257 * 3 + 128, 257 * 3 + 129, 65406, 65407])[:, None]
EIGHT = np.rint(DEEP / 257).astype(np.uint8)


def on_white(pixels, alpha):
    """The composite by the formula: what 8 bits of colour and of alpha give."""
    alpha = alpha[..., None] / 255.0
    return pixels * alpha + 255 * (1 - alpha)


def read(content, channels=3):
    with Image.open(io.BytesIO(content)) as image:
        assert deep.is_deep(image)
    return decode.decode(content, 32, channels)


def big(array):
    return array.astype(">u2")


FILES = {
    "png": lambda rgb: png(16, 2, big(rgb)),
    "tiff, little": lambda rgb: tiff(rgb, order="little"),
    "tiff, big": lambda rgb: tiff(rgb, order="big"),
    "tiff, deflated": lambda rgb: tiff(rgb, order="big", compression=8),
    "tiff, planes": lambda rgb: tiff(rgb, planes=32),
    "tiff, big, strips of planes": lambda rgb: tiff(rgb, order="big", planes=5),
    "tiff, with a channel of no meaning": lambda rgb: tiff(np.dstack([rgb, rgb[..., :1]]), extra=0),
}


@pytest.mark.parametrize("kind", FILES)
def test_rgb_of_16_bits(kind):
    np.testing.assert_array_equal(read(FILES[kind](DEEP[..., :3])), EIGHT[..., :3])


def test_compressed_planes_keep_their_upper_8_bits():
    found = decode.decode(tiff(DEEP[..., :3], planes=5, compression=8), 32, 3)
    np.testing.assert_array_equal(found, DEEP[..., :3] >> 8)


def test_every_value_of_16_bits():
    values = np.arange(65536, dtype=np.uint16).reshape(64, 32, 32)
    for part in values[::9]:
        pixels = np.dstack([part, part[::-1], part.T])
        np.testing.assert_array_equal(read(png(16, 2, big(pixels))), np.rint(pixels / 257))


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_rgba_of_16_bits(kind):
    content = png(16, 6, big(DEEP)) if kind == "png" else tiff(DEEP, extra=2)
    expected = on_white(EIGHT[..., :3], EIGHT[..., 3])
    assert np.abs(read(content) - expected).max() <= 1


def test_grey_with_alpha_of_16_bits_is_grey():
    content = png(16, 4, big(DEEP[..., [0, 3]]))
    assert decode.look(content).grey
    expected = on_white(EIGHT[..., :1], EIGHT[..., 3])
    assert np.abs(read(content, 1) - expected).max() <= 1
    assert np.abs(read(content, 3) - expected).max() <= 1


def test_colours_that_were_multiplied_by_alpha():
    alpha = np.full((32, 32, 1), 32768)
    half = np.concatenate([(DEEP[..., :3] * (alpha / 65535)).round(), alpha], axis=-1).astype(np.uint16)
    expected = on_white(EIGHT[..., :3], np.full((32, 32), 128))
    assert np.abs(read(tiff(half, extra=1)) - expected).max() <= 1


def test_cmyk_of_16_bits():
    content = tiff(DEEP, photometric=5)
    expected = np.asarray(Image.fromarray(EIGHT, "RGBA").convert("RGBA"))  # four bytes a pixel, as CMYK has them
    expected = np.asarray(Image.frombytes("CMYK", (32, 32), expected.tobytes()).convert("RGB"))
    np.testing.assert_array_equal(read(content), expected)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_they_are_turned_too(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = png(16, 2, big(DEEP[..., :3]))
    chunk = saved(Image.new("RGB", (8, 8)), exif=exif.tobytes())
    start = chunk.index(b"eXIf") - 4
    length = int.from_bytes(chunk[start : start + 4], "big") + 12
    content = content[:33] + chunk[start : start + length] + content[33:]
    turned = {1: EIGHT, 3: EIGHT[::-1, ::-1], 6: np.rot90(EIGHT, -1)}[orientation]
    np.testing.assert_array_equal(read(content), turned[..., :3])


# What is transparent, by a PNG's tRNS chunk


def test_a_transparent_colour_of_16_bits():
    """Only the whole 16 bits make the colour: a pixel that differs in the lower 8 is kept."""
    pixels = DEEP[..., :3].copy()
    pixels[0, 0], pixels[1, 1] = (1000, 2000, 3000), (1000, 2000, 3001)
    found = read(png(16, 2, big(pixels), transparent=(1000, 2000, 3000)))
    assert found[0, 0].tolist() == [255] * 3
    assert found[1, 1].tolist() == [4, 8, 12]


def test_a_transparent_grey_of_16_bits():
    pixels = DEEP[..., :1].copy()
    pixels[0, 0], pixels[1, 1] = 1000, 1001
    found = read(png(16, 0, big(pixels), transparent=(1000,)), 1)
    expected = np.rint(pixels / 257)
    expected[pixels == 1000] = 255
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_transparent_grey_of_few_bits(depth):
    """The pixels of the least value are transparent, those of the greatest are not."""
    rows = np.zeros((32, 32 * depth // 8), np.uint8)
    rows[16:] = 255
    for key in (0, 2**depth - 1):
        content = png(depth, 0, rows, width=32, transparent=(key,))
        found = decode.decode(content, 32, 1)[..., 0]
        assert (found[:16] == (255 if key == 0 else 0)).all() and (found[16:] == 255).all()
    ramp = np.full_like(rows, 0b01010101 if depth == 2 else 0b00010001)  # a value of 1 everywhere
    if depth > 1:
        assert (decode.decode(png(depth, 0, ramp, width=32, transparent=(1,)), 32, 1) == 255).all()


# Grey TIFFs that are no 16 bits from black to white


def test_12_bits():
    values = DRAW.integers(0, 4096, (32, 32, 1)).astype(np.uint16)
    pairs = values.reshape(-1, 2)
    packed = np.stack([pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255], axis=-1)
    content = tiff(values, photometric=1, bits=12, order="little", packed=packed.astype(np.uint8).tobytes())
    np.testing.assert_array_equal(read(content, 1), np.rint(values * (255 / 4095)))


def test_white_is_zero():
    content = tiff(DEEP[..., :1], photometric=0, order="little")
    np.testing.assert_array_equal(read(content, 1), 255 - EIGHT[..., :1])


def test_pictures_of_8_bits_are_read_as_before():
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        with Image.open(io.BytesIO(saved(Image.new(mode, (8, 8))))) as image:
            assert not deep.is_deep(image)
    with Image.open(io.BytesIO(png(16, 0, big(DEEP[..., :1])))) as image:
        assert not deep.is_deep(image)  # 16 bits of grey alone are all kept
