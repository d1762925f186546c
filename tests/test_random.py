"""Draws are functions of what they are for: seed, step, purpose, sub-step, name and global row, and of nothing else."""

import itertools
import threading
import zlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import random

KINDS = [random.uniform, random.normal]


def draw(kind=random.uniform, shape=(4, 3), name="noise", **kwargs):
    with random.scope(**({"seed": 0, "step": 0, "purpose": "reals"} | kwargs)):
        return kind(shape, name).numpy()


def late_name():
    """A name whose hash needs all 32 bits."""
    return next(name for name in map(str, itertools.count()) if zlib.crc32(f"reals/{name}".encode()) >= 2**31)


# Rows ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", [(), (1,), (2,), (3,), (4,), (5,), (7, 3), (3, 5, 7), (8, 8, 4)])
def test_parts_of_a_batch_equal_the_whole(kind, row):
    whole = draw(kind, (6, *row))
    for first, last in [(0, 3), (3, 6), (1, 2), (5, 6)]:
        part = draw(kind, (last - first, *row), first_row=first)
        np.testing.assert_array_equal(part, whole[first:last])


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_distinct_and_a_longer_batch_begins_like_a_shorter(kind):
    rows = draw(kind, (1000, 3))
    assert len(np.unique(rows, axis=0)) == 1000
    np.testing.assert_array_equal(rows[:7], draw(kind, (7, 3)))


@pytest.mark.parametrize("first_row", [2**40, tf.constant(2**24)])
def test_a_far_row_is_reachable(first_row):
    """Row 2^24 of rows of 2^10 numbers begins at group 2^32: more than an int32 counts."""
    far = draw(shape=(2, 2**10), first_row=first_row)
    np.testing.assert_array_equal(far[1:], draw(shape=(1, 2**10), first_row=first_row + 1))
    assert not np.any(far == draw(shape=(2, 2**10)))


# What a draw depends on ---------------------------------------------------------------------------------------------

OTHERS = [
    {"seed": 1},
    {"seed": random.MAX_SEED},
    {"step": 1},
    {"step": 2**31 - 1},
    {"substep": 1},
    {"purpose": "fakes"},
    {"name": "other"},
    {"first_row": 1},
    {"kind": random.normal},
]


def test_nothing_is_kept_between_draws():
    first = draw()
    for other in OTHERS:
        draw(**other)
    np.testing.assert_array_equal(first, draw())


def test_everything_that_a_draw_is_for_changes_it():
    draws = [draw(**other) for other in [{}, *OTHERS]]
    for one, other in itertools.combinations(draws, 2):
        assert not np.any(one == other)


def test_fields_do_not_run_into_each_other():
    """Neighbouring values of two fields at once would cancel if the fields were added up."""
    fields = ("seed", "step", "substep", "first_row")
    draws = [draw(shape=(1, 4), **dict(zip(fields, values, strict=True))) for values in np.ndindex(3, 3, 3, 3)]
    assert len(np.unique(np.concatenate(draws), axis=0)) == 3**4


def test_words_hold_four_fields_of_32_bits():
    seed, step, substep, name = random.MAX_SEED, 2**31 - 1, 2**31 - 1, late_name()
    key, counter = random.Scope(seed, step, "reals", substep, 0).words(name).numpy()
    assert divmod(int(key), 2**32) == (substep, seed)
    assert divmod(int(counter), 2**32) == (step, zlib.crc32(f"reals/{name}".encode()))


# Tensors, graphs and loops ------------------------------------------------------------------------------------------


def test_a_traced_step_draws_what_an_eager_one_does():
    @tf.function
    def traced(step, substep, first_row):
        with random.scope(3, step, "reals", substep, first_row):
            return random.uniform((2, 5), "noise"), random.normal((2, 5), "noise")

    for step, substep, first_row in [(0, 0, 0), (7, 1, 2), (7, 2, 2)]:
        numbers = traced(*(tf.constant(value, tf.int64) for value in (step, substep, first_row)))
        for kind, found in zip(KINDS, numbers, strict=True):
            expected = draw(kind, (2, 5), seed=3, step=step, substep=substep, first_row=first_row)
            np.testing.assert_array_equal(found, expected)


def test_a_loop_in_a_graph_draws_anew_in_every_iteration():
    """A Python call counter would give every iteration of a tf.while the same noise."""

    @tf.function
    def looped(first_step):
        result = tf.TensorArray(tf.float32, 6)
        for k in tf.range(6, dtype=tf.int64):
            with random.scope(0, first_step + k // 2, "reals", substep=k % 2):
                result = result.write(tf.cast(k, tf.int32), random.uniform((4, 3), "noise"))
        return result.stack()

    expected = [draw(step=5 + k // 2, substep=k % 2) for k in range(6)]
    np.testing.assert_array_equal(looped(tf.constant(5, tf.int64)), expected)


def test_a_variable_step_is_read_when_the_graph_runs():
    step = tf.Variable(0, dtype=tf.int64)

    @tf.function
    def traced():
        with random.scope(0, step, "reals"):
            return random.uniform((4, 3), "noise")

    for expected in range(3):
        np.testing.assert_array_equal(traced(), draw(step=expected))
        step.assign_add(1)


def test_a_batch_size_known_only_at_run_time():
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def traced(batch):
        with random.scope(0, 0, "reals"):
            return random.uniform((tf.shape(batch)[0], 3), "noise")

    np.testing.assert_array_equal(traced(tf.zeros([4])), draw())
    np.testing.assert_array_equal(traced(tf.zeros([6])), draw(shape=(6, 3)))


def test_xla_repeats_itself_and_keeps_rows_and_fields_apart():
    """XLA's Philox yields other numbers from the same key, so only its own are compared."""

    @tf.function(jit_compile=True)
    def compiled(step, first_row):
        with random.scope(0, step, "reals", first_row=first_row):
            return random.uniform((2, 5), "noise")

    numbers = {(step, row): compiled(tf.constant(step), tf.constant(row)).numpy() for step in (0, 1) for row in (0, 1)}
    np.testing.assert_array_equal(numbers[0, 0], compiled(tf.constant(0), tf.constant(0)))
    np.testing.assert_array_equal(numbers[0, 0][1], numbers[0, 1][0])
    assert not np.any(numbers[0, 0] == numbers[1, 0])


@pytest.mark.parametrize("field", ["seed", "step", "substep", "first_row"])
@pytest.mark.parametrize("dtype", [tf.int32, tf.int64])
def test_a_field_may_be_a_tensor(field, dtype):
    kwargs = {"seed": 3, "step": 5, "substep": 2, "first_row": 1, "name": late_name()}
    expected = draw(**kwargs)
    np.testing.assert_array_equal(draw(**kwargs | {field: tf.constant(kwargs[field], dtype)}), expected)


def test_fields_may_be_tensors_of_different_types():
    """A loop's counter is int32, an optimiser's int64."""
    np.testing.assert_array_equal(
        draw(step=tf.constant(5, tf.int64), substep=tf.constant(2), seed=tf.constant(3, tf.int64)),
        draw(step=5, substep=2, seed=3),
    )


# Scopes -------------------------------------------------------------------------------------------------------------


def test_nested_scopes_restore_the_outer_one():
    assert random.current() is None
    with random.scope(0, 0, "outer") as outer:
        assert random.current() is outer
        before = random.uniform((4, 3), "noise")
        with random.scope(0, 0, "inner") as inner:
            assert random.current() is inner
            assert not np.any(before == random.uniform((4, 3), "noise"))
        assert random.current() is outer
        np.testing.assert_array_equal(before, random.uniform((4, 3), "noise"))
    assert random.current() is None


def test_an_exception_closes_its_scope():
    with pytest.raises(KeyError), random.scope(0, 0, "reals"):
        raise KeyError
    assert random.current() is None


def test_threads_have_scopes_of_their_own():
    """MirroredStrategy traces every replica in a thread."""
    seen, barrier = {}, threading.Barrier(2)

    def replica(row):
        with random.scope(0, 0, "reals", first_row=row):
            barrier.wait(timeout=30)
            seen[row] = random.uniform((1, 3), "noise").numpy()
            barrier.wait(timeout=30)

    with random.scope(0, 0, "outside"):
        threads = [threading.Thread(target=replica, args=(row,)) for row in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    np.testing.assert_array_equal(np.concatenate([seen[0], seen[1]]), draw(shape=(2, 3)))


def test_two_replicas_draw_what_one_device_would():
    devices = tf.config.list_logical_devices("CPU")
    if len(devices) < 2:
        pytest.skip("needs two logical devices")
    strategy = tf.distribute.MirroredStrategy([device.name for device in devices[:2]])

    @tf.function
    def step():
        def replica():
            row = 2 * tf.distribute.get_replica_context().replica_id_in_sync_group
            with random.scope(0, 0, "reals", first_row=row):
                return random.normal((2, 3), "noise")

        return tf.concat(strategy.experimental_local_results(strategy.run(replica)), axis=0)

    np.testing.assert_array_equal(step(), draw(random.normal))


# Outside a scope ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_outside_a_scope_a_draw_needs_a_fallback(kind):
    with pytest.raises(ValueError, match=r"random draw 'noise' needs an open random\.scope or a SeedGenerator"):
        kind((4, 3), "noise")


@pytest.mark.parametrize("kind", KINDS)
def test_outside_a_scope_the_fallback_advances(kind):
    generator = keras.random.SeedGenerator(0)
    first, second = (kind((4, 3), "noise", generator).numpy() for _ in range(2))
    assert first.shape == (4, 3)
    assert not np.any(first == second)
    np.testing.assert_array_equal(first, kind((4, 3), "noise", keras.random.SeedGenerator(0)))


def test_inside_a_scope_the_fallback_rests():
    generator = keras.random.SeedGenerator(0)
    before = keras.ops.convert_to_numpy(generator.state).copy()
    with random.scope(0, 0, "reals"):
        found = random.uniform((4, 3), "noise", generator)
    np.testing.assert_array_equal(found, draw())
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(generator.state), before)


# Distributions ------------------------------------------------------------------------------------------------------

MANY = 100_000
BOUND = 5 / np.sqrt(MANY)  # five standard errors of a correlation


def many(kind=random.normal, **kwargs):
    return draw(kind, (1000, 100), **kwargs).ravel().astype(np.float64)


def test_moments_of_uniform():
    numbers = many(random.uniform)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    for power in (1, 2, 3, 4):
        moment, spread = 1 / (power + 1), np.sqrt(1 / (2 * power + 1) - 1 / (power + 1) ** 2)
        assert abs(np.mean(numbers**power) - moment) < BOUND * spread
    counts = np.histogram(numbers, 20, (0, 1))[0]
    assert np.sum((counts - MANY / 20) ** 2) / (MANY / 20) < 44  # chi squared of 19 degrees: passed by 0.1 %


def test_moments_of_normal():
    numbers = many(random.normal)
    for power, moment, square in [(1, 0, 1), (2, 1, 3), (3, 0, 15), (4, 3, 105)]:
        assert abs(np.mean(numbers**power) - moment) < BOUND * np.sqrt(square - moment**2)
    assert 4 < np.abs(numbers).max() < 6


@pytest.mark.parametrize("field", ["seed", "step", "substep", "purpose", "name"])
def test_neighbours_are_uncorrelated(field):
    values = {"purpose": ["reals", "fakes"], "name": ["conv_0", "conv_1"]}.get(field, [0, 1])
    one, other = (many(**{field: value}) for value in values)
    assert abs(np.corrcoef(one, other)[0, 1]) < BOUND
    assert abs(np.corrcoef(one**2, other**2)[0, 1]) < BOUND


def test_rows_and_columns_are_uncorrelated():
    numbers = draw(random.normal, (1000, 100)).astype(np.float64)
    assert abs(np.mean(numbers[1:] * numbers[:-1])) < BOUND * 1.1
    assert abs(np.mean(numbers[:, 1:] * numbers[:, :-1])) < BOUND * 1.1


# Latents and orders -------------------------------------------------------------------------------------------------


def test_a_seeds_latents_are_the_same_bits_in_any_batch():
    seeds = [5, 0, -3, 2**62, 5, 7, 2**31 + 1]
    batch = random.latents_from_seeds(seeds, 13).numpy()
    assert batch.shape == (7, 13)
    assert batch.dtype == np.float32
    for seed, latents in zip(seeds, batch, strict=True):
        np.testing.assert_array_equal(random.latents_from_seeds([seed], 13)[0], latents)
    traced = tf.function(random.latents_from_seeds)(tf.constant(seeds[::-1], tf.int64), 13)
    np.testing.assert_array_equal(traced, batch[::-1])


def test_latents_ignore_the_scope():
    with random.scope(9, 9, "reals"):
        inside = random.latents_from_seeds([1, 2], 4)
    np.testing.assert_array_equal(inside, random.latents_from_seeds([1, 2], 4))


def test_latents_are_normal_and_independent():
    latents = tf.function(random.latents_from_seeds)(np.arange(1000), 100).numpy().astype(np.float64)
    assert len(np.unique(latents[:, 0])) > 990
    assert abs(np.mean(latents)) < BOUND
    assert abs(np.var(latents) - 1) < BOUND * np.sqrt(2)
    assert abs(np.mean(latents[1:] * latents[:-1])) < BOUND * 1.1


def test_no_seeds_give_no_latents():
    assert random.latents_from_seeds(np.zeros([0], np.int64), 4).shape == (0, 4)


def test_epoch_seeds_repeat_and_differ():
    seeds = {(seed, epoch): int(random.epoch_seed(seed, epoch)) for seed in range(10) for epoch in range(10)}
    assert len(set(seeds.values())) == 100
    assert random.epoch_seed(3, 4) == seeds[3, 4]
    assert random.epoch_seed(3, tf.constant(4, tf.int64)) == seeds[3, 4]
    assert random.epoch_seed(0, 0).dtype == tf.int64


# Interpolation ------------------------------------------------------------------------------------------------------


def test_slerp_keeps_its_ends_and_its_lengths():
    start, end = np.random.default_rng(0).normal(size=(2, 16)) * [[1.0], [2.0]]
    path = random.slerp(start, end, np.linspace(0, 1, 5))
    assert path.shape == (5, 16)
    assert path.dtype == np.float32
    np.testing.assert_allclose(path[[0, -1]], [start, end], rtol=1e-6)
    lengths = np.linalg.norm(path, axis=1)
    np.testing.assert_allclose(lengths, np.linspace(np.linalg.norm(start), np.linalg.norm(end), 5), rtol=1e-6)
    cosines = np.sum(path[1:] * path[:-1], axis=1) / (lengths[1:] * lengths[:-1])
    np.testing.assert_allclose(cosines, cosines[0], rtol=1e-5)  # equal angles


@pytest.mark.parametrize("factor", [1.0, 3.0, -1.0])
def test_slerp_between_latents_on_one_line(factor):
    start = np.random.default_rng(0).normal(size=16)
    path = random.slerp(start, factor * start, [0.0, 0.25, 1.0])
    np.testing.assert_allclose(path, np.outer([1, 0.75 + 0.25 * factor, factor], start), rtol=1e-6)


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e-44, 1e20, 1e37])
def test_slerp_takes_latents_of_any_length(scale):
    start, end = np.random.default_rng(0).normal(size=(2, 16)).astype("float32")
    path = random.slerp(start * np.float32(scale), end, [0.0, 0.5, 1.0])
    np.testing.assert_allclose(path[[0, 2]], [start * np.float32(scale), end], rtol=1e-6)
    assert np.isfinite(path).all()
