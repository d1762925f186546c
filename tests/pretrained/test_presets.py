"""Presets: what a folder of plain files brings back, and how it says that it is damaged."""

import contextlib
import hashlib
import http.server
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import threading

import h5py
import keras
import numpy as np
import pytest

import tfgan_zoo
from tests import loopback
from tests.tiers import thorough_but
from tfgan_zoo import registry
from tfgan_zoo.cli.train import main
from tfgan_zoo.methods import CES, GAN, Express, PConv
from tfgan_zoo.networks import build
from tfgan_zoo.pretrained import download, finetuning, loading, presets, untrusted, weight_files


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


def named(weights):
    return {weight.path.split("/", 1)[1]: np.asarray(weight) for weight in weights}


def test_all_but_the_raw_generator_comes_back(model, preset):
    loaded = presets.from_preset(preset)
    assert type(loaded) is PConv
    assert loaded.get_config() == model.get_config()
    before, after = named(model.weights), named(loaded.weights)
    assert list(before) == list(after)
    raw = set(named(model.generator.weights))
    assert {name for name in before if before[name].tobytes() != after[name].tobytes()} <= raw
    for average, generator in zip(loaded.ema_generator.weights, loaded.generator.weights, strict=True):
        assert np.asarray(average).tobytes() == np.asarray(generator).tobytes()
    assert int(loaded.step.numpy()) == 2
    options = {"num": 5, "seed": 11, "truncation": 0.8}
    assert loaded.generate(**options).tobytes() == model.generate(**options).tobytes()


def test_the_averaged_generator_is_not_the_raw_one(model):
    """Guards the test above: keeping the wrong one would show."""
    latents = np.ones((1, 8), "float32")
    assert np.any(np.asarray(model(latents)) != np.asarray(model.generator(latents)))


def test_half_precision_is_for_the_disk_alone(model, preset, tmp_path):
    presets.save_to_preset(model, tmp_path / "half", dtype="float16")
    loaded = presets.from_preset(tmp_path / "half")
    for exact, weight in zip(model.ema_generator.weights, loaded.ema_generator.weights, strict=True):
        assert weight.dtype == "float32"
        np.testing.assert_array_equal(weight, np.asarray(exact).astype("float16").astype("float32"))
    assert int(loaded.step.numpy()) == 2
    sizes = [(folder / "model.weights.h5").stat().st_size for folder in (preset, tmp_path / "half")]
    assert sizes[0] - sizes[1] > 0.95 * 2 * weight_files.count(preset / "model.weights.h5")  # 2 bytes a weight less
    np.testing.assert_allclose(loaded.generate(4), model.generate(4), atol=5e-3)
    assert "dtype=int8" in message_of(presets.save_to_preset, loaded, tmp_path / "new", "int8")


def test_a_weight_that_half_precision_cannot_hold_is_refused(tmp_path):
    model = GAN(*(build("mlp", role, shape=(2,), width=8) for role in ("generator", "discriminator")))
    model.discriminator.weights[0].assign(model.discriminator.weights[0] + 1e5)
    message = message_of(presets.save_to_preset, model, tmp_path / "ring", "float16")
    assert "dtype=float16 cannot hold 100000" in message or "dtype=float16 cannot hold 10000" in message
    assert not list(tmp_path.iterdir())


def test_the_same_model_is_the_same_file(model, tmp_path):
    for name in ("one", "two"):
        presets.save_to_preset(model, tmp_path / name)
    one, two = ((tmp_path / name / "model.weights.h5").read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("host", thorough_but(CES, of=[GAN, CES]))
def test_express_keeps_the_way_from_latents_to_data(host, tmp_path):
    def make(role, shape, **kwargs):
        return build("mlp", role, shape=shape, width=8, **kwargs)

    data_gan = host(make("generator", (2,), latent_dim=3), make("discriminator", (2,)))
    latent_gan = GAN(make("generator", (3,), latent_dim=5), make("discriminator", (3,)))
    model = Express(data_gan, make("discriminator", (2,), outputs=3), latent_gan, boundaries=(1, 2))
    model.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2))
    model.fit(np.random.default_rng(0).normal(size=(24, 2)).astype("float32"), batch_size=4, verbose=0)
    presets.save_to_preset(model, tmp_path / "express")
    loaded = presets.from_preset(tmp_path / "express")
    assert type(loaded) is host and loaded.latent_dim == 5 and int(loaded.step.numpy()) == 6
    np.testing.assert_allclose(loaded.generate(4, seed=3), model.generate(4, seed=3), atol=1e-6)
    points = np.ones((3, 2), "float32")
    for gan in ([data_gan, loaded], [model, loaded]):
        one, two = (np.asarray(it.discriminator_outputs(points)) for it in gan)
        np.testing.assert_allclose(one, two, atol=1e-6)
    with pytest.raises(ValueError, match="of method=express"):
        finetuning.settings(str(tmp_path / "express"))


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
    with h5py.File(preset / "model.weights.h5") as file:
        assert sorted(file) == ["discriminator", "ema_generator", "generator", "vars"]  # no optimiser
        assert file["generator"] == file["ema_generator"]
    raw = sum(np.asarray(weight).nbytes for weight in model.generator.weights)
    assert weight_files.count(preset / "model.weights.h5") == (weights - raw - 4) / 4  # the step has 8 bytes


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
    monkeypatch.setattr(presets, "BUILT_IN", preset.parent)
    (preset.parent / "empty").mkdir(exist_ok=True)
    assert presets.names() == ["clothes"]
    assert presets.from_preset("clothes").latent_dim == 8
    message = message_of(presets.from_preset, "cloths")
    assert "preset=cloths" in message and message.endswith("there are: clothes")


def test_no_shelf_is_no_names(monkeypatch, tmp_path):
    monkeypatch.setattr(presets, "BUILT_IN", tmp_path / "none")
    assert presets.names() == []
    assert "preset=clothes" in message_of(presets.from_preset, "clothes")


def test_a_run_is_loaded_like_its_preset(tmp_path):
    run = tmp_path / "run"
    flags = ["--method=gan", "--dataset=ring", "--width=8", "--batch_size=8", "--threads=2", "--kimg=0.016"]
    assert main([*flags, f"--run_dir={run}"]) == 0
    last = tfgan_zoo.from_preset(run)
    assert int(last.step.numpy()) == 2
    last.step.assign(1)
    last.save_weights(run / "best.weights.h5")
    assert int(tfgan_zoo.from_preset(str(run)).step.numpy()) == 1
    assert int(tfgan_zoo.load(run).step.numpy()) == 2


# What is refused


def test_nothing_is_overwritten(model, preset, tmp_path):
    before = {path.name: path.read_bytes() for path in preset.iterdir()}
    assert f"folder={preset} is not empty" in message_of(presets.save_to_preset, model, preset)
    assert {path.name: path.read_bytes() for path in preset.iterdir()} == before
    (tmp_path / "file").write_text("kept")
    assert "file" in message_of(presets.save_to_preset, model, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("name", ["format", "step", "optimizers", "sha256", "keras"])
def test_details_do_not_stand_where_a_preset_has_its_own(name, model, tmp_path):
    detail = {name: "10k"}
    words = message_of(lambda: presets.save_to_preset(model, tmp_path / "new", **detail))
    assert f"{name}='10k': a preset has a {name} of its own" in words and not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [np.float32(3), {1, 2}, object()])
def test_details_that_are_no_json_are_refused_by_name(value, model, tmp_path):
    words = message_of(lambda: presets.save_to_preset(model, tmp_path / "new", score=value))
    assert words.startswith("score=") and "is no JSON value" in words and not list(tmp_path.iterdir())


def test_a_folder_that_nothing_can_replace_is_refused(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert f"folder={tmp_path} is where you are" in message_of(presets.save_to_preset, model, ".")
    monkeypatch.setattr(os.path, "ismount", lambda path: True)
    assert "is a mount point" in message_of(presets.save_to_preset, model, tmp_path / "mounted")
    assert not list(tmp_path.iterdir())


def test_a_link_to_an_empty_folder_leads_to_the_preset(model, tmp_path):
    (tmp_path / "elsewhere" / "empty").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "empty")
    presets.save_to_preset(model, tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and presets.is_preset(tmp_path / "elsewhere" / "empty")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "link"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file://models/x", "names models as a host; a folder is file:///FOLDER"),
        ("file:///nowhere/x", "is no folder"),
    ],
)
def test_a_file_url_of_nothing_is_not_called_damaged(url, words):
    message = message_of(presets.from_preset, url)
    assert words in message and "damaged" not in message


def test_a_keras_with_channels_first_is_told_and_not_the_file(preset, model, tmp_path):
    def make(name, role):
        build(name, role, **({"shape": (8, 8, 1)} if name == "mlp" else {}))

    model.save(tmp_path / "model.keras")
    keras.config.set_image_data_format("channels_first")
    try:
        for load, source in ((presets.from_preset, preset), (loading.load, tmp_path / "model.keras")):
            message = message_of(load, source)
            assert message.startswith("image_data_format=channels_first of Keras must be channels_last"), message
        for name in registry.NETWORKS:
            assert "image_data_format=channels_first" in message_of(make, name, "generator")
            assert "image_data_format=channels_first" in message_of(make, name, "discriminator")
    finally:
        keras.config.set_image_data_format("channels_last")


def seal(folder):
    """Makes metadata.json agree with the files again: what a forger would do."""
    about = json.loads((folder / "metadata.json").read_text())
    names = [name for name in ("config.json", "model.weights.h5") if (folder / name).exists()]
    about["sha256"] |= {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / "metadata.json").write_text(json.dumps(about))


def replace(name, old, new):
    def damage(folder):
        content = (folder / name).read_bytes()
        assert old in content
        (folder / name).write_bytes(content.replace(old, new))

    return damage


METADATA_ITSELF = re.compile("metadata|format|no checksums|no files")


def describe(folder, **changes):
    path = folder / "metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def foreign_class(folder):
    """Names a class that Keras would import a module for."""
    config = json.loads((folder / "config.json").read_text())
    config["config"]["generator"] |= {"module": "antigravity", "class_name": "Balloon", "registered_name": None}
    (folder / "config.json").write_text(json.dumps(config))


def edit_weights(folder, change):
    with h5py.File(folder / "model.weights.h5", "a") as file:
        change(file)


def link(file):
    del file["ema_generator"], file["generator"]
    file["generator"] = file["ema_generator"] = h5py.ExternalLink("/etc/passwd", "/")


def made_of_many(**options):
    """Replaces a weight by a data set that takes few bytes and says that it has many numbers."""

    def change(file):
        del file["discriminator/head/vars/0"]
        file.create_dataset("discriminator/head/vars/0", dtype="f4", **options)

    return lambda folder: edit_weights(folder, change)


def virtual(file):
    layout = h5py.VirtualLayout(shape=(10**6,), dtype="f4")
    layout[:] = h5py.VirtualSource("/dev/zero", "x", shape=(10**6,))
    file.create_virtual_dataset("many", layout)


def soften(file):
    del file["generator"]
    file["generator"] = h5py.SoftLink("/ema_generator")


def change_config(folder, change):
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


def three_thousand_costs(config):
    config["class"] = "tfgan_zoo>CES"
    config["config"] |= {"costs": ["hinge"] * 3000, "loss": None, "penalty": "none"}


def few_costs(config):
    config["class"] = "tfgan_zoo>CES"
    config["config"] |= {"costs": ["hinge"] * 20, "loss": None, "penalty": "none"}


def any_class_of_keras(config):
    config["config"]["generator"] = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"units": 60_000},
        "registered_name": "tfgan_zoo>Nope",
        "build_config": {"input_shape": [None, 60_000]},
    }


def function_by_a_known_name(config):
    config["config"]["generator"] |= {"class_name": "function", "config": "relu"}


DAMAGES = {
    "sparse": made_of_many(shape=(10**6, 10**6)),
    "in sparse chunks": made_of_many(shape=(10**6, 10**6), chunks=(1000, 1000)),
    "compressed": made_of_many(data=np.zeros((64, 1), "f4"), chunks=(64, 1), compression="gzip"),
    "in another file": made_of_many(shape=(16,), external=[("/dev/zero", 0, 64)]),
    "virtual": lambda folder: edit_weights(folder, virtual),
    "a soft link": lambda folder: edit_weights(folder, soften),
    "words for weights": lambda folder: edit_weights(folder, lambda file: file.create_dataset("word", data="x" * 99)),
    "3,000 costs": lambda folder: change_config(folder, three_thousand_costs),
    "20 costs": lambda folder: change_config(folder, few_costs),
    "any class of Keras": lambda folder: change_config(folder, any_class_of_keras),
    "a function": lambda folder: change_config(folder, function_by_a_known_name),
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
    "another format": lambda folder: describe(folder, format=2),
    "metadata cut": lambda folder: (folder / "metadata.json").write_text('{"sha256": {'),
    "metadata a list": lambda folder: (folder / "metadata.json").write_text("[]"),
    "no checksums": lambda folder: describe(folder, sha256={}),
    "no files named": lambda folder: describe(folder, sha256=3),
    "metadata missing": lambda folder: (folder / "metadata.json").unlink(),
    "metadata endless": lambda folder: (folder / "metadata.json").write_text(" " * 2**20 + "{}"),
    "config deep": lambda folder: (folder / "config.json").write_text("[" * 100_000),
    "a class of Keras": replace("config.json", b"tfgan_zoo>DCGANGenerator", b"keras>Lambda"),
    "a class of a module": foreign_class,
    "too wide": replace("config.json", b'"width": 4', b'"width": 40000000'),
    "too deep a latent": replace("config.json", b'"latent_dim": 8', b'"latent_dim": 800000000'),
    "an unknown weight": lambda folder: edit_weights(folder, lambda file: file.pop("discriminator")),
    "a link": lambda folder: edit_weights(folder, link),
    "weights empty": lambda folder: (folder / "model.weights.h5").write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_one_line_that_names_the_folder(damage, preset, tmp_path):
    shutil.copytree(preset, tmp_path / "damaged")
    DAMAGES[damage](tmp_path / "damaged")
    if not METADATA_ITSELF.search(damage):
        seal(tmp_path / "damaged")
    assert f"preset={tmp_path / 'damaged'} is damaged: " in message_of(presets.from_preset, tmp_path / "damaged")
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize("name", ["config.json", "metadata.json"])
def test_what_is_no_regular_file_is_not_opened(name, preset, tmp_path):
    shutil.copytree(preset, tmp_path / "piped")
    (tmp_path / "piped" / name).unlink()
    os.mkfifo(tmp_path / "piped" / name)
    assert f"{name} is no regular file" in message_of(presets.from_preset, tmp_path / "piped")
    assert presets.origin(tmp_path / "piped") == ({} if name == "metadata.json" else {"dataset": "fashion_mnist_10k"})
    if name == "config.json":
        assert "is no regular file" in message_of(finetuning.settings, str(tmp_path / "piped"))


def test_counting_weights_takes_no_memory_and_leaves_no_trace(preset):
    config = json.loads((preset / "config.json").read_text())["config"]
    counted = untrusted.numbers(PConv, config, presets.AVERAGE_FOR)
    assert counted == weight_files.count(preset / "model.weights.h5")
    for role in ("generator", "discriminator"):
        config[role]["config"]["width"] = 10_000
    before, state = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, random.getstate()
    assert untrusted.numbers(PConv, config) > 10**10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**18  # KiB
    assert random.getstate() == state


@pytest.mark.parametrize("name", sorted(presets.names()))
def test_the_presets_on_the_shelf_have_the_weights_that_they_need(name):
    presets.register_classes()
    config = json.loads((presets.BUILT_IN / name / "config.json").read_text())
    method = keras.saving.get_registered_object(config["class"])
    needed = untrusted.numbers(method, config["config"], presets.AVERAGE_FOR)
    stored = weight_files.count(presets.BUILT_IN / name / "model.weights.h5")
    assert stored - needed in (0, 2)  # files of before 0.1.0 hold LeCam's two averages


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_checksums_are_compared_before_anything_is_parsed(name, preset, tmp_path, monkeypatch):
    shutil.copytree(preset, tmp_path / "tampered")
    with (tmp_path / "tampered" / name).open("ab") as file:
        file.write(b" ")
    monkeypatch.setattr(keras.saving, "get_registered_object", lambda name: pytest.fail("the config was read"))
    assert f"the SHA-256 of {name} is not the one" in message_of(presets.from_preset, tmp_path / "tampered")


def test_a_preset_appears_whole_or_not_at_all(model, tmp_path, monkeypatch):
    def full(self, path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(GAN, "save_weights", lambda self, path: full(self, path, ""))
    with pytest.raises(OSError, match="No space"):
        presets.save_to_preset(model, tmp_path / "clothes")
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_is_an_error_and_not_the_end_of_the_process(tmp_path):
    """As it is where HDF5 writes to a file itself."""
    code = (
        "import resource, tfgan_zoo; model = tfgan_zoo.load('gan_ring')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        f"try: tfgan_zoo.save_to_preset(model, {str(tmp_path / 'preset')!r})\n"
        "except OSError as error: print(error.strerror)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "File too large\n"), done.stderr
    assert not list(tmp_path.iterdir())


# From elsewhere


@pytest.fixture
def served(preset, tmp_path, monkeypatch):
    """The URL of a preset on a server of this process, and what was asked of it."""
    asked = []
    shutil.copytree(preset, tmp_path / "www" / "clothes")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path / "www"))

        def log_message(self, form, *args):
            asked.append(args[0])

    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    with loopback.listening(Handler) as url:
        yield f"{url}/clothes", asked


def test_a_file_url_is_a_folder(preset, model):
    assert presets.from_preset(preset.as_uri()).generate(2).tobytes() == model.generate(2).tobytes()
    assert loading.kind(preset.as_uri()) == "preset"


def test_a_download_is_kept(served, model):
    url, asked = served
    for _ in range(2):
        assert presets.from_preset(url).generate(2).tobytes() == model.generate(2).tobytes()
    assert len(asked) == 3


def test_a_cache_that_cannot_be_written_is_one_line(served, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "file"))
    message = message_of(presets.from_preset, served[0])
    assert f"cannot be kept in {tmp_path / 'file' / 'presets'} ($TFGAN_ZOO_CACHE): Not a directory" in message


def test_a_tampered_download_leaves_the_cache_clean(served, tmp_path):
    with (tmp_path / "www" / "clothes" / "model.weights.h5").open("ab") as file:
        file.write(b" ")
    assert "the SHA-256 of model.weights.h5 is not the one" in message_of(presets.from_preset, served[0])
    assert not list((tmp_path / "cache" / "presets").iterdir())


@pytest.mark.parametrize(
    "damage", ["another format", "metadata cut", "metadata missing", "another width", "weights cut"]
)
def test_a_damaged_preset_elsewhere_leaves_the_cache_clean(damage, served, tmp_path):
    folder = tmp_path / "www" / "clothes"
    DAMAGES[damage](folder)
    if not METADATA_ITSELF.search(damage):
        seal(folder)
    message_of(presets.from_preset, served[0])
    assert not list((tmp_path / "cache" / "presets").iterdir())


@pytest.mark.parametrize("taken", [True, False])
def test_of_two_that_fetch_at_once_the_first_copy_stands(taken, served, preset, tmp_path, monkeypatch, model):
    """The other process finishes between our download and its renaming."""
    target = tmp_path / "cache" / "presets"

    def finish(verify, folder, url):
        if taken:
            shutil.copytree(preset, download._target(url))

    monkeypatch.setattr(download, "_verify", finish)
    assert presets.from_preset(served[0]).generate(2).tobytes() == model.generate(2).tobytes()
    assert list(target.iterdir()) == [download._target(served[0])]


@contextlib.contextmanager
def that_sends(send):
    """A server whose answer `send(write)` writes, head included; yields a preset's URL and what was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            with contextlib.suppress(OSError):
                send(self.wfile.write)

        def log_message(self, form, *args):
            pass

    with loopback.listening(Handler) as url:
        yield f"{url}/clothes", asked


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "presets"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n"])
def test_an_endless_file_is_cut_off(head, cache):
    sent = []

    def send(write):
        write(head)
        for _ in range(2**12):  # 256 MiB
            sent.append(write(b" " * 2**16))

    with that_sends(send) as (url, _):
        assert "bytes, more than 1048576" in (message := message_of(presets.from_preset, url)) or (
            "more than 1048576 bytes" in message
        )
    assert len(sent) < 2**8 and not list(cache.iterdir())


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "])
def test_a_file_that_drips_is_given_up(head, cache, monkeypatch):
    monkeypatch.setattr(download, "_SECONDS", -0.7)  # and a second for the MiB
    stop = threading.Event()

    def send(write):
        write(head)
        while not stop.wait(0.01):
            write(b" ")

    with that_sends(send) as (url, _):
        assert "not whole in time" in message_of(presets.from_preset, url)
        stop.set()
    assert not list(cache.iterdir())


@pytest.mark.parametrize(
    "target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "http://localhost:9/x", "https://example.org/x", "data:,x"]
)
def test_redirects_lead_nowhere_else(target, cache):
    answer = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\n\r\n".encode()
    with that_sends(lambda write: write(answer)) as (url, asked):
        message = message_of(presets.from_preset, url)
        assert "is not available" in message and ("where it may not" in message or "HTTP 302" in message)
    assert asked == ["/clothes/metadata.json"] and not list(cache.iterdir())


def test_a_missing_preset_is_one_line(served, tmp_path):
    message = message_of(presets.from_preset, served[0] + "s")
    assert "is not available" in message and "404" in message
    assert not list((tmp_path / "cache" / "presets").iterdir())
