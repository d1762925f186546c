"""Grids and scatter plots: every image at its place, every level right."""

import resource

import numpy as np
import pytest

from tfgan_zoo import pictures


def test_levels_are_rounded_and_clipped():
    levels = pictures.to_levels([-1.0, 0.0, 0.499 / 255, 0.501 / 255, 127.6 / 255, 1.0, 7.0])
    assert levels.tolist() == [0, 0, 0, 1, 128, 255, 255]
    assert levels.dtype == np.uint8


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_no_level(value):
    images = np.zeros((4, 2, 2, 1), "float32")
    images[[1, 3], 0, 1] = value
    with pytest.raises(pictures.NotFinite, match="2 of 4 images are not finite numbers, the first is image 1"):
        pictures.grid(images)


def test_more_than_four_channels_are_no_picture():
    with pytest.raises(ValueError, match="images of 5 channels are no pictures"):
        pictures.grid(np.zeros((2, 4, 4, 5)))


@pytest.mark.parametrize("channels, mode", [(1, "L"), (3, "RGB")])
@pytest.mark.parametrize("count, columns, rows", [(1, None, 1), (5, None, 2), (6, 2, 3), (2, 5, 1)])
def test_grid_puts_image_i_in_row_i_div_columns(count, columns, rows, channels, mode):
    images = np.random.default_rng(0).integers(0, 256, (count, 3, 4, channels)) / 255
    picture = pictures.grid(images, columns)
    columns = columns or {1: 1, 5: 3}[count]
    assert picture.mode == mode and picture.size == (columns * 4, rows * 3)
    pixels = np.asarray(picture).reshape(rows * 3, columns * 4, channels)
    for cell in range(rows * columns):
        row, column = divmod(cell, columns)
        found = pixels[row * 3 : row * 3 + 3, column * 4 : column * 4 + 4]
        np.testing.assert_array_equal(found, np.round(images[cell] * 255) if cell < count else 0)


def test_scatter_shows_both_in_the_frame_of_the_reals():
    reals = np.array([[2.0, 0.0], [-2.0, 0.0]])
    empty = np.asarray(pictures.scatter(reals[:0], reals)).astype(int)
    assert empty.shape == (400, 400, 3)
    # A sample right of both reals, on their line: it lands right of the rightmost grey dot, at its height.
    change = np.argwhere(np.any(empty != np.asarray(pictures.scatter(np.array([[2.3, 0.0]]), reals)), axis=-1))
    assert len(change)
    row, column = change.mean(axis=0)
    grey = np.argwhere(np.all(empty == 204, axis=-1))
    grey = grey[abs(grey[:, 0] - 200) < 50]  # neither the legend's nor an axis's
    assert column > grey[:, 1].max()
    assert abs(row - grey[:, 0].mean()) < 2


def test_scatter_of_three_dimensions_has_two_panels():
    points = np.eye(3)
    assert pictures.scatter(points, points).size == (800, 400)


@pytest.mark.parametrize("before", [b"", b"the picture of before"])
def test_on_a_full_disk_a_picture_is_the_one_of_before(before, tmp_path):
    if before:
        (tmp_path / "grid.png").write_bytes(before)
    picture = pictures.grid(np.random.default_rng(0).uniform(size=(4, 64, 64, 3)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError):
            pictures.write(picture, tmp_path / "grid.png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([before] if before else [])


def test_a_link_leads_to_the_picture(tmp_path):
    (tmp_path / "link.png").symlink_to(tmp_path / "elsewhere.png")
    pictures.write(pictures.grid(np.zeros((1, 2, 2, 1))), tmp_path / "link.png")
    assert (tmp_path / "link.png").is_symlink() and not (tmp_path / "elsewhere.png").is_symlink()
