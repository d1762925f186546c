import keras
import numpy as np
import pytest

from tfgan_zoo.networks.dcgan.dcgan import DCGANDiscriminator, DCGANGenerator


def trainable(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


def of_type(network, *types):
    return [layer for layer in network.trunk.layers if isinstance(layer, types)]


def test_full_width_64_has_the_published_channels():
    generator, discriminator = DCGANGenerator(64, 3, 64, 100), DCGANDiscriminator(64, 3, 64)
    assert [layer.kernel.shape[2] for layer in of_type(generator, keras.layers.Conv2DTranspose)] == [256, 128, 64, 3]
    assert [layer.filters for layer in of_type(discriminator, keras.layers.Conv2D)] == [64, 128, 256, 512]
    convolutions = 4 * 4 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3)
    assert trainable(generator) == 100 * 4 * 4 * 512 + convolutions + 3 + 2 * (512 + 256 + 128 + 64)
    assert trainable(discriminator) == convolutions + 64 + 2 * (128 + 256 + 512) + 4 * 4 * 512 + 1


@pytest.mark.parametrize(("image_size", "halvings"), [(32, 3), (64, 4), (128, 5)])
def test_width_is_that_of_half_the_resolution_and_doubles_down_to_4_pixels(image_size, halvings):
    discriminator = DCGANDiscriminator(image_size, width=6)
    filters = [layer.filters for layer in of_type(discriminator, keras.layers.Conv2D)]
    assert filters == [6 * 2**i for i in range(halvings)]
    generator = DCGANGenerator(image_size, width=6)
    deconvolutions = of_type(generator, keras.layers.Conv2DTranspose)
    assert [layer.kernel.shape[3] for layer in deconvolutions] == filters[::-1]
    assert discriminator.features(np.zeros((1, image_size, image_size, 1))).shape == (1, 4 * 4 * filters[-1])


def test_generator_is_normalised_everywhere_but_at_its_output():
    generator = DCGANGenerator(width=4)
    assert [layer.name for layer in of_type(generator, keras.layers.BatchNormalization)] == [
        "project_norm",
        "deconv1_norm",
        "deconv2_norm",
    ]
    assert all(layer.synchronized for layer in of_type(generator, keras.layers.BatchNormalization))
    assert [weight.path.split("/")[-2] for weight in generator.weights if weight.name == "bias"] == ["output"]


@pytest.mark.parametrize(
    ("normalization", "normalised"), [("batch", ["conv2_norm", "conv3_norm"]), ("spectral", []), ("none", [])]
)
def test_discriminator_normalization(normalization, normalised):
    discriminator = DCGANDiscriminator(width=4, normalization=normalization)
    assert [layer.name for layer in of_type(discriminator, keras.layers.BatchNormalization)] == normalised
    with_u = [weight.path.split("/")[-2] for weight in discriminator.weights if weight.name == "u"]
    assert with_u == (["conv1", "conv2", "conv3", "head"] if normalization == "spectral" else [])
    biases = [weight.path.split("/")[-2] for weight in discriminator.weights if weight.name == "bias"]
    assert biases == (["conv1", "head"] if normalization == "batch" else ["conv1", "conv2", "conv3", "head"])


@pytest.mark.parametrize("network", [DCGANGenerator, DCGANDiscriminator])
def test_kernels_start_normal_with_deviation_0_02(network):
    kernels = [weight.numpy().ravel() for weight in network(width=16).weights if weight.name == "kernel"]
    assert len(kernels) == 4
    values = np.concatenate(kernels)
    np.testing.assert_allclose([values.mean(), values.std()], [0, 0.02], atol=5e-4)
    np.testing.assert_allclose(np.mean(np.abs(values) < 0.02), 0.683, atol=0.02)


def test_activations_are_the_published_ones():
    assert {layer.negative_slope for layer in of_type(DCGANDiscriminator(width=4), keras.layers.LeakyReLU)} == {0.2}
    assert len(of_type(DCGANGenerator(width=4), keras.layers.ReLU)) == 3
