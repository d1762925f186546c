import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.layers import all_layers
from tfgan_zoo.networks.sngan.sngan import ResidualDown, ResidualUp, SNGANDiscriminator, SNGANGenerator


def trainable(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


def normal(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def pooled(x):
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).mean((2, 4))


def silence(block):
    """Leaves the shortcut alone in the sum."""
    block.conv2.kernel.assign(tf.zeros_like(block.conv2.kernel))


def test_full_width_32_has_the_papers_parameter_counts():
    assert trainable(SNGANGenerator(32, channels=3, width=64, latent_dim=128)) == 4_276_739
    assert trainable(SNGANDiscriminator(32, channels=3, width=64)) == 1_053_825


def conv(height, inputs, filters, norm=0):
    return height * height * inputs * filters + filters + 2 * norm


@pytest.mark.parametrize(
    ("image_size", "up", "down"),
    [
        (32, [4, 4, 4, 4], [2, 2, 2, 2]),
        (64, [16, 8, 4, 2, 1], [1, 2, 4, 8, 16]),
        (128, [16, 16, 8, 4, 2, 1], [1, 2, 4, 8, 16, 16]),
    ],
)
def test_parameters_of_every_size_by_hand(image_size, up, down):
    up, down = [3 * unit for unit in up], [3 * unit for unit in down]
    count = (10 + 1) * 16 * up[0] + conv(3, up[-1], 1, up[-1])
    for c, f in itertools.pairwise(up):
        count += conv(3, c, f, c) + conv(3, f, f, f) + conv(1, c, f)
    assert trainable(SNGANGenerator(image_size, width=3, latent_dim=10)) == count

    count = conv(3, 1, down[0]) + conv(3, down[0], down[0]) + conv(1, 1, down[0]) + down[-1] + 1
    halving = 2 if image_size == 32 else 5
    for i, (c, f) in enumerate(itertools.pairwise(down), start=1):
        count += conv(3, c, c) + conv(3, c, f) + (conv(1, c, f) if i < halving or c != f else 0)
    assert trainable(SNGANDiscriminator(image_size, width=3)) == count


@pytest.mark.parametrize("normalization", ["spectral", "none"])
def test_normalization_reaches_every_layer_of_the_discriminator_and_no_other(normalization):
    discriminator = SNGANDiscriminator(width=4, normalization=normalization)
    kernels = [weight.path.split("/")[-2] for weight in discriminator.weights if weight.name == "kernel"]
    with_u = [weight.path.split("/")[-2] for weight in discriminator.weights if weight.name == "u"]
    assert len(kernels) == 11
    assert with_u == (kernels if normalization == "spectral" else [])
    generator = SNGANGenerator(width=4)
    assert not [weight for weight in generator.weights if weight.name == "u"]
    norms = [layer for layer in all_layers(generator) if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 7
    assert all(layer.synchronized for layer in norms)


def test_features_are_summed_over_the_positions():
    discriminator = SNGANDiscriminator(width=4)
    x = normal((2, 32, 32, 1))
    maps = np.maximum(discriminator.trunk(x), 0)
    assert maps.shape == (2, 8, 8, 8)
    np.testing.assert_allclose(discriminator.features(x), maps.sum((1, 2)), rtol=1e-5)


def test_up_block_repeats_its_1x1_shortcut():
    block, x = ResidualUp(5, name="block"), normal((2, 4, 4, 3))
    block(x)
    silence(block)
    expected = np.einsum("nhwc,cf->nhwf", x, block.shortcut.kernel.numpy()[0, 0]).repeat(2, 1).repeat(2, 2)
    np.testing.assert_allclose(block(x), expected, rtol=1e-4, atol=1e-5)


def test_up_block_branch_normalises_then_upsamples_then_convolves():
    block, x = ResidualUp(5, name="block"), normal((2, 4, 4, 3))
    block(x)
    block.shortcut.kernel.assign(tf.zeros_like(block.shortcut.kernel))
    scale = np.float32(1 / np.sqrt(1 + 1e-5))  # moving statistics are still 0 and 1
    y = np.maximum(scale * x, 0).repeat(2, 1).repeat(2, 2)
    y = np.maximum(scale * tf.nn.conv2d(y, block.conv1.kernel, 1, "SAME"), 0)
    np.testing.assert_allclose(block(x), tf.nn.conv2d(y, block.conv2.kernel, 1, "SAME"), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("first", [False, True])
def test_down_block_pools_its_shortcut(first):
    block, x = ResidualDown(5 if first else 3, 5, halve=True, first=first, name="block"), normal((2, 4, 4, 3))
    block(x)
    silence(block)
    expected = np.einsum("nhwc,cf->nhwf", pooled(x), block.shortcut.kernel.numpy()[0, 0])
    np.testing.assert_allclose(block(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("first", [False, True])
def test_down_block_branch_is_preactivated_except_in_the_first(first):
    block, x = ResidualDown(5 if first else 3, 5, halve=True, first=first, name="block"), normal((2, 4, 4, 3))
    block(x)
    block.shortcut.kernel.assign(tf.zeros_like(block.shortcut.kernel))
    y = tf.nn.conv2d(x if first else np.maximum(x, 0), block.conv1.kernel, 1, "SAME")
    y = tf.nn.conv2d(np.maximum(y, 0), block.conv2.kernel, 1, "SAME")
    np.testing.assert_allclose(block(x), pooled(y.numpy()), rtol=1e-4, atol=1e-5)


def test_block_of_equal_sizes_has_an_identity_shortcut():
    block, x = ResidualDown(3, 3, name="block"), normal((2, 4, 4, 3))
    block(x)
    silence(block)
    assert block.shortcut is None
    np.testing.assert_allclose(block(x), x, rtol=1e-6)


@pytest.mark.parametrize(
    "block", [ResidualUp(7, name="up"), ResidualDown(3, 7, halve=True, spectral_norm=True, name="down")]
)
def test_block_comes_back_from_its_config(block):
    again = type(block).from_config(block.get_config())
    assert again.get_config() == block.get_config()
    x = normal((2, 4, 4, 3))
    block(x), again(x)
    assert [(w.path, w.shape) for w in again.weights] == [(w.path, w.shape) for w in block.weights]


@pytest.mark.parametrize("network", [SNGANGenerator(width=4), SNGANDiscriminator(width=8)])
def test_kernels_start_glorot_uniform_with_gain_root_2_in_the_residual_branch(network):
    for weight in network.weights:
        if weight.name != "kernel":
            continue
        field = int(np.prod(weight.shape[:-2]))
        gain = np.sqrt(2) if weight.path.split("/")[-2].endswith(("conv1", "conv2")) else 1
        limit = gain * np.sqrt(6 / (field * (weight.shape[-2] + weight.shape[-1])))
        values = np.abs(weight.numpy())
        assert values.max() <= limit * (1 + 1e-6), weight.path
        if values.size > 500:
            np.testing.assert_allclose(values.mean(), limit / 2, rtol=0.1, err_msg=weight.path)
