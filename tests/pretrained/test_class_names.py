"""The names of classes: kept by what is saved, whatever their number, and what is refused."""

import keras
import numpy as np
import pytest

from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build
from tfgan_zoo.pretrained import loading, presets

NAMES = tuple(f"kind {number}" for number in range(100))  # more than a list from elsewhere may have else


def make(num_classes=100):
    arguments = {"shape": (8, 8, 1), "width": 2, "num_classes": num_classes}
    return GAN(build("mlp", "generator", latent_dim=2, **arguments), build("mlp", "discriminator", **arguments))


def test_what_is_saved_keeps_the_names(tmp_path):
    model = make()
    model.name_classes(NAMES)
    presets.save_to_preset(model, tmp_path / "preset")
    model.compile(keras.optimizers.Adam(), keras.optimizers.Adam())
    model.save(tmp_path / "model.keras")
    for source in ("preset", "model.keras"):
        loaded = loading.load(str(tmp_path / source))
        assert loaded.class_names == NAMES
        np.testing.assert_array_equal(loaded.generate(2, labels=["kind 7"]), loaded.generate(2, labels=7))


def test_models_without_names_are_saved_as_before():
    model = make()
    assert model.class_names == () and "class_names" not in model.get_config()
    with pytest.raises(ValueError, match="labels='shirt': this model's classes have no names, numbers only"):
        model.generate(1, labels="shirt")


@pytest.mark.parametrize("names", [("a",), ("a", "a"), ("a", ""), ("a", 2), ({"class_name": "x"}, "b")])
def test_names_that_are_none_are_refused(names):
    with pytest.raises(ValueError, match=r"class_names=.* must be 2 different words, one a class"):
        make(2).name_classes(names)
