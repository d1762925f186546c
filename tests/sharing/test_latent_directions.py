"""Directions of latents, against NumPy's singular vectors and against what networks do."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.sharing.test_walks import call, cells, expected, make, refused, styled  # noqa: F401 (fixtures)
from tfgan_zoo import random
from tfgan_zoo.cli import app
from tfgan_zoo.core.weights import apply
from tfgan_zoo.methods import GAN
from tfgan_zoo.methods.express.express_generator import ExpressGenerator
from tfgan_zoo.methods.express.whitening import Whitening
from tfgan_zoo.networks import KerasGenerator, build
from tfgan_zoo.sharing import latent_directions as directions

RNG = np.random.default_rng(0)


def same_up_to_sign(found, wanted):
    assert found.shape == wanted.shape
    np.testing.assert_allclose(np.abs((found * wanted).sum(axis=1)), 1, atol=1e-6)


def test_sefa_is_numpy_s_singular_vectors():
    weights = RNG.normal(size=(6, 9))
    left, values, _ = np.linalg.svd(weights)
    vectors, shares = directions.sefa(weights, 4)
    same_up_to_sign(vectors, left.T[:4])
    np.testing.assert_allclose(shares, (values**2 / (values**2).sum())[:4])
    assert (np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], 1) > 0).all()
    others = RNG.normal(size=(1000, 6))
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    assert np.linalg.norm(vectors[0] @ weights) > np.linalg.norm(others @ weights, axis=1).max()


@pytest.mark.parametrize("shape", [(30, 5), (12, 40)])
def test_components_are_numpy_s_singular_vectors(shape):
    rows = RNG.normal(size=shape) + 3
    _, values, right = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    vectors, shares, coordinates = directions.principal_components(rows, 3)
    same_up_to_sign(vectors, right[:3])
    np.testing.assert_allclose(shares, (values**2 / (values**2).sum())[:3])
    np.testing.assert_allclose(np.linalg.norm(coordinates, axis=0), values[:3])


def test_coordinates_are_carried_over_by_least_squares():
    weights = RNG.normal(size=(5, 8)) * [[4], [3], [2], [1], [0.5]]
    latents = RNG.normal(size=(20000, 5))
    _, _, coordinates = directions.principal_components(latents @ weights, 3)
    found = directions.carried_over(coordinates, latents)
    wanted = np.linalg.solve(coordinates.T @ coordinates, coordinates.T @ latents)
    same_up_to_sign(found, wanted / np.linalg.norm(wanted, axis=1, keepdims=True))
    sefa = directions.sefa(weights, 3)[0]  # of a linear map and normal latents both are the same
    np.testing.assert_allclose(np.abs((found * sefa).sum(axis=1)), 1, atol=0.01)


GENERATORS = {
    "mlp": {"latent_dim": 20, "width": 8},
    "dcgan": {"latent_dim": 80, "width": 1},
    "sngan": {"latent_dim": 80, "width": 1},
    "r3gan": {"latent_dim": 20, "width": 4, "blocks": 1},
    "stylegan2": {"latent_dim": 60, "width": 4},
}


@pytest.mark.parametrize("classes", [0, 2])
@pytest.mark.parametrize("name", [*GENERATORS, "express"])
def test_what_the_weights_do_not_read_changes_nothing(name, classes):
    network = _network(name, classes)
    weights = network.latent_weights()
    size, read = weights.shape
    assert size == network.latent_dim > read
    _, _, right = np.linalg.svd(weights.T)
    labels = np.array([0, 1], "int32") if classes else None
    blind, strong = right[-1].astype("float32"), directions.sefa(weights, 1)[0][0].astype("float32")
    np.testing.assert_allclose(weights.T @ blind, 0, atol=1e-4)

    def images(way):
        latents = RNG_ROWS[:, :size] + way
        if name != "stylegan2":
            return np.asarray(apply(network, latents, labels, training=False))
        return np.asarray(network.synthesize(np.repeat(latents[:, None], network.layer_count, axis=1)))

    np.testing.assert_allclose(images(3 * blind), images(0), atol=2e-4)
    assert np.abs(images(3 * strong) - images(0)).max() > 1e-3
    if name != "stylegan2":
        features = np.asarray(network.latent_features(RNG_ROWS[:, :size], labels))
        np.testing.assert_allclose(network.latent_features(RNG_ROWS[:, :size] + blind, labels), features, atol=1e-3)
        assert len(features) == 2 and features.std() > 0


RNG_ROWS = np.random.default_rng(1).normal(size=(2, 128)).astype("float32")


def _network(name, classes):
    if name == "express":
        inner = build("mlp", "generator", shape=(5,), latent_dim=20, width=8, num_classes=classes)
        network = ExpressGenerator(
            inner, Whitening(5), build("mlp", "generator", shape=(4, 4, 1), latent_dim=5, num_classes=classes)
        )
    else:
        network = build(name, "generator", shape=(32, 32, 1), num_classes=classes, **GENERATORS[name])
    rng = np.random.default_rng(2)
    for weight in network.weights:
        if weight.path.endswith("kernel"):  # such as begin at 0
            weight.assign(rng.normal(size=weight.shape, scale=0.5))
    return network


def _with_labels():
    labels, latents = keras.Input((), dtype="int32", name="labels"), keras.Input((5,))
    x = layers.Concatenate()([layers.Embedding(3, 2)(labels), layers.Dropout(0.1)(latents)])
    x = keras.Sequential([keras.Input((7,)), layers.Dense(12, "tanh"), layers.Reshape((2, 2, 3))])(x)
    return keras.Model([labels, latents], x)


def test_a_keras_network_s_first_kernel_is_found():
    dense = keras.Sequential([keras.Input((5,)), layers.Dense(12, "tanh"), layers.Reshape((2, 2, 3))])
    np.testing.assert_array_equal(KerasGenerator(dense).latent_weights(), dense.layers[0].kernel)
    network = KerasGenerator(_with_labels())
    kernel = network.network.layers[-1].layers[0].kernel
    np.testing.assert_array_equal(network.latent_weights(), np.asarray(kernel)[2:])
    deconv = keras.Sequential(
        [keras.Input((5,)), layers.Reshape((1, 1, 5)), layers.Conv2DTranspose(3, 4, activation="tanh")]
    )
    kernel = np.asarray(deconv.layers[1].kernel)  # [4, 4, 3, 5]
    np.testing.assert_array_equal(KerasGenerator(deconv).latent_weights(), kernel.reshape(-1, 5).T)


class Odd(keras.Model):
    latent_dim = 5

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense, self.shaped = layers.Dense(12, "tanh"), layers.Reshape((2, 2, 3))

    def call(self, latents):
        return self.shaped(self.dense(latents))


class Telling(Odd):
    def latent_weights(self):
        return np.asarray(self.dense.kernel)


@pytest.mark.parametrize("options", [{"by": "SEFA"}, {"by": None}, {"count": 1.5}, {"count": "2"}, {"count": 0}])
def test_directions_of_another_kind_or_number_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options)).replace("count", "directions") + "="):
        directions.of_model(make(), **{"count": 2} | options)


def test_of_a_subclassed_network_it_must_be_told():
    discriminator = keras.Sequential([keras.Input((2, 2, 3)), layers.Flatten(), layers.Dense(1)])
    model = GAN(Odd(), discriminator)
    with pytest.raises(ValueError, match=r"cannot be told; give it latent_weights\(\)"):
        directions.of_model(model, 2)
    found = directions.of_model(model, 2, "pca")  # of the images
    assert found.vectors.shape == (2, 5) and not found.styled
    model = GAN(Telling(), discriminator)
    left, _, _ = np.linalg.svd(model.ema_generator.network.dense.kernel)
    same_up_to_sign(directions.of_model(model, 2).vectors, left.T[:2])


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("by", directions.KINDS)
def test_rows_go_along_the_directions(by, classes, call):  # noqa: F811
    model = make(classes)
    flags = ("--seeds=4,9", "--directions=3", f"--directions_by={by}", "--columns=5", "--strength=2")
    status, out, err = call(model, *flags, "--save_latents=z.npy")
    assert (status, err) == (0, "") and out.startswith(f"3 directions of latents z ({by}, "), err
    grid = cells("directions.png")[0].reshape(2, 3, 5, 8, 8)
    found = directions.of_model(model, 3, by)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    images = expected(model.generate_from_seeds(np.array([4, 9])))
    np.testing.assert_allclose(grid[:, :, 2], images[:, None].repeat(3, axis=1), atol=1)
    latents = random.latents_from_seeds([4, 9], 16).numpy()
    ways = np.linspace(-2, 2, 5)[:, None] * found.vectors[1]
    np.testing.assert_allclose(np.load("z.npy").reshape(2, 3, 5, 16)[1, 1], latents[1] + ways, atol=1e-6)
    labels = None if not classes else random.labels_from_seeds([9] * 5, 3).numpy()
    row = model.generate_from_latents(latents[1] + ways, labels=labels)
    np.testing.assert_allclose(grid[1, 1], expected(row), atol=1)


def test_a_network_with_styles_has_directions_of_w(styled, call):  # noqa: F811
    for by in directions.KINDS:
        flags = ("--directions=2", f"--directions_by={by}", "--columns=3", "--label=1", "--save_latents=w.npy")
        status, out, _ = call(styled, *flags)
        assert status == 0 and out.startswith(f"2 directions of styles w ({by}, ")
        w = np.load("w.npy").reshape(2, 3, *styled.style_shape)
        np.testing.assert_allclose(w[0, 1], styled.styles(random.latents_from_seeds([0], 8), [1])[0], atol=1e-6)
        way = (w[1, 2] - w[1, 1]) / 3
        np.testing.assert_allclose(way, np.tile(way[:1], (len(way), 1)), atol=1e-6)
        found = directions.of_model(styled, 2, by)
        assert found.styled and np.abs(found.scales - 1).max() > 0.01  # w is not of variance 1
        np.testing.assert_allclose(way[0], found.scales[1] * found.vectors[1], atol=1e-5)
    np.testing.assert_allclose(
        cells("directions.png", 32)[0], expected(styled.generate_from_latents(w.reshape(6, *w.shape[2:]))), atol=1
    )


def test_a_sheet_of_mixed_styles(styled, call):  # noqa: F811
    flags = ("--mix=7,8,9", "--mix_layers=0-2,5", "--seeds=3,4", "--label=1", "--truncation=0.6")
    status, out, err = call(styled, *flags, "--save_latents=w.npy")
    assert (status, err) == (0, ""), err
    assert out.startswith("2 x 3 images with the columns' styles in the layers 0 to 5 of 8")
    grid = cells("mixed.png", 32)[0].reshape(3, 4, 32, 32)
    assert not grid[0, 0].any()
    images = expected(styled.generate_from_seeds(np.array([7, 8, 9, 3, 4]), 0.6, labels=1))
    np.testing.assert_allclose(grid[0, 1:], images[:3], atol=1)
    np.testing.assert_allclose(grid[1:, 0], images[3:], atol=1)
    ours, theirs = (styled.styles(random.latents_from_seeds(seeds, 8), [1]) for seeds in ([4], [9]))
    ours[0, [0, 1, 2, 5]] = theirs[0, [0, 1, 2, 5]]
    np.testing.assert_allclose(np.load("w.npy").reshape(2, 3, 8, 8)[1, 2], ours[0], atol=1e-6)
    np.testing.assert_allclose(grid[2, 3], expected(styled.generate_from_latents(ours, 0.6))[0], atol=1)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--directions=-1"], "directions=-1 must be at least 1"),
        (["--directions=2", "--directions_by=ica"], "directions_by=ica"),
        (["--directions=2", "--strength=0"], "strength=0.0 must be above 0"),
        (["--directions=2", "--strength=nan"], "strength=nan must be above 0"),
        (["--directions=2", "--columns=1"], "columns=1 must be at least 2"),
        (["--strength=2"], "strength is for --directions"),
        (["--mix_layers=2"], "mix_layers is for --mix"),
        (["--directions=2", "--mix=3"], "directions makes one picture of its own: leave out --mix"),
        (["--directions=2", "--individual"], "leave out --individual"),
        (["--directions=2", "--label=all"], "leave out --label=all"),
        (["--directions=2", "--interpolate=2", "--output=a.webp"], "leave out --interpolate"),
        (["--directions=2", "--output=a.webp"], "directions makes a picture: output=a.webp must end in .png"),
        (["--mix=one"], "mix=one must be whole numbers"),
        (["--mix=1", "--mix_layers=4-2"], "mix_layers=4-2 must run upwards"),
        (["--mix=1", "--columns=3"], "columns=3: the seeds of --mix are the columns"),
    ],
)
def test_bad_input_is_one_line_before_tensorflow_starts(flags, words, call, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    refused(call(None, *flags), words, tmp_path)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--directions=17"], "directions=17 must be in [1, 16], the latents' dimension"),
        (["--directions=2", "--columns=90000000"], "directions=2, columns=90000000: 42.9 GiB of pixels"),
        (["--directions=2", "--seeds=1,2", "--label=0"], "label=0 is for conditional models"),
        (["--mix=1,2"], "mix=1,2: model=model.keras has no styles"),
        (["--directions=2", "--strength=1e300"], "strength=1e+300 moves latents to where float32 ends"),
    ],
)
def test_what_the_model_cannot_do_is_one_line(flags, words, call, tmp_path):  # noqa: F811
    refused(call(make(), *flags), words, tmp_path)


def test_layers_that_are_not_there_are_one_line(styled, call, tmp_path):  # noqa: F811
    refused(call(styled, "--mix=1", "--mix_layers=6-8"), "mix_layers=6-8 must be in [0, 7]", tmp_path)
