"""Checkpoints: the last three, and a line where one cannot be read or written."""

import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build
from tfgan_zoo.training import seals
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


def test_a_run_that_was_moved_away_gets_no_folder_at_its_old_place(tmp_path):
    """What was written there would be no run, and go on nowhere."""
    (tmp_path / "run").mkdir()
    checkpoints = save_at(make(), tmp_path / "run" / "checkpoints", 1)
    (tmp_path / "run").rename(tmp_path / "moved")
    with pytest.raises(RunError, match=r"step 1 cannot be written: .*No such file"):
        checkpoints.save()
    assert [path.name for path in tmp_path.iterdir()] == ["moved"]


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


@pytest.fixture(scope="module")
def model():
    """A model to restore; building one takes a second."""
    return make()


@pytest.fixture(scope="module")
def three(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("three")
    save_at(model, folder, 1, 2, 3)
    return folder


@pytest.fixture
def saved(three, tmp_path):
    """A function that puts the checkpoints of some of the steps 1, 2, 3 into `tmp_path`."""

    def put(*steps):
        for step in steps:
            for path in three.glob(f"ckpt-{step}.*"):
                shutil.copy(path, tmp_path)
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "ckpt-{max(steps)}"\n')

    return put


INDEX, DATA = "ckpt-{}.index", "ckpt-{}.data-00000-of-00001"


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "garbage": lambda path: path.write_bytes(b"garbage" * 10),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "first byte": lambda path: flip(path, 0),
    "middle byte": lambda path: flip(path, 0.5),
    "last byte": lambda path: flip(path, 0.9999999),
}


@pytest.mark.parametrize("name", [INDEX, DATA])
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("sealed", [True, False])
def test_a_damaged_newest_checkpoint_is_set_aside(name, damage, sealed, saved, model, tmp_path):
    saved(1, 2, 3)
    for step in (2, 3):
        DAMAGES[damage](tmp_path / name.format(step))
        if not sealed:  # as an earlier version left it
            (tmp_path / f"ckpt-{step}.json").unlink()
    checkpoints = Checkpoints(model, tmp_path)
    lines = checkpoints.tidy()
    assert [line.split(" (")[0] for line in lines] == ["ckpt-3 is damaged", "ckpt-2 is damaged"]
    assert all("\n" not in line and line.endswith("going on from ckpt-1") for line in lines)
    assert checkpoints.restore() == 1 == int(model.step.numpy())
    assert seals.steps(tmp_path) == [1] and seals.steps(tmp_path / "damaged") == [2, 3]
    assert tf.train.latest_checkpoint(tmp_path) == checkpoints.latest == str(tmp_path / "ckpt-1")
    assert checkpoints.tidy() == []
    save_at(model, tmp_path, 2)
    assert Checkpoints(model, tmp_path).restore() == 2


@pytest.mark.parametrize("name", [INDEX, DATA])
def test_a_missing_file_is_damage(name, saved, model, tmp_path):
    saved(1, 2)
    (tmp_path / name.format(2)).unlink()
    assert Checkpoints(model, tmp_path).restore() == 1


def test_a_named_checkpoint_that_is_damaged_is_refused(saved, model, tmp_path):
    saved(1, 2)
    checkpoints = Checkpoints(model, tmp_path)
    flip(tmp_path / DATA.format(2), 0.5)
    with pytest.raises(RunError, match="ckpt-2 is damaged: the SHA-256"):
        checkpoints.restore(2)
    assert checkpoints.restore(1) == 1


@pytest.mark.parametrize("content", [None, "", "garbage"])
def test_tensorflows_state_file_is_not_needed(content, saved, model, tmp_path):
    saved(1, 2)
    (tmp_path / "checkpoint").unlink()
    if content is not None:
        (tmp_path / "checkpoint").write_text(content)
    assert Checkpoints(model, tmp_path).restore() == 2


@pytest.mark.parametrize("index", ["whole", "cut", "empty"])
def test_a_kill_in_the_first_checkpoint_leaves_it_or_step_0(index, saved, model, tmp_path):
    saved(3)
    for name in ("checkpoint", "ckpt-3.json"):  # they come behind the index
        (tmp_path / name).unlink()
    content = (tmp_path / "ckpt-3.index").read_bytes()
    (tmp_path / "ckpt-3.index").write_bytes({"whole": content, "cut": content[:100], "empty": b""}[index])
    checkpoints = Checkpoints(model, tmp_path)
    lines = checkpoints.tidy()
    if index == "whole":
        assert lines == [] and checkpoints.restore() == 3
    else:
        assert len(lines) == 1 and lines[0].endswith("going on from step 0")
        assert checkpoints.latest is None and checkpoints.restore() == 0
        assert tf.train.latest_checkpoint(tmp_path) is None


@pytest.mark.parametrize("done", ["written", "sealed"])
def test_a_save_that_was_killed_is_completed(done, saved, model, tmp_path):
    """The run may be at its end, where no later save would seal and name the checkpoint, and delete the oldest."""
    saved(1, 2, 3)
    files = {path: path.read_bytes() for path in (*tmp_path.glob("ckpt-1.*"), tmp_path / "checkpoint")}
    save_at(model, tmp_path, 4)
    for path, content in files.items():
        path.write_bytes(content)
    if done == "written":
        (tmp_path / "ckpt-4.json").unlink()
    assert Checkpoints(model, tmp_path).tidy() == []
    assert seals.is_sealed(tmp_path, 4) and seals.damage(tmp_path, 4) == ""
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "ckpt-4")
    assert seals.steps(tmp_path) == [2, 3, 4]


@pytest.mark.parametrize("steps", [(1,), (1, 2, 3)])
def test_if_all_checkpoints_are_damaged_the_run_does_not_begin_anew(steps, saved, model, tmp_path):
    saved(*steps)
    before = sorted(path.name for path in tmp_path.iterdir())
    for step in steps:
        flip(tmp_path / DATA.format(step), 0.5)
    assert f"ckpt-{steps[-1]} is damaged (the SHA-256" in refusal(model, tmp_path)
    with pytest.raises(RunError, match="begin again at step 0"):
        Checkpoints(model, tmp_path).tidy()
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("seal", ["", "5", "null", "[]", '{"files": {}}', '{"files": {"../x": {}}}', "[" * 10**5])
def test_a_damaged_seal_seals_nothing(seal, saved, model, tmp_path):
    saved(1, 2)
    (tmp_path / "ckpt-2.json").write_text(seal)
    assert Checkpoints(model, tmp_path).restore() == 2
    flip(tmp_path / DATA.format(2), 0.5)
    assert Checkpoints(model, tmp_path).restore() == 1


def test_files_that_are_no_checkpoints_are_passed_over(tmp_path):
    save_at(make(), tmp_path, 1)
    for name in ("ckpt-x.index", "ckpt-.index", "ckpt-2.index.bak", "ckpt--3.index"):
        (tmp_path / name).write_text("mine")
    assert Checkpoints(make(), tmp_path).restore() == 1


def test_what_a_killed_writer_left_is_removed(tmp_path):
    save_at(make(), tmp_path, 1)
    kept = {path.name for path in tmp_path.iterdir()} | {"ckpt-notes.txt"}
    (tmp_path / "ckpt-notes.txt").write_text("mine")
    (tmp_path / "ckpt-2_temp").mkdir()
    (tmp_path / "ckpt-2_temp" / "part-00000-of-00001.index").touch()
    for name in ("ckpt-2.data-00000-of-00001", "ckpt-0.json", "ckpt-1.json.tmp", "checkpoint.tmp0123"):
        (tmp_path / name).touch()
    seals.remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept
    seals.remove_leftovers(tmp_path / "none")


def test_what_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    checkpoints = Checkpoints(make(), tmp_path)

    def full(self, path):
        (tmp_path / "ckpt-0.data-00000-of-00001").write_text("half")
        raise tf.errors.ResourceExhaustedError(None, None, "one;\nNo space left on device")

    monkeypatch.setattr(tf.train.Checkpoint, "write", full)
    with pytest.raises(RunError, match="checkpoint of step 0 cannot be written: one; No space left on device"):
        checkpoints.save()
    assert not list(tmp_path.iterdir())


def test_optimisers_and_averages_are_in_the_file(tmp_path):
    checkpoints = save_at(make(), tmp_path, 1)
    names = json.dumps(sorted(tf.train.load_checkpoint(checkpoints.latest).get_variable_to_shape_map()))
    for part in ("generator_optimizer", "discriminator_optimizer", "ema_generator", "step", "means"):
        assert f"{part}/" in names, part
