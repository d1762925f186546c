"""What is loaded does not depend on the policy of the process that loads it."""

import re

import keras
import numpy as np
import pytest

from tfgan_zoo import registry
from tfgan_zoo.layers import all_layers
from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build
from tfgan_zoo.pretrained import presets


def make(name, num_classes):
    spec = registry.NETWORKS[name]
    shape = (min(spec.sizes), min(spec.sizes), 1) if spec.sizes else (8, 8, 1)
    arguments = {"shape": shape, "width": 4, "num_classes": num_classes if spec.labels else 0}
    return GAN(build(name, "generator", latent_dim=4, **arguments), build(name, "discriminator", **arguments))


def policies(model):
    # What Keras adds by itself, with numbers for names, computes nothing: inputs, and a graph around the same layers.
    added = (keras.layers.InputLayer, keras.src.models.Functional)
    layers = [it for it in all_layers(model) if it.name == "trunk" or not isinstance(it, added)]
    return sorted((re.sub(r"_[0-9]+$", "", layer.name), layer.dtype_policy.name) for layer in layers)


@pytest.fixture(params=[("float32", "mixed_bfloat16"), ("mixed_bfloat16", "float32")])
def two_policies(request):
    before = keras.config.dtype_policy()
    yield request.param
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("num_classes", [0, 2])
@pytest.mark.parametrize("name", ["mlp", "dcgan"])
def test_every_layer_keeps_the_policy_it_was_saved_with(name, num_classes, two_policies):
    begun, loaded = two_policies
    keras.config.set_dtype_policy(begun)
    model = make(name, num_classes)
    keras.config.set_dtype_policy(loaded)
    assert policies(GAN.from_config(model.get_config())) == policies(model)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(registry.NETWORKS))
def test_every_networks_layers_keep_their_policy(name, two_policies):
    begun, loaded = two_policies
    keras.config.set_dtype_policy(begun)
    model = make(name, 2)
    keras.config.set_dtype_policy(loaded)
    assert policies(GAN.from_config(model.get_config())) == policies(model)


def test_a_preset_makes_the_same_images_under_any_policy(tmp_path, two_policies):
    begun, loaded = two_policies
    keras.config.set_dtype_policy(begun)
    presets.save_to_preset(make("dcgan", 0), tmp_path / "preset")
    images = presets.from_preset(tmp_path / "preset").generate(2)
    keras.config.set_dtype_policy(loaded)
    np.testing.assert_array_equal(presets.from_preset(tmp_path / "preset").generate(2), images)
