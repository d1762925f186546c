"""Other formats: what is written runs in its own runtime and gives our images; what fails leaves nothing."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.serving import models
from tfgan_zoo.cli import export as command
from tfgan_zoo.serving import formats
from tfgan_zoo.serving.formats import FormatError, export_format

SUFFIXES = {"onnx": ".onnx", "litert": ".tflite", "openvino": ".xml"}


def needs(name):
    packages = formats._NEEDS[name][0]
    if any(importlib.util.find_spec(package) is None for package in packages):
        pytest.skip(f"no {', '.join(packages)}")


@pytest.fixture(scope="module")
def model():
    return models.make()


@pytest.mark.parametrize("name", SUFFIXES)
def test_it_gives_our_images_in_its_own_runtime(name, tmp_path):
    needs(name)
    model = models.make(num_classes=3)
    path = tmp_path / f"clothes{SUFFIXES[name]}"
    assert export_format(model, name, path) <= 1e-5
    run = formats._RUNNERS[name](path)
    for num in (1, 6):  # any batch size
        latents = np.random.default_rng(num).normal(size=(1, 128)).astype("float32").repeat(num, axis=0)
        labels = np.arange(num, dtype="int32") % 3
        images = run({"latents": latents, "labels": labels})
        np.testing.assert_allclose(images, model.sample(latents, labels), atol=1e-5)
    assert np.abs(images[0] - images[1]).max() > 0.1  # another class
    assert {file.suffix for file in tmp_path.iterdir()} <= {path.suffix, ".bin"}


def test_openvino_tells_nobody(tmp_path):
    """Its telemetry left an identity and statistics in the home folder, and threads that ask its server."""
    needs("openvino")
    code = (
        "import sys, threading; from tests.serving import models; from tfgan_zoo.serving import formats;"
        "formats.export_format(models.make('mlp', (2,), 8), 'openvino', sys.argv[1]);"
        "print([thread.name for thread in threading.enumerate()])"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = os.environ | {"HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment = {name: value for name, value in environment.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    command = [sys.executable, "-c", code, str(tmp_path / "ring.xml")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, "['MainThread']\n"), done.stderr
    assert (tmp_path / "ring.xml").is_file() and not (home / "intel").exists()


def test_residual_generators_too(tmp_path):
    needs("litert")  # the one that cannot convolve what has no static sizes
    assert export_format(models.make("sngan", (32, 32, 3)), "litert", tmp_path / "clothes.tflite") <= 1e-4


def test_what_litert_lacks_is_said_without_the_pages_around_it():
    text = "Could not translate\nTF Select ops: Conv2D, Erf\nDetails:\n\ttf.Conv2D(...)"
    assert formats.reason(RuntimeError(text)) == "no counterpart of Conv2D, Erf"


def test_mixtures_too(tmp_path):
    needs("onnx")
    assert export_format(models.make("mlp", (2,), 8), "onnx", tmp_path / "ring.onnx") <= 1e-4


def test_a_wrong_image_is_not_left_behind(model, tmp_path, monkeypatch):
    needs("onnx")
    monkeypatch.setitem(formats._RUNNERS, "onnx", lambda path: lambda inputs: np.zeros((4, 32, 32, 1)))
    with pytest.raises(FormatError, match="format=onnx: its images differ by"):
        export_format(model, "onnx", tmp_path / "clothes.onnx")
    assert not list(tmp_path.iterdir())


def test_an_op_that_is_missing_is_one_line(model, tmp_path, monkeypatch, capsys):
    def fail(module, path):
        path.write_text("half")
        raise RuntimeError("no counterpart\nof Op")

    monkeypatch.setitem(formats._WRITERS, "openvino", fail)
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: True)
    model.save(tmp_path / "clothes.keras")
    flags = [f"--model={tmp_path / 'clothes.keras'}", "--format=openvino", f"--output={tmp_path / 'x' / 'c.xml'}"]
    assert command.main(flags) == 1
    error = capsys.readouterr().err
    assert "cannot hold this generator: RuntimeError: no counterpart of Op" in error and error.count("\n") == 1
    assert not list((tmp_path / "x").iterdir())


def test_a_missing_package_says_what_to_install(model, tmp_path, monkeypatch):
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FormatError, match=r"format=litert needs ai_edge_litert: pip install 'tfgan-zoo\[formats\]'"):
        export_format(model, "litert", tmp_path / "clothes.tflite")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--format=onix", "--output=x.onnx"], "format=onix is unknown (did you mean onnx?)"),
        (["--format=onnx", "--output=x"], "output=x must end in .onnx"),
        (["--format=onnx", "--output=x.onnx", "--version=3"], "version=3 is for format=saved_model"),
        (["--format=onnx", "--output=x.onnx", "--max_batch=8"], "max_batch=8 is for format=saved_model"),
        (["--max_batch=0", "--output=x"], "max_batch=0 must be at least 1"),
    ],
)
def test_bad_flags_are_one_line(flags, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command.app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    assert command.main(["--model=pconv_fashion_mnist_10k", *flags]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1 and not list(tmp_path.iterdir())


def test_weights_of_another_network_are_not_overwritten(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command.app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    (tmp_path / "net.bin").write_text("others")
    flags = ["--model=pconv_fashion_mnist_10k", "--format=openvino", f"--output={tmp_path / 'net.xml'}"]
    assert command.main(flags) == 2
    error = capsys.readouterr().err
    assert "net.bin, which exists; it is not overwritten" in error and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["net.bin"]


def test_what_a_killed_process_left_is_removed(model, tmp_path):
    (tmp_path / ".writing-abc").mkdir()
    export_format(model, "litert", tmp_path / "clothes.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["clothes.tflite"]
