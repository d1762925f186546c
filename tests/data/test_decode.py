"""From the bytes of a picture to pixels: every kind of picture, and what is none."""

import contextlib
import io
import struct
import zlib

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from tests.data.picture_files import DISPLAY_P3, icc, tiff
from tfgan_zoo.data import decode, formats
from tfgan_zoo.data.decode import BadImage

DRAW = np.random.default_rng(0)
SQUARE = DRAW.integers(0, 256, (8, 8, 3), np.uint8)


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def picture(array):
    return Image.fromarray(array)


def test_pixels_of_a_lossless_picture_are_kept():
    for kind in ("PNG", "BMP", "WEBP"):
        content = saved(picture(SQUARE), kind, **({"lossless": True} if kind == "WEBP" else {}))
        np.testing.assert_array_equal(decode.decode(content, 8, 3), SQUARE)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
def test_lossy_pictures_are_near(kind):
    smooth = np.broadcast_to(np.arange(0, 256, 8, np.uint8)[:, None, None], (32, 32, 3))
    found = decode.decode(saved(picture(smooth.copy()), kind), 32, 3).astype(int)
    assert np.abs(found - smooth).mean() < 4


@pytest.mark.parametrize("width, height", [(12, 8), (8, 12), (13, 8), (8, 13), (9, 8)])
def test_the_square_in_the_middle_is_taken(width, height):
    pixels = DRAW.integers(0, 256, (height, width, 3), np.uint8)
    top, left = (height - 8) // 2, (width - 8) // 2
    found = decode.decode(saved(picture(pixels)), 8, 3)
    np.testing.assert_array_equal(found, pixels[top : top + 8, left : left + 8])


@pytest.mark.parametrize("size", [1, 2, 4])
def test_scaling_is_the_mean_over_areas(size):
    pixels = SQUARE.reshape(size, 8 // size, size, 8 // size, 3).mean(axis=(1, 3))
    found = decode.decode(saved(picture(SQUARE)), size, 3)
    assert np.abs(found - pixels).max() <= 1  # each of the two passes rounds


def test_grey_and_colour():
    grey = SQUARE[..., 0]
    content = saved(Image.fromarray(grey))
    np.testing.assert_array_equal(decode.decode(content, 8, 1)[..., 0], grey)
    np.testing.assert_array_equal(decode.decode(content, 8, 3), np.repeat(grey[..., None], 3, axis=-1))
    weights = SQUARE @ np.array([0.299, 0.587, 0.114])
    assert np.abs(decode.decode(saved(picture(SQUARE)), 8, 1)[..., 0] - weights).max() <= 0.51


@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_become_8(channels):
    deep = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1040
    found = decode.decode(saved(Image.fromarray(deep)), 8, channels)
    np.testing.assert_array_equal(found, np.repeat(np.rint(deep / 257)[..., None], channels, axis=-1))
    whole = np.full((8, 8), 65535, np.uint16)
    assert (decode.decode(saved(Image.fromarray(whole)), 4, channels) == 255).all()


def png(depth, kind, rows):
    """A PNG file of raw rows: bit depths that Pillow does not write."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    height, width = rows.shape[:2]
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_16_bits_a_channel():
    deep = np.broadcast_to(SQUARE.astype(">u2") * 257, SQUARE.shape).astype(">u2")
    np.testing.assert_array_equal(decode.decode(png(16, 2, deep), 8, 3), SQUARE)


def test_what_is_transparent_is_white():
    pixels = np.dstack([SQUARE, np.full((8, 8), 255, np.uint8)])
    pixels[:4, :, 3] = 0
    found = decode.decode(saved(Image.fromarray(pixels)), 8, 3)
    assert (found[:4] == 255).all()
    np.testing.assert_array_equal(found[4:], SQUARE[4:])
    half = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    assert set(decode.decode(saved(half), 8, 3).flat) == {127}
    assert set(decode.decode(saved(half.convert("LA")), 8, 1).flat) == {127}


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_transparent_shows_the_background(channels):
    half = np.zeros((8, 8, 4), np.uint8)
    half[..., 3] = 128
    reading = decode.Reading(background=(110, 210, 255))
    found = decode.decode(saved(Image.fromarray(half)), 8, channels, reading)
    composite = np.array(reading.background) * (127 / 255)
    expected = composite if channels == 3 else composite @ np.array([0.299, 0.587, 0.114])
    assert np.abs(found - expected).max() <= 1
    opaque = saved(picture(SQUARE))
    np.testing.assert_array_equal(decode.decode(opaque, 8, 3, reading), SQUARE)


def test_small_pictures_are_enlarged_where_that_is_asked_for():
    smooth = np.broadcast_to(np.arange(0, 256, 32, np.uint8)[:, None, None], (8, 8, 3)).copy()
    found = decode.decode(saved(picture(smooth)), 16, 3, decode.Reading(min_size="enlarge"))
    expected = np.clip((np.arange(16) - 0.5) * 16, 0, 224)
    assert np.abs(found[2:-2, 8, 0] - expected[2:-2]).max() <= 2
    larger = saved(picture(SQUARE))
    found = decode.decode(larger, 4, 3, decode.Reading(min_size="enlarge"))
    np.testing.assert_array_equal(found, decode.decode(larger, 4, 3))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("width, height", [(16, 8), (8, 16), (12, 8)])
def test_pictures_that_are_not_square_are_padded(width, height, channels):
    content = saved(picture(np.full((height, width, 3), 77, np.uint8)))
    found = decode.decode(content, 8, channels, decode.Reading(resize="pad", background=(10, 10, 10)))
    inside = (found == 77).all(axis=-1)
    rows, columns = round(8 * height / max(width, height)), round(8 * width / max(width, height))
    top, left = (8 - rows) // 2, (8 - columns) // 2
    assert inside[top : top + rows, left : left + columns].all() and inside.sum() == rows * columns
    assert (found[~inside] == 10).all()
    with pytest.raises(BadImage, match="smaller than image_size=17"):
        decode.decode(content, 17, channels, decode.Reading(resize="pad"))


def test_pictures_that_are_not_square_are_stretched():
    pixels = DRAW.integers(0, 256, (8, 16, 3), np.uint8)
    found = decode.decode(saved(picture(pixels)), 8, 3, decode.Reading(resize="stretch"))
    assert np.abs(found - pixels.reshape(8, 8, 2, 3).mean(axis=2)).max() <= 1
    with pytest.raises(BadImage, match="smaller than image_size=9"):
        decode.decode(saved(picture(pixels)), 9, 3, decode.Reading(resize="stretch"))


def test_images_that_are_not_square_are_cut_out_filled_up_and_stretched():
    pixels = DRAW.integers(0, 256, (8, 16, 3), np.uint8)
    content = saved(picture(pixels))
    np.testing.assert_array_equal(decode.decode(content, (8, 4), 3), pixels[:, 6:10])
    middle = pixels[1:7].reshape(3, 2, 8, 2, 3).mean(axis=(1, 3))
    assert np.abs(decode.decode(content, (3, 8), 3) - middle).max() <= 1
    padded = decode.decode(content, (12, 16), 3, decode.Reading(resize="pad"))
    np.testing.assert_array_equal(padded[2:10], pixels)
    assert (padded[[0, 1, 10, 11]] == 255).all()
    stretched = decode.decode(content, (8, 4), 3, decode.Reading(resize="stretch"))
    assert np.abs(stretched - pixels.reshape(8, 4, 4, 3).mean(axis=2)).max() <= 1


@pytest.mark.parametrize(
    ("resize", "smallest", "too_large"),
    [("crop", (8, 16), (9, 4)), ("stretch", (8, 16), (4, 17)), ("pad", (20, 16), (9, 17))],
)
def test_a_picture_is_too_small_in_one_side_and_where_it_is_padded_in_both(resize, smallest, too_large):
    content, reading = saved(picture(np.zeros((8, 16, 3), np.uint8))), decode.Reading(resize=resize)
    assert decode.decode(content, smallest, 3, reading).shape == (*smallest, 3)
    height, width = too_large
    with pytest.raises(BadImage, match=rf"^is 16 x 8 pixels, smaller than image_size={height}x{width}$"):
        decode.decode(content, too_large, 3, reading)


def test_rgba_has_its_colours_times_alpha_before_it_is_scaled():
    pixels = DRAW.integers(0, 256, (8, 8, 4), np.uint8)
    pixels[:, :4] = [[[200, 0, 0, 255], [0, 255, 0, 0], [200, 0, 0, 255], [0, 255, 0, 0]]]  # green that nobody sees
    found = decode.decode(saved(Image.fromarray(pixels)), 4, 4)
    assert (np.abs(found[:, :2].astype(int) - [100, 0, 0, 128]) <= 1).all()
    whole = decode.whole(saved(Image.fromarray(pixels)), 4)
    np.testing.assert_array_equal(
        whole, np.rint(pixels * np.dstack([pixels[..., 3:] / 255] * 3 + [np.ones((8, 8, 1))]))
    )
    padded = decode.decode(saved(Image.fromarray(pixels)), (12, 8), 4, decode.Reading(resize="pad"))
    assert not padded[[0, 1, 10, 11]].any()


@pytest.mark.parametrize("pixels", [np.full((8, 8), 77, np.uint8), np.full((8, 8), 77 * 257, np.uint16)])
def test_what_has_no_alpha_is_opaque(pixels):
    assert (decode.decode(saved(picture(pixels)), 4, 4) == [77, 77, 77, 255]).all()
    palette = Image.fromarray(np.zeros((8, 8), np.uint8)).convert("P")
    assert not decode.decode(saved(palette, transparency=0), 4, 4).any()


def test_16_bits_of_grey_are_padded():
    deep = np.full((8, 16), 257 * 9, np.uint16)
    found = decode.decode(saved(picture(deep)), 8, 1, decode.Reading(resize="pad"))[..., 0]
    assert (found[2:6] == 9).all() and (found[[0, 1, 6, 7]] == 255).all()


def test_transparent_palettes_and_colour_keys_are_white_too():
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([9, 9, 9, 200, 0, 0])
    assert decode.decode(saved(palette), 8, 3)[0, 0].tolist() == [200, 0, 0]
    assert decode.decode(saved(palette, "GIF"), 8, 3)[0, 0].tolist() == [200, 0, 0]
    assert decode.decode(saved(palette, transparency=1), 8, 3)[0, 0].tolist() == [255] * 3
    assert decode.decode(saved(Image.new("RGB", (8, 8), "red"), transparency=(255, 0, 0)), 8, 3).min() == 255


@pytest.mark.parametrize("mode, white", [("CMYK", (0, 0, 0, 0)), ("YCbCr", (255, 128, 128)), ("1", 1)])
def test_other_modes_become_rgb(mode, white):
    content = saved(Image.new(mode, (8, 8), white), "PNG" if mode == "1" else "JPEG")
    assert decode.decode(content, 8, 3).min() >= 254


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    """A picture that is white above and left, stored in each of the eight ways, comes out the same."""
    upright = np.zeros((8, 12), np.uint8)
    upright[:4, :8] = 255
    turns = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: upright.T[::-1],
        7: upright.T[::-1, ::-1],
        8: upright.T[:, ::-1],
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = decode.decode(saved(Image.fromarray(turns[orientation]), exif=exif.tobytes()), 8, 1)[..., 0]
    np.testing.assert_array_equal(found, upright[:, 2:10])
    for kind, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("JPEG", {}), ("AVIF", {})):
        content = saved(Image.fromarray(turns[orientation]), kind, exif=exif.tobytes(), **options)
        assert decode.look(content).size == (12, 8)
        assert decode.whole(content, 1).shape == (8, 12, 1)


def test_animations_give_their_first_frame():
    frames = [Image.new("RGB", (8, 8), name) for name in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        found = decode.decode(saved(frames[0], kind, save_all=True, append_images=frames[1:]), 8, 3)
        assert np.abs(found[0, 0].astype(int) - [255, 0, 0]).max() < 8


# What is refused


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"%PDF-1.4", b"<svg/>", b"\0" * 1000])
def test_what_is_no_picture(content):
    for read in (decode.look, lambda content: decode.decode(content, 8, 3)):
        with pytest.raises(BadImage, match=r"is no PNG|is damaged"):
            read(content)


def test_formats_that_could_run_programs_are_not_read():
    content = saved(picture(SQUARE), "EPS")
    with pytest.raises(BadImage, match=r"is no PNG, JPEG, .* picture"):
        decode.decode(content, 8, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_a_cut_file_is_damaged(kind):
    content = saved(picture(DRAW.integers(0, 256, (64, 64, 3), np.uint8)), kind)
    with pytest.raises(BadImage, match="is damaged"):
        decode.decode(content[: len(content) // 2], 32, 3)


def test_a_small_picture():
    with pytest.raises(BadImage, match="is 9 x 7 pixels, smaller than image_size=8"):
        decode.decode(saved(Image.new("L", (9, 7))), 8, 1)


@pytest.mark.parametrize("side", [8001, 10000, 20000])
def test_many_pixels_are_refused_by_the_header(side):
    """The files have no pixels at all."""
    content = png(8, 0, np.zeros((1, 1), np.uint8)).replace(struct.pack(">II", 1, 1), struct.pack(">II", side, side))
    content = content.replace(content[29:33], struct.pack(">I", zlib.crc32(content[12:29])))
    for read in (decode.look, lambda content: decode.decode(content, 8, 3)):
        with pytest.raises(BadImage, match="more than 64 million pixels"):
            read(content)


def fuzz(content):
    """Reads bytes as a picture: uint8 pixels or a BadImage of one line, whatever they are."""
    with decode.quietly():
        with contextlib.suppress(BadImage):
            decode.look(content)
        try:
            pixels = decode.decode(content, 4, 3)
        except BadImage as error:
            assert "\n" not in str(error) and len(str(error)) < 300
        else:
            assert pixels.shape == (4, 4, 3) and pixels.dtype == np.uint8


FILES = {kind: saved(picture(SQUARE), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "PPM")}
FILES["deep PNG"] = png(16, 2, SQUARE.astype(">u2"))
FILES["PNG with a profile"] = saved(picture(SQUARE), icc_profile=icc(DISPLAY_P3))
FILES["deep TIFF"] = tiff(SQUARE.astype(np.uint16))
KINDS = tuple(FILES)


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(st.sampled_from(KINDS), st.data())
def test_fuzz_damaged_pictures(kind, data):
    content = bytearray(FILES[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    fuzz(bytes(content[: data.draw(st.integers(0, len(content)))]))


@hypothesis.settings(max_examples=100, deadline=None)
@hypothesis.given(st.sampled_from([b"", *(content[:16] for content in FILES.values())]), st.binary(max_size=200))
def test_fuzz_anything(start, rest):
    fuzz(start + rest)


def test_much_text_and_large_profiles_do_not_make_a_png_damaged():
    text = PngImagePlugin.PngInfo()
    text.add_text("notes", "a" * 2**21, zip=True)
    content = saved(picture(SQUARE), pnginfo=text, icc_profile=b"\0" * 2**21)
    np.testing.assert_array_equal(decode.decode(content, 8, 3), SQUARE)


@pytest.mark.parametrize("kind", ["TIFF", "AVIF"])
def test_other_formats_are_read(kind):
    smooth = np.broadcast_to(np.arange(0, 256, 8, np.uint8)[:, None, None], (32, 32, 3))
    found = decode.decode(saved(picture(smooth.copy()), kind), 32, 3).astype(int)
    assert np.abs(found - smooth).mean() < 4


def test_ppm_of_8_and_of_16_bits():
    deep = DRAW.integers(0, 65536, (8, 8, 3)).astype(">u2")
    np.testing.assert_array_equal(decode.decode(saved(picture(SQUARE), "PPM"), 8, 3), SQUARE)
    np.testing.assert_array_equal(decode.decode(b"P6 8 8 65535\n" + deep.tobytes(), 8, 3), np.rint(deep / 257))
    grey = np.rint(deep[..., :1] / 257)
    np.testing.assert_array_equal(decode.decode(b"P5 8 8 65535\n" + deep[..., 0].tobytes(), 8, 1), grey)
    with pytest.raises(BadImage, match="pixels of 32 bits"):
        decode.decode(b"Pf 8 8 -1.0\n" + np.ones((8, 8), "<f4").tobytes(), 8, 1)


def test_heic_is_read_where_pillow_heif_is_installed():
    pillow_heif = pytest.importorskip("pillow_heif")
    assert ".heic" in formats.suffixes()
    pillow_heif.register_heif_opener()
    smooth = np.broadcast_to(np.arange(0, 256, 4, np.uint8)[:, None, None], (64, 64, 3))
    content = saved(picture(smooth.copy()), "HEIF", quality=100)
    assert formats.begins(content[:16])
    assert np.abs(decode.decode(content, 64, 3).astype(int) - smooth).mean() < 4


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_pixels_of_32_bits_are_refused(dtype):
    with pytest.raises(BadImage, match="of which nobody knows what is white"):
        decode.decode(saved(picture(SQUARE[..., 0].astype(dtype)), "TIFF"), 8, 1)
