"""The C++ program of tools/: an export loads and runs without Python, by the function TensorFlow Serving builds on."""

import re
import subprocess

import numpy as np
import pytest

from tests.serving import models
from tfgan_zoo import pictures, serving

pytestmark = pytest.mark.thorough  # a C++ program is built first


def test_all_signatures_by_name(loader, tmp_path):
    model = models.make()
    version = serving.export(model, tmp_path / "clothes")
    done = subprocess.run([loader, version, tmp_path / "first.png"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert sorted(lines) == ["generate", "generate_png", "serving_default"]
    assert lines["generate_png"] == "image_bytes[2] (2 of 2 wrong ranks refused)"
    images = model.generate(2)
    for name, expected in (("generate", images), ("serving_default", model.sample(np.zeros((2, 128), "float32")))):
        found = re.fullmatch(r"images\[2,32,32,1\] mean (\S+) \(. of . wrong ranks refused\)", lines[name])
        assert float(found[1]) == pytest.approx(float(np.mean(expected)), rel=1e-4)
    from PIL import Image

    with Image.open(tmp_path / "first.png") as image:
        levels = np.asarray(image, int)
    assert np.abs(levels - pictures.to_levels(images)[0, ..., 0]).max() <= 1


def test_mixtures_have_two_signatures(loader, tmp_path):
    version = serving.export(models.make("mlp", (2,), 8), tmp_path / "ring")
    done = subprocess.run([loader, version, tmp_path / "none.png"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.sub(r"mean \S+", "mean", done.stdout).splitlines() == [
        "generate images[2,2] mean (2 of 2 wrong ranks refused)",
        "serving_default images[2,2] mean (1 of 1 wrong ranks refused)",
    ]
    assert not (tmp_path / "none.png").exists()


def test_no_export_is_a_failure(loader, tmp_path):
    done = subprocess.run([loader, tmp_path, tmp_path / "first.png"], capture_output=True, text=True)
    assert done.returncode == 1 and "Could not find SavedModel" in done.stderr
