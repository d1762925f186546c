import keras
import numpy as np
import pytest

from tfgan_zoo.networks.mlp.mlp import MLPDiscriminator, MLPGenerator


def normal(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def dense_layers(network):
    return [layer for layer in network.trunk.layers if isinstance(layer, keras.layers.Dense)]


def forward(network, x, activation):
    """The hidden layers and the linear last one, in NumPy."""
    *hidden, last = [*dense_layers(network), *([network.head] if hasattr(network, "head") else [])]
    for layer in hidden:
        x = activation(x @ layer.kernel.numpy() + layer.bias.numpy())
    return x, x @ last.kernel.numpy() + last.bias.numpy()


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize(
    ("activation", "reference"), [("relu", lambda x: np.maximum(x, 0)), ("tanh", np.tanh)], ids=["relu", "tanh"]
)
def test_outputs_for_vectors_are_linear_in_the_last_hidden_layer(depth, activation, reference):
    generator = MLPGenerator((2,), latent_dim=5, width=8, depth=depth, activation=activation)
    z = normal((4, 5))
    np.testing.assert_allclose(generator(z), forward(generator, z, reference)[1], rtol=1e-4, atol=1e-6)
    discriminator = MLPDiscriminator((2,), width=8, depth=depth, activation=activation, outputs=3)
    x = normal((4, 2))
    features, logits = forward(discriminator, x, reference)
    np.testing.assert_allclose(discriminator.features(x), features, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(discriminator(x), logits, rtol=1e-4, atol=1e-6)


def test_images_leave_through_tanh_and_enter_flat():
    generator = MLPGenerator((3, 4, 2), latent_dim=5, width=8)
    z = normal((4, 5))
    last = forward(generator, z, lambda x: np.maximum(x, 0))[1]
    np.testing.assert_allclose(generator(z), np.tanh(last).reshape(4, 3, 4, 2), rtol=1e-4, atol=1e-6)
    discriminator = MLPDiscriminator((3, 4, 2), width=8)
    x = normal((4, 3, 4, 2))
    flat = forward(discriminator, x.reshape(4, -1), lambda x: np.maximum(x, 0))[1]
    np.testing.assert_allclose(discriminator(x), flat, rtol=1e-4, atol=1e-6)


def test_attributes_describe_the_samples():
    generator = MLPGenerator([2], latent_dim=5)
    assert (generator.latent_dim, generator.image_shape) == (5, (2,))
    assert [layer.units for layer in dense_layers(generator)] == [128, 128, 2]


def test_spectral_normalization_reaches_every_layer():
    discriminator = MLPDiscriminator((2,), width=8, normalization="spectral")
    assert [weight.path.split("/")[-2] for weight in discriminator.weights if weight.name == "u"] == [
        "hidden1",
        "hidden2",
        "head",
    ]
    assert not [weight for weight in MLPDiscriminator((2,), width=8).weights if weight.name == "u"]
