"""Metrics followed during a run: when they are due, which weights are kept, and that a resume changes nothing."""

import dataclasses
import json
import subprocess
import sys

import pytest

from tfgan_zoo import data
from tfgan_zoo.evaluation import protocols
from tfgan_zoo.pretrained import loading
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import callbacks, devices
from tfgan_zoo.training.errors import Interrupted
from tfgan_zoo.training.run_directory import RunDirectory
from tfgan_zoo.training.train import train

RING = {"method": "gan", "dataset": "ring", "width": 8, "latent_dim": 4, "batch_size": 8, "threads": 2}


@pytest.fixture(autouse=True)
def few(monkeypatch, tmp_path):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    measure_few(monkeypatch)


def measure_few(monkeypatch):
    small = dataclasses.replace(protocols.PROTOCOLS["modes_2500"], fakes=50, headline="good")
    monkeypatch.setattr(protocols, "PROTOCOLS", {**protocols.PROTOCOLS, "modes_2500": small})


def begin(folder, **given):
    request = {
        **RING,
        "kimg": 0.072,
        "tick_kimg": 0.016,
        "eval_metrics": ("modes_2500",),
        **given,
    }  # ticks 2, 4, 6, 8, 9
    config = devices.resolve(resolve(**request))
    return go_on(RunDirectory.create(config, folder))


def go_on(run):
    config = run.config()
    run.model = train(config, run, data.load(config.dataset))
    return run


def rows(run):
    return [json.loads(line) for line in run.metrics.read_text().splitlines()]


def test_every_tick_by_default(tmp_path):
    run = begin(tmp_path / "run")
    assert [row["step"] for row in rows(run) if row["modes_2500"] is not None] == [2, 4, 6, 8, 9]


@pytest.mark.parametrize(("every", "steps"), [(0.032, [4, 8, 9]), (0.04, [6, 9]), (1.0, [9])])
def test_at_the_tick_that_passes_a_multiple_and_at_the_end(tmp_path, every, steps):
    run = begin(tmp_path / "run", eval_every_kimg=every)
    assert [row["step"] for row in rows(run) if row["modes_2500"] is not None] == steps


def test_a_tick_that_is_rounded_to_whole_steps_passes_its_multiple(tmp_path):
    run = begin(tmp_path / "run", tick_kimg=0.019, eval_every_kimg=0.038)  # 2 steps, 0.016 kimg
    assert [row["step"] for row in rows(run) if row["modes_2500"] is not None] == [4, 8, 9]


@pytest.mark.thorough
def test_a_resumed_run_has_the_same_numbers_and_the_same_best(tmp_path, monkeypatch):
    whole = begin(tmp_path / "whole")
    note = callbacks.Guard.on_train_batch_end

    def stop(self, batch, logs=None):
        if int(self.model.step.numpy()) == 5:
            self._signals.number = 15
        note(self, batch, logs)

    monkeypatch.setattr(callbacks.Guard, "on_train_batch_end", stop)
    with pytest.raises(Interrupted):
        begin(tmp_path / "cut")
    monkeypatch.undo()
    measure_few(monkeypatch)
    cut = go_on(RunDirectory(tmp_path / "cut"))
    assert cut.metrics.read_bytes() == whole.metrics.read_bytes()
    best = [loading.load(run.path, "best") for run in (cut, whole)]
    for one, two in zip(*(model.weights for model in best), strict=True):
        assert (one.numpy() == two.numpy()).all()


def test_a_metric_without_a_value_is_not_the_best(tmp_path, monkeypatch):
    values = iter([None, 0.5, None, 0.6, 0.4])
    small = dataclasses.replace(protocols.PROTOCOLS["modes_2500"], function=lambda *sets: {"good": next(values)})
    monkeypatch.setattr(protocols, "PROTOCOLS", {"modes_2500": small})
    run = begin(tmp_path / "run")
    assert [row["modes_2500"] for row in rows(run)] == [None, 0.5, None, 0.6, 0.4]
    assert "modes_2500: best 0.6 at step 8, last 0.4 at step 9" in run.log_file.read_text()


def test_weights_that_the_disk_does_not_take_are_one_line(tmp_path):
    """HDF5 by itself ends the process there, or prints what it cannot raise."""
    path = tmp_path / "run"
    flags = "--method=gan --dataset=ring --batch_size=8 --kimg=0.016 --eval_metrics=modes_2500 --threads=2"
    command = f"ulimit -f 300; exec {sys.executable} train.py {flags} --run_dir={path}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (1, "train.py: [Errno 27] File too large\n")
    assert not list(path.glob("*.h5*")) and not list(path.glob("*.tmp"))


@pytest.mark.thorough
def test_without_metrics_nothing_is_kept(tmp_path):
    run = begin(tmp_path / "run", eval_metrics=())
    assert not run.best.exists() and "best" not in loading.checkpoints(run.path)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"eval_metrics": ("fid_50k_train",)}, "metrics=fid_50k_train is for images"),
        ({"eval_metrics": ("accuracy_fashion_10k",), "dataset": "fashion_mnist_10k"}, "is for conditional models"),
        ({"eval_metrics": ("nothing",)}, "^eval_metrics=nothing is unknown"),
        ({"eval_every_kimg": 1.0, "eval_metrics": ()}, "eval_every_kimg=1.0 is of no use"),
        ({"inception": "here", "eval_metrics": ()}, "inception=here is of no use"),
        ({"eval_every_kimg": 0.0}, "eval_every_kimg=0.0 must be above 0"),
    ],
)
def test_what_has_no_meaning_is_refused_before_the_run(given, words):
    with pytest.raises(ValueError, match=words):
        resolve(**{**RING, "eval_metrics": ("modes_2500",), **given})
