"""Warm-up records and the files that a server starts with fit the export and each other."""

import os
import re
import signal

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

from tests.serving import models, server
from tfgan_zoo import serving
from tfgan_zoo.cli import export as command
from tfgan_zoo.serving import server_files
from tfgan_zoo.serving.warm_up import FILE


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """(the version's folder, the folder of the server's files), as export.py makes them."""
    root = tmp_path_factory.mktemp("exports")
    models.make().save(root / "clothes.keras")
    flags = [f"--model={root / 'clothes.keras'}", f"--output={root / 'clothes'}", "--with_serving_files"]
    assert command.main(flags) == 0
    return root / "clothes" / "1", root / "clothes.serving"


def records(version):
    for record in tf.data.TFRecordDataset(str(version / FILE)).as_numpy_iterator():
        yield prediction_log_pb2.PredictionLog.FromString(record).predict_log.request


def test_every_signature_is_warmed_up_at_every_allowed_size(exported):
    version, files = exported
    allowed = [int(size) for size in re.findall(r"allowed_batch_sizes: (\d+)", (files / "batching.config").read_text())]
    largest = int(re.search(r"max_batch_size { value: (\d+) }", (files / "batching.config").read_text())[1])
    assert allowed[0] == 1 and allowed[-1] == largest == 64
    found = [
        (request.model_spec.signature_name, tensor.tensor_shape.dim[0].size)
        for request in records(version)
        for tensor in [next(iter(request.inputs.values()))]
    ]
    assert sorted(found) == sorted(
        (name, size) for name in ("serving_default", "generate", "generate_png") for size in allowed
    )


def test_every_record_can_be_played_back(exported):
    held = server.Model(exported[0])
    for request in records(exported[0]):
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        (output,) = held.predict(request.model_spec.signature_name, inputs).values()
        assert len(output) == len(next(iter(inputs.values())))


def test_the_files_name_the_model_and_its_folder(exported):
    version, files = exported
    assert sorted(file.name for file in files.iterdir()) == [
        "batching.config",
        "compose.yaml",
        "model.config",
        "monitoring.config",
    ]
    parsed = text_format.Parse((files / "model.config").read_text(), model_server_config_pb2.ModelServerConfig())
    (config,) = parsed.model_config_list.config
    assert (config.name, config.base_path, config.model_platform) == ("clothes", "/models/clothes", "tensorflow")
    mounted = re.search(r"- (\S+):/models/clothes:ro", (files / "compose.yaml").read_text())[1]
    assert (files / mounted).resolve() == version.parent
    started = re.findall(r"=/serving/(\S+)", (files / "compose.yaml").read_text())
    assert sorted(started) == ["batching.config", "model.config", "monitoring.config"]


def test_what_the_server_watches_holds_versions_alone(exported):
    assert [path.name for path in exported[0].parent.iterdir()] == ["1"]


def test_the_docker_line_quotes_the_way_to_the_folder(tmp_path):
    line = server_files.docker_line(tmp_path / "my models" / "clothes")
    assert f"-v '{tmp_path}/my models/clothes:/models/clothes:ro' -e MODEL_NAME=clothes " in line


@pytest.mark.parametrize("name", ["my clothes", 'a"b', "a:b", "$x", "-x", "_x", ".x", "ä"])
def test_a_name_that_urls_and_files_would_quote_is_one_line(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command.app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    flags = ["--model=pconv_fashion_mnist_10k", f"--output={tmp_path / name}", "--with_serving_files"]
    assert command.main(flags) == 2
    error = capsys.readouterr().err
    assert (
        "the served model's name" in error
        and "a letter or number first" in error
        and error.count("\n") == 1
        and not list(tmp_path.iterdir())
    )


def test_files_that_cannot_be_written_are_refused_before_there_is_an_export(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command.app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    (tmp_path / "clothes.serving").touch()
    assert command.main(["--model=gan_ring", f"--output={tmp_path / 'clothes'}", "--with_serving_files"]) == 2
    error = capsys.readouterr().err
    assert "clothes.serving cannot be written: Not a directory" in error and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["clothes.serving"]


def test_a_small_limit_has_sizes_that_fit(tmp_path):
    sizes = server_files.batch_sizes(8)
    version = serving.export(models.make("mlp", (2,), 8), tmp_path / "ring", max_batch=8, warm_up=sizes)
    found = {next(iter(request.inputs.values())).tensor_shape.dim[0].size for request in records(version)}
    text = (server_files.write_server_files(tmp_path / "ring", sizes) / "batching.config").read_text()
    assert found == {1, 4, 8} and "max_batch_size { value: 8 }" in text
    assert re.findall(r"allowed_batch_sizes: (\d+)", text) == ["1", "4", "8"]


def test_an_export_that_is_terminated_leaves_nothing(tmp_path, monkeypatch, capsys):
    models.make("mlp", (2,), 8).save(tmp_path / "ring.keras")

    def save(module, path, **options):
        assert list((tmp_path / "exports" / "ring").iterdir())  # the temporary folder
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(tf.saved_model, "save", save)
    before = signal.getsignal(signal.SIGTERM)
    flags = [f"--model={tmp_path / 'ring.keras'}", f"--output={tmp_path / 'exports' / 'ring'}"]
    assert command.main(flags) == 143
    assert capsys.readouterr().err == "export.py: stopped by SIGTERM\n"
    assert not (tmp_path / "exports").exists() and signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("options", "words"), [({"max_batch": 0}, "max_batch=0"), ({"warm_up": (1, 300)}, "max_batch=256")]
)
def test_sizes_that_do_not_fit_are_refused(tmp_path, options, words):
    with pytest.raises(ValueError, match=words):
        serving.export(models.make(), tmp_path / "clothes", **options)
    assert not (tmp_path / "clothes").exists()


def test_the_limit_holds_for_every_signature(tmp_path):
    version = serving.export(models.make(), tmp_path / "clothes", max_batch=2)
    signatures = tf.saved_model.load(str(version)).signatures
    seeds = {"seeds": tf.range(3, dtype=tf.int64), "truncation": tf.ones([3])}
    for name, inputs in {
        "serving_default": {"latents": tf.zeros([3, 128])},
        "generate": seeds,
        "generate_png": seeds,
    }.items():
        with pytest.raises(tf.errors.InvalidArgumentError, match="more rows than the limit of this export, 2"):
            signatures[name](**inputs)
        (output,) = signatures[name](**{key: value[:2] for key, value in inputs.items()}).values()
        assert np.shape(output)[0] == 2
