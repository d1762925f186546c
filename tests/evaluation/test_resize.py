"""Resizing to the letter: TensorFlow 1's bilinear, Pillow's bicubic, areas."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_zoo.evaluation import resize


@pytest.fixture
def levels():
    return np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("uint8")


@pytest.mark.parametrize("size", [299, 64, 20])
def test_tf1_bilinear_is_tensorflow_1s(levels, size):
    theirs = tf.compat.v1.image.resize_bilinear(
        tf.cast(levels, tf.float32), [size, size], align_corners=False, half_pixel_centers=False
    )
    np.testing.assert_array_equal(resize.tf1_bilinear(levels, size), theirs)


def test_tf1_bilinear_by_the_book(levels):
    image, size = levels[0].astype("float64"), 50
    where = np.arange(size) * 32 / size  # the corner of output i lies at the corner of input i * scale
    low = where.astype(int)
    high, part = np.minimum(low + 1, 31), where - low
    rows = image[low] * (1 - part)[:, None, None] + image[high] * part[:, None, None]
    expected = rows[:, low] * (1 - part)[:, None] + rows[:, high] * part[:, None]
    np.testing.assert_allclose(resize.tf1_bilinear(levels[:1], size)[0], expected, atol=1e-3)


def test_tf1_bilinear_is_not_tensorflow_2s(levels):
    theirs = tf.image.resize(levels, [299, 299]).numpy()
    assert np.abs(resize.tf1_bilinear(levels, 299) - theirs).max() > 10


def test_pil_bicubic_equals_pillow_on_each_channel(levels):
    ours = resize.pil_bicubic(levels, 299)
    plane = Image.fromarray(levels[1, :, :, 2].astype("float32"), mode="F").resize((299, 299), Image.BICUBIC)
    np.testing.assert_array_equal(ours[1, :, :, 2], np.clip(np.asarray(plane), 0, 255))


def test_pil_bicubic_does_not_alias():
    stripes = np.zeros((1, 64, 64, 1), "uint8")
    stripes[:, :, ::2] = 255
    assert np.ptp(resize.pil_bicubic(stripes, 16)[:, 4:-4, 4:-4]) < 1
    assert resize.tf1_bilinear(stripes, 16).max() == 255  # as TensorFlow 1's does


def test_area_averages_and_leaves_small_images(levels):
    large = np.repeat(np.repeat(levels, 2, axis=1), 2, axis=2)
    np.testing.assert_allclose(resize.area(large, 32), levels, atol=1e-3)
    np.testing.assert_array_equal(resize.area(levels, 32), levels)
