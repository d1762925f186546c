"""DiffAugment equals a NumPy reference given the same draws, and gradients flow through it as they should."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import random
from tfgan_zoo.objectives import augment

POLICY = ("color", "translation", "cutout")
SHAPES = [(6, 8, 8, 3), (6, 9, 14, 1), (6, 28, 28, 2)]


def images_of(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).uniform(-1, 1, shape), tf.float32)


def augmented(images, policy=POLICY, purpose="reals", **kwargs):
    with random.scope(0, 0, purpose, **kwargs):
        return augment.diff_augment(images, policy)


def draws(rows, name, *shape):
    with random.scope(0, 0, "reals"):
        return random.uniform((rows, *shape), f"augment/{name}").numpy().astype(np.float64)


def color(images):
    images = images.astype(np.float64) + draws(len(images), "brightness", 1, 1, 1) - 0.5
    if images.shape[3] > 1:
        mean = images.mean(axis=3, keepdims=True)
        images = mean + (images - mean) * 2 * draws(len(images), "saturation", 1, 1, 1)
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    return mean + (images - mean) * (0.5 + draws(len(images), "contrast", 1, 1, 1))


def shifts(rows, size, column):
    most = int(size / 8 + 0.5)
    return np.floor(draws(rows, "translation", 2)[:, column] * (2 * most + 1)).astype(int) - most


def translation(images):
    rows, height, width, _ = images.shape
    moved = np.zeros_like(images)
    for n, (down, right) in enumerate(zip(shifts(rows, height, 0), shifts(rows, width, 1), strict=True)):
        for i, j in itertools.product(range(height), range(width)):
            if 0 <= i - down < height and 0 <= j - right < width:
                moved[n, i, j] = images[n, i - down, j - right]
    return moved


def hole(rows, size, column):
    length = int(size / 2 + 0.5)
    centre = np.floor(draws(rows, "cutout", 2)[:, column] * (size + 1 - length % 2)).astype(int)
    return [range(c - length // 2, c - length // 2 + length) for c in centre]


def cutout(images):
    rows, height, width, _ = images.shape
    images = images.copy()
    for n, (high, wide) in enumerate(zip(hole(rows, height, 0), hole(rows, width, 1), strict=True)):
        for i, j in itertools.product(range(height), range(width)):
            if i in high and j in wide:
                images[n, i, j] = 0
    return images


REFERENCES = {"color": color, "translation": translation, "cutout": cutout}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", POLICY)
def test_each_policy_equals_numpy(name, shape):
    images = images_of(*shape)
    np.testing.assert_allclose(augmented(images, (name,)), REFERENCES[name](images.numpy()), atol=1e-6)


@pytest.mark.parametrize("policy", [POLICY, ("cutout", "color")])
def test_policies_compose_in_the_order_given(policy):
    images = images_of(6, 8, 8, 3)
    expected = images.numpy()
    for name in policy:
        expected = REFERENCES[name](expected)
    np.testing.assert_allclose(augmented(images, policy), expected, atol=1e-6)


def test_default_policy_is_all_three():
    images = images_of(6, 8, 8, 3)
    with random.scope(0, 0, "reals"):
        np.testing.assert_array_equal(augment.diff_augment(images), augmented(images, POLICY))


def test_ranges_over_many_draws():
    """Every shift and every place of the hole comes up, equally often, and none beyond."""
    count, ones = 4000, tf.ones([4000, 16, 16, 1])
    moved = augmented(ones, ("translation",)).numpy()[..., 0]
    first = moved.any(axis=2).argmax(axis=1)
    last = 15 - moved.any(axis=2)[:, ::-1].argmax(axis=1)
    found = np.where(first > 0, first, last - 15)
    values, times = np.unique(found, return_counts=True)
    assert list(values) == [-2, -1, 0, 1, 2]
    assert np.all(np.abs(times - count / 5) < 5 * np.sqrt(count / 5))
    rows_cut = (augmented(ones, ("cutout",)).numpy()[..., 0] == 0).any(axis=2)
    size, times = np.unique(rows_cut.sum(axis=1), return_counts=True)
    assert list(size) == [4, 5, 6, 7, 8]  # half of it at least, for the centre lies inside
    assert np.all(np.abs(times - count * np.array([2, 2, 2, 2, 9]) / 17) < 5 * np.sqrt(count / 17 * 9))
    np.testing.assert_allclose(rows_cut.mean(axis=0), rows_cut.mean(axis=0)[::-1], atol=0.05)


def test_only_brightness_moves_the_mean():
    images = images_of(50, 8, 8, 3)
    change = augmented(images, ("color",)) - images
    brightness = draws(50, "brightness", 1, 1, 1).ravel() - 0.5
    np.testing.assert_allclose(np.mean(change, axis=(1, 2, 3)), brightness, atol=1e-6)


def test_one_channel_has_no_saturation():
    images = images_of(4, 8, 8, 1)
    grey = augmented(images, ("color",))
    red, green = (augmented(tf.repeat(images, 2, axis=3), ("color",))[..., channel] for channel in range(2))
    np.testing.assert_allclose(grey[..., 0], red, atol=1e-6)
    np.testing.assert_allclose(red, green, atol=1e-6)


@pytest.mark.parametrize("alpha", [1.0, 0.25])
def test_colours_of_rgba_change_as_they_are_and_alpha_does_not(alpha):
    colours = images_of(6, 4, 5, 3).numpy()
    images = np.concatenate([alpha * (colours + 1) - 1, np.full((6, 4, 5, 1), 2 * alpha - 1)], axis=3)
    transparent = np.full((6, 2, 5, 4), -1.0)  # of which the mean that contrast is about knows nothing
    changed = augmented(np.concatenate([transparent, images], axis=1).astype("float32"), ("color",)).numpy()
    np.testing.assert_array_equal(changed[:, :2], transparent)
    np.testing.assert_array_equal(changed[:, 2:, :, 3], images[..., 3].astype("float32"))
    np.testing.assert_allclose((changed[:, 2:, :, :3] + 1) / alpha - 1, color(colours), atol=2e-5)


def test_no_policy_returns_the_input_itself():
    images = tf.zeros([4, 2])  # a mixture's points, outside any scope
    assert augment.diff_augment(images, ()) is images
    assert augment.diff_augment(images, []) is images


def test_same_scope_repeats_and_others_differ():
    images = images_of(4, 8, 8, 3)
    first = augmented(images)
    np.testing.assert_array_equal(first, augmented(images))
    for other in (augmented(images, purpose="fakes"), augmented(images, substep=1), augmented(images, first_row=1)):
        assert not np.array_equal(first, other)


def test_the_draws_do_not_depend_on_the_images():
    """In one scope reals and fakes get the same transform: T(x) + T(y) = T(x + y) for what is linear in them."""
    x, y = images_of(4, 8, 8, 3), images_of(4, 8, 8, 3, seed=1)
    moved = ("translation", "cutout")
    np.testing.assert_allclose(augmented(x, moved) + augmented(y, moved), augmented(x + y, moved), atol=1e-6)
    np.testing.assert_allclose(augmented(x) - augmented(y), augmented(x + 1.0) - augmented(y + 1.0), atol=1e-5)


@pytest.mark.parametrize("split", [1, 2, 5])
def test_two_parts_equal_the_whole(split):
    images = images_of(6, 9, 14, 3)
    parts = [augmented(images[:split]), augmented(images[split:], first_row=split)]
    np.testing.assert_array_equal(np.concatenate(parts), augmented(images))


def test_two_replicas_equal_one_device():
    devices = tf.config.list_logical_devices("CPU")
    if len(devices) < 2:
        pytest.skip("needs two logical devices")
    strategy = tf.distribute.MirroredStrategy([device.name for device in devices[:2]])
    images = images_of(4, 8, 8, 3)

    @tf.function
    def step():
        def replica():
            row = 2 * tf.distribute.get_replica_context().replica_id_in_sync_group
            return augmented(tf.gather(images, row + tf.range(2)), first_row=row)

        return tf.concat(strategy.experimental_local_results(strategy.run(replica)), axis=0)

    np.testing.assert_allclose(step(), augmented(images), atol=1e-6)


def test_images_differ_from_each_other():
    ones = tf.ones([8, 16, 16, 3])
    result = augmented(ones).numpy().reshape(8, -1)
    assert len(np.unique(result, axis=0)) == 8


def gradient_of_sum(images, policy):
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(augmented(images, policy))
    return tape.gradient(total, images).numpy()


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_through_cutout_is_one_where_nothing_was_cut(shape):
    kept = cutout(np.ones(shape))
    assert 0 < kept.mean() < 1
    np.testing.assert_array_equal(gradient_of_sum(images_of(*shape), ("cutout",)), kept)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_through_translation_is_one_for_what_stays_inside(shape):
    rows, height, width, _ = shape
    inside = np.zeros(shape)
    for n, (down, right) in enumerate(zip(shifts(rows, height, 0), shifts(rows, width, 1), strict=True)):
        inside[n, max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)] = 1
    np.testing.assert_array_equal(gradient_of_sum(images_of(*shape), ("translation",)), inside)


def test_gradient_through_color():
    """Saturation and contrast keep the mean, so the sum's gradient is 1; a pixel's own is not."""
    images = images_of(4, 8, 8, 3)
    np.testing.assert_allclose(gradient_of_sum(images, ("color",)), np.ones(images.shape), atol=1e-5)
    with tf.GradientTape() as tape:
        tape.watch(images)
        pixels = augmented(images, ("color",))[:, 0, 0, 0]
    saturation, contrast = (draws(4, name, 1, 1, 1).ravel() for name in ("saturation", "contrast"))
    saturation, contrast = 2 * saturation, 0.5 + contrast
    own = contrast * ((1 - saturation) / 3 + saturation) + (1 - contrast) / (8 * 8 * 3)
    np.testing.assert_allclose(tape.gradient(pixels, images)[:, 0, 0, 0], own, rtol=1e-4)


@pytest.mark.parametrize("jit", [False, True])
def test_in_a_graph_with_an_unknown_batch(jit):
    """XLA's Philox yields other numbers, so only what does not depend on them is compared there."""

    @tf.function(jit_compile=jit, input_signature=[tf.TensorSpec([None, 8, 8, 3]), tf.TensorSpec([], tf.int64)])
    def step(images, number):
        with random.scope(0, number, "reals"):
            return augment.diff_augment(images)

    images = images_of(6, 8, 8, 3)
    result = step(images, 0)
    assert result.shape == (6, 8, 8, 3)
    np.testing.assert_array_equal(result, step(images, 0))
    assert not np.array_equal(result, step(images, 1))
    if not jit:
        np.testing.assert_allclose(result, augmented(images), atol=1e-6)


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float64])
def test_result_is_float32(dtype):
    assert augmented(tf.cast(images_of(2, 8, 8, 1), dtype)).dtype == tf.float32


def test_tiny_images_do_not_move():
    images = images_of(4, 3, 3, 1)
    np.testing.assert_array_equal(augmented(images, ("translation",)), images)


def test_points_are_refused():
    with pytest.raises(ValueError, match=r"images=\(4, 2\) must be \[N, H, W, C\]"):
        augmented(tf.zeros([4, 2]), ("color",))


def test_unknown_policy_is_refused():
    with pytest.raises(ValueError, match=r"augment=colour is unknown \(did you mean color\?\); choose from color, "):
        augment.check_policy(("cutout", "colour"))


def test_check_policy():
    assert augment.check_policy(["color", "cutout"]) == ("color", "cutout")
    assert augment.check_policy("color") == ("color",)
    assert augment.check_policy(()) == ()


def test_without_a_scope_there_are_no_draws():
    with pytest.raises(ValueError, match=r"random\.scope"):
        augment.diff_augment(tf.zeros([2, 8, 8, 1]), ("color",))
