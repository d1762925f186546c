"""The README's Python runs as it stands, but for the length of the training."""

import pathlib
import re

import numpy as np

import tfgan_zoo
from tfgan_zoo import serving

README = pathlib.Path(__file__).parent.parent / "README.md"
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


def test_export_loads_with_tensorflow_alone(tmp_path):
    model = tfgan_zoo.load("pconv_fashion_mnist_10k")
    serving.export(model, tmp_path / "exports" / "pconv")
    names = {}
    exec(BLOCKS[2].replace("exports/pconv/1", str(tmp_path / "exports" / "pconv" / "1")), names)
    np.testing.assert_allclose(names["images"], model.generate(2), atol=1e-6)
