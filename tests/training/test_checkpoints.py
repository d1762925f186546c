"""Checkpoints: the last three, and a line where one cannot be read or written."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build
from tfgan_zoo.training.checkpoints import Checkpoints
from tfgan_zoo.training.errors import RunError


def make(width=4, seed=0, **options):
    keras.utils.set_random_seed(seed)
    networks = (build("mlp", role, shape=(2,), width=width) for role in ("generator", "discriminator"))
    model = GAN(*networks, **options)
    model.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
    return model


def save_at(model, folder, *steps):
    checkpoints = Checkpoints(model, folder)
    for step in steps:
        model.step.assign(step)
        checkpoints.save()
    return checkpoints


def refusal(model, folder):
    with pytest.raises(RunError) as caught:
        Checkpoints(model, folder).restore()
    message = str(caught.value)
    assert "\n" not in message and str(folder) in message
    return message


def test_the_last_three_stay(tmp_path):
    checkpoints = save_at(make(), tmp_path, 2, 4, 6, 8, 9)
    assert sorted(path.name for path in tmp_path.glob("*.index")) == [f"ckpt-{step}.index" for step in (6, 8, 9)]
    assert checkpoints.latest == str(tmp_path / "ckpt-9")
    assert not list(tmp_path.glob("*temp*"))


def test_the_next_process_goes_on_counting(tmp_path):
    save_at(make(), tmp_path, 1, 2, 3)
    save_at(make(), tmp_path, 4)
    assert sorted(path.name for path in tmp_path.glob("*.index")) == [f"ckpt-{step}.index" for step in (2, 3, 4)]


def test_everything_comes_back(tmp_path):
    model = make(penalty="lecam")
    model.fit(np.random.default_rng(0).normal(size=(12, 2)).astype("float32"), batch_size=4, verbose=0)
    Checkpoints(model, tmp_path).save()
    other = make(seed=1, penalty="lecam")
    assert Checkpoints(other, tmp_path).restore() == 3
    for one, two in zip(state(model), state(other), strict=True):
        assert one.tobytes() == two.tobytes()
    assert any(np.any(variable) for tracker in other.trackers for variable in tracker.variables)


def state(model):
    variables = [*model.weights, *model.generator_optimizer.variables, *model.discriminator_optimizer.variables]
    return [np.asarray(variable) for variable in [*variables, *(v for t in model.trackers for v in t.variables)]]


def test_nothing_saved_is_step_0(tmp_path):
    checkpoints = Checkpoints(make(), tmp_path / "none")
    assert checkpoints.latest is None and checkpoints.restore() == 0
    assert not list(tmp_path.rglob("*.index"))


def test_a_moved_run_is_found(tmp_path):
    save_at(make(), tmp_path / "here", 5)
    (tmp_path / "here").rename(tmp_path / "there")
    assert Checkpoints(make(), tmp_path / "there").restore() == 5


def test_another_width_is_refused(tmp_path):
    save_at(make(width=4), tmp_path, 1)
    assert "ckpt-1 is damaged or not of this config.json" in refusal(make(width=8), tmp_path)


def test_another_penalty_is_refused(tmp_path):
    save_at(make(), tmp_path, 1)
    assert "ckpt-1" in refusal(make(penalty="lecam"), tmp_path)


@pytest.mark.parametrize("name", ["ckpt-2.index", "ckpt-2.data-00000-of-00001"])
@pytest.mark.parametrize("damage", ["cut", "garbage", "missing"])
def test_a_damaged_checkpoint_is_refused(name, damage, tmp_path):
    save_at(make(), tmp_path, 1, 2)
    path = tmp_path / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"garbage" * 10)
    assert "ckpt-2" in refusal(make(), tmp_path)


@pytest.mark.parametrize("content", [None, "", "garbage"])
def test_a_run_whose_newest_checkpoint_is_unknown_does_not_begin_anew(content, tmp_path):
    save_at(make(), tmp_path, 1, 2)
    (tmp_path / "checkpoint").unlink()
    if content is not None:
        (tmp_path / "checkpoint").write_text(content)
    assert "it should name the newest of 2" in refusal(make(), tmp_path)


def test_what_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    checkpoints = Checkpoints(make(), tmp_path)

    def full(self, **kwargs):
        raise tf.errors.ResourceExhaustedError(None, None, "one;\nNo space left on device")

    monkeypatch.setattr(tf.train.CheckpointManager, "save", full)
    with pytest.raises(RunError, match="checkpoint of step 0 cannot be written: one; No space left on device"):
        checkpoints.save()


def test_optimisers_and_averages_are_in_the_file(tmp_path):
    checkpoints = save_at(make(), tmp_path, 1)
    names = json.dumps(sorted(tf.train.load_checkpoint(checkpoints.latest).get_variable_to_shape_map()))
    for part in ("generator_optimizer", "discriminator_optimizer", "ema_generator", "step", "means"):
        assert f"{part}/" in names, part
