"""One way to name a trained model: a run, a preset, a .keras file, an export."""

import json
import shutil
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

import tfgan_zoo
from tfgan_zoo import data, registry
from tfgan_zoo.methods import GAN, PConv
from tfgan_zoo.networks import build
from tfgan_zoo.pretrained import loading, presets
from tfgan_zoo.serving import SavedModelGenerator, export
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import devices
from tfgan_zoo.training.run_directory import RunDirectory
from tfgan_zoo.training.train import train


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """{kind: path} of one model of two steps, and the model under "model"."""
    root = tmp_path_factory.mktemp("sources")
    config = devices.resolve(
        resolve(method="gan", dataset="ring", width=8, latent_dim=4, batch_size=8, kimg=0.016, threads=2)
    )
    run = RunDirectory.create(config, root / "run")
    model = train(config, run, data.load("ring"))
    presets.save_to_preset(model, root / "preset")
    model.save(root / "model.keras")
    export(model, root / "saved_model")
    kinds = {"run": run.path, "preset": root / "preset", "keras": root / "model.keras"}
    return kinds | {"saved_model": root / "saved_model", "model": model}


@pytest.mark.parametrize("kind", ["run", "preset", "keras", "saved_model"])
def test_every_source_samples_the_same(kind, sources):
    assert loading.kind(str(sources[kind])) == kind
    loaded = tfgan_zoo.load(sources[kind])
    model = sources["model"]
    assert isinstance(loaded, SavedModelGenerator if kind == "saved_model" else tfgan_zoo.GAN)
    assert (loaded.latent_dim, loaded.image_shape) == (model.latent_dim, model.image_shape)
    np.testing.assert_allclose(loaded.generate(3, seed=5), model.generate(3, seed=5), atol=1e-6)
    latents = np.ones((2, 4), "float32")
    np.testing.assert_allclose(loaded.sample(latents), model.sample(latents), atol=1e-6)


@pytest.mark.parametrize("kind", ["run", "keras"])
def test_runs_and_keras_files_bring_their_optimisers(kind, sources):
    loaded = loading.load(str(sources[kind]))
    for role in ("generator", "discriminator"):
        one, two = (getattr(model, f"{role}_optimizer") for model in (sources["model"], loaded))
        assert [v.numpy().tobytes() for v in one.variables] == [v.numpy().tobytes() for v in two.variables]


def test_a_version_of_an_export_is_a_model(sources):
    assert loading.kind(str(sources["saved_model"] / "1")) == "saved_model"
    assert loading.load(sources["saved_model"] / "1").latent_dim == 4


def test_a_name_on_the_shelf_is_a_model(sources, monkeypatch, tmp_path):
    shutil.copytree(sources["preset"], tmp_path / "shelf" / "ring")
    monkeypatch.setattr(presets, "BUILT_IN", tmp_path / "shelf")
    assert loading.kind("ring") == "preset"
    assert loading.load("ring").generate(2).tobytes() == sources["model"].generate(2).tobytes()
    with pytest.raises(ValueError, match=r"model=rung is no run.*presets: ring"):
        loading.kind("rung")


def test_the_kind_is_found_without_tensorflow(sources):
    code = (
        "import sys; from tfgan_zoo.pretrained import loading; print([loading.kind(path) for path in sys.argv[1:]],"
        "'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    paths = [str(sources[kind]) for kind in ("run", "preset", "keras", "saved_model")]
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True)
    assert done.stdout == "['run', 'preset', 'keras', 'saved_model'] False False\n", done.stderr


FRESH = """
import sys
import numpy as np
import tfgan_zoo

np.savez(sys.argv[1], **{path: tfgan_zoo.load(path).generate(2, seed=3) for path in sys.argv[2:]})
"""


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["preset", "keras"])
def test_a_fresh_process_loads_every_network(kind, tmp_path):
    """It has imported nothing that would have registered their classes with Keras."""
    images = {}
    for name in registry.NETWORKS:
        generator = build(name, "generator", shape=(32, 32, 1), width=2, latent_dim=4)
        model = tfgan_zoo.GAN(generator, build(name, "discriminator", shape=(32, 32, 1), width=2))
        path = tmp_path / (f"{name}.keras" if kind == "keras" else name)
        model.save(path) if kind == "keras" else presets.save_to_preset(model, path)
        images[str(path)] = model.generate(2, seed=3)
    command = [sys.executable, "-c", FRESH, str(tmp_path / "images.npz"), *images]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "images.npz")
    for path, expected in images.items():
        np.testing.assert_allclose(found[path], expected, atol=1e-6)


# What is refused


@pytest.mark.parametrize("what", ["nothing", "an empty folder", "a text file", "a keras folder"])
def test_what_is_no_model_is_one_line(what, tmp_path):
    path = tmp_path / ("model.keras" if "keras" in what else "model")
    if "folder" in what:
        path.mkdir()
    elif "file" in what:
        path.write_text("text")
    for function in (loading.kind, loading.load):
        with pytest.raises(ValueError, match=f"model={path} is no run, preset, .keras file or export") as caught:
            function(str(path))
        assert "\n" not in str(caught.value)


def test_a_run_without_checkpoint_is_no_model_yet(sources, tmp_path):
    shutil.copytree(sources["run"], tmp_path / "run", ignore=shutil.ignore_patterns("ckpt*"))
    with pytest.raises(ValueError, match="without a checkpoint yet"):
        loading.load(tmp_path / "run")


def test_a_preset_without_its_weights_is_not_called_a_run(sources, tmp_path):
    shutil.copytree(sources["preset"], tmp_path / "preset", ignore=shutil.ignore_patterns("*.h5"))
    for load in (loading.load, loading.from_preset):
        with pytest.raises(ValueError, match="is a preset without its model"):
            load(tmp_path / "preset")


def test_a_run_killed_while_it_wrote_its_first_checkpoint_is_no_model_yet(sources, tmp_path):
    run = shutil.copytree(sources["run"], tmp_path / "run")
    (run / "checkpoints" / "ckpt-2.json").unlink()
    cut(run / "checkpoints" / "ckpt-2.index")
    with pytest.raises(ValueError, match="without a whole checkpoint yet"):
        loading.load(run)


def test_the_state_file_of_tensorflow_is_not_needed(sources, tmp_path):
    run = shutil.copytree(sources["run"], tmp_path / "run")
    (run / "checkpoints" / "checkpoint").unlink()
    assert loading.load(run).generate(2).tobytes() == loading.load(sources["run"]).generate(2).tobytes()


def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before_and_stays(sources, tmp_path, caplog):
    run = shutil.copytree(sources["run"], tmp_path / "run")
    folder = run / "checkpoints"
    for path in list(folder.glob("ckpt-2.*")):
        content = path.read_bytes().replace(b"ckpt-2.", b"ckpt-3.")
        (folder / path.name.replace("-2", "-3")).write_bytes(content)
    flip(folder / "ckpt-3.data-00000-of-00001")
    model = loading.load(run)
    assert "ckpt-3 is damaged (the SHA-256" in caplog.text and "; this is ckpt-2" in caplog.text
    assert model.generate(2).tobytes() == loading.load(sources["run"]).generate(2).tobytes()
    assert (folder / "ckpt-3.index").is_file()  # who only reads moves nothing
    with pytest.raises(ValueError, match="ckpt-3 is damaged: the SHA-256"):
        loading.load(run, "3")


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


DAMAGES = {
    "keras cut": ("keras", lambda path: cut(path)),
    "keras empty": ("keras", lambda path: path.write_bytes(b"")),
    "keras text": ("keras", lambda path: path.write_text("text")),
    "run config": ("run", lambda path: cut(path / "config.json")),
    "run of another width": (
        "run",
        lambda path: (path / "config.json").write_text(
            (path / "config.json").read_text().replace('"width": 8', '"width": 9')
        ),
    ),
    "run checkpoint": ("run", lambda path: cut(path / "checkpoints" / "ckpt-2.data-00000-of-00001")),
    "export graph": ("saved_model", lambda path: cut(path / "1" / "saved_model.pb")),
    "export weights": ("saved_model", lambda path: cut(path / "1" / "variables" / "variables.data-00000-of-00001")),
    "export index": ("saved_model", lambda path: (path / "1" / "variables" / "variables.index").unlink()),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_one_line(damage, sources, tmp_path):
    kind, spoil = DAMAGES[damage]
    path = tmp_path / sources[kind].name
    (shutil.copytree if sources[kind].is_dir() else shutil.copy)(sources[kind], path)
    spoil(path)
    with pytest.raises(ValueError) as caught:
        loading.load(path)
    message = str(caught.value)
    assert "\n" not in message and str(path) in message and len(message) < 600


def rewritten(source, target, change):
    """Copies a .keras file with another configuration, or other members."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        members = {name: old.read(name) for name in old.namelist()}
        config = json.loads(members["config.json"])
        change(config, members)
        for name, content in members.items():
            new.writestr(name, json.dumps(config) if name == "config.json" else content)
    return target


def widen(config, members):
    for role in ("generator", "discriminator"):
        config["config"][role]["config"]["width"] = 60_000


def any_class(config, members):
    config["config"]["generator"] = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"units": 60_000},
        "registered_name": "tfgan_zoo>Nope",
        "build_config": {"input_shape": [None, 60_000]},
    }


def optimizer_of_a_module(config, members):
    config["compile_config"]["generator_optimizer"] |= {"module": "antigravity", "class_name": "Balloon"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (widen, "its configuration needs"),
        (any_class, "Dense .*is no class of tfgan_zoo"),
        (optimizer_of_a_module, "antigravity.Balloon .*is no class of tfgan_zoo"),
        (lambda config, members: members.update({"assets/x": b""}), "'assets/x' is no part"),
        (lambda config, members: members.update({"config.json": b"{}"}) or config.clear(), "describes no model"),
    ],
)
def test_a_keras_file_is_data_as_a_preset_is(change, words, sources, tmp_path):
    path = rewritten(sources["keras"], tmp_path / "model.keras", change)
    with pytest.raises(ValueError, match=f"model={path} is damaged: .*{words}"):
        loading.load(path)


def test_a_compressed_keras_file_is_refused(sources, tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(sources["keras"]) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(ValueError, match="is compressed"):
        loading.load(path)


def test_a_keras_file_of_something_else_is_refused(tmp_path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match="holds a Sequential, not a GAN"):
        loading.load(tmp_path / "other.keras")


def test_an_export_of_something_else_is_refused(tmp_path):
    import tensorflow as tf

    tf.saved_model.save(tf.Module(), str(tmp_path / "other"))
    with pytest.raises(ValueError, match="no export of tfgan_zoo"):
        loading.load(tmp_path / "other")


def test_a_class_loads_presets_of_its_own_kind():
    assert type(PConv.from_preset("pconv_fashion_mnist_10k")) is PConv
    assert type(GAN.from_preset("pconv_fashion_mnist_10k")) is PConv
    with pytest.raises(ValueError, match="preset=gan_ring holds a GAN, not a PConv"):
        PConv.from_preset("gan_ring")
