"""Latents of given pictures: of a network that can be inverted, the very ones."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image

import tfgan_zoo
from tests.sharing.test_walks import call, cells, make, refused, styled  # noqa: F401 (fixtures)
from tfgan_zoo import pictures, random
from tfgan_zoo.cli import app, inverting
from tfgan_zoo.methods import GAN
from tfgan_zoo.sharing import inversion


def invertible(classes):
    """A GAN whose images, 8 x 8, are a linear map of 4 latents through tanh, another one for each class."""
    latents, labels = keras.Input((4,)), keras.Input((), dtype="int32", name="labels")
    every = layers.Reshape((classes, 64))(layers.Dense(64 * classes, "tanh", name="maps")(latents))
    one_hot = layers.CategoryEncoding(classes, "one_hot")(layers.Reshape((1,))(labels))
    images = layers.Reshape((8, 8, 1))(layers.Dot(1)([layers.Reshape((classes,))(one_hot), every]))
    generator = keras.Model([latents, labels], images)
    seen, others = keras.Input((8, 8, 1)), keras.Input((), dtype="int32", name="labels")
    told = layers.Flatten()(layers.Embedding(classes, 2)(others))
    logits = layers.Dense(1)(layers.Concatenate()([layers.Flatten()(seen), told]))
    pair = tfgan_zoo.networks.KerasGenerator(generator, num_classes=classes), keras.Model([seen, others], logits)
    model = GAN(*pair)
    weight = next(weight for weight in model.ema_generator.weights if weight.path.endswith("maps/kernel"))
    weight.assign(np.random.default_rng(0).normal(size=weight.shape, scale=0.5))
    return model


@pytest.mark.slow  # compiling L-BFGS takes five seconds
def test_an_invertible_network_gives_back_the_latents():
    model = invertible(3)
    (found,) = inversion.invert(model, model.generate(1, 5000, labels=2), steps=60)
    np.testing.assert_allclose(found.latents, random.latents_from_seeds([5000], 4), atol=1e-3)
    assert found.label == 2 and found.psnr > 70


def test_the_nearest_sample_wins_with_its_class(call, monkeypatch):  # noqa: F811
    def stay(search, places, labels, target, steps):
        return places, search._losses((search._raw_images(places, labels) + 1) / 2, target)

    monkeypatch.setattr(inversion._Search, "_lbfgs", stay)
    model = invertible(3)
    assert call(model, "--seeds=5000", "--labels=2", "--individual", "--output=a")[0] == 0
    picture = "a/seed00005000_class2.png"
    flags = ("--seed=4990", "--labels=2", "--invert_steps=60", "--save_latents=z.npy")
    status, out, err = call(model, f"--invert={picture}", *flags)
    assert (status, err) == (0, ""), err
    assert out.startswith("1 pictures inverted, PSNR ") and "as class 2, of model.keras" in out
    assert float(out.split("PSNR ")[1].split(" dB")[0]) > 55  # the picture has 256 levels
    np.testing.assert_array_equal(np.load("z.npy"), random.latents_from_seeds([5000], 4))
    target, found = cells("inverted.png")[0]
    np.testing.assert_array_equal(target, np.asarray(Image.open(picture), int))
    np.testing.assert_allclose(found, target, atol=1)
    assert call(model, "--latents=z.npy", "--label=2")[0] == 0
    np.testing.assert_array_equal(cells("grid.png")[0, 0], found)


@pytest.mark.parametrize("shape", [(8, 8, 4), (8, 4, 3)])
def test_pictures_with_transparency_and_such_that_are_no_squares_are_read_as_the_model_makes_them(shape, tmp_path):
    """A sample written as a PNG, straight colours if it has alpha, comes back as the image that it was."""
    image = np.random.default_rng(0).uniform(size=shape).astype("float32")
    if shape[2] == 4:
        image[..., :3] *= image[..., 3:]
    pictures.write(pictures.grid(image[None], columns=1, alpha=True), tmp_path / "one.png")
    read = inverting._read(tmp_path / "one.png", shape[:2], shape[2])
    np.testing.assert_allclose(read, image, atol=2.1 / 255)


@pytest.mark.parametrize("features", [None, lambda images: 3 * images[:, :1, :, 0] + 1])
def test_the_loss_is_numpy_s(features):
    images, target = np.random.default_rng(0).uniform(size=(2, 3, 8, 8, 1)).astype("float32")
    target = target[0]
    wanted = ((images - target) ** 2).mean(axis=(1, 2, 3)) / target.var()
    if features is not None:
        found, right = (features(array).reshape(len(array), -1) for array in (images, target[None]))
        wanted += 0.1 * ((found - right) ** 2).sum(axis=1) / (right**2).sum()
    search = inversion._Search(make(), features)
    np.testing.assert_allclose(search._losses(images, target), wanted, rtol=1e-5)


def test_features_are_those_of_the_classifier_of_clothes_and_let_gradients_through():
    features = inverting.features_of("pconv_fashion_mnist_10k", (32, 32, 1))
    images = tf.constant(tfgan_zoo.from_preset("pconv_fashion_mnist_10k").generate(2))
    with tf.GradientTape() as tape:
        tape.watch(images)
        found = features(images)
    from tfgan_zoo.evaluation import extractors

    levels = np.round(images * 255).astype("uint8")
    np.testing.assert_allclose(found, extractors.get("fashion_cnn", "crop", (32, 32, 1))(levels)["features"], atol=0.3)
    assert float(tf.reduce_max(tf.abs(tape.gradient(found, images)))) > 0
    assert inverting.features_of("gan_ring", (2,)) is None


@pytest.mark.slow
def test_a_preset_s_samples_come_back():
    model = tfgan_zoo.from_preset("pconv_fashion_mnist_10k")
    features = inverting.features_of("pconv_fashion_mnist_10k", (32, 32, 1))
    for one in inversion.invert(model, model.generate(2, seed=10**6), features):
        assert one.psnr > 38 and one.latents.shape == (1, 128)


@pytest.mark.slow
def test_a_network_with_styles_is_inverted_in_them(styled, call):  # noqa: F811
    target = styled.generate(1, seed=5000, labels=1)
    (found,) = inversion.invert(styled, target, steps=100)
    assert found.latents.shape == (1, *styled.style_shape) and found.psnr > 35
    np.testing.assert_allclose(styled.generate_from_latents(found.latents)[0], found.image, atol=1e-5)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--invert=nowhere.png"], "invert=nowhere.png does not exist"),
        (["--invert="], "invert names 0 pictures"),
        (["--invert=."], "invert=. is no regular file"),
        (["--invert=model.keras", "--invert_steps=0"], "invert_steps=0 must be at least 1"),
        (["--invert_steps=5"], "invert_steps is for --invert"),
        (["--invert=model.keras", "--seeds=1"], "seeds is not for --invert"),
        (["--invert=model.keras", "--num=3"], "num is not for --invert"),
        (["--invert=model.keras", "--truncation=0.5"], "truncation is not for --invert"),
        (["--invert=model.keras", "--directions=2"], "leave out --invert"),
        (["--invert=model.keras", "--output=a.webp"], "output=a.webp must end in .png"),
    ],
)
def test_bad_input_is_one_line_before_tensorflow_starts(flags, words, call, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    refused(call(None, *flags), words, tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"labels": [0, 1]}, r"labels=\[0, 1\] must be a whole number, or 1 of them"),
        ({"labels": 3}, r"labels=3 must be in \[0, 2\]"),
        ({"labels": "coat"}, "labels='coat': this model's classes have no names"),
        ({"steps": 0}, "steps=0 must be at least 1"),
        ({"steps": 1.5}, "steps=1.5 must be a whole number"),
        ({"targets": np.full((1, 8, 8, 1), 255)}, r"targets must be in \[0, 1\]"),
        ({"targets": np.full((1, 8, 8, 1), np.nan)}, r"targets must be in \[0, 1\]"),
        ({"targets": np.zeros((8, 8, 1))}, "must be"),
    ],
)
def test_arguments_that_cannot_be_are_refused_before_the_search(options, words):
    with pytest.raises(ValueError, match=words):
        next(inversion.invert(invertible(3), **{"targets": np.zeros((1, 8, 8, 1))} | options))


def test_points_are_not_inverted():
    with pytest.raises(ValueError, match=r"invert: the model makes \[2\], no images"):
        next(inversion.invert(tfgan_zoo.from_preset("gan_ring"), np.zeros((1, 2))))


def test_what_cannot_be_inverted_is_one_line(call, tmp_path, monkeypatch):  # noqa: F811
    model = make(3)
    refused(call(model, "--invert=model.keras"), "invert=model.keras is no PNG", tmp_path)
    refused(call(model, "--invert=model.keras", "--labels=0,1"), "labels: 2 of them for 1 pictures", tmp_path)
    with pytest.raises(ValueError, match=r"targets=\[1, 9, 9, 1\] must be \[P, 8, 8, 1\]"):
        next(inversion.invert(model, np.zeros((1, 9, 9, 1))))
    monkeypatch.setattr(GAN, "sampler", None)
    with pytest.raises(ValueError, match="does not show its weights"):
        next(inversion.invert(model, np.zeros((1, 8, 8, 1))))
