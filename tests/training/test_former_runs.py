"""Runs, checkpoints and files of weights from before 0.1.0 load, and go on."""

import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tests.tiers import thorough_but
from tfgan_zoo import data
from tfgan_zoo.core import former
from tfgan_zoo.core.gan import GAN
from tfgan_zoo.layers import all_layers
from tfgan_zoo.networks import build
from tfgan_zoo.pretrained import loading
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training.build import build_model
from tfgan_zoo.training.checkpoints import Checkpoints
from tfgan_zoo.training.run_directory import RunDirectory
from tfgan_zoo.training.train import train

RUNS = pathlib.Path(__file__).parent.parent / "fixtures" / "before_0.1.0"
NAMES = sorted(path.name for path in RUNS.iterdir())


@pytest.mark.parametrize("name", thorough_but(NAMES[0], of=NAMES))
def test_a_run_goes_on_from_its_checkpoint_to_where_it_ended_then(name, tmp_path):
    """Each run has the checkpoints of step 4 and of its end, step 8, both written then."""
    ended = loading.load(RUNS / name)
    assert int(ended.step.numpy()) == 8
    folder = tmp_path / name
    shutil.copytree(RUNS / name, folder)
    for file in (folder / "checkpoints").glob("ckpt-8*"):
        file.unlink()
    names = '"ckpt-4"'
    (folder / "checkpoints" / "checkpoint").write_text(
        f"model_checkpoint_path: {names}\nall_model_checkpoint_paths: {names}\n"
    )
    run = RunDirectory(folder)
    config = run.config()
    model = train(config, run, data.load(config.dataset))
    for one, two in zip(model.weights, ended.weights, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6, err_msg=one.path)
    assert len(run.metrics.read_text().splitlines()) == 2
    again = Checkpoints(build_model(config), run.checkpoints)  # what was written now has today's layout
    assert again.restore() == 8


def test_every_gan_inside_a_model_is_reordered(tmp_path):
    flags = {"width": 4, "latent_dim": 2, "batch_size": 4, "kimg": 0.012}
    config = resolve(method="express", host="brc", dataset="ring", penalty="lecam", **flags)
    model, other = build_model(config), build_model(config)
    parts = [layer for layer in all_layers(model) if isinstance(layer, GAN)]
    assert len(parts) == 3
    for number, weight in enumerate(model.weights):
        weight.assign(tf.cast(tf.fill(weight.shape, number), weight.dtype))
    ordered = former.weights(model, parts)
    assert len(ordered) == len(model.weights) + 2  # express itself has no averages; its host and its latent GAN do
    tf.train.Checkpoint(model=model, weights=ordered, means=[]).write(str(tmp_path / "a"))
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    copies = Checkpoints(other, folder)
    copies._of_layout(str(tmp_path / "a")).read(str(tmp_path / "a"))
    for number, weight in enumerate(other.weights):
        np.testing.assert_array_equal(weight, np.full(weight.shape, number), err_msg=weight.path)


@pytest.mark.parametrize("options", [{}, {"penalty": "lecam"}, {"penalty": "prox", "n_dis": 2}])
def test_a_file_of_weights_that_numbers_the_states_loads(options, tmp_path):
    def make():
        return GAN(build("mlp", "generator", shape=(2,), width=4), build("mlp", "discriminator", shape=(2,)), **options)

    model = make()
    states = list(model.states)
    store = {}
    for name, number in former.numbers(states).items():
        store[str(number)] = np.full(model.states[name].shape, number + 1)
    for name in former.ALWAYS:
        store.setdefault(str(former.STATES.index(name)), np.zeros(()))
    model.load_own_variables(store)
    for name, number in former.numbers(states).items():
        np.testing.assert_array_equal(model.states[name], np.full(model.states[name].shape, number + 1))
