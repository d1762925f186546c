"""The C++ program of tools/: an export loads and runs without Python, by the function TensorFlow Serving builds on."""

import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.serving import models
from tfgan_zoo import pictures, serving

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if shutil.which("g++") is None:
        pytest.skip("no g++")
    path = tmp_path_factory.mktemp("bin") / "load_export"
    subprocess.run([ROOT / "tools" / "build_loader.sh", path, sys.executable], check=True)
    return path


def test_all_signatures_by_name(program, tmp_path):
    model = models.make()
    version = serving.export(model, tmp_path / "clothes")
    done = subprocess.run([program, version, tmp_path / "first.png"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert sorted(lines) == ["generate", "generate_png", "serving_default"]
    assert lines["generate_png"] == "image_bytes[2]"
    images = model.generate(2)
    for name, expected in (("generate", images), ("serving_default", model.sample(np.zeros((2, 128), "float32")))):
        found = re.fullmatch(r"images\[2,32,32,1\] mean (\S+)", lines[name])
        assert float(found[1]) == pytest.approx(float(np.mean(expected)), rel=1e-4)
    from PIL import Image

    with Image.open(tmp_path / "first.png") as image:
        levels = np.asarray(image, int)
    assert np.abs(levels - pictures.to_levels(images)[0, ..., 0]).max() <= 1


def test_no_export_is_a_failure(program, tmp_path):
    done = subprocess.run([program, tmp_path, tmp_path / "first.png"], capture_output=True, text=True)
    assert done.returncode == 1 and "Could not find SavedModel" in done.stderr
