"""What everything that samples shares: seeds, labels, truncation, interpolation."""

import re

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import random
from tfgan_zoo.core.gan import GAN
from tfgan_zoo.core.sampler import Sampler, chunks
from tfgan_zoo.serving import Client, SavedModelGenerator


class Echo(Sampler):
    """Its points are the latents, and the label if there is one; it keeps what it was asked for."""

    latent_dim, image_shape, num_classes = 3, (4,), 0

    def __init__(self, num_classes=0):
        self.num_classes = num_classes
        self.asked = []

    def sample(self, latents, labels=None):
        self.asked.append(len(latents))
        labels = tf.zeros(len(latents)) if labels is None else tf.cast(labels, tf.float32)
        return tf.concat([latents, labels[:, tf.newaxis]], axis=1)


class Centred(Echo):
    """Truncates towards a centre that is not 0, as one does in a space that is learnt."""

    centre = 2.0

    def truncate(self, latents, psi):
        return self.centre + super().truncate(latents - self.centre, psi)


@pytest.mark.parametrize("kind", [GAN, SavedModelGenerator, Client])
def test_models_exports_and_clients_are_samplers_that_share_their_code(kind):
    assert issubclass(kind, Sampler)
    shared = ("generate", "generate_from_seeds", "generate_from_latents", "interpolate", "truncate", "images_of_seeds")
    for name in shared:
        assert getattr(kind, name) is getattr(Sampler, name)


def test_images_are_those_of_consecutive_seeds_in_chunks():
    sampler = Echo()
    points = sampler.generate(7, seed=5, batch_size=3)
    np.testing.assert_array_equal(points[:, :3], random.latents_from_seeds(np.arange(5, 12), 3))
    assert sampler.asked == [3, 3, 1] and points.dtype == np.float32


def test_truncation_scales_each_row_by_its_own():
    latents = np.ones((3, 2), "float32")
    np.testing.assert_array_equal(Echo().truncate(latents, [0.0, 0.5, 1.0]), [[0, 0], [0.5, 0.5], [1, 1]])
    np.testing.assert_array_equal(Echo().truncate(latents, 0.5), latents / 2)


def test_a_sampler_with_a_truncation_of_its_own_is_asked_everywhere():
    plain, centred = Echo(), Centred()
    np.testing.assert_allclose(centred.generate(4, truncation=0.0)[:, :3], 2.0)
    np.testing.assert_allclose(centred.interpolate(2, 3, truncation=0.0)[:, :3], 2.0)
    np.testing.assert_allclose(centred.generate(4), plain.generate(4), atol=1e-6)


def test_labels_are_drawn_by_the_seed_or_given():
    drawn = random.labels_from_seeds(np.arange(2, 7), 5).numpy()
    np.testing.assert_array_equal(Echo(5).generate(5, 2, batch_size=2)[:, 3], drawn)
    np.testing.assert_array_equal(Echo(5).generate(3, labels=[4, 0, 1])[:, 3], [4, 0, 1])


def test_interpolations_run_from_seed_to_seed_in_one_class():
    rows = Echo(5).interpolate(3, 4, seed=9, batch_size=5).reshape(3, 4, 4)
    ends = random.latents_from_seeds(np.arange(9, 13), 3).numpy()
    np.testing.assert_allclose(rows[:, 0, :3], ends[:-1], atol=1e-6)
    np.testing.assert_allclose(rows[:, -1, :3], ends[1:], atol=1e-6)
    np.testing.assert_array_equal(rows[..., 3].T, [random.labels_from_seeds(np.arange(9, 12), 5)] * 4)
    assert (Echo(5).interpolate(2, 2, labels=[3, 1])[:, 3] == [3, 3, 1, 1]).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"num": 0}, "num=0 must be at least 1"),
        ({"num": 1.5}, "num=1.5 must be a whole number"),
        ({"batch_size": 0}, "batch_size=0 must be at least 1"),
        ({"truncation": 1.5}, r"truncation=1.5 must be in \[0, 1\]"),
        ({"truncation": np.nan}, r"truncation=nan must be in \[0, 1\]"),
        ({"labels": 3}, "labels=3 are for conditional models"),
        ({"labels": "shirt"}, "labels='shirt' are for conditional models"),
        ({"truncation": "0.5"}, r"truncation='0.5' must be one number in \[0, 1\]"),
        ({"truncation": [0.5, 1.0]}, r"truncation=\[0.5, 1.0\] must be one number in \[0, 1\]"),
        ({"truncation": np.ones(2)}, r"must be one number in \[0, 1\]"),
    ],
)
def test_arguments_out_of_range_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        Echo().generate(**{"num": 2} | options)
    with pytest.raises(ValueError, match=words):
        Echo().interpolate(**{"num": 2, "steps": 2} | options)


class Named(Echo):
    """Its classes are called by numbers, and in no order."""

    class_names = ("10", "1", "0")


@pytest.mark.parametrize(
    ("labels", "numbers"),
    [([2], [2, 2]), (["1"], [1, 1]), (["10", 0], [0, 0]), (np.array("0"), [2, 2]), (np.array(["0", "1"]), [2, 1])],
)
def test_labels_are_one_for_all_or_one_each_by_name_or_number(labels, numbers):
    sampler, latents = Named(3), np.eye(3)
    assert sampler.generate(2, labels=labels)[:, 3].tolist() == numbers
    assert sampler.generate_from_latents(latents[:2], labels=labels)[:, 3].tolist() == numbers
    strips = np.repeat(numbers, 4).tolist()
    assert sampler.interpolate(2, 4, labels=labels)[:, 3].tolist() == strips
    assert sampler.interpolate_latents(latents, 4, labels=labels)[:, 3].tolist() == strips


@pytest.mark.parametrize("labels", [[0, 1, 2, 0, 1], [[0], [1, 2]]])
def test_a_refusal_shows_the_labels_that_were_given(labels):
    with pytest.raises(ValueError, match=re.escape(f"labels={labels} must be a whole number, or 2 of them")):
        Named(3).interpolate_latents(np.eye(3), 4, labels=labels)


def test_one_step_is_no_interpolation():
    with pytest.raises(ValueError, match="steps=1 must be at least 2"):
        Echo().interpolate(2, 1)


@pytest.mark.parametrize("rows", [1, 4, 5, 8])
def test_chunks_are_the_columns(rows):
    columns = np.arange(rows), np.arange(rows) * 2
    parts = list(chunks(4, *columns))
    assert [len(part[0]) for part in parts[:-1]] == [4] * (len(parts) - 1)
    for column, found in zip(columns, zip(*parts, strict=True), strict=True):
        np.testing.assert_array_equal(np.concatenate(found), column)


def test_what_a_sampler_does_not_say():
    assert Echo().class_names == () and Echo().checksum() is None and Echo().trained_steps is None


def test_any_seeds_and_their_latents_are_the_images_of_generate():
    sampler, seeds = Echo(), np.array([2**63 - 1, -5, 3, 3])
    points = sampler.generate_from_seeds(seeds, 0.5, batch_size=3)
    for point, seed in zip(points, seeds, strict=True):
        np.testing.assert_array_equal(point, sampler.generate(1, int(seed), 0.5)[0])
    latents = random.latents_from_seeds(seeds, 3)
    np.testing.assert_array_equal(sampler.generate_from_latents(latents, 0.5, batch_size=3), points)


def test_latents_take_classes_and_draw_none():
    points = Echo(5).generate_from_latents(np.eye(3), labels=[4, 0, 1], batch_size=2)
    np.testing.assert_array_equal(points, np.concatenate([np.eye(3), [[4], [0], [1]]], axis=1))
    with pytest.raises(ValueError, match="latents draw no class; name one"):
        Echo(5).generate_from_latents(np.eye(3))


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ([], "must be int"),
        ([0.5], "must be int"),
        ([[1]], "must be int"),
        ([[1], [2, 3]], "seeds=list of several lengths must be int"),
        (np.array([2**63], "uint64"), "seeds=9223372036854775808 must be a 64-bit integer"),
    ],
)
def test_what_are_no_seeds_is_refused(seeds, words):
    with pytest.raises(ValueError, match=words):
        Echo().generate_from_seeds(seeds)


@pytest.mark.parametrize(
    ("latents", "words"),
    [
        (np.zeros((0, 3)), "N at least 1"),
        (np.zeros(3), "must be float"),
        (np.zeros((2, 4)), "must be float"),
        ([[0, np.inf, 0]], "row 0 is no finite number"),
        ([[0, 1e300, 0]], "row 0 is no finite number"),
        ([[0, 1j, 0]], "latents must be an array of real numbers"),
        ([["1", "2", "3"]], "latents must be an array of real numbers"),
        ([[0], [1, 2]], "latents must be an array of real numbers, not this list"),
    ],
)
def test_what_are_no_latents_is_refused(latents, words):
    with pytest.raises(ValueError, match=words):
        Echo().generate_from_latents(latents)
    with pytest.raises(ValueError, match=words):
        Echo().interpolate_latents(latents, 2)
