"""Images that are no squares: which sizes a network makes, and that it makes them."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import networks, registry
from tfgan_zoo.specs import Network

CONVOLUTIONAL = ["dcgan", "sngan", "r3gan", "stylegan2"]
SMALL = {"shape": (24, 16, 4), "width": 4}


@pytest.mark.parametrize(
    ("size", "level", "grid"),
    [
        (32, 32, (4, 4)),
        (128, 128, (4, 4)),
        ((192, 128), 128, (6, 4)),
        ((128, 192), 128, (4, 6)),
        ((24, 16), 32, (3, 2)),
        ((72, 64), 32, (9, 8)),
        ((64, 256), 64, (4, 16)),
    ],
)
def test_an_image_has_the_layers_of_the_largest_square_whose_grid_is_as_long(size, level, grid):
    spec = registry.NETWORKS["dcgan"]
    assert spec.layout(size) == (level, grid) and spec.makes(size)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (48, "^image_size=48: choose from 32, 64, 128, 256$"),
        ((218, 178), "^image_size=218x178: nearby are 224x176, 208x176, 224x192, 208x192$"),
        ((24, 8), "^image_size=24x8: nearby are 24x16, "),
        ((136, 16), "^image_size=136x16: nearby are 128x16, "),
    ],
)
def test_what_is_not_made_is_refused_with_what_is(size, message):
    spec = registry.NETWORKS["dcgan"]
    assert not spec.makes(size)
    with pytest.raises(ValueError, match=message):
        spec.layout(size)


def test_a_network_without_a_grid_makes_squares_alone():
    squares = Network(name="", summary="", generator="", discriminator="", sizes=(32,))
    assert squares.layout(32)[0] == 32 and not squares.makes((32, 64))
    with pytest.raises(ValueError, match=r"^image_size=32x64: choose from 32$"):
        squares.layout((32, 64))


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_both_networks_have_the_shape_and_their_configurations_keep_it(name):
    generator = networks.build(name, "generator", latent_dim=5, **SMALL)
    discriminator = networks.build(name, "discriminator", **SMALL)
    assert generator.image_shape == discriminator.image_shape == (24, 16, 4)
    images = generator(tf.random.stateless_normal((3, 5), (0, 0)))
    assert images.shape == (3, 24, 16, 4)
    assert discriminator(images).shape == (3, 1)
    for net in (generator, discriminator):
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(net)))
        assert config["config"]["image_size"] == [24, 16]
        same = keras.saving.deserialize_keras_object(config)
        assert same.image_size == (24, 16) and [w.shape for w in same.weights] == [w.shape for w in net.weights]


def test_attention_counts_the_shorter_side():
    for role in ("generator", "discriminator"):
        stack = networks.build("sngan", role, attention=8, **SMALL).trunk.layers
        place = [layer.name for layer in stack].index("attention")
        assert stack[place].output.shape[1:3] == (12, 8)
    with pytest.raises(ValueError, match=r"^attention=16 of image_size=24x16: choose from 4, 8$"):
        networks.build("sngan", "generator", attention=16, **SMALL)


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_a_generator_with_all_its_weights_transposed_makes_transposed_images(name):
    wide = networks.build(name, "generator", shape=(16, 24, 1), width=4, latent_dim=5)
    high = networks.build(name, "generator", shape=(24, 16, 1), width=4, latent_dim=5)
    for there, here in zip(wide.weights, high.weights, strict=True):
        values, axes = there.numpy(), {3: (0, 1), 4: (1, 2) if "noise" in there.path else (0, 1)}
        if there.path.endswith("project/kernel") or there.path.endswith("project/bias"):
            values = values.reshape(*values.shape[:-1], 2, 3, -1).swapaxes(-3, -2).reshape(here.shape)
        elif values.ndim > 2:
            values = values.swapaxes(*axes[values.ndim])
        here.assign(values)
    z = tf.random.stateless_normal((2, 5), (0, 0))
    images, scale = high(z).numpy(), np.abs(high(z)).max()
    np.testing.assert_allclose(images / scale, tf.transpose(wide(z), (0, 2, 1, 3)) / scale, atol=1e-4)
    assert np.ptp(images / scale, axis=(1, 2)).min() > 0.1  # what is the same everywhere could not be told apart
