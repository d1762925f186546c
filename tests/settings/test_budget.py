"""What a budget makes of a run: the rules, and how long the run becomes."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfgan_zoo.settings import budget, pace
from tfgan_zoo.settings.resolve import resolve

PHOTOS = (128, 128, 3)
CONFIG = dataclasses.replace(resolve(batch_size=50), first_tick_kimg=0.0)


@pytest.mark.parametrize("text, number", [("30s", 30), ("1m", 60), ("1.5h", 5400), ("2d", 172800)])
def test_seconds(text, number):
    assert budget.seconds(text) == number


@pytest.mark.parametrize("text", ["", "30", "m", "-1m", "1 m", "29s", "31d", "nanm", "1e3m", "1m30s"])
def test_what_is_no_budget_is_one_line(text):
    with pytest.raises(ValueError, match=r"budget=.* must be a number with s, m, h or d") as caught:
        budget.seconds(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "time, speed, level",
    [
        (60, 1e9, (32, 8)),  # whatever it is, something is trained
        (60, 2.5e11, (32, 16)),
        (1800, 2.5e11, (64, 16)),
        (7200, 2.5e11, (64, 32)),
        (1800, 1e14, (128, 64)),
        (864000, 1e15, (128, 64)),
    ],
)
def test_size_and_width_follow_the_time_and_the_machine(time, speed, level):
    assert budget.level(time, speed, PHOTOS) == level


def test_pictures_are_not_enlarged():
    assert budget.level(864000, 1e15, (64, 64, 3)) == (64, 64)
    assert budget.level(864000, 1e15, (28, 28, 1)) == (32, 64)


@given(time=st.floats(30, 1e6), more=st.floats(1, 100), speed=st.floats(1e8, 1e15), channels=st.sampled_from([1, 3]))
def test_more_time_and_a_faster_machine_never_give_less(time, more, speed, channels):
    levels = [level[:2] for level in budget.LEVELS]

    def rank(time, speed):
        return levels.index(budget.level(time, speed, (128, 128, channels)))

    assert rank(time * more, speed) <= rank(time, speed) >= rank(time, speed * more)


def test_operations_are_those_of_the_convolutions():
    # 32 px, width 8: 16 x 16 x 8 from 3 channels, 8 x 8 x 16 from 8, 4 x 4 x 32 from 16
    assert budget.operations(32, 8, 3) == 13 * 32 * (256 * 3 * 8 + 64 * 8 * 16 + 16 * 16 * 32)


@pytest.mark.parametrize(
    "pictures, size, augment",
    [
        (5, 16, ("color", "translation", "cutout")),
        (500, 32, ("color", "translation", "cutout")),
        (1900, 64, ("translation", "cutout")),
        (50_000, 64, ()),
        (None, 64, ()),
    ],
)
def test_batch_and_augmentation_follow_the_number_of_pictures(pictures, size, augment):
    words = budget.choose(1800.0, 2.5e11, pictures, PHOTOS)
    assert (words["batch_size"], words["augment"]) == (size, augment)


@given(time=st.floats(30, 1e6), speed=st.floats(1e8, 1e15), pictures=st.none() | st.integers(2, 10**6))
def test_what_is_chosen_is_a_configuration(time, speed, pictures):
    words = budget.choose(time, speed, pictures, PHOTOS)
    config = resolve(**{name: value for name, value in words.items() if name != "image_size"})
    assert config.steps >= config.steps_per_tick >= 1 and 0 < config.ema_kimg <= 10


def test_points_have_networks_of_their_own():
    assert budget.choose(60.0, 1e10, None, (2,)) == {}


def test_without_a_time_the_best_level_of_which_enough_is_trained_in_eight_hours():
    for size, width, threshold in budget.LEVELS:
        kimg = max(60, 2 * threshold)
        needed = kimg * 1000 * budget.operations(size, width, 3) / (0.15 * 8 * 3600)
        words, seconds = budget.choose_all(1.001 * needed, None, PHOTOS)
        better = [level[:2] for level in budget.LEVELS[: budget.LEVELS.index((size, width, threshold))]]
        if (words["image_size"], words["width"]) not in better:  # which may take less, as it is shorter
            assert (words["image_size"], words["width"], words["kimg"]) == (size, width, kimg)
            assert seconds == pytest.approx(8 * 3600 / 1.001)
        assert seconds <= 8 * 3600
        weaker = budget.choose_all(0.999 * needed, None, PHOTOS)[0]
        assert (weaker["image_size"], weaker["width"]) != (size, width) or (size, width) == budget.LEVELS[-1][:2]


@pytest.mark.parametrize("pictures, kimg", [(2, 10), (50, 50), (199, 199), (5000, 200), (None, 200)])
def test_few_pictures_are_shown_a_thousand_times_at_most(pictures, kimg):
    assert budget.choose_all(2.5e11, pictures, PHOTOS)[0]["kimg"] == kimg


def test_points_have_a_length_of_their_own():
    assert budget.choose_all(1e10, None, (2,)) == ({}, 0.0)


# Its length


def test_without_a_budget_only_the_early_ticks_follow_from_the_clock():
    config = pace.paced(CONFIG, 30, 2.0)
    assert config == dataclasses.replace(CONFIG, first_tick_kimg=1.5)
    assert [step for step in range(1, 700) if config.ticks.is_end(step)] == [30, 60, 120, 240, 320, 640]


def test_the_run_ends_with_its_time():
    config = pace.paced(CONFIG, step=100, steps_per_second=10.0, seconds_of_records=0.0, budget=600.0, left=502.0)
    assert config.steps == 100 + 5000
    assert config.steps_per_tick == 300  # a twentieth of the time
    assert (config.first_tick_kimg, config.images_per_second) == (5.0, 500.0)


def test_records_take_a_tenth_of_the_time_at_most():
    config = pace.paced(CONFIG, 10, 10.0, seconds_of_records=5.0, budget=200.0, left=157.0)
    assert config.steps_per_tick == 500  # 50 s
    assert config.steps == 10 + int(150 / (0.1 + 0.01))


@given(st.data())
def test_what_is_paced_fits_into_what_is_left(data):
    total = data.draw(st.floats(30, 1e5), "budget")
    left = data.draw(st.floats(-100, total), "left")
    speed, records = data.draw(st.floats(0.01, 1e3), "speed"), data.draw(st.floats(0, 20), "records")
    step = data.draw(st.integers(1, 1000), "step")
    config = pace.paced(CONFIG, step, speed, records, total, left)
    more = config.steps - step
    assert more >= 0
    ends = [end for end in range(1, config.steps // config.steps_per_tick + 1) if end * config.steps_per_tick > step]
    took = more / speed + records * (len(ends) + (config.steps % config.steps_per_tick > 0))
    assert more == 0 or took <= left + records + 1e-6
    assert config.ticks.is_end(step) or step == config.steps
