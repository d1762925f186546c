import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import layers
from tfgan_zoo.layers import resampling


def normal(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def derivatives(layer, x):
    """The output, and the first and the second derivative of a function of it in the input and the kernel."""
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = layer(x)
            loss = tf.reduce_sum(y**3)
        gradient = inner.gradient(loss, x)
        norm = tf.reduce_sum(gradient**2)
    return y, gradient, outer.gradient(norm, layer.kernel)


@pytest.mark.parametrize("make", [layers.GroupedConv2D, layers.PerturbedConv2D])
@pytest.mark.parametrize("arguments", [{"groups": 3}, {"groups": 6, "strides": 2}, {"groups": 2, "padding": "valid"}])
def test_equals_keras_with_its_first_and_second_derivatives(make, arguments):
    arguments = {"padding": "same", **arguments}
    ours, keras_layer = make(6, 3, **arguments), keras.layers.Conv2D(6, 3, **arguments)
    x = tf.constant(normal((2, 8, 8, 6)))
    ours(x), keras_layer(x)
    keras_layer.kernel.assign(ours.kernel)
    for one, other in zip(derivatives(ours, x), derivatives(keras_layer, x), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6 * np.abs(other).max())


def test_a_group_sees_its_channels_alone():
    layer, x = layers.GroupedConv2D(4, 1, groups=2), normal((1, 2, 2, 6))
    before = layer(x).numpy()
    x[..., :3] += 1
    after = layer(x).numpy()
    assert (before[..., :2] != after[..., :2]).any() and (before[..., 2:] == after[..., 2:]).all()


TAPS = {2: np.array([1, 2, 1]) / 4, 3: np.array([1, 3, 3, 1]) / 8}


@pytest.mark.parametrize("boxes", TAPS)
def test_resampling_is_the_filter_between_zeros(boxes):
    """Against the definition along one axis, which the other repeats: zeros in between and outside, then the taps."""
    taps, x = TAPS[boxes], normal((8,))
    padded = np.zeros(16 + len(taps) - 1)
    padded[(len(taps) + 1) // 2 : (len(taps) + 1) // 2 + 16 : 2] = x
    up = np.correlate(padded, 2 * taps, "valid")
    margin = ((len(taps) - 1) // 2, (len(taps) - 2) // 2)
    down = np.correlate(np.pad(x, margin), taps, "valid")[::2]
    image = tf.constant(np.outer(x, x)[None, :, :, None], tf.float32)
    np.testing.assert_allclose(resampling.upsample(image, boxes)[0, :, :, 0], np.outer(up, up), atol=1e-6)
    np.testing.assert_allclose(resampling.downsample(image, boxes)[0, :, :, 0], np.outer(down, down), atol=1e-6)
