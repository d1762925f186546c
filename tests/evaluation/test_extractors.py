"""Extractors: what they eat, what they say of themselves, what they refuse."""

import re
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import data
from tfgan_zoo.evaluation import extractors, fashion_cnn, resize
from tfgan_zoo.evaluation.extractors import Unavailable, get


@pytest.fixture
def levels():
    return np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype("uint8")


def test_the_classifier_knows_clothes():
    clothes = data.load("fashion_mnist_10k")
    images, labels = clothes.reals(1000, "heldout")
    outputs = get("fashion_cnn", "crop", (32, 32, 1))(np.round((images + 1) * 127.5).astype("uint8"))
    assert np.mean(outputs["logits"].argmax(axis=1) == labels) > 0.92


def test_the_card_tells_the_truth_of_the_weights():
    card = fashion_cnn.card()
    assert card["test_accuracy"] > 0.92 and "seed" in card
    assert fashion_cnn.load().count_params() == card["parameters"]
    assert fashion_cnn.WEIGHTS.stat().st_size < 2_000_000


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    damaged = tmp_path / "weights.h5"
    damaged.write_bytes(fashion_cnn.WEIGHTS.read_bytes()[:-1])
    monkeypatch.setattr(fashion_cnn, "WEIGHTS", damaged)
    with pytest.raises(ValueError, match="is damaged"):
        fashion_cnn.load.__wrapped__()


def test_the_border_does_not_count():
    plain = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 1)).astype("uint8")
    framed = plain.copy()
    framed[:, :2] = framed[:, -2:] = 255
    framed[:, :, :2] = framed[:, :, -2:] = 255
    extract = get("fashion_cnn", "crop", (32, 32, 1))
    np.testing.assert_array_equal(extract(plain)["features"], extract(framed)["features"])
    inner = get("fashion_cnn", "crop", (28, 28, 1))(plain[:, 2:-2, 2:-2])["features"]
    np.testing.assert_array_equal(extract(plain)["features"], inner)


@pytest.mark.parametrize("how", ["tf1_bilinear", "pil_bicubic"])
def test_inception_gets_its_resize_and_range(inception, levels, how):
    outputs = get("inception", how, (32, 32, 3), str(inception))(levels)
    network = tf.saved_model.load(str(inception))
    expected = network(tf.constant(getattr(resize, how)(levels, 299) / 127.5 - 1))
    np.testing.assert_allclose(outputs["features"], tf.reshape(expected["pool_3"], [3, -1]), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(outputs["logits"], expected["logits"], rtol=1e-5, atol=1e-4)


def test_inception_sees_grey_as_three_equal_channels(inception, levels):
    extract = get("inception", "tf1_bilinear", (32, 32, 1), str(inception))
    grey = levels[..., :1]
    np.testing.assert_array_equal(extract(grey)["features"], extract(np.repeat(grey, 3, axis=-1))["features"])


def test_no_inception_says_how_to_get_it(monkeypatch):
    def fail(url):
        raise OSError("no route\nto host")

    monkeypatch.setitem(sys.modules, "tensorflow_hub", types.SimpleNamespace(resolve=fail))
    with pytest.raises(Unavailable, match=r"no route to host.*curl -L .*--inception") as error:
        get("inception", "tf1_bilinear", (32, 32, 3), "https://somewhere.example/inception")
    assert "\n" not in str(error.value)


def saved_model(folder, function, spec, network=None):
    module = tf.Module()
    module.network = network
    module.f = tf.function(function, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.f})
    return str(folder)


def test_another_network_is_no_inception(tmp_path):
    folder = saved_model(tmp_path / "m", lambda x: {"y": x}, tf.TensorSpec([None, 299, 299, 3]))
    with pytest.raises(ValueError, match=r"does not map .* to pool_3 and logits"):
        get("inception", "tf1_bilinear", (32, 32, 3), folder)


def test_a_given_keras_model_and_a_given_saved_model_agree(tmp_path, levels):
    network = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(5)])
    network.save(tmp_path / "extractor.keras")
    folder = saved_model(tmp_path / "m", lambda x: {"features": network(x)}, tf.TensorSpec([None, 32, 32, 3]), network)
    outputs = [
        get("given", None, (32, 32, 3), given=str(path))(levels)["features"]
        for path in (folder, tmp_path / "extractor.keras")
    ]
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-5)
    np.testing.assert_allclose(outputs[0], network(levels.astype("float32") / 255), rtol=1e-5)


@pytest.mark.parametrize("shape", [(64, 64, 3), (32, 32, 1)])
def test_a_given_extractor_of_another_size_is_refused(tmp_path, shape):
    keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten()]).save(tmp_path / "extractor.keras")
    with pytest.raises(ValueError, match=re.escape(f"takes images of (32, 32, 3), not of {shape}")):
        get("given", None, shape, given=str(tmp_path / "extractor.keras"))


def test_a_text_is_no_extractor(tmp_path):
    (tmp_path / "notes.keras").write_text("hello")
    with pytest.raises(ValueError, match="is no Keras model"):
        get("given", None, (32, 32, 3), given=str(tmp_path / "notes.keras"))
    with pytest.raises(ValueError, match="is no SavedModel"):
        get("given", None, (32, 32, 3), given=str(tmp_path))


def test_a_checksum_is_one_of_contents_and_names(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "x").write_text("1")
    (tmp_path / "b" / "x").write_text("1")
    (tmp_path / "c" / "y").write_text("1")
    one, two, three = (extractors.checksum(tmp_path / name) for name in ("a", "b", "c"))
    assert one == two != three


def dense(name):
    return keras.layers.Dense(4, name=name)


def test_what_is_no_row_of_each_image_is_refused(tmp_path):
    """Reshaped, it would be features that mix images, and a number like any other."""
    images = keras.Input((8, 8, 3))
    flat = keras.layers.Flatten()(images)
    keras.Model(images, [dense("a")(flat), dense("b")(flat)]).save(tmp_path / "extractor.keras")
    with pytest.raises(ValueError, match="has 2 outputs, none of them named features"):
        get("given", None, (8, 8, 3), given=str(tmp_path / "extractor.keras"))
    mean = saved_model(tmp_path / "m", lambda x: {"features": tf.reduce_mean(x, 0)}, tf.TensorSpec([None, 8, 8, 3]))
    with pytest.raises(ValueError, match=r"makes \[8, 8, 3\] of 2 images, not a row of each"):
        get("given", None, (8, 8, 3), given=mean)


def test_one_of_several_outputs_may_be_called_features(tmp_path):
    images = keras.Input((8, 8, 3))
    flat = keras.layers.Flatten()(images)
    keras.Model(images, {"a": dense("a")(flat), "features": flat}).save(tmp_path / "extractor.keras")
    found = get("given", None, (8, 8, 3), given=str(tmp_path / "extractor.keras"))
    assert found(np.zeros((5, 8, 8, 3), "uint8"))["features"].shape == (5, 192)


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_model_that_tells_no_input_shape_is_built_by_its_first_images(tmp_path):
    keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)]).save(tmp_path / "extractor.keras")
    found = get("given", None, (8, 8, 3), given=str(tmp_path / "extractor.keras"))
    assert found(np.zeros((5, 8, 8, 3), "uint8"))["features"].shape == (5, 4)


def test_a_model_of_two_inputs_is_refused(tmp_path):
    one, two = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    network = keras.Model([one, two], keras.layers.Flatten()(keras.layers.Concatenate()([one, two])))
    network.save(tmp_path / "extractor.keras")
    with pytest.raises(ValueError, match="takes 2 inputs, not images alone"):
        get("given", None, (8, 8, 3), given=str(tmp_path / "extractor.keras"))
