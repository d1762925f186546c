"""The steps of a run, cut at its ticks."""

from hypothesis import given
from hypothesis import strategies as st

from tfgan_zoo.settings.ticks import Grid


@given(st.data())
def test_every_step_once_and_every_epoch_ends_at_a_tick(data):
    steps = data.draw(st.integers(1, 500), "steps")
    tick = data.draw(st.integers(1, steps), "tick")
    early = data.draw(st.none() | st.integers(1, steps), "first")
    grid = Grid(tick, early)
    step = first = data.draw(st.integers(0, steps), "step")
    ends = []
    for start, epochs, length in grid.segments(step, steps):
        assert start == step and epochs >= 1 and length >= 1
        for _ in range(epochs):
            step += length
            ends.append(step)
    assert step == steps
    powers = [early << n for n in range(10) if (early << n) * 4 <= tick * (3 if n else 4)] if early else []
    assert ends == [end for end in sorted({*powers, *range(tick, steps, tick), steps}) if first < end <= steps]
    assert all(grid.is_end(end) for end in ends[:-1])
    assert [grid.number(end) - grid.number(end - 1) for end in ends[:-1]] == [1] * len(ends[:-1])


def test_a_finished_run_has_nothing_left():
    assert Grid(3).segments(10, 10) == []
    assert Grid(3).segments(12, 10) == []  # longer than asked for


def test_early_ticks_end_before_the_first_whole_one():
    grid = Grid(100, first=30)
    assert [step for step in range(1, 301) if grid.is_end(step)] == [30, 60, 100, 200, 300]
    near = Grid(250, first=31)  # 248 would be two steps before a whole tick
    assert [step for step in range(1, 301) if near.is_end(step)] == [31, 62, 124, 250]
