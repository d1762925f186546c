"""ADA's transforms equal a NumPy reference given the same draws, each by itself, and leave the rest alone."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import random
from tfgan_zoo.objectives import ada
from tfgan_zoo.objectives.penalties.r1 import r1

ROWS = 40


def images_of(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def transformed(images, p=1.0, purpose="reals", **kwargs):
    with random.scope(0, 0, purpose, **kwargs):
        return ada.transform(images, p).numpy()


def only(monkeypatch, *names):
    """Lets these transforms come up alone, each with its probability."""
    on = ada._Draws.on
    monkeypatch.setattr(ada._Draws, "on", lambda self, name: on(self, name) & (name in names))


def draws(rows=ROWS):
    """(uniform, normal), {name: float64[rows, 3 and 2]}: what `transform` draws."""
    with random.scope(0, 0, "reals"):
        uniform = random.uniform((rows, 13, 3), "augment/ada/uniform").numpy().astype("float64")
        normal = random.normal((rows, 13, 2), "augment/ada/normal").numpy().astype("float64")
    return [{name: table[:, i] for i, name in enumerate(ada.TRANSFORMS)} for table in (uniform, normal)]


def sampled(image, forward):
    """The image under a 3 x 3 map of (right, down, 1) about its centre: bilinear, mirrored, in plain loops."""
    height, width, _ = image.shape
    back = np.linalg.inv(forward)
    result = np.zeros_like(image, dtype="float64")
    for i in range(height):
        for j in range(width):
            x, y, _ = back @ [j - (width - 1) / 2, i - (height - 1) / 2, 1]
            x, y = x + (width - 1) / 2, y + (height - 1) / 2
            for row in (np.floor(y), np.floor(y) + 1):
                for column in (np.floor(x), np.floor(x) + 1):
                    weight = (1 - abs(y - row)) * (1 - abs(x - column))
                    result[i, j] += weight * image[mirror(row, height), mirror(column, width)]
    return result


def mirror(place, size):
    place = int(place)
    while not 0 <= place < size:
        place = -place if place < 0 else 2 * (size - 1) - place
    return place


def turn(angle):
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


def scale(x, y):
    return np.diag([x, y, 1.0])


def shift(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def geometry(name, u, n, height, width):
    """The map of one image, from its own three uniform and two normal numbers."""
    return {
        "isotropic_scaling": lambda: scale(2 ** (0.2 * n[0]), 2 ** (0.2 * n[0])),
        "pre_rotation": lambda: turn((2 * u[0] - 1) * np.pi),
        "anisotropic_scaling": lambda: scale(2 ** (0.2 * n[0]), 2 ** (-0.2 * n[0])),
        "post_rotation": lambda: turn((2 * u[0] - 1) * np.pi),
        "fractional_translation": lambda: shift(n[0] / 8 * width, n[1] / 8 * height),
    }[name]()


@pytest.mark.parametrize("shape", [(8, 8, 3), (9, 6, 1)])
@pytest.mark.parametrize("p", [0.0, tf.constant(0.0)])
def test_probability_0_is_the_identity_bit_for_bit(shape, p):
    images = images_of(ROWS, *shape)
    images[0, 0, 0] = -0.0
    assert transformed(images, p).tobytes() == images.tobytes()


def test_each_transform_comes_to_each_image_with_probability_p(monkeypatch):
    """Of the two rotations each has half the odds at p = 3/4, so that both together are as likely as one transform."""
    images = images_of(400, 4, 4, 1)
    for name, p, share in (
        ("fractional_translation", 0.75, 0.75),
        ("pre_rotation", 0.75, 0.5),
        ("brightness", 0.3, 0.3),
    ):
        with monkeypatch.context() as patch:
            only(patch, name)
            changed = np.any(transformed(images, p) != images, axis=(1, 2, 3)).mean()
        assert abs(changed - share) < 4 * np.sqrt(share * (1 - share) / 400), name


def test_flip_is_a_coin(monkeypatch):
    only(monkeypatch, "x_flip")
    images = images_of(ROWS, 8, 9, 3)
    heads = draws()[0]["x_flip"][:, 0] < 0.5
    assert 5 < heads.sum() < ROWS - 5
    np.testing.assert_array_equal(transformed(images), np.where(heads[:, None, None, None], images[:, :, ::-1], images))


def test_quarter_turns(monkeypatch):
    only(monkeypatch, "rotate_90")
    images = images_of(ROWS, 8, 8, 3)
    quarters = np.floor(4 * draws()[0]["rotate_90"][:, 0]).astype(int)
    assert set(quarters) == {0, 1, 2, 3}
    expected = [np.rot90(image, -quarter) for image, quarter in zip(images, quarters, strict=True)]
    np.testing.assert_array_equal(transformed(images), expected)


def test_what_is_no_square_has_half_turns_alone(monkeypatch):
    only(monkeypatch, "rotate_90")
    images = images_of(ROWS, 6, 4, 3)
    quarters = np.floor(4 * draws()[0]["rotate_90"][:, 0])
    turned = (quarters >= 2)[:, None, None, None]
    np.testing.assert_array_equal(transformed(images), np.where(turned, images[:, ::-1, ::-1], images))


def test_whole_shifts_mirror_the_border(monkeypatch):
    only(monkeypatch, "integer_translation")
    images = images_of(ROWS, 16, 24, 2)
    result = transformed(images)
    shifts = np.round((draws()[0]["integer_translation"][:, :2] - 0.5) / 4 * [24, 16]).astype(int)
    assert set(shifts[:, 0]) == set(range(-3, 4)) and set(shifts[:, 1]) == set(range(-2, 3))
    for image, found, (right, down) in zip(images, result, shifts, strict=True):
        padded = np.pad(image, ((2, 2), (3, 3), (0, 0)), mode="reflect")
        np.testing.assert_array_equal(found, padded[2 - down : 18 - down, 3 - right : 27 - right])


@pytest.mark.parametrize("name", ada.GEOMETRY)
def test_each_geometric_transform_equals_numpy(name, monkeypatch):
    only(monkeypatch, name)
    images = images_of(ROWS, 7, 10, 2)[:6]
    uniform, normal = draws(6)
    probability_1 = transformed(images)
    expected = [
        sampled(image, geometry(name, uniform[name][i], normal[name][i], 7, 10)) for i, image in enumerate(images)
    ]
    np.testing.assert_allclose(probability_1, expected, atol=1e-5)


def test_geometry_composes_in_the_papers_order(monkeypatch):
    only(monkeypatch, *ada.GEOMETRY)
    images = images_of(5, 8, 8, 1)
    uniform, normal = draws(5)
    for i, found in enumerate(transformed(images)):
        total = np.eye(3)
        for name in ada.GEOMETRY:
            total = geometry(name, uniform[name][i], normal[name][i], 8, 8) @ total
        np.testing.assert_allclose(found, sampled(images[i], total), atol=1e-4)


V = np.full(3, 1 / np.sqrt(3))  # the grey axis
GREY = np.outer(V, V)
CROSS = np.array([[0, -V[2], V[1]], [V[2], 0, -V[0]], [-V[1], V[0], 0]])


def colour(name, u, n):
    """(3 x 3 matrix, offset) that an image's colours go through: Rodrigues' rotation, Householder's reflection."""
    angle = (2 * u[0] - 1) * np.pi
    return {
        "brightness": lambda: (np.eye(3), 0.2 * n[0]),
        "contrast": lambda: (2 ** (0.5 * n[0]) * np.eye(3), 0.0),
        "luma_flip": lambda: (np.eye(3) - 2 * GREY * (u[0] < 0.5), 0.0),
        "hue": lambda: (np.cos(angle) * np.eye(3) + np.sin(angle) * CROSS + (1 - np.cos(angle)) * GREY, 0.0),
        "saturation": lambda: (GREY + (np.eye(3) - GREY) * 2 ** n[0], 0.0),
    }[name]()


@pytest.mark.parametrize("names", [*((name,) for name in ada.COLORS), ada.COLORS])
def test_colours_equal_numpy(names, monkeypatch):
    only(monkeypatch, *names)
    images = images_of(6, 4, 5, 3)
    uniform, normal = draws(6)
    expected = images.astype("float64")
    for name in names:
        for i in range(6):
            matrix, offset = colour(name, uniform[name][i], normal[name][i])
            expected[i] = expected[i] @ matrix.T + offset
    np.testing.assert_allclose(transformed(images), expected, atol=1e-5)


@pytest.mark.parametrize("alpha", [1.0, 0.25])
def test_colours_of_rgba_change_as_they_are_and_alpha_does_not(alpha, monkeypatch):
    only(monkeypatch, *ada.COLORS)
    colours = images_of(6, 4, 5, 3)
    images = np.concatenate([alpha * (colours + 1) - 1, np.full((6, 4, 5, 1), 2 * alpha - 1)], axis=3)
    images[:, 0] = -1  # transparent
    changed = transformed(images.astype("float32"))
    np.testing.assert_array_equal(changed[:, 0], images[:, 0])
    np.testing.assert_array_equal(changed[..., 3], images[..., 3].astype("float32"))
    np.testing.assert_allclose((changed[:, 1:, :, :3] + 1) / alpha - 1, transformed(colours)[:, 1:], atol=2e-5)


def test_grey_images_have_the_colours_of_equal_channels(monkeypatch):
    only(monkeypatch, *ada.COLORS)
    images = images_of(ROWS, 4, 4, 1)
    np.testing.assert_allclose(transformed(images), transformed(images.repeat(3, axis=3))[..., :1], atol=1e-5)


def test_two_parts_draw_what_the_whole_draws():
    images = images_of(ROWS, 8, 8, 3)
    parts = [transformed(images[:7], 0.5), transformed(images[7:], 0.5, first_row=7)]
    # The draws are the same bits; a vector's cosines and powers depend on its length in the last ones.
    np.testing.assert_allclose(np.concatenate(parts), transformed(images, 0.5), atol=2e-5)
    for other in ({"purpose": "fakes"}, {"substep": 1}, {"first_row": 1}):
        assert not np.array_equal(transformed(images, 0.5), transformed(images, 0.5, **other))


def test_gradient_flows_to_the_image():
    """For what is linear in the image, <T'(x) v, w> = <v, T'(x)^T w>: the gradient is the transform's true adjoint."""
    x, v, w = (tf.constant(images_of(ROWS, 8, 8, 3, seed=seed)) for seed in range(3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        with random.scope(0, 0, "reals"):
            value = tf.reduce_sum(ada.transform(x, 0.8) * w)
    along = np.sum((transformed(v, 0.8) - transformed(tf.zeros_like(v), 0.8)) * w, dtype="float64")
    np.testing.assert_allclose(np.sum(tape.gradient(value, x) * v, dtype="float64"), along, rtol=1e-4)


@pytest.mark.parametrize("jit", [False, True])
def test_second_derivatives_in_a_graph_with_an_unknown_batch(jit):
    @tf.function(jit_compile=jit, input_signature=[tf.TensorSpec([None, 8, 8, 3]), tf.TensorSpec([])])
    def gradient(images, weight):
        def critic(x):
            with random.scope(0, 0, "penalty"):
                return weight * tf.reduce_sum(tf.square(ada.transform(x, 0.8)), axis=(1, 2, 3))

        with tf.GradientTape() as tape:
            tape.watch(weight)
            value = r1(critic, images)
        return value, tape.gradient(value, weight)

    value, slope = gradient(images_of(6, 8, 8, 3), 2.0)
    np.testing.assert_allclose(slope, value, rtol=1e-4)  # R1 is quadratic in the weight, which is 2
    assert value > 0


def test_rank_is_checked():
    with pytest.raises(ValueError, match="must be"), random.scope(0, 0, "reals"):
        ada.transform(tf.zeros([4, 2]), 0.5)
