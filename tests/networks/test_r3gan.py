import math

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_zoo import networks
from tfgan_zoo.layers import all_layers
from tfgan_zoo.layers.perturbation import Perturbed
from tfgan_zoo.networks.r3gan.r3gan import R3GANDiscriminator, R3GANGenerator, ResidualBlock
from tfgan_zoo.pretrained import untrusted
from tfgan_zoo.settings.resolve import resolve


def count(role, **arguments):
    """The weights of a network that is too large to make."""
    network = R3GANGenerator if role == "generator" else R3GANDiscriminator
    return untrusted.numbers(network, {"channels": 3, **arguments})


@pytest.mark.parametrize(
    ("arguments", "published"),
    [
        ({"image_size": 32, "num_classes": 10}, (20.8e6, 20.7e6)),
        ({"image_size": 64}, (22.4e6, 22.4e6)),
        ({"image_size": 256}, (23.1e6, 23.0e6)),
    ],
)
def test_has_the_published_numbers_of_parameters(arguments, published):
    noise = 8 * 3 + 9  # counters of the noise of D's convolutions; and its head's bias is ours
    counts = count("generator", **arguments), count("discriminator", **arguments) - 2 * noise - 1
    np.testing.assert_allclose(counts, published, rtol=0.0025)


def test_a_light_size():
    counts = [count(role, image_size=64, width=128, blocks=1) for role in ("generator", "discriminator")]
    assert max(counts) < 0.5e6


def test_blocks_begin_as_the_identity_and_learn():
    block, x = ResidualBlock(12, total=4, name="block"), tf.random.stateless_normal((2, 4, 4, 12), (0, 0))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((block(x) - 1) ** 2)
    np.testing.assert_array_equal(block(x), x)
    assert np.abs(tape.gradient(loss, block.back.kernel)).max() > 0


def test_kernels_keep_the_variance_over_the_depth():
    network = networks.build("r3gan", "discriminator", shape=(64, 64, 1), width=64)
    blocks = [layer for layer in all_layers(network) if isinstance(layer, ResidualBlock)]
    assert len(blocks) == 10
    gain = math.sqrt(2 / 1.04) * 10**-0.25
    for block in blocks:
        for layer, fan_in in ((block.reach, block.filters), (block.mix, 9 * 16)):
            np.testing.assert_allclose(np.std(layer.kernel), gain / math.sqrt(fan_in), rtol=0.1)
    grouped = [layer for layer in all_layers(network) if getattr(layer, "groups", 1) > 1]
    assert len(grouped) == 11 and all(isinstance(layer, Perturbed) for layer in grouped)


@pytest.mark.parametrize("classes", [0, 3])
def test_latents_scale_the_channels_of_the_basis(classes):
    generator = R3GANGenerator(width=8, latent_dim=4, num_classes=classes)
    basis = generator.trunk.get_layer("basis")
    labels = (tf.constant([1, 2]),) if classes else ()
    maps = basis(tf.random.normal((2, 4)), *labels) / basis.map
    np.testing.assert_allclose(maps, np.broadcast_to(maps[:, :1, :1], maps.shape), rtol=1e-4)
    assert np.abs(maps[0] - maps[1]).max() > 0.01


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (("r1", "r2"), (0.05, 0.05), (1, 1))),
        ({"dataset": "./photos", "image_size": 64}, (("r1", "r2"), (2.0, 2.0), (1, 1))),
        ({"loss": "non_saturating"}, (("r1", "r2"), (0.05, 0.05), (1, 1))),
        ({"penalty_every": 8}, (("r1", "r2"), (0.05, 0.05), (8, 8))),
        ({"penalty": "r1"}, (("r1",), (1.0,), (16,))),
        ({"penalty": "none"}, ((), (), ())),
        ({"loss": "wasserstein"}, (("wgan_gp",), (10.0,), (1,))),
    ],
)
def test_implies_its_penalties_by_size_unless_others_are_chosen(given, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (80, 80)).save(tmp_path / "photos" / "0.png")
    config = resolve(network="r3gan", method="gan", **given)
    assert (config.penalty, config.penalty_weight, config.penalty_every) == expected
    assert (config.beta_1, config.latent_dim, config.normalization) == (0.0, 64, "none")


def test_blocks_are_for_networks_that_have_them():
    assert resolve(network="r3gan", method="gan", blocks=1).blocks == 1
    with pytest.raises(ValueError, match=r"^blocks=1 is not for network=dcgan; choose from r3gan"):
        resolve(network="dcgan", method="gan", blocks=1)
