"""The README's Python runs as it stands, but for the length of the training."""

import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import tfgan_zoo
from tests.serving import server
from tfgan_zoo import pictures, serving

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def test_notebook_example_is_ten_lines_and_runs():
    example = BLOCKS[0]
    assert "PConv" in example and len(example.strip().splitlines()) == 10
    long = "epochs=10, steps_per_epoch=140"
    assert long in example
    names = {}
    exec(example.replace(long, "epochs=1, steps_per_epoch=2"), names)
    assert names["images"].shape == (16, 32, 32, 1)
    assert int(names["gan"].step.numpy()) == 2


def test_trained_model_loads_in_three_lines():
    names = {}
    exec(BLOCKS[1], names)
    assert names["images"].shape == (16, 32, 32, 1)


def test_a_preset_is_one_line():
    names = {}
    (block,) = [block for block in BLOCKS if "from_preset(" in block]
    exec(block, names)
    assert names["images"].shape == (16, 32, 32, 1) and names["images"].dtype == "float32"


def test_export_loads_with_tensorflow_alone(tmp_path):
    model = tfgan_zoo.load("pconv_fashion_mnist_10k")
    serving.export(model, tmp_path / "exports" / "pconv")
    names = {}
    (block,) = [block for block in BLOCKS if "saved_model.load" in block]
    exec(block.replace("exports/pconv/1", str(tmp_path / "exports" / "pconv" / "1")), names)
    np.testing.assert_allclose(names["images"], model.generate(2), atol=1e-6)


def lines_with(word):
    return [line.strip() for line in README.read_text().splitlines() if line.startswith("    ") and word in line]


@pytest.mark.thorough
def test_export_loader_and_client_word_for_word(tmp_path, request):
    """The lines of "Serve" but for docker's, with the tests' stand-in where the server would be."""
    (export,) = lines_with("--with_serving_files")
    assert run(export, tmp_path) == 0
    with server.over_rest(server.Model(tmp_path / "exports" / "pconv" / "1", "pconv")) as url:
        (generate,) = lines_with("--model=http")
        assert run(generate.replace("http://localhost:8501/v1/models/pconv", url), tmp_path) == 0
        (block,) = [block for block in BLOCKS if "Client(" in block]
        names = {}
        exec(block.replace("http://localhost:8501/v1/models/pconv", url), names)
    local = tfgan_zoo.load("pconv_fashion_mnist_10k").generate(16)
    np.testing.assert_allclose(names["images"], local, atol=0.5 / 255 + 1e-6)
    with Image.open(tmp_path / "served.png") as image:
        assert image.size == (4 * 32, 4 * 32)
    if shutil.which("g++"):
        (tmp_path / "load_export").symlink_to(request.getfixturevalue("loader"))  # README's line for it was run there
        (load,) = lines_with("./load_export")
        assert run(load, tmp_path) == 0
        with Image.open(tmp_path / "first.png") as image:
            levels = np.asarray(image, int)
        assert np.abs(levels - pictures.to_levels(local)[0, ..., 0]).max() <= 1


def run(line, folder):
    line = line.replace("python export.py", f"{sys.executable} {ROOT}/export.py")
    line = line.replace("python generate.py", f"{sys.executable} {ROOT}/generate.py")
    return subprocess.run(line, shell=True, cwd=folder, stdout=subprocess.DEVNULL).returncode
