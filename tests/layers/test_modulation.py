"""Modulated convolution against a kernel of its own for every sample, equalised layers against their formula."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.layers.equalized import EqualizedConv2D, EqualizedDense
from tfgan_zoo.layers.modulation import modulated_conv2d


def normal(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def by_samples(x, kernel, scales, demodulate, up):
    """The equations of the paper; doubled by zeros between the pixels, the kernel, then [1, 3, 3, 1]."""
    rows = []
    for one, s in zip(x, scales, strict=True):
        weights = kernel * s[None, None, :, None]
        if demodulate:
            weights = weights / np.sqrt(np.sum(weights**2, axis=(0, 1, 2)) + 1e-8)
        if not up:
            rows.append(tf.nn.conv2d(one[None], weights, 1, "SAME")[0])
            continue
        height, width, channels = one.shape
        spread = np.zeros((2 * height + 3, 2 * width + 3, channels), "float32")
        spread[2:-2:2, 2:-2:2] = one
        y = np.pad(tf.nn.conv2d(spread[None], weights, 1, "VALID"), [(0, 0), (1, 1), (1, 1), (0, 0)])
        taps = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16
        rows.append(sum(taps[i, j] * y[0, i : i + 2 * height, j : j + 2 * width] for i in range(4) for j in range(4)))
    return np.stack(rows)


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("demodulate", [True, False])
def test_scaled_activations_equal_kernels_of_the_samples(demodulate, up):
    x, kernel, scales = normal((3, 5, 6, 4)), normal((3, 3, 4, 7), 1) / 6, 1 + normal((3, 4), 2)
    ours = modulated_conv2d(tf.constant(x), tf.constant(kernel), tf.constant(scales), demodulate, up)
    theirs = by_samples(x, kernel, scales, demodulate, up)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=2e-6 * np.abs(theirs).max())


def test_demodulated_outputs_have_the_variance_of_the_input_whatever_the_scales():
    x, kernel = normal((4, 32, 32, 16)), normal((3, 3, 16, 16), 1)
    for scale in (0.01, 1.0, 100.0):
        y = modulated_conv2d(tf.constant(x), tf.constant(kernel), tf.fill((4, 16), scale))
        np.testing.assert_allclose(np.std(y), 1.0, rtol=0.05)


@pytest.mark.parametrize("multiplier", [1.0, 0.01])
def test_equalised_layers_scale_where_they_are_used(multiplier):
    layer, x = EqualizedDense(5, multiplier=multiplier), normal((3, 400))
    layer(x)
    layer.bias.assign(normal(5, 1))
    expected = x @ (layer.kernel.numpy() * multiplier / 20) + multiplier * layer.bias.numpy()
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.std(layer.kernel), 1 / multiplier, rtol=0.1)


def test_equalised_convolution_keeps_its_noise():
    layer, x = EqualizedConv2D(5, 3, perturb=0.5), normal((2, 8, 8, 4))
    expected = tf.nn.conv2d(x, layer(x) is not None and layer.kernel / math.sqrt(36), 1, "VALID")
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)
    assert np.abs(layer(x, training=True) - expected).max() > 0.1
