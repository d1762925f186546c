"""The loop around the steps leaves their numbers on the device, but for a look now and then."""

import math

import pytest

from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import callbacks, loop
from tfgan_zoo.training.errors import Diverged

STEPS = 50


class Number:
    """A number on a device: counts how often Python reads one."""

    reads = 0

    def __float__(self):
        Number.reads += 1
        return 1.0


class Model:
    """What the loop and its callbacks need of a model."""

    told_to_stop = None

    def __init__(self, broken_at=math.inf):
        self.done, self.looks, self.broken_at = 0, 0, broken_at

    def make_train_function(self):
        def step(batches):
            self.done += 1
            return {"g_loss": Number(), "d_loss": Number()}

        return step

    def distributed(self, data):
        return data

    def reset_metrics(self):
        pass

    def broken(self):
        self.looks += 1
        return (self.broken_at, "g_loss") if self.done >= self.broken_at else None


@pytest.fixture
def around(monkeypatch):
    """The callbacks of a run that look at its numbers, on a clock that stands still."""
    monkeypatch.setattr(callbacks.time, "perf_counter", lambda: 0.0)
    Number.reads = 0
    checkpoints = type("Checkpoints", (), {"latest": "ckpt-4"})()
    return [callbacks.Progress(resolve(method="gan", dataset="ring"), 0), callbacks.Guard(checkpoints)]


def test_a_tick_is_read_at_its_ends_alone(around):
    model = Model()
    loop.train_ticks(model, None, 0, 1, STEPS, around)
    assert (model.done, model.looks) == (STEPS, 2)
    assert Number.reads == 2 * 2 + 2  # the bar twice, and the tick's own numbers


def test_what_broke_in_a_tick_is_seen_before_anything_is_written(around):
    written = callbacks.keras.callbacks.LambdaCallback(on_epoch_end=lambda *args: pytest.fail("written"))
    with pytest.raises(Diverged, match="g_loss is no longer finite at step 7; the last good checkpoint is ckpt-4"):
        loop.train_ticks(Model(broken_at=7), None, 0, 1, STEPS, [*around[:1], written, *around[1:]])
