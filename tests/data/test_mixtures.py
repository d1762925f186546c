"""The toy mixtures: their geometry, and draws that depend on the seed and the index alone."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from tfgan_zoo import data

ALL = {
    "ring": (8, 2, 0.02),
    "ring_r5": (8, 2, 0.02),
    "ring_r8": (8, 2, 0.02),
    "grid": (25, 2, 0.05),
    "cube": (27, 3, 0.02),
}


def stream(source, batch_size, rows, seed, steps, start_step=0):
    """Steps of training as one row: (float32[n, d], int32[n])."""
    batches = list(source.train(batch_size, rows, seed, start_step).take(steps).as_numpy_iterator())
    vectors = np.concatenate([batch["images"].reshape(-1, *source.shape) for batch in batches])
    return vectors, np.concatenate([batch["labels"].reshape(-1) for batch in batches])


@pytest.mark.parametrize("name", ALL)
def test_description(name):
    modes, dim, std = ALL[name]
    source = data.load(name)
    assert source.shape == (dim,) and source.num_classes == modes
    assert source.mixture.centres.shape == (modes, dim) and source.mixture.centres.dtype == np.float32
    assert source.mixture.std == std
    assert source.num_train is None and source.num_heldout is None and source.native is None
    assert len(np.unique(source.mixture.centres, axis=0)) == modes


@pytest.mark.parametrize(("name", "radius"), [("ring", 2), ("ring_r5", 5), ("ring_r8", 8)])
def test_rings_are_regular_octagons(name, radius):
    centres = data.load(name).mixture.centres
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), radius, rtol=1e-6)
    sides = np.linalg.norm(centres - np.roll(centres, 1, axis=0), axis=1)
    np.testing.assert_allclose(sides, 2 * radius * np.sin(np.pi / 8), rtol=1e-6)


def test_grid_has_spacing_2_about_the_origin():
    centres = data.load("grid").mixture.centres
    assert {tuple(centre) for centre in centres} == {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}


def test_cube_is_lopsided_as_the_authors_have_it():
    centres = data.load("cube").mixture.centres
    ticks = [-4 * np.pi, -4 * np.pi / 3, 4 * np.pi / 3]
    for axis in range(3):
        np.testing.assert_allclose(np.unique(centres[:, axis]), ticks, rtol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_draws_have_the_law_that_is_promised(name):
    source = data.load(name)
    centres, std = source.mixture.centres, source.mixture.std
    modes = len(centres)
    vectors, labels = source.reals(1000 * modes)
    noise = (vectors - centres[labels]) / std
    # The label is the mode that the vector came from: others are many standard deviations away.
    nearest = ((vectors[:, None] - centres) ** 2).sum(-1).argmin(1)
    np.testing.assert_array_equal(nearest, labels)
    # Normal noise: five standard errors of mean, variance, fourth moment (kurtosis 3) and correlation.
    count = noise.size
    assert abs(noise.mean()) < 5 / np.sqrt(count)
    assert abs(noise.var() - 1) < 5 * np.sqrt(2 / count)
    assert abs((noise**4).mean() - 3) < 5 * np.sqrt(96 / count)
    assert abs((noise[:, 0] * noise[:, 1]).mean()) < 5 / np.sqrt(len(noise))
    # Equal weights: chi-square, mean `modes` - 1, variance twice that.
    counts = np.bincount(labels, minlength=modes)
    assert ((counts - 1000) ** 2 / 1000).sum() < modes - 1 + 5 * np.sqrt(2 * (modes - 1))
    # And per mode, in data units.
    for mode in range(modes):
        mine = vectors[labels == mode]
        np.testing.assert_allclose(mine.mean(0), centres[mode], atol=5 * std / np.sqrt(len(mine)) + 1e-5)
        np.testing.assert_allclose(mine.std(0), std, rtol=0.2)


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(
    batch_size=st.integers(1, 9), rows=st.integers(1, 4), seed=st.integers(0, 2**31 - 1), start_step=st.integers(0, 50)
)
def test_a_draw_is_a_function_of_seed_and_index(batch_size, rows, seed, start_step):
    source = data.load("cube")
    first = start_step * batch_size * rows
    vectors, labels = stream(source, batch_size, rows, seed, steps=2, start_step=start_step)
    whole, whole_labels = source.source.draw(seed, 0, first + len(vectors), "train")
    np.testing.assert_array_equal(vectors, whole[first:])
    np.testing.assert_array_equal(labels, whole_labels[first:])


def test_batches_are_rows_first():
    source = data.load("grid")
    batch = next(source.train(batch_size=5, batches_per_step=3, seed=2).as_numpy_iterator())
    assert batch["images"].shape == (5, 3, 2) and batch["images"].dtype == np.float32
    assert batch["labels"].shape == (5, 3) and batch["labels"].dtype == np.int32
    vectors, _ = stream(source, batch_size=15, rows=1, seed=2, steps=1)
    np.testing.assert_array_equal(batch["images"], vectors.reshape(5, 3, 2))


def test_far_indices_are_drawn_at_once_and_differ():
    source = data.load("ring")
    vectors, _ = stream(source, 64, 5, seed=0, steps=1, start_step=10**8)
    near, _ = stream(source, 64, 5, seed=0, steps=1)
    assert not (vectors[:, None] == near).all(-1).any()


def test_seeds_and_splits_draw_other_items():
    source = data.load("ring")
    train = source.reals(1000)[0]
    np.testing.assert_array_equal(train, stream(source, 100, 1, seed=0, steps=10)[0])
    assert not (train == stream(source, 100, 1, seed=1, steps=10)[0]).all(1).any()
    assert not (train[:, None] == source.reals(1000, "heldout")[0]).all(-1).any()
    np.testing.assert_array_equal(source.reals(10, "heldout")[0], source.reals(1000, "heldout")[0][:10])


def test_reals_checks_its_arguments():
    with pytest.raises(ValueError, match="num=0 must be an integer of at least 1"):
        data.load("ring").reals(0)
