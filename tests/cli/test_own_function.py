"""--network=module:function: docs/own_networks.md's part on the command line, and what is wrong in one line."""

import contextlib
import importlib
import io
import pathlib
import re
import sys

import numpy as np
import pytest

import tfgan_zoo
from tfgan_zoo.cli import export, generate, train
from tfgan_zoo.networks import by_function

PAGE = (pathlib.Path(train.__file__).parents[2] / "docs" / "own_networks.md").read_text()
MODULE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[-1]
COMMANDS = re.findall(r"^    python (\w+)\.py (--.*)$", PAGE, re.MULTILINE)
SMALL = ("--network=my_networks:build", "--width=4", "--latent_dim=8", "--batch_size=8", "--kimg=0.016", "--threads=2")
OTHERS = '''
from keras import Input, Sequential, layers


def bare(image_shape, latent_dim, num_classes, leak=0.2):
    """Takes neither a width nor outputs, and has no convolution."""
    if len(image_shape) != 3:
        raise TypeError(f"no image: {image_shape}")
    size = image_shape[0] ** 2 * image_shape[2]
    generator = Sequential([Input((latent_dim,)), layers.Dense(size, "tanh"), layers.Reshape(image_shape)])
    hidden = [layers.Flatten(), layers.BatchNormalization(), layers.LeakyReLU(leak)]
    return generator, Sequential([Input(image_shape), *hidden, layers.Dense(1)])


def sharper(**kwargs):
    return bare(**kwargs, leak=0.1)


def three(**kwargs):
    return (*bare(**kwargs), None)


def leaves(**kwargs):
    raise SystemExit


def numbers(**kwargs):
    return 1, 2


def other_size(image_shape, **kwargs):
    return bare((8, 8, 1), **kwargs)


def other_latents(latent_dim, **kwargs):
    return bare(latent_dim=5, **kwargs)
'''


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The current folder, with the page's module and one of ours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "my_networks.py").write_text(MODULE)
    (tmp_path / "others.py").write_text(OTHERS)
    (tmp_path / "script.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "broken.py").write_text("import nothing_of_this_name\n")
    yield tmp_path
    for name in ("my_networks", "others", "broken"):
        sys.modules.pop(name, None)


def run(command, *flags):
    """Runs a command in this process; returns (status, what it wrote to stderr)."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        status = {"train": train, "generate": generate, "export": export}[command].main(list(flags))
    return status, errors.getvalue()


def images(folder):
    return tfgan_zoo.load(str(folder)).generate(3)


@pytest.mark.slow
def test_the_commands_of_the_page_and_a_run_goes_on_to_the_bit():
    for command, flags in COMMANDS:
        assert run(command, *flags.split()) == (0, ""), flags
    whole = COMMANDS[0][1].replace("kimg=0.016", "kimg=0.032 --tick_kimg=0.016").replace("runs/mine", "runs/whole")
    assert run("train", *whole.split())[0] == 0
    assert np.array_equal(images("runs/whole"), images("runs/mine"))


def test_a_run_is_of_its_module_and_a_preset_does_without(here):
    assert run("train", *SMALL, "--method=gan", "--run_dir=runs/mine") == (0, "")
    first = images("runs/mine")
    tfgan_zoo.save_to_preset(tfgan_zoo.load("runs/mine"), "preset")
    status, error = run("train", "--init_from=preset", "--batch_size=8", "--kimg=0.016")
    assert (status, error.count("\n")) == (2, 1) and "init_from=preset has networks of your own" in error
    _change(here / "my_networks.py", MODULE.replace("leaky_relu", "relu"))
    for command, *rest in (("train", "--kimg=0.064", "--run_dir=runs/mine"), ("generate", "--model=runs/mine")):
        status, error = run(command, *rest)
        assert (status, error.count("\n")) == (2, 1) and "makes other layers than the run was begun with" in error
    _change(here / "my_networks.py", None)
    status, error = run("generate", "--model=runs/mine")
    assert (status, error.count("\n")) == (2, 1) and "there is no module my_networks" in error
    assert np.array_equal(images("preset"), first)


def _change(path, text):
    path.unlink() if text is None else path.write_text(text)
    sys.modules.pop(path.stem)
    importlib.invalidate_caches()


@pytest.mark.slow
@pytest.mark.parametrize("flags", ["particle", "ces --shared_trunk", "express --kimg=0.032", "brc", "gan"])
def test_every_method_trains_them(flags, here):
    assert run("train", *SMALL, "--run_dir=run", *f"--method={flags}".split()) == (0, "")
    assert np.isfinite(images("run")).all()


@pytest.mark.parametrize(
    "flags, words",
    [
        ("nowhere:build", "there is no module nowhere in "),
        ("my_networks.inner:build", "there is no module my_networks.inner in "),
        ("my_networks.py:build", "; of a file my_networks.py, write my_networks:build"),
        ("broken:build", "broken cannot be imported (ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("my_networks:nothing", "the module my_networks has no function nothing"),
        ("my_networks:", "network=my_networks: is unknown; choose from mlp, "),
        ("others:three", "returned 3 things; it must return (generator, discriminator)"),
        ("others:numbers", "returned int as its generator, which must be a Keras model"),
        ("others:other_size", "the generator makes (8, 8, 1), and it was called with image_shape=(32, 32, 1)"),
        ("others:other_latents", "the generator takes latents of 5, and it was called with latent_dim=128"),
        ("script:build", "script cannot be imported (SystemExit: 3, script.py:2)"),
        ("others:leaves", "num_classes=0) raised SystemExit:, others.py:24"),
        ("others:bare --dataset=ring", "raised TypeError: no image: (2,), others.py:8"),
        ("others:bare --width=8", "width=8: the networks of network=others:bare have none; leave width out"),
        ("others:bare --normalization=spectral", "normalization=spectral: the networks of network=others:bare have b"),
        ("others:bare --method=pconv", "has no Conv2D to perturb; or choose perturb=0 with another method"),
        ("others:bare --method=particle", "gives 1 numbers, and 16 are needed: let the function take outputs"),
        ("others:bare --conditional", "the generator knows classes: 0, and it was called with num_classes=10"),
        ("others:bare --penalty=wgan_gp --loss=wasserstein", "batch"),
        ("others:bare --blocks=2", "blocks=2 is not for network=others:bare; choose from r3gan"),
    ],
)
def test_what_is_wrong_is_one_line_and_no_run_is_made(flags, words, here):
    word, *others = flags.split()
    method = () if "--method" in flags else ("--method=gan",)
    status, error = run("train", f"--network={word}", *method, *others)
    assert (status, error.count("\n")) == (2, 1), error
    assert words in error
    assert not (here / "runs").exists()


def test_the_key_tells_layers_and_not_names_or_what_was_made_before():
    options = {"image_shape": (8, 8, 1), "latent_dim": 4}
    key, normalization = by_function.described("others:bare", **options)
    assert by_function.described("others:bare", **options) == (key, normalization) and normalization == "batch"
    assert by_function.described("others:sharper", **options)[0] != key
    assert by_function.described("others:bare", **(options | {"latent_dim": 5}))[0] != key


def test_labels_reach_both_networks_and_a_probable_mistake_is_told_once(here, caplog):
    (here / "others.py").write_text(
        """
import keras
from keras import layers


def build(image_shape, latent_dim, num_classes):
    latents, images = keras.Input((latent_dim,)), keras.Input(image_shape)
    labels, ones = keras.Input((), dtype="int32", name="labels"), keras.Input((num_classes,), name="labels")
    x = layers.Concatenate()([latents, layers.Embedding(num_classes, 4)(labels)])
    generator = keras.Model([latents, labels], layers.Reshape(image_shape)(layers.Dense(64)(x)))
    x = layers.Concatenate()([layers.Flatten()(images), ones])
    return generator, keras.Model([images, ones], layers.Dense(1)(x))
"""
    )
    generator, discriminator = by_function.make_pair("others:build", (8, 8, 1), 4, num_classes=3)
    made = generator(np.zeros((2, 4), "float32"), np.array([0, 2]))
    assert made.shape == (2, 8, 8, 1) and not np.array_equal(made[0], made[1])
    assert discriminator(made, np.array([0, 2])).shape == (2, 1)
    assert [record.getMessage() for record in caplog.records] == [
        "network=others:build: generator: functional ends in linear, and images are in [-1, 1]; end it in tanh"
    ]
