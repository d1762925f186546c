"""Conditional batch normalisation against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.layers import ConditionalBatchNormalization, one_hot

LABELS = np.array([2, 0, 2, 1, 1, 0], "int32")


def make(shape, **kwargs):
    layer = ConditionalBatchNormalization(3, momentum=0.9, epsilon=1e-3, **kwargs)
    layer.build((None, *shape))
    rng = np.random.default_rng(0)
    layer.gammas.assign(rng.normal(1, 0.5, layer.gammas.shape))
    layer.betas.assign(rng.normal(0, 0.5, layer.betas.shape))
    return layer


@pytest.mark.parametrize("shape", [(5,), (4, 4, 5)])
def test_training_normalises_over_all_classes_and_scales_by_the_samples_own(shape):
    layer = make(shape)
    x = np.random.default_rng(1).normal(3, 2, (6, *shape)).astype("float32")
    axes = tuple(range(len(shape)))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    rows = (6, *(1,) * (len(shape) - 1), 5)
    gamma, beta = (np.reshape(weights.numpy()[LABELS], rows) for weights in (layer.gammas, layer.betas))
    expected = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
    np.testing.assert_allclose(layer(x, LABELS, training=True), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, 0.1 * mean, rtol=1e-5)


def test_a_fresh_layer_is_the_plain_one_for_every_label():
    x = np.random.default_rng(1).normal(size=(6, 4, 4, 5)).astype("float32")
    fresh = ConditionalBatchNormalization(3)
    fresh.build(x.shape)
    np.testing.assert_allclose(
        fresh(x, LABELS, training=True), keras.layers.BatchNormalization()(x, training=True), atol=1e-6
    )


def test_only_the_rows_of_labels_that_occur_have_a_gradient():
    layer = make((5,))
    x = np.random.default_rng(1).normal(size=(6, 5)).astype("float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x, np.minimum(LABELS, 1), training=True) ** 2)
    gammas, betas = tape.gradient(loss, [layer.gammas.value, layer.betas.value])
    for gradient in (gammas, betas):
        assert isinstance(gradient, tf.Tensor)  # dense: replicas add it up in one order
        assert np.all(np.any(gradient.numpy()[:2] != 0, axis=1)) and not np.any(gradient.numpy()[2])


def test_its_config_makes_it_again():
    layer = make((5,), name="norm")
    copy = ConditionalBatchNormalization.from_config(layer.get_config())
    assert (copy.num_classes, copy.name, copy.epsilon) == (3, "norm", 1e-3)


@pytest.mark.parametrize("num_classes", [0, 1.5])
def test_impossible_numbers_of_classes_are_refused(num_classes):
    with pytest.raises(ValueError, match=f"num_classes={num_classes}"):
        ConditionalBatchNormalization(num_classes)


def test_one_hot_of_no_class_is_zeros():
    assert one_hot([1, 5], 3).numpy().tolist() == [[0, 1, 0], [0, 0, 0]]
