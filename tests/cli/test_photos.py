"""The guide to one's own images, line for line, on 500 pictures in class folders: minutes long."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo.evaluation import fashion_cnn
from tfgan_zoo.pretrained import loading

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLASSES, SIZE = 10, 32


def lines():
    """Returns the commands of the guide's section on pictures in class folders."""
    text = (ROOT / "docs" / "own_images.md").read_text()
    section = text.split("### With labels\n")[1].split("\n### ")[0]
    return [line[4:] for line in section.splitlines() if line.startswith("    ")]


def run(line, folder):
    """Runs a `python SCRIPT ...` of the guide in `folder`."""
    _, script, *flags = line.split()
    command = [sys.executable, str(ROOT / script), *flags]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def share_of_right(path, columns):
    """Returns how many of a grid's pictures, a class a row, the embedded classifier gives their row's class."""
    cells = np.asarray(Image.open(path)).reshape(CLASSES, SIZE, columns, SIZE).swapaxes(1, 2)
    images = cells.reshape(-1, SIZE, SIZE, 1)[:, 2:-2, 2:-2] / 255
    found = np.argmax(fashion_cnn.load()(images)["logits"], axis=1)
    return np.mean(found == np.repeat(np.arange(CLASSES), columns))


@pytest.mark.slow
def test_500_pictures_in_class_folders_become_a_generator_of_those_classes(tmp_path):
    photos, train, evaluate, export, generate = lines()
    run(photos, tmp_path)
    for kimg in (" --kimg=60", ""):  # stopped on the way, and resumed
        told = run(train + kimg, tmp_path)
    assert "resuming at step 1875" in told
    run(evaluate, tmp_path)
    found = map(json.loads, (tmp_path / "clothes" / "evaluation" / "metrics.jsonl").read_text().splitlines())
    values = {it["metric"]: it["values"] for it in found if it["checkpoint"] == "last"}
    assert values["accuracy_fashion_10k"]["accuracy"] >= 0.9
    distances = values["fd_fashion_per_class_1k"]
    assert all(0 < distances[f"class_{label}"] < 100 for label in range(CLASSES))
    run(export, tmp_path)
    run(generate, tmp_path)
    assert share_of_right(tmp_path / "classes.png", 20) >= 0.9
    here, there = (loading.load(tmp_path / name).generate(4, labels=3) for name in ("clothes", "exported"))
    np.testing.assert_allclose(here, there, atol=1e-6)
