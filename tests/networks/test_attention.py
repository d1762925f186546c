import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.layers import all_layers
from tfgan_zoo.layers.perturbation import Perturbed
from tfgan_zoo.layers.spectral_normalization import SpectralNormalized
from tfgan_zoo.networks import build
from tfgan_zoo.networks.sngan.attention import Attention
from tfgan_zoo.settings.resolve import resolve


def normal(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def test_attends_as_the_paper_says():
    layer, x = Attention(perturb=None, name="attention"), normal((2, 4, 6, 16))
    np.testing.assert_array_equal(layer(x), x)
    layer.sigma.assign(0.7)

    def projected(part, pooled):
        y = x @ part.kernel.numpy()[0, 0]
        if pooled:
            y = y.reshape(2, 2, 2, 3, 2, -1).max(axis=(2, 4))
        return y.reshape(2, -1, y.shape[-1])

    query, key, value = projected(layer.query, False), projected(layer.key, True), projected(layer.value, True)
    scores = np.exp(np.einsum("njc,nic->nji", query, key))
    attended = np.einsum("nji,nic->njc", scores / scores.sum(axis=2, keepdims=True), value)
    expected = x + 0.7 * (attended @ layer.out.kernel.numpy()[0, 0]).reshape(x.shape)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("image_size, attention", [(32, 16), (64, 32)])
def test_both_networks_attend_at_that_size_and_begin_without(image_size, attention):
    shape = {"shape": (image_size, image_size, 1), "width": 2}
    for role, x in (("generator", normal((2, 128))), ("discriminator", normal((2, image_size, image_size, 1)))):
        plain, network = build("sngan", role, **shape), build("sngan", role, attention=attention, **shape)
        (layer,) = [layer for layer in all_layers(network) if isinstance(layer, Attention)]
        seen = []
        layer.call = lambda x, training=False, call=layer.call, seen=seen: (seen.append(x.shape), call(x, training))[1]
        others = [weight for weight in network.weights if "attention" not in weight.path]
        for one, other in zip(others, plain.weights, strict=True):
            one.assign(other)
        np.testing.assert_allclose(network(x), plain(x), rtol=1e-4, atol=1e-5)
        again = type(network).from_config(network.get_config())
        assert again.get_config() == network.get_config() and network.get_config()["attention"] == attention
        assert seen[0][1:3] == (attention, attention)
        convolutions = [layer.query, layer.key, layer.value, layer.out]
        for kind in (Perturbed, SpectralNormalized):
            assert all(isinstance(one, kind) == (role == "discriminator") for one in convolutions)


def test_another_size_is_refused():
    assert resolve(method="gan", network="sngan", attention=16).attention == 16
    with pytest.raises(ValueError, match=r"^attention=32 of image_size=32: choose from 8, 16$"):
        resolve(method="gan", network="sngan", attention=32)
    with pytest.raises(ValueError, match=r"^attention=32 of image_size=32: choose from 8, 16$"):
        build("sngan", "discriminator", attention=32)
    with pytest.raises(ValueError, match=r"^attention=16 is not for network=dcgan; choose from sngan"):
        resolve(method="gan", attention=16)


@pytest.mark.thorough
@pytest.mark.parametrize("network", ["dcgan", "sngan", "r3gan", "stylegan2"])
@pytest.mark.parametrize("image_size", [256, pytest.param(512, marks=pytest.mark.slow)])
def test_large_images_have_their_shapes(network, image_size):
    if image_size == 512 and network in ("dcgan", "sngan"):
        with pytest.raises(ValueError, match=r"^image_size=512: choose from 32, 64, 128, 256$"):
            build(network, "generator", shape=(512, 512, 3))
        return
    shape = {"shape": (image_size, image_size, 3), "width": 1 if network in ("dcgan", "sngan") else 8}
    images = build(network, "generator", latent_dim=4, **shape)(tf.zeros((1, 4)))
    assert build(network, "discriminator", **shape)(images).shape == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("network", ["dcgan", "sngan", "r3gan", "stylegan2"])
def test_a_step_at_256_pixels(network, tmp_path):
    from PIL import Image

    from tests import contract

    for i in range(4):
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (256, 256, 3), "uint8")).save(tmp_path / f"{i}.png")
    width = 2 if network in ("dcgan", "sngan") else 8
    config = resolve(
        network=network, dataset=str(tmp_path), image_size=256, width=width, batch_size=2, kimg=0.004, latent_dim=8
    )
    model = contract._model(config)
    images = np.random.default_rng(0).uniform(-1, 1, (2 * model.batches_per_step, 256, 256, 3)).astype("float32")
    logs = model.fit(images, batch_size=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in logs.values())
