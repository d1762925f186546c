"""Numbers gone wrong: the dump of the step, the way back at half the rates, and that all of it resumes to the bit."""

import dataclasses
import errno
import math
import signal

import numpy as np
import pytest
import tensorflow as tf

from tests.tiers import thorough_but
from tests.training.test_train import BATCH, RING, at_step, begin, go_on, kimg, rows, state  # noqa: F401
from tfgan_zoo import data
from tfgan_zoo.methods import GAN
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.settings.ticks import Grid
from tfgan_zoo.training import checkpoints, devices, rollbacks, seals
from tfgan_zoo.training.errors import Diverged, Interrupted, RunError
from tfgan_zoo.training.run_directory import RunDirectory

BACK = {"on_nan": "rollback", "g_lr": 1e-3, "lr_decay": "linear"}
ONCE, TWICE = 3e-4, 2e-4  # bounds for the rate of 1e-3 * (1 - 6 / 14)


@pytest.fixture(scope="module")
def bounds():
    """Lets the generator's loss be NaN from step index 6 on while its rate is above the number "above"."""
    bounds, critic = {"above": 0.0}, GAN.discriminate

    def broken(self, images, batch, asked, labels=None):
        rate = self.generator_optimizer.learning_rate
        wrong = (self.step.value >= 6) & (rate > bounds["above"]) & (asked == "generator")
        return tf.where(wrong, math.nan, 1.0) * critic(self, images, batch, asked, labels)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GAN, "discriminate", broken)
        yield bounds


@pytest.fixture
def breaks(bounds):
    """The bounds, 0 at first: it always breaks."""
    bounds["above"] = 0.0
    return bounds


@pytest.fixture(scope="module")
def straight(bounds, tmp_path_factory):
    """A run that goes back once, and that nothing disturbed."""
    bounds["above"] = ONCE
    run = begin(tmp_path_factory.mktemp("straight") / "run", **RING, **BACK)
    assert rows(run.rollbacks) == [{"step": 7, "to": 4}]
    return run


def test_the_batch_of_the_step_is_kept(breaks, tmp_path):
    with pytest.raises(Diverged) as stop:
        begin(tmp_path / "run", **RING)
    path = tmp_path / "run" / "diverged_step_7.npz"
    assert str(stop.value).endswith(f"; the step's batch is in {path}") and stop.value.step == 7
    with np.load(path) as kept:
        assert (int(kept["step"]), str(kept["log"])) == (7, "g_loss")
        batches = iter(data.load("ring").train(BATCH))
        batch = [next(batches) for _ in range(7)][6]
        np.testing.assert_array_equal(kept["images"], batch["images"])


def test_a_full_disk_does_not_hide_what_went_wrong(breaks, monkeypatch, tmp_path):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(rollbacks, "write_atomically", full)
    with pytest.raises(Diverged, match=r"at step 7; .*cannot be written: No space left on device"):
        begin(tmp_path / "run", **RING)


def test_a_rollback_halves_the_rates_from_the_tick_on(breaks, tmp_path):
    breaks["above"] = TWICE
    run = begin(tmp_path / "run", **RING, **BACK)
    assert rows(run.rollbacks) == [{"step": 7, "to": 4}, {"step": 7, "to": 4}]
    assert float(run.model.generator_optimizer.learning_rate) == pytest.approx(1e-3 * (1 - 13 / 14) / 4)
    assert [(row["step"], row["rollbacks"]) for row in rows(run.metrics)] == [(4, 0), (8, 2), (12, 2), (14, 2)]
    assert run.log_file.read_text().count("back to step 4 at 2^-") == 2
    assert int(run.model.step.numpy()) == 14


@pytest.mark.slow
def test_without_broken_numbers_it_is_the_run_that_stops(breaks, tmp_path):
    breaks["above"] = 1.0
    runs = [begin(tmp_path / name, steps=5, **RING, on_nan=name) for name in ("stop", "rollback")]
    assert state(runs[0]) == state(runs[1])


def killed(*args):
    raise KeyboardInterrupt


MOMENTS = thorough_but("signal 5", of=["recorded", "signal 5", "damage"])
MOMENTS += [pytest.param(it, marks=pytest.mark.slow) for it in ("forgetting", "recording", "step 5", "step 9")]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_rollback_resumes_to_the_bit(moment, straight, breaks, at_step, monkeypatch, tmp_path):  # noqa: F811
    """Killed at any moment around a rollback, the run ends as the one that nothing disturbed."""
    breaks["above"] = ONCE
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        if moment == "forgetting":
            patch.setattr(checkpoints.Checkpoints, "forget_after", killed)
        elif moment == "recording":
            patch.setattr(rollbacks, "write_atomically", killed_at_second(rollbacks.write_atomically, before=True))
        elif moment == "recorded":
            patch.setattr(rollbacks, "write_atomically", killed_at_second(rollbacks.write_atomically, before=False))
        elif moment.startswith("step"):
            at_step(int(moment[5:]), killed)
        else:
            at_step(5 if "signal" in moment else 13, lambda: signal.raise_signal(signal.SIGTERM))
        with pytest.raises((KeyboardInterrupt, Interrupted)):
            begin(folder, **RING, **BACK)
    run = type(straight)(folder)
    if moment == "damage":  # back to before the rollback
        for step in (13, 12):
            (run.checkpoints / f"ckpt-{step}.index").write_bytes(b"")
    go_on(run)
    assert state(run) == state(straight)
    assert run.metrics.read_bytes() == straight.metrics.read_bytes()
    assert rows(run.rollbacks) == rows(straight.rollbacks)


def test_the_checkpoint_of_the_last_tick_outlives_those_of_signals(straight, tmp_path):
    kept = checkpoints.Checkpoints(straight.model, tmp_path, ticks=Grid(4))
    for step in (0, 4, 8, 9, 10, 11, 13):
        straight.model.step.assign(step)
        kept.save()
    straight.model.step.assign(14)
    assert seals.steps(tmp_path) == [8, 10, 11, 13]
    kept.forget_after(8)
    assert seals.steps(tmp_path) == [8] and tf.train.latest_checkpoint(tmp_path).endswith("ckpt-8")


def killed_at_second(write, before):
    """Lets the second write (the first is the dump) be the process's last."""
    calls = []

    def last(path, content):
        calls.append(path)
        if len(calls) < 2 or not before:
            write(path, content)
        if len(calls) == 2:
            raise KeyboardInterrupt

    return last


def test_a_run_that_is_not_cured_stops(breaks, monkeypatch, tmp_path):
    monkeypatch.setattr(rollbacks, "MOST", 1)
    with pytest.raises(Diverged, match=r"at step 7; .*; it went back 1 times, and no more is tried"):
        begin(tmp_path / "run", tick=8, **RING, **BACK)
    assert rows(tmp_path / "run" / "rollbacks.jsonl") == [{"step": 7, "to": 0}]
    assert not (tmp_path / "run" / "checkpoints" / "ckpt-7.index").exists()


@pytest.mark.thorough
def test_a_stopped_run_may_be_let_go_back(straight, breaks, tmp_path):
    breaks["above"] = ONCE
    with pytest.raises(Diverged):
        begin(tmp_path / "run", **RING, **BACK | {"on_nan": "stop"})
    stopped = type(straight)(tmp_path / "run")
    go_on(stopped, dataclasses.replace(devices.resolve(stopped.config()), on_nan="rollback"))
    assert state(stopped) == state(straight)
    again = dataclasses.replace(stopped.config(), kimg=kimg(14))  # which says stop: the rates stay halved
    assert float(go_on(stopped, again).model.learning_rate_scale(13)) == pytest.approx((1 - 13 / 14) / 2)


def test_several_workers_do_not_go_back():
    with pytest.raises(ValueError, match="on_nan=rollback does not work with strategy=multiworker"):
        resolve(on_nan="rollback", strategy="multiworker")


@pytest.mark.parametrize("content", [b"{", b'{"step": 3}\n', b'{"step": 3, "to": "x"}\n', b"\xff\n"])
def test_damaged_rollbacks_are_not_forgotten(content, tmp_path):
    run = RunDirectory(tmp_path)
    run.rollbacks.write_bytes(content)
    with pytest.raises(RunError, match=r"rollbacks.jsonl is damaged"):
        rollbacks.Rollbacks(None, run)
