"""The first tick, which a clock ends: what it makes of the run, and that the run then resumes to the bit."""

import dataclasses
import itertools
import os
import signal
import types

import pytest

from tests.training.test_train import RING, at_step, go_on, kimg, rows, state  # noqa: F401
from tfgan_zoo import data
from tfgan_zoo.settings import pace
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import devices, opening, speed
from tfgan_zoo.training.errors import Interrupted
from tfgan_zoo.training.run_directory import RunDirectory
from tfgan_zoo.training.train import train

CONFIG = dataclasses.replace(resolve(batch_size=8), first_tick_kimg=0.0)


@pytest.fixture
def clock(monkeypatch):
    """A clock by which every step takes a second, and so does a tick's end."""
    ticking = itertools.count(1.0)
    monkeypatch.setattr(opening, "time", types.SimpleNamespace(monotonic=lambda: next(ticking)))


def new(folder, **given):
    """Trains a new run whose first tick the clock ends; returns its folder."""
    request = resolve(**{"batch_size": 8, "threads": 2, **RING, **given})
    config = devices.resolve(dataclasses.replace(request, first_tick_kimg=0.0))
    run = RunDirectory.create(config, folder)
    run.model = train(config, run, data.load(config.dataset), began=0.0)
    return run


def steps(run):
    return [row["step"] for row in rows(run.metrics)]


def test_the_first_ticks_end_by_time(clock, tmp_path):
    run = new(tmp_path / "run", kimg=kimg(60), tick_kimg=kimg(40))
    assert steps(run) == [16, 40, 60]  # 15 seconds after the first step, a tick (32 is too near to it), the end
    assert run.config().first_tick_kimg == kimg(16) and run.config().kimg == kimg(60)
    assert sorted(path.name for path in run.samples.iterdir()) == [f"step_{step:07d}.png" for step in (0, 16, 40, 60)]


@pytest.mark.parametrize("tick", [10, 20])  # over before the clock says so, or just after
def test_a_tick_that_is_over_soon_needs_no_early_ones(tick, clock, tmp_path):
    assert steps(new(tmp_path / "run", kimg=kimg(2 * tick), tick_kimg=kimg(tick))) == [tick, 2 * tick]


@pytest.fixture(scope="module")
def budgeted(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        ticking = itertools.count(1.0)
        patch.setattr(opening, "time", types.SimpleNamespace(monotonic=lambda: next(ticking)))
        return new(tmp_path_factory.mktemp("budgeted") / "run", budget="40s", kimg=kimg(500), tick_kimg=kimg(100))


def test_a_budget_ends_the_run(budgeted):
    config = budgeted.config()
    # The first tick ends at second 6, and 33 steps are planned; at second 35 there is time for the records alone.
    assert steps(budgeted) == [6, 10, 20, 29]
    assert (config.kimg, config.tick_kimg, config.first_tick_kimg) == (kimg(29), kimg(10), kimg(6))
    assert config.images_per_second == 8.0


@pytest.mark.thorough
@pytest.mark.parametrize("step", [3, 20])
def test_a_killed_run_ends_as_the_one_that_was_not(step, budgeted, tmp_path, at_step):  # noqa: F811
    run = RunDirectory.create(budgeted.config(), tmp_path / "run")
    at_step(step, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Interrupted):
        go_on(run)
    go_on(run)
    assert state(run) == state(budgeted)
    assert run.metrics.read_bytes() == budgeted.metrics.read_bytes()
    assert {path.name for path in run.samples.iterdir()} == {path.name for path in budgeted.samples.iterdir()}


def test_a_run_that_is_stopped_in_its_first_tick_goes_on(clock, tmp_path, at_step):  # noqa: F811
    at_step(4, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Interrupted):
        new(tmp_path / "run", kimg=kimg(60), tick_kimg=kimg(40))
    run = RunDirectory(tmp_path / "run")
    assert run.config().first_tick_kimg == 0
    go_on(run)
    assert steps(run) == [20, 40, 60] and run.config().first_tick_kimg == kimg(20)


def test_early_ticks_do_not_choose_the_best(clock, tmp_path):
    run = new(tmp_path / "run", kimg=kimg(60), tick_kimg=kimg(40), eval_metrics=("modes_2500",))
    assert [row["modes_2500"] is not None for row in rows(run.metrics)] == [False, True, True]


@pytest.mark.parametrize("slow, ends", [(1.0, [6, 10, 20, 30, 32]), (4.0, [6, 10, 11])])
def test_a_machine_that_gets_slower_ends_the_run_with_its_budget(slow, ends, monkeypatch):
    """Steps and records take so many seconds each after the first tick: no step is begun that has no time."""
    planned = pace.paced(CONFIG, 6, 1.0, 1.0, 40.0, 33.0)
    now = [7.0]
    monkeypatch.setattr(opening, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
    deadline, step, found, over = opening.Deadline(40.0 - pace.RESERVE, 1.0), 6, [6], False
    while step < planned.steps and not over:
        deadline.on_epoch_begin(0)
        while True:
            now[0] += slow
            step += 1
            over = deadline.is_over()
            if over or planned.ticks.is_end(step) or step == planned.steps:
                break
        deadline.on_epoch_end(0)
        now[0] += slow  # the records
        found.append(step)
    assert found == ends and now[0] <= 40.0 - pace.RESERVE + 1e-9


def test_a_machine_does_something():
    assert speed.operations_per_second() > 1e6
