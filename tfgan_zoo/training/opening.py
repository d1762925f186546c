"""What the clock decides: when a run's first tick ends, so that there is something to see soon, and its last one."""

import time

import keras

from tfgan_zoo.settings import budget, pace, ticks

_LATEST = 0.75  # of a budget: the first records follow, which nobody has measured yet


class Opening:
    """Says when the first tick ends, and then how long the run is.

    The first step is not counted: it builds graphs. Steps themselves are the same whenever the tick ends. Where it
    would end just before a whole tick, it is the whole tick.

    Args:
        config: the run's `Config`.
        began: float, `time.monotonic` when the process began; a budget is counted from there.
        step: int, the step at which the tick begins in this process.
    """

    def __init__(self, config, began, step=0):
        self._budget = budget.seconds(config.budget) if config.budget else None
        self._wanted = pace.first_tick_seconds(self._budget)
        self._began, self._step = began, step
        self._tick = None if self._budget else config.steps_per_tick  # a budget's is not known yet
        self._first, self._last, self._steps = None, None, 0

    def is_over(self):
        """Returns whether the tick shall end with the step that has just been done."""
        self._last = time.monotonic()
        self._step += 1
        if self._first is None:
            self._first = self._last
            return False
        self._steps += 1
        if self._budget and self._last - self._began >= _LATEST * self._budget:
            return True
        if self._tick is not None and not ticks.is_early(self._step, self._tick):
            return False
        return self._last - self._first >= self._wanted

    def paced(self, config, step):
        """Returns the `Config` with what the first tick said; call it when its records are written."""
        now = time.monotonic()
        speed = self._steps / max(self._last - self._first, 1e-6) if self._steps else 1.0
        left = None if self._budget is None else self._budget - (now - self._began)
        return pace.paced(config, step, speed, now - self._last, self._budget, left)

    def deadline(self):
        """Returns the `Deadline` of the run; None without a budget."""
        if self._budget is None:
            return None
        return Deadline(self._began + self._budget - pace.RESERVE, time.monotonic() - self._last)


class Deadline(keras.callbacks.Callback):
    """Says when a run in a budget has time for its last records and no further step: before its planned end or never.

    It comes first in the list of callbacks, so that it sees how long a tick's records take.

    Args:
        end: float, `time.monotonic` at which the run shall be over.
        records: float, the seconds that the last records took.
    """

    def __init__(self, end, records):
        super().__init__()
        self._end, self._records = end, records
        self._last = self._longest = None

    def is_over(self):
        """Returns whether the run shall end with the step that has just been done."""
        now = time.monotonic()
        step = 0.0 if self._last is None else now - self._last
        self._last = now
        return now + self._records + step >= self._end

    def on_epoch_end(self, epoch, logs=None):
        self._last = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        if self._last is not None:
            now = time.monotonic()
            self._records, self._last = max(self._records, now - self._last), now
