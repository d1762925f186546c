"""The steps of a run, cut at its ticks."""

from hypothesis import given
from hypothesis import strategies as st

from tfgan_zoo.training.train import segments


@given(st.data())
def test_every_step_once_and_every_epoch_ends_at_a_tick(data):
    steps = data.draw(st.integers(1, 500), "steps")
    tick = data.draw(st.integers(1, steps), "tick")
    step = first = data.draw(st.integers(0, steps), "step")
    ends = []
    for start, epochs, length in segments(step, steps, tick):
        assert start == step and epochs >= 1 and length >= 1
        for _ in range(epochs):
            step += length
            ends.append(step)
    assert step == steps
    assert ends == [end for end in [*range(tick, steps, tick), steps] if end > first]


def test_a_finished_run_has_nothing_left():
    assert segments(10, 10, 3) == []
    assert segments(12, 10, 3) == []  # longer than asked for
