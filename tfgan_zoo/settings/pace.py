"""How long a run and its ticks are, from what its first seconds took. Pure functions."""

import dataclasses

from tfgan_zoo.settings.config import Config
from tfgan_zoo.settings.ticks import is_early

FIRST_TICK = 15.0  # seconds of steps, where the clock says when the first tick ends
MOST_ON_RECORDS = 0.1  # the share of the time that records may take
RESERVE = 2.0  # seconds at the end: the last lines, and the process itself


def first_tick_seconds(budget: float | None) -> float:
    """Returns the seconds of steps after which the first tick ends; `budget` is in seconds, or None.

    >>> first_tick_seconds(None), first_tick_seconds(60.0)
    (15.0, 7.5)
    """
    return FIRST_TICK if budget is None else min(FIRST_TICK, budget / 8)


def paced(
    config: Config,
    step: int,
    steps_per_second: float,
    seconds_of_records: float = 0.0,
    budget: float | None = None,
    left: float | None = None,
) -> Config:
    """Returns the configuration of a run whose first tick has just ended, with what the clock says of the others.

    Without a budget only the early ticks follow from it. With one the run ends when the time is over, and its ticks
    are a twentieth of the budget long, or longer where records take their time.

    Args:
        config: a `Config`; its `first_tick_kimg` is 0.
        step: int >= 1, the step at which the first tick has ended.
        steps_per_second: float > 0, of the steps alone.
        seconds_of_records: float >= 0, what a tick's end takes.
        budget: float, seconds that the whole run may take; None if nobody said.
        left: float, the seconds of it that are left.

    Returns:
        A `Config` with `first_tick_kimg`, and in a budget `tick_kimg`, `kimg` and `images_per_second`.
    """

    def kimg(steps):
        return steps * config.batch_size / 1000

    if budget is None or left is None:
        return dataclasses.replace(config, first_tick_kimg=kimg(step))
    tick_seconds = max(budget / 20, seconds_of_records / MOST_ON_RECORDS)
    tick = round(tick_seconds * steps_per_second)
    tick = tick if is_early(step, tick) else step
    seconds_per_step = 1 / steps_per_second + seconds_of_records / tick
    steps = step + max(0, int((left - RESERVE - seconds_of_records) / seconds_per_step))
    return dataclasses.replace(
        config,
        first_tick_kimg=kimg(step),
        tick_kimg=kimg(min(tick, steps)),
        kimg=kimg(steps),
        images_per_second=steps_per_second * config.batch_size,
    )


def ended(config: Config, step: int) -> Config:
    """Returns the configuration of a run in a budget whose time is over at a step, before its planned end.

    >>> from tfgan_zoo.settings.resolve import resolve
    >>> ended(resolve(method="gan", batch_size=50), 100).steps
    100
    """
    return dataclasses.replace(config, kimg=step * config.batch_size / 1000)
