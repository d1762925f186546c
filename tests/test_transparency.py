"""Colours times alpha: there and back, and what is seen, against Pillow and plain arithmetic."""

import numpy as np
from PIL import Image

from tfgan_zoo import pictures, transparency

LEVELS = np.random.default_rng(0).integers(0, 256, (64, 64, 4), dtype="uint8")


def test_multiplied_levels_are_pillows():
    ours = transparency.premultiplied(LEVELS)
    np.testing.assert_array_equal(ours, np.asarray(Image.fromarray(LEVELS).convert("RGBa")))


def test_every_level_of_every_alpha_comes_back():
    """What a PNG holds is what the network made, for whoever multiplies again."""
    colour, alpha = np.meshgrid(np.arange(256), np.arange(256))
    possible = (colour <= alpha)[..., None]
    levels = np.where(possible, np.stack([colour, colour, colour, alpha], axis=-1), 0).astype("uint8")
    np.testing.assert_array_equal(transparency.premultiplied(transparency.straight(levels)), levels)
    exact = np.where(alpha > 0, 255 * colour / np.maximum(alpha, 1), 0)[..., None]
    assert np.abs(transparency.straight(levels)[..., :3] - exact)[possible[..., 0]].max() <= 0.5


def test_what_is_seen_is_pillows_composite():
    behind = np.full((64, 64, 4), (200, 100, 0, 255), "uint8")
    expected = Image.alpha_composite(Image.fromarray(behind), Image.fromarray(LEVELS)).convert("RGB")
    seen = transparency.over(transparency.premultiplied(LEVELS), behind[..., :3])
    assert np.abs(seen.astype(int) - np.asarray(expected)).max() <= 2  # one of each rounding


def test_a_sheet_shows_what_is_transparent_on_a_checkerboard_and_a_product_keeps_it():
    images = np.zeros((2, 6, 4, 4))
    images[0] = [0.5, 0.0, 0.0, 0.5]
    sheet, product = (np.asarray(pictures.grid(images, columns=2, alpha=alpha)) for alpha in (False, True))
    assert sheet.shape == (6, 8, 3) and product.shape == (6, 8, 4)
    assert set(map(tuple, sheet[:, 4:].reshape(-1, 3))) == {(255, 255, 255), (204, 204, 204)}
    assert len(set(map(tuple, sheet[:, :4].reshape(-1, 3)))) == 2
    assert (product[:, :4] == [255, 0, 0, 128]).all() and not product[:, 4:].any()
