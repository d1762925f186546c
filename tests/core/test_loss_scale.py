"""float16: gradients that it does not lose, and steps that are taken back."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import contract
from tests.tiers import thorough_but
from tfgan_zoo import data, registry
from tfgan_zoo.core.loss_scale import FIRST, GROWTH, LEAST, MOST
from tfgan_zoo.networks import MLPDiscriminator, MLPGenerator
from tfgan_zoo.training.build import build_model


@pytest.fixture(autouse=True)
def _float16():
    keras.config.set_dtype_policy("mixed_float16")


def model_of(name="gan", **flags):
    config = contract.config_of(name, **flags)
    model = build_model(config)
    model.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
    return model, data.load(config.dataset).train(config.batch_size, model.batches_per_step, config.seed)


def state_of(model):
    """All that a step moves but its counts, as bytes."""
    optimizers = [variable for optimizer in model.optimizers for variable in optimizer.variables]
    weights = [it for it in model.weights if "float" in it.dtype and it is not model.states["loss_scale"]]
    return [variable.numpy().tobytes() for variable in (*weights, *optimizers)]


def set_exponent(model, exponent):
    model.states["loss_scale"].assign(exponent - FIRST)


def exponent_of(model):
    return float(model.states["loss_scale"].numpy()) + FIRST


@pytest.mark.parametrize("name", thorough_but("gan", of=registry.METHODS))
def test_every_method_trains_in_float16(name):
    model, batches = model_of(name)
    history = model.fit(batches, steps_per_epoch=4, epochs=2, verbose=0).history
    assert set(history) == set(model.log_names) and all(np.isfinite(values).all() for values in history.values())
    assert model.broken() is None and all(weight.dtype == "float32" for weight in model.trainable_weights)


@pytest.mark.parametrize("name", thorough_but("gan", of=registry.METHODS))
def test_a_step_that_overflows_is_taken_back_whole_and_the_scale_halved(name):
    model, batches = model_of(name)
    model.fit(batches, steps_per_epoch=2, verbose=0)  # so that the optimisers have moments
    set_exponent(model, 40)  # no gradient is finite there
    before, step = state_of(model), model.trained_steps
    history = model.fit(batches, steps_per_epoch=1, verbose=0).history
    assert state_of(model) == before and model.trained_steps == step + 1
    assert exponent_of(model) == MOST  # 39, cut off
    assert all(np.isfinite(values).all() for values in history.values()) and model.broken() is None
    set_exponent(model, 4)
    model.fit(batches, steps_per_epoch=1, verbose=0)
    assert state_of(model) != before


def test_at_the_least_scale_a_broken_model_says_so():
    model, batches = model_of()
    set_exponent(model, LEAST)
    model.generator.weights[0].assign(np.full(model.generator.weights[0].shape, np.nan))
    model.fit(batches, steps_per_epoch=1, verbose=0)
    assert model.broken()[0] == 1 and exponent_of(model) == LEAST


def test_the_scale_doubles_after_many_steps_and_no_further_than_it_may():
    model, batches = model_of()
    for start, end in ((10 - 1 / GROWTH, 10), (10 - 1.5 / GROWTH, 10 - 0.5 / GROWTH)):
        set_exponent(model, start)
        model.fit(batches, steps_per_epoch=1, verbose=0)
        np.testing.assert_allclose(exponent_of(model), end, atol=1e-4)
    set_exponent(model, MOST)
    assert float(model._loss_scale._next(tf.constant(True))) == MOST - FIRST
    for exponent in range(LEAST, MOST + 1):
        set_exponent(model, exponent + 0.9)
        assert float(model._loss_scale.scale) == 2.0**exponent


def test_gradients_that_float16_cannot_hold_are_not_lost():
    """Of a dense layer in float16, against float32: y = w x with an upstream gradient of 1e-9."""
    gan = contract._model(contract.config_of("gan"))
    layer = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)
    x = tf.constant([[0.5, 2.0]])
    layer.build(x.shape)

    def loss(tape_of):
        with tf.GradientTape() as tape:
            value = 1e-9 * tf.reduce_sum(tf.cast(layer(x), tf.float32))
        return tape_of(tape, value, [layer.kernel.value])[0].numpy().ravel()

    np.testing.assert_array_equal(loss(tf.GradientTape.gradient), 0)
    np.testing.assert_allclose(loss(gan.gradient), [0.5e-9, 2e-9], rtol=2e-3)


def test_the_scale_changes_no_gradient_of_float32():
    """A power of two is exact: with all layers in float32 the scaled gradients are the same bits."""
    gan = contract._model(contract.config_of("gan"))
    keras.config.set_dtype_policy("float32")
    generator, discriminator = MLPGenerator((2,), width=8, latent_dim=4), MLPDiscriminator((2,), width=8)
    latents = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    with tf.GradientTape(persistent=True) as tape:
        outputs = discriminator(generator(latents))
        loss = tf.reduce_mean(tf.nn.softplus(-outputs))
    sources = generator.trainable_variables + discriminator.trainable_variables
    weights = tf.random.stateless_normal(outputs.shape, [0, 0])
    for arguments in ((loss, sources), (outputs, sources, weights)):
        pairs = zip(tape.gradient(*arguments), gan.gradient(tape, *arguments), strict=True)
        assert all(one.numpy().tobytes() == other.numpy().tobytes() for one, other in pairs)


def test_two_replicas_take_back_the_same_step(mirrored):
    with mirrored.scope():
        model, batches = model_of(batch_size=8)
    set_exponent(model, 40)
    before = [weight.numpy() for weight in model.trainable_weights]
    model.fit(batches, steps_per_epoch=1, verbose=0)
    assert all((one == two.numpy()).all() for one, two in zip(before, model.trainable_weights, strict=True))
    set_exponent(model, FIRST)
    model.fit(batches, steps_per_epoch=2, verbose=0)
    assert any((one != two.numpy()).any() for one, two in zip(before, model.trainable_weights, strict=True))
    for weight in model.weights:
        first, second = (copy.numpy() for copy in weight.value.values)
        assert first.tobytes() == second.tobytes(), weight.path


def test_a_saved_model_goes_on_at_its_scale(tmp_path):
    model, batches = model_of()
    set_exponent(model, 9.25)
    model.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert exponent_of(loaded) == 9.25
    for one in (model, loaded):
        one.fit(batches, steps_per_epoch=1, verbose=0)
    contract.assert_same(model.weights, loaded.weights)


def test_a_model_of_float32_has_no_scale():
    keras.config.set_dtype_policy("float32")
    model, _ = model_of()
    assert "loss_scale" not in model.states and "loss_scale" not in model.log_names
