"""Presets: what a folder of plain files brings back, and how it says that it is damaged."""

import json
import shutil

import keras
import numpy as np
import pytest

from tfgan_zoo import presets
from tfgan_zoo.methods import GAN, PConv
from tfgan_zoo.networks import build


@pytest.fixture(scope="module")
def model():
    """A model of two steps."""
    keras.utils.set_random_seed(0)
    discriminator = build("dcgan", "discriminator", width=4, perturb=0.5)
    generator = build("dcgan", "generator", width=4, latent_dim=8)
    model = PConv(generator, discriminator, penalty="lecam", augment=("color",), seed=3)
    model.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
    reals = np.random.default_rng(0).uniform(-1, 1, (8, 32, 32, 1)).astype("float32")
    model.fit(reals, batch_size=4, verbose=0)
    return model


@pytest.fixture(scope="module")
def preset(model, tmp_path_factory):
    """The folder of a preset."""
    folder = tmp_path_factory.mktemp("shelf") / "clothes"
    presets.save_to_preset(model, folder, dataset="fashion_mnist_10k", kimg=0.008)
    return folder


def message_of(function, *args):
    with pytest.raises(ValueError) as caught:
        function(*args)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600
    return message


# Round trip


def test_everything_of_the_model_comes_back(model, preset):
    loaded = presets.from_preset(preset)
    assert type(loaded) is PConv
    assert loaded.get_config() == model.get_config()
    assert [weight.path.split("/", 1)[1] for weight in loaded.weights] == [
        weight.path.split("/", 1)[1] for weight in model.weights
    ]
    for one, two in zip(model.weights, loaded.weights, strict=True):
        assert np.asarray(one).tobytes() == np.asarray(two).tobytes(), one.path
    assert int(loaded.step.numpy()) == 2
    options = {"num": 5, "seed": 11, "truncation": 0.8}
    assert loaded.generate(**options).tobytes() == model.generate(**options).tobytes()


def test_the_averaged_generator_is_not_the_raw_one(preset):
    """Guards the test above: sampling the wrong one would show."""
    loaded = presets.from_preset(preset)
    latents = np.ones((1, 8), "float32")
    assert np.any(np.asarray(loaded(latents)) != np.asarray(loaded.generator(latents)))


def test_a_preset_of_a_preset_is_the_same(preset, tmp_path):
    loaded = presets.from_preset(str(preset))
    presets.save_to_preset(loaded, tmp_path / "again")
    assert presets.from_preset(tmp_path / "again").generate(2).tobytes() == loaded.generate(2).tobytes()


def test_files_are_plain(preset, model):
    assert sorted(path.name for path in preset.iterdir()) == ["config.json", "metadata.json", "model.weights.h5"]
    about = json.loads((preset / "metadata.json").read_text())
    assert about["dataset"] == "fashion_mnist_10k" and about["kimg"] == 0.008 and about["step"] == 2
    assert about["keras"] == keras.__version__
    assert about["generator_parameters"] == model.generator.count_params()
    weights = sum(np.asarray(weight).nbytes for weight in model.weights)
    assert (preset / "model.weights.h5").stat().st_size < 2 * weights + 200_000  # no optimiser


def test_mixtures_have_presets_that_train_on(tmp_path):
    model = GAN(*(build("mlp", role, shape=(2,), width=8) for role in ("generator", "discriminator")))
    model.step.assign(7)
    presets.save_to_preset(model, tmp_path / "ring")
    loaded = presets.from_preset(tmp_path / "ring")
    assert loaded.generate(3).tobytes() == model.generate(3).tobytes()
    loaded.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
    loaded.fit(np.zeros((4, 2), "float32"), batch_size=4, verbose=0)
    assert int(loaded.step.numpy()) == 8


# The shelf


def test_names_are_the_presets_of_the_shelf(preset, monkeypatch):
    monkeypatch.setattr(presets, "SHELF", preset.parent)
    (preset.parent / "empty").mkdir(exist_ok=True)
    assert presets.names() == ["clothes"]
    assert presets.from_preset("clothes").latent_dim == 8
    message = message_of(presets.from_preset, "cloths")
    assert "preset=cloths" in message and "clothes" in message


def test_no_shelf_is_no_names(monkeypatch, tmp_path):
    monkeypatch.setattr(presets, "SHELF", tmp_path / "none")
    assert presets.names() == []
    assert "preset=clothes" in message_of(presets.from_preset, "clothes")


# What is refused


def test_nothing_is_overwritten(model, preset, tmp_path):
    before = {path.name: path.read_bytes() for path in preset.iterdir()}
    assert f"folder={preset} is not empty" in message_of(presets.save_to_preset, model, preset)
    assert {path.name: path.read_bytes() for path in preset.iterdir()} == before
    (tmp_path / "file").write_text("kept")
    assert "file" in message_of(presets.save_to_preset, model, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


def replace(name, old, new):
    def damage(folder):
        content = (folder / name).read_bytes()
        assert old in content
        (folder / name).write_bytes(content.replace(old, new))

    return damage


DAMAGES = {
    "config cut": lambda folder: (folder / "config.json").write_text('{"class": "tfgan'),
    "config empty": lambda folder: (folder / "config.json").write_text(""),
    "config a list": lambda folder: (folder / "config.json").write_text("[]"),
    "config binary": lambda folder: (folder / "config.json").write_bytes(b"\xff\xfe\x00"),
    "config missing": lambda folder: (folder / "config.json").unlink(),
    "unknown class": replace("config.json", b"tfgan_zoo>PConv", b"tfgan_zoo>Conv"),
    "not a GAN": replace("config.json", b"tfgan_zoo>PConv", b"tfgan_zoo>DCGANGenerator"),
    "unknown network": replace("config.json", b"DCGANGenerator", b"DCGANGenerated"),
    "a size too many": replace("config.json", b'"image_size": 32', b'"image_size": 33'),
    "another width": replace("config.json", b'"width": 4', b'"width": 8'),
    "unknown option": replace("config.json", b'"ema_kimg"', b'"ema_kilo"'),
    "weights cut": lambda folder: (folder / "model.weights.h5").write_bytes(
        (folder / "model.weights.h5").read_bytes()[:-3000]
    ),
    "weights garbage": lambda folder: (folder / "model.weights.h5").write_bytes(b"garbage" * 50),
    "weights empty": lambda folder: (folder / "model.weights.h5").write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_one_line_that_names_the_folder(damage, preset, tmp_path):
    shutil.copytree(preset, tmp_path / "damaged")
    DAMAGES[damage](tmp_path / "damaged")
    assert f"preset={tmp_path / 'damaged'} is damaged: " in message_of(presets.from_preset, tmp_path / "damaged")
