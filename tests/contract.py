"""What every method, network, loss and penalty must do, ours and those of other packages.

`tests/test_contract.py` runs it over the registry, `tests/test_plugin.py` over an installed package. A new method needs
tests of its own for its mathematics alone.
"""

import contextlib
import dataclasses
from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import data, networks, registry, serving
from tfgan_zoo.objectives import losses
from tfgan_zoo.pretrained import presets
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training.build import build_model
from tfgan_zoo.training.checkpoints import Checkpoints

SMALL = {"width": 4, "latent_dim": 8, "batch_size": 4, "kimg": 0.016, "g_lr": 1e-3, "d_lr": 1e-3}
POINTS, IMAGES = {"dataset": "ring", "network": "mlp"}, {"dataset": "fashion_mnist_10k", "network": "dcgan"}


# Methods


def run_method_test(name, folder, sampled=True, **flags):
    """A method trains, keeps all of its state in every kind of file, and is sampled alike everywhere.

    Args:
        name: str, a key of `registry.METHODS`.
        folder: a `pathlib.Path` to write in.
        sampled: bool, whether it is made a preset and exported too: neither holds any state of training.
        **flags: of train.py, beside those of `SMALL`.
    """
    _check_specification(registry.METHODS[name])
    config = config_of(name, **flags)
    model, twin = _model(config), _model(config)
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    checkpoints = Checkpoints(model, folder / "checkpoints")
    for step in range(3):
        logs = _fit(model, config, step)
        assert set(logs) == set(model.log_names) and all(np.isfinite(values).all() for values in logs.values()), logs
        if step == 1:
            checkpoints.save()
    still = [weight.path for old, weight in zip(before, model.trainable_weights, strict=True) if np.all(old == weight)]
    # A loss that does not change when a number is added to all logits leaves D's last bias alone.
    assert all(path.endswith("head/bias") for path in still), still

    assert Checkpoints(twin, folder / "checkpoints").restore() == 2
    _fit(twin, config, 2)
    assert_same(model.weights, twin.weights)

    model.save(folder / "gan.keras")
    loaded = keras.saving.load_model(folder / "gan.keras")
    loaded.run_eagerly = True
    assert loaded.get_config() == model.get_config() and loaded.get_compile_config() == model.get_compile_config()
    assert_same(model.weights, loaded.weights)
    for one in (model, loaded):
        _fit(one, config, 3)
    assert_same(model.weights, loaded.weights)

    if not sampled:
        return
    images = model.generate(3, seed=1)
    presets.save_to_preset(model, folder / "preset")
    np.testing.assert_array_equal(presets.from_preset(folder / "preset").generate(3, seed=1), images)
    exported = serving.SavedModelGenerator(serving.export(model, folder / "export"))
    np.testing.assert_allclose(exported.generate(3, seed=1), images, atol=1e-6)


def run_precision_test(name, **flags):
    """A method trains in bfloat16 with float32 weights, logits and losses."""
    config = config_of(name, **flags)
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = _model(config)
    assert all(np.isfinite(values).all() for values in _fit(model, config, 0).values())
    shape = (2, *config.shape)
    for network in model.discriminators:
        outputs = network(tf.zeros(shape))
        assert outputs.dtype == tf.float32
    assert all(weight.dtype == "float32" for weight in model.trainable_weights)


def run_replicas_test(name, strategy, **flags):
    """Two replicas do what one device does, and are bitwise equal.

    With SGD, whose updates show a gradient that is twice too large, which Adam would hide.
    """
    config = config_of(name, **{"batch_size": 8, "kimg": 0.032, **flags})
    alone, shared = _trained_by_sgd(config, None), _trained_by_sgd(config, strategy)
    for one, two in zip(alone.weights, shared.weights, strict=True):
        np.testing.assert_allclose(one, two.numpy(), atol=1e-6, err_msg=one.path)
        first, second = (copy.numpy() for copy in two.value.values)
        assert first.tobytes() == second.tobytes(), two.path


def run_micro_batch_test(name, **flags):
    """Micro batches make the update of the whole batch, but for batch normalisation, which does not act here."""
    steps = registry.METHODS[name].phases
    config = config_of(name, **{"kimg": 0.004 * steps, "width": 8, **flags})
    normalize = keras.layers.BatchNormalization.call

    def as_in_inference(layer, inputs, training=None, **kwargs):
        return normalize(layer, inputs, training=False, **kwargs)

    with mock.patch.object(keras.layers.BatchNormalization, "call", as_in_inference):
        pair = [_trained_by_sgd(dataclasses.replace(config, micro_batch=size), None, steps, True) for size in (None, 2)]
    for one, two in zip(*(model.weights for model in pair), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6, err_msg=one.path)


def config_of(name, **flags):
    """Returns a small configuration of a method: on points, where it can be, else on images."""
    try:
        return resolve(method=name, **{**SMALL, **POINTS, **flags})
    except ValueError:
        return resolve(method=name, **{**SMALL, **IMAGES, **flags})


def assert_same(ones, twos):
    """Asserts that weights are bitwise equal."""
    different = [
        one.path for one, two in zip(ones, twos, strict=True) if one.numpy().tobytes() != two.numpy().tobytes()
    ]
    assert not different, different


def _check_specification(spec):
    assert registry.METHODS[spec.name] is spec and spec.summary and registry.method_of(spec.load()) is spec
    for name, option in spec.options.items():
        assert option.summary, name
        option.check(name, option.default)
        wrong = ["no such word"] if option.choices else [option.low - 1] if np.isfinite(option.low) else []
        for value in wrong:
            value = (value,) if isinstance(option.default, tuple) else value
            with pytest.raises(ValueError, match=f"^{name}=") as caught:
                option.check(name, value)
            assert "\n" not in str(caught.value)


def _model(config):
    keras.utils.set_random_seed(0)
    model = build_model(config)
    model.run_eagerly = True  # a graph takes longer to make than three steps to do
    return model


def _fit(model, config, first_step):
    batches = data.load(config.dataset).train(config.batch_size, model.batches_per_step, config.seed, first_step)
    return model.fit(batches, steps_per_epoch=1, verbose=0).history


def _trained_by_sgd(config, strategy, steps=3, eagerly=False):
    keras.utils.set_random_seed(1)
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = build_model(config)
        model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01), micro_batch=config.micro_batch)
    model.run_eagerly = eagerly
    batches = data.load(config.dataset).train(config.batch_size, model.batches_per_step, config.seed)
    model.fit(batches, steps_per_epoch=steps, verbose=0)
    return model


# Networks


def run_network_test(name):
    """A pair of networks has the shapes that its specification says, is made again from its config, and learns."""
    spec = registry.NETWORKS[name]
    assert spec.summary and spec.name == name
    shape = (spec.sizes[0], spec.sizes[0], 3) if spec.sizes else (4, 4, 3)
    for classes in (0, 3):
        labels = (tf.constant([0, 2]),) if classes else ()
        generator = networks.build(name, "generator", shape=shape, width=4, latent_dim=5, num_classes=classes)
        images = generator(tf.random.normal((2, 5)), *labels)
        assert images.shape == (2, *shape) == (2, *generator.image_shape) and generator.latent_dim == 5
        assert images.dtype == tf.float32 and np.isfinite(images).all()
        assert not spec.tanh or np.abs(images).max() <= 1.0
        for normalization in spec.normalizations:
            options = {"normalization": normalization, "outputs": 2, "num_classes": classes}
            discriminator = networks.build(name, "discriminator", shape=shape, width=4, **options)
            assert discriminator(images, *labels).shape == (2, 2)
            for network in (generator, discriminator):
                again = type(network).from_config(network.get_config())
                assert again.get_config() == network.get_config()
                again.set_weights(network.get_weights())
            np.testing.assert_array_equal(again(images, *labels), discriminator(images, *labels))
    if spec.perturbs:
        noisy = networks.build(name, "discriminator", shape=shape, width=4, perturb=0.5)
        assert not np.array_equal(noisy(images, training=True), noisy(images, training=True))
        np.testing.assert_array_equal(noisy(images), noisy(images))
    if spec.sizes:
        with pytest.raises(ValueError, match="image_size=7"):
            resolve(network=name, method="gan", dataset="fashion_mnist_10k", image_size=7)


# Losses


def run_loss_test(name):
    """A pair of losses is a float32 mean over the batch whose gradients are right and finite at extreme logits."""
    loss = losses.get(name)
    assert loss.name == name and loss.summary
    rng = np.random.default_rng(0)
    real, fake = (tf.constant(2.0 * rng.normal(size=(8, 1)), tf.float32) for _ in range(2))
    for side, arguments in ((loss.discriminator, (real, fake)), (loss.generator, (fake, real))):
        value = side(*arguments)
        assert value.shape == () and value.dtype == tf.float32 and np.isfinite(value)
        halves = [side(*(argument[rows] for argument in arguments)) for rows in (slice(4), slice(4, 8))]
        np.testing.assert_allclose(np.mean(halves), value, rtol=1e-5)  # what dividing by the replicas rests on
        low = side(*(tf.cast(argument, tf.bfloat16) for argument in arguments))
        assert low.dtype == tf.float32 and abs(float(low - value)) < 0.1
        _check_gradient(side, *arguments)
        for extreme in (-1e4, 1e4):
            far = tf.fill((8, 1), extreme)
            with tf.GradientTape() as tape:
                tape.watch(far)
                value = side(far, arguments[1])
            assert np.isfinite(value) and np.isfinite(tape.gradient(value, far)).all()
    means = tf.reduce_mean(real), tf.reduce_mean(fake)
    np.testing.assert_allclose(loss.threshold(real, fake), loss.threshold(*means), atol=1e-6)
    resolve(method="gan", loss=name, **IMAGES)


def _check_gradient(side, first, second, step=1e-2):
    with tf.GradientTape() as tape:
        tape.watch(first)
        value = side(first, second)
    gradient = tape.gradient(value, first)
    direction = tf.constant(np.random.default_rng(1).normal(size=first.shape), tf.float32)
    slope = (side(first + step * direction, second) - side(first - step * direction, second)) / (2 * step)
    np.testing.assert_allclose(tf.reduce_sum(gradient * direction), slope, atol=1e-2)


# Penalties


def run_penalty_test(name):
    """A penalty acts with its weight, on its steps, and keeps its state with the model alone."""
    kind = registry.PENALTIES[name]
    assert kind.name == name and kind.summary and kind.usual_weight > 0
    for arguments, words in (((-1.0, 1), "penalty_weight=-1.0"), ((1.0, -1), "penalty_every=-1")):
        with pytest.raises(ValueError, match=words):
            kind(*arguments)
    if not kind.lazy:
        with pytest.raises(ValueError, match="penalty_every=2"):
            kind(1.0, 2)
    flags = {"loss": "non_saturating", "n_dis": 2, "penalty": name, "normalization": "none"}
    config = config_of("gan", **flags, **({"network": "stylegan2"} if kind.of_styles else {}))
    model = _model(config)
    own = set(model.states) - {"step"}
    assert own.isdisjoint(_model(config_of("gan", n_dis=2)).states)
    logs = _fit(model, config, 0)
    assert np.isfinite(logs["penalty"]).all()
    if kind.lazy:
        often = _model(dataclasses.replace(config, penalty_every=(3,)))
        seen = [_fit(often, config, step)["penalty"][0] for step in range(4)]
        assert seen[0] != 0 and seen[1] == seen[2] == 0 and seen[3] != 0
    strong = _model(dataclasses.replace(config, penalty_weight=(1e3,)))
    _fit(strong, config, 0)
    network = "generator" if kind.of_generator else "discriminator"
    pairs = zip(getattr(model, network).weights, getattr(strong, network).weights, strict=True)
    assert any(not np.array_equal(one, two) for one, two in pairs)
    again = type(model).from_config(model.get_config())
    assert [(it.name, it.weight, it.every) for it in again.penalties] == [(name, *_settings(model.penalties[0]))]


def _settings(penalty):
    return penalty.weight, penalty.every
