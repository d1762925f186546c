"""The first tick of a run whose clock says when it ends: something to look at soon, and the measure of the rest."""

import time

from tfgan_zoo.settings import budget, pace


class Opening:
    """Says when the first tick ends, and then how long the run is.

    The first step is not counted: it builds graphs. Steps themselves are the same whenever the tick ends.

    Args:
        config: the run's `Config`.
        began: float, `time.monotonic` when the process began; a budget is counted from there.
    """

    def __init__(self, config, began):
        self._budget = budget.seconds(config.budget) if config.budget else None
        self._wanted = pace.first_tick_seconds(self._budget)
        self._began = began
        self._first, self._last, self._steps = None, None, 0

    def is_over(self):
        """Returns whether the tick shall end with the step that has just been done."""
        self._last = time.monotonic()
        if self._first is None:
            self._first = self._last
            return False
        self._steps += 1
        return self._last - self._first >= self._wanted

    def paced(self, config, step):
        """Returns the `Config` with what the first tick said; call it when its records are written."""
        now = time.monotonic()
        speed = self._steps / max(self._last - self._first, 1e-6) if self._steps else 1.0
        left = None if self._budget is None else self._budget - (now - self._began)
        return pace.paced(config, step, speed, now - self._last, self._budget, left)
