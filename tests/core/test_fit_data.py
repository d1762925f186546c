"""What `fit` makes of a user's data set, and what it refuses."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_zoo.core import fit_data
from tfgan_zoo.methods import BRC, GAN
from tfgan_zoo.networks import build

SHAPE = (32, 32, 1)


def make(method=GAN, classes=0, **options):
    networks = (build("dcgan", role, width=2, num_classes=classes) for role in ("generator", "discriminator"))
    model = method(*networks, **options)
    model.compile(keras.optimizers.SGD(1e-3), keras.optimizers.SGD(1e-3), run_eagerly=True)
    return model


def images(num, low=-1.0, high=1.0, shape=SHAPE):
    return np.random.default_rng(0).uniform(low, high, (num, *shape)).astype("float32")


def batches(x, labels=None, size=4, **kwargs):
    items = x if labels is None else (x, labels)
    return tf.data.Dataset.from_tensor_slices(items).batch(size, **kwargs)


@pytest.mark.parametrize(
    "x, words",
    [
        (images(8, shape=(28, 28, 1)), "images of 28 x 28 x 1 are given, and the networks make 32 x 32 x 1"),
        (images(8, shape=(32, 32, 3)), "images of 32 x 32 x 3 are given"),
        ((images(8) * 127 + 128).astype("uint8"), "images are uint8, not floats in [-1, 1]: map them through"),
        (images(8, 0, 255), "images must be in [-1, 1], and the first batch is in [0.0"),
        (images(8, -2, 2), "images must be in [-1, 1], and the first batch is in [-"),
        (np.full((8, *SHAPE), np.nan, "float32"), "images must be in [-1, 1]"),
        (images(8)[:0], "fit: the"),
    ],
)
@pytest.mark.parametrize("as_array", [True, False])
def test_images_that_cannot_be_right_are_one_line(x, words, as_array):
    with pytest.raises(ValueError) as caught:
        make().fit(x if as_array else batches(x), batch_size=4, verbose=0)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_images_of_another_half_of_the_range_are_unlikely():
    with pytest.warns(UserWarning, match=r"images in \[0, 1\] go through lambda x: 2 \* x - 1"):
        make().fit(images(8, 0, 1), batch_size=4, verbose=0)


@pytest.mark.parametrize(
    "labels, words",
    [
        ([0, 1, 2, 3], "labels=3 must be in [0, 2]"),
        ([-1, 0, 1, 2], "labels=-1 must be in [0, 2]"),
        ([0.0, 1.0, 2.0, 0.0], "labels are float"),
        (np.eye(4, 3, dtype=int), "labels are [B, 3], not one number an image, [B]: of one-hot ones take the argmax"),
        (None, "needs labels beside the images"),
    ],
)
@pytest.mark.parametrize("as_array", [True, False])
def test_labels_that_are_no_classes_are_one_line(labels, words, as_array):
    model, x = make(classes=3), images(4)
    labels = None if labels is None else np.array(labels)
    with pytest.raises(ValueError) as caught:
        model.fit(*((x, labels) if as_array else (batches(x, labels),)), batch_size=4, verbose=0)
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("x", [None, "photos", {"images": np.zeros((4, *SHAPE))}])
def test_what_is_neither_images_nor_a_data_set_is_one_line(x):
    with pytest.raises(ValueError, match=r"x must be images \[N, 32, 32, 1\], or yield them, and is (None|a \w+)$"):
        fit_data.batches_of_array(x, None, 4, 0, SHAPE)


def test_arrays_that_do_not_go_together_are_one_line():
    x, labels = images(4), np.zeros(3, int)
    with pytest.raises(ValueError, match=r"^fit: there are 4 images and 3 labels$"):
        fit_data.batches_of_array(x, labels, 4, 0, SHAPE, 3)
    with pytest.raises(ValueError, match=r"^train_on_batch: there are 4 images and 3 labels$"):
        fit_data.of_one_step(x, labels, 1, SHAPE, 3)
    with pytest.raises(ValueError, match=r"^fit: batch_size=0 must be at least 1$"):
        fit_data.batches_of_array(x, labels, 0, 0, SHAPE)
    fit_data.check_labels(labels[:, None], 3)  # as keras.datasets have them


def test_evaluate_refuses_what_fit_does():
    model, x = make(classes=3), images(4)
    for arguments, words in (
        ((x[:0],), "evaluate: there are no images"),
        ((x, [0, 1]), "evaluate: there are 4 images and 2 labels"),
        ((x, np.eye(4, 3, dtype=int)), "not one number an image"),
    ):
        with pytest.raises(ValueError) as caught:
            model.held_out_data(*arguments)
        assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data, words",
    [
        (batches(images(8)), "the data set has 2 batch(es), and one step reads 3"),
        (batches(images(8)).filter(lambda x: False), "the data set is empty, and one step reads 3 batch(es)"),
    ],
)
def test_fewer_batches_than_a_step_reads_are_refused(data, words):
    with pytest.raises(ValueError) as caught:
        make(BRC, inner_steps=1).fit(data, verbose=0)
    assert words in str(caught.value)


def test_a_smaller_last_batch_is_left_out_where_a_step_reads_several():
    model = make(n_dis=2)
    model.fit(batches(images(4 * 4 + 3)), verbose=0)
    assert int(model.step.numpy()) == 2
    alone = make()
    alone.fit(batches(images(4 + 3)), verbose=0)  # one device and one batch a step take it
    assert int(alone.step.numpy()) == 2


def test_a_smaller_last_batch_is_left_out_on_two_replicas(mirrored):
    with mirrored.scope():
        networks = (build("mlp", role, shape=(2,), width=4) for role in ("generator", "discriminator"))
        model = GAN(*networks)
        model.compile(keras.optimizers.SGD(1e-3), keras.optimizers.SGD(1e-3))
        model.fit(batches(images(8 + 3, shape=(2,))), verbose=0)
    assert int(model.step.numpy()) == 2
    assert all(np.isfinite(weight.numpy()).all() for weight in model.weights)


@pytest.mark.parametrize("steps_per_execution", [1, 2])
def test_nothing_of_a_step_runs_behind_the_end_of_the_data(steps_per_execution):
    networks = (build("mlp", role, shape=(2,), width=4) for role in ("generator", "discriminator"))
    model = GAN(*networks)
    model.compile(keras.optimizers.SGD(1e-3), keras.optimizers.SGD(1e-3), steps_per_execution=steps_per_execution)
    endless_to_keras = batches(images(12, shape=(2,)), drop_remainder=True).filter(lambda x: True)
    with pytest.warns(UserWarning, match="ran out of data"):  # Keras's own, of a data set that does not tell its size
        model.fit(endless_to_keras, verbose=0)
    assert int(model.step.numpy()) == int(model.generator_optimizer.iterations.numpy()) == 3


def test_keras_image_dataset_from_directory_in_one_line(tmp_path):
    for name, shade in (("a", 40), ("b", 200)):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.new("L", (32, 32), shade + number).save(tmp_path / name / f"{number}.png")
    found = keras.utils.image_dataset_from_directory(
        tmp_path, color_mode="grayscale", image_size=(32, 32), batch_size=2, verbose=False
    )
    model = make(classes=2)
    with pytest.raises(ValueError, match=r"map them through lambda x: x / 127.5 - 1"):
        model.fit(found, verbose=0)
    model.fit(found.map(lambda x, y: (x / 127.5 - 1, y)), verbose=0)
    assert int(model.step.numpy()) == 3


def test_a_data_set_that_is_in_the_loops_form_is_not_looked_at(monkeypatch):
    monkeypatch.setattr(fit_data, "check_images", lambda *args: pytest.fail("it was looked at"))
    x = tf.data.Dataset.from_tensor_slices({"images": np.zeros((4, 1, *SHAPE), "float32")}).batch(4)
    make().fit(x, verbose=0)
    with pytest.raises(ValueError, match="a step reads 2 batches side by side, not the 1 of"):
        make(n_dis=2).fit(x, verbose=0)


def test_an_array_of_fewer_batches_than_a_step_reads_is_refused():
    networks = (build("mlp", role, shape=(2,), width=4) for role in ("generator", "discriminator"))
    model = GAN(*networks, n_dis=3)
    model.compile(keras.optimizers.SGD(1e-3), keras.optimizers.SGD(1e-3))
    with pytest.raises(ValueError, match="the data set has 2 batch"):
        model.fit(images(8, shape=(2,)), batch_size=4, verbose=0)
