import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import contract
from tfgan_zoo import random, serving
from tfgan_zoo.layers import all_layers
from tfgan_zoo.layers.perturbation import Perturbed
from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build
from tfgan_zoo.networks.stylegan2.discriminator import StyleGAN2Discriminator, minibatch_deviation
from tfgan_zoo.networks.stylegan2.generator import StyleGAN2Generator
from tfgan_zoo.objectives.penalties.path_length import path_lengths
from tfgan_zoo.pretrained import untrusted
from tfgan_zoo.settings.resolve import implied, resolve


def make(**options):
    return StyleGAN2Generator(**{"width": 4, "latent_dim": 6, "channels": 2, **options})


def latents(rows=3, size=6, seed=0):
    return tf.constant(np.random.default_rng(seed).standard_normal((rows, size)), tf.float32)


def noisy(network):
    """Returns a network whose noise has strength, and whose biases are none."""
    for weight in network.trainable_weights:
        if weight.name in ("strength", "bias"):
            weight.assign(weight + 0.3)
    return network


# Sizes


@pytest.mark.parametrize(
    ("arguments", "published"),
    [
        ({"image_size": 256, "mapping_layers": 8}, (24.8e6, 24.0e6)),
        ({"image_size": 64}, (22.2e6, 23.4e6)),
        # The authors' discriminator of CIFAR-10 has no shortcuts, 3 x 512^2 weights.
        ({"image_size": 32}, (20.0e6, 20.7e6 + 3 * 512**2)),
    ],
)
def test_has_the_published_numbers_of_parameters(arguments, published):
    size = arguments["image_size"]
    # What no optimiser trains: the noise that is kept, the average of w, and counters of draws.
    kept = 16 + 2 * sum(4**i for i in range(3, size.bit_length())) + 512 + 2
    generator = untrusted.numbers(StyleGAN2Generator, {"channels": 3, **arguments}) - kept
    convolutions = 3 * (size.bit_length() - 3) + 2
    arguments = {"channels": 3, "image_size": size}
    discriminator = untrusted.numbers(StyleGAN2Discriminator, arguments) - 2 * convolutions
    np.testing.assert_allclose((generator, discriminator), published, rtol=0.003)


def test_every_convolution_of_the_discriminator_perturbs():
    network = StyleGAN2Discriminator(width=4, perturb=0.5)
    convolutions = [layer for layer in all_layers(network) if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) == 11 and all(isinstance(one, Perturbed) and one.perturb == 0.5 for one in convolutions)


# Styles


def test_noise_has_no_strength_at_first_and_is_drawn_in_training_alone():
    generator, z = make(), latents()
    styles = generator.styles(z)
    with random.scope(seed=0, step=0, purpose="fakes"):
        np.testing.assert_allclose(generator.synthesize(styles, training=True), generator(z), rtol=1e-4, atol=1e-4)
    noisy(generator)
    with random.scope(seed=0, step=0, purpose="fakes"):
        trained = generator.synthesize(styles, training=True)
    assert np.abs(trained - generator(z)).max() > 0.01
    np.testing.assert_array_equal(generator(z), generator(z))
    np.testing.assert_allclose(
        generator(z)[:1], generator(z[:1]), rtol=1e-4, atol=1e-5
    )  # an image is that of its latents


def test_the_average_of_w_follows_training_alone():
    generator, z = make(), latents(64)
    generator.styles(z)
    assert not np.any(generator.average)
    mean = np.mean(generator.styles(z)[:, 0], axis=0)
    for count in (1, 2):
        generator.styles(z, training=True)
        np.testing.assert_allclose(generator.average, mean * (1 - 0.995**count), rtol=1e-3, atol=1e-7)


def test_truncation_draws_styles_to_their_average():
    generator, z = noisy(make()), latents()
    generator.average.assign(latents(1, seed=5)[0])
    mean = generator.synthesize(tf.tile(generator.average[None, None], (3, generator.layer_count, 1)))
    np.testing.assert_allclose(generator.truncated(z, 0.0), mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(generator.truncated(z, 1.0), generator(z), rtol=1e-4, atol=1e-5)
    half = generator.average + 0.5 * (generator.styles(z) - generator.average)
    np.testing.assert_allclose(generator.truncated(z, [0.5] * 3), generator.synthesize(half), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("mixing", "share"), [(0.0, 0.0), (0.9, 0.9), (None, 0.0)])
def test_mixing_gives_its_share_a_second_style_from_a_random_layer_on(mixing, share):
    generator = make(mixing=mixing)
    with random.scope(seed=0, step=0, purpose="fakes"):
        styles = generator.styles(latents(500), training=True).numpy()
    own = (styles == styles[:, :1]).all(axis=2)
    assert own[:, 0].all()
    assert abs(np.mean(~own[:, -1]) - share) < 0.05
    crossings = own.sum(axis=1)[~own[:, -1]]
    assert ((np.diff(own.astype(int), axis=1) != 0).sum(axis=1) <= 1).all()  # from there on to the end
    if share:
        assert set(crossings) == set(range(1, generator.layer_count))


def test_an_update_of_the_mapping_is_a_hundredth():
    generator = make()
    for layer in generator.mapping:
        assert layer.multiplier == 0.01 and np.std(layer.kernel) == pytest.approx(100, rel=0.5)
    w = generator.styles(latents(64))
    assert 0.3 < np.std(w) < 3


# The minibatch's deviation


def test_deviation_is_that_of_groups_of_four():
    x = np.random.default_rng(0).standard_normal((8, 4, 4, 3)).astype("float32")
    expected = [np.mean(np.std(x[rows], axis=0)) for rows in (slice(4), slice(4, 8))]
    np.testing.assert_allclose(minibatch_deviation(x)[:, 0], np.repeat(expected, 4), rtol=1e-5)
    assert minibatch_deviation(x[:6]).shape == (6, 1) and np.allclose(minibatch_deviation(x[:3]), 0, atol=1e-3)


def test_two_replicas_have_the_groups_of_the_global_batch(mirrored):
    x = np.random.default_rng(0).standard_normal((8, 4, 4, 3)).astype("float32")

    def local():
        return minibatch_deviation(
            tf.constant(x)[tf.distribute.get_replica_context().replica_id_in_sync_group * 4 :][:4]
        )

    parts = mirrored.experimental_local_results(mirrored.run(tf.function(local)))
    np.testing.assert_allclose(np.concatenate(parts), minibatch_deviation(x), rtol=1e-6)


# The path length


def test_path_length_is_that_of_the_jacobian():
    generator = noisy(make(mapping_layers=1))
    styles = generator.styles(latents(2))
    noise = tf.constant(np.random.default_rng(1).standard_normal((2, 32, 32, 2)) / 32, tf.float32)
    ours = path_lengths(generator.synthesize, styles, noise)
    step, products = 1e-3, np.zeros((2, generator.layer_count, 6))
    for layer in range(generator.layer_count):
        for i in range(6):
            shift = np.zeros(styles.shape, "float32")
            shift[:, layer, i] = step
            images = generator.synthesize(styles + shift) - generator.synthesize(styles - shift)
            products[:, layer, i] = np.sum(images * noise, axis=(1, 2, 3)) / (2 * step)
    np.testing.assert_allclose(ours, np.sqrt(np.mean(np.sum(products**2, axis=2), axis=1)), rtol=0.01)


def test_path_length_acts_on_the_generator_every_fourth_step():
    config = resolve(method="gan", network="stylegan2", penalty=("r1", "path_length"), **contract.SMALL)
    assert config.penalty_every == (16, 4) and config.penalty_weight == (1.0, 2.0)
    model = contract._model(config)
    seen = [contract._fit(model, config, step)["penalty_path_length"][0] for step in range(5)]
    assert seen[0] > 0 and seen[4] > 0 and seen[1] == seen[2] == seen[3] == 0
    assert float(model.states["path_length"]) > 0
    with pytest.raises(ValueError, match=r"^penalty=path_length is for generators with styles"):
        resolve(method="gan", penalty="path_length")
    with pytest.raises(ValueError, match=r"^penalty=path_length is for generators with styles"):
        GAN(build("mlp", "generator", shape=(2,)), build("mlp", "discriminator", shape=(2,)), penalty="path_length")


# In a run


def test_implies_its_penalties_by_size_and_batch():
    values = implied({"network": "stylegan2", "method": "gan", "image_size": 64, "batch_size": 32})
    assert values["penalty"] == ("r1", "path_length") and values["penalty_every"] == (16, 4)
    np.testing.assert_allclose(values["penalty_weight"], (0.0002 * 64**2 / 32, 2.0))
    config = resolve(network="stylegan2", method="gan", batch_size=64)
    assert config.penalty == ("r1",) and config.penalty_weight == pytest.approx((0.0032,))
    with pytest.raises(ValueError, match=r"^mixing=0.5 is not for network=r3gan; choose from stylegan2"):
        resolve(network="r3gan", method="gan", mixing=0.5)


@pytest.mark.parametrize("conditional", [pytest.param(False, marks=pytest.mark.slow), True])
def test_truncation_in_w_is_in_an_export(conditional, tmp_path):
    classes = 3 if conditional else 0
    networks = (build("stylegan2", role, width=4, num_classes=classes, **rest) for role, rest in ROLES)
    model = GAN(*networks, seed=0)
    noisy(model.ema_generator)
    model.ema_generator.average.assign(latents(1)[0])
    exported = serving.SavedModelGenerator(serving.export(model, tmp_path / "export"))
    for truncation in (1.0, 0.3):
        images = model.generate(4, seed=2, truncation=truncation)
        np.testing.assert_allclose(exported.generate(4, seed=2, truncation=truncation), images, atol=1e-5)
    z = random.latents_from_seeds([2], 6)
    labels = (random.labels_from_seeds([2], 3),) if conditional else ()
    expected = (model.ema_generator.truncated(z, 0.3, *labels) + 1) / 2
    np.testing.assert_allclose(images[:1], np.clip(expected, 0, 1), atol=1e-5)
    assert np.ptp(model.generate(4, seed=2, truncation=0.0, labels=1 if conditional else None), axis=0).max() < 1e-5
    rows = model.interpolate(1, 3, truncation=0.3, labels=1 if conditional else None)
    np.testing.assert_allclose(
        rows[0], model.generate(1, truncation=0.3, labels=1 if conditional else None)[0], atol=1e-5
    )


ROLES = (("generator", {"latent_dim": 6}), ("discriminator", {}))
