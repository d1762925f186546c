"""Labels: projection, conditional networks, the loop, sampling, and what is refused."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import random
from tfgan_zoo.methods import BRC, CES, GAN, Particle
from tfgan_zoo.networks import build

CLASSES = 3
SHAPES = {"mlp": (2,), "dcgan": (32, 32, 1), "sngan": (32, 32, 1)}


def network(name, role, **kwargs):
    own = {"latent_dim": 8} if role == "generator" else {}
    return build(name, role, **({"shape": SHAPES[name], "width": 8, "num_classes": CLASSES} | own | kwargs))


def make(method=GAN, name="mlp", rate=0.01, outputs=1, normalization=None, **options):
    own = {"outputs": outputs} | ({} if normalization is None else {"normalization": normalization})
    model = method(network(name, "generator"), network(name, "discriminator", **own), **options)
    model.compile(keras.optimizers.SGD(rate), keras.optimizers.SGD(rate))
    return model


def items(num, shape=(2,), seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (num, *shape)).astype("float32"), rng.integers(0, CLASSES, num).astype("int32")


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("outputs", [1, 2])
def test_the_discriminator_adds_its_classs_projection(name, outputs):
    discriminator = network(name, "discriminator", outputs=outputs, normalization="none")
    x, labels = items(5, SHAPES[name])
    features = discriminator.features(x).numpy()
    rows = discriminator.project.kernel.numpy().reshape(CLASSES, outputs, -1)
    kernel, bias = (weight.numpy() for weight in discriminator.head.weights)
    expected = np.stack([h @ kernel + bias + rows[y] @ h for h, y in zip(features, labels, strict=True)])
    np.testing.assert_allclose(discriminator(x, labels), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["dcgan", "sngan"])
def test_projection_and_head_share_the_spectral_normalisation(name):
    discriminator = network(name, "discriminator", normalization="spectral")
    assert type(discriminator.project) is type(discriminator.head)
    assert discriminator.project.u.shape == (discriminator.head.kernel.shape[0],)


@pytest.mark.parametrize("name", SHAPES)
def test_networks_without_classes_ignore_nothing_and_have_no_more_weights(name):
    plain, other = (network(name, "generator", num_classes=count) for count in (0, CLASSES))
    assert plain.num_classes == 0 and len(plain.weights) <= len(other.weights)
    assert not [weight.path for weight in plain.weights if "gammas" in weight.path]


@pytest.mark.parametrize("role", ["generator", "discriminator"])
@pytest.mark.parametrize("name", SHAPES)
def test_networks_tell_classes_apart_and_come_back_from_their_config(name, role):
    one = network(name, role)
    for weight in one.weights:
        if "gammas" in weight.path or "betas" in weight.path:
            weight.assign(np.random.default_rng(0).normal(1, 0.5, weight.shape))
    x = np.random.default_rng(1).normal(size=(2, *((8,) if role == "generator" else SHAPES[name]))).astype("float32")
    assert not np.allclose(one(x, np.array([0, 0])), one(x, np.array([1, 2])))
    two = one.__class__.from_config(one.get_config())
    for weight, other in zip(two.weights, one.weights, strict=True):
        weight.assign(other)
    labels = np.array([1, 2])
    np.testing.assert_array_equal(two(x, labels), one(x, labels))


def test_a_step_is_one_discriminator_and_one_generator_update_by_hand():
    model, twin = make(rate=0.1, seed=5), make(rate=0.1, seed=5)
    twin.set_weights(model.get_weights())
    x, labels = items(4)
    data = tf.data.Dataset.from_tensors({"images": x[:, None], "labels": labels[:, None]})
    model.fit(data, verbose=0)

    def fakes(purpose):
        with random.scope(5, 0, f"{purpose}/fakes"):
            return twin.generator(random.normal((4, 8), "latents"), labels, training=True)

    held = fakes("discriminator")
    with tf.GradientTape() as tape:
        real_logits, fake_logits = twin.discriminator(x, labels), twin.discriminator(held, labels)
        loss = tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))
    variables = twin.discriminator.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(0.1 * gradient)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-twin.discriminator(fakes("generator"), labels)))
    variables = twin.generator.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(0.1 * gradient)
    for part in ("generator", "discriminator"):
        for one, two in zip(getattr(model, part).weights, getattr(twin, part).weights, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-6, err_msg=one.path)


def test_brc_judges_its_fakes_by_their_own_labels_in_the_temporary_steps(monkeypatch):
    """The fakes are drawn once, for the last batch; the reals of the temporary steps have labels of their own."""
    model = make(BRC, inner_steps=2)
    model.run_eagerly = True
    seen = []
    critic = GAN.discriminate

    def noting(self, images, batch, purpose, labels=None):
        seen.append((purpose, batch.substep, (batch.labels if labels is None else labels).numpy().tolist()))
        return critic(self, images, batch, purpose, labels)

    monkeypatch.setattr(GAN, "discriminate", noting)
    x, labels = items(4 * 4)
    rows = labels.reshape(4, 4)
    model.fit(tf.data.Dataset.from_tensors({"images": x.reshape(4, 4, 2), "labels": rows}), verbose=0)
    of = {(purpose, substep): found for purpose, substep, found in seen}
    for substep in (1, 2):
        assert of["reals", substep] == rows[:, substep].tolist()
        assert of["fakes", substep] == rows[:, 3].tolist()
    assert of["generator", 3] == rows[:, 3].tolist()


METHODS = {
    "gan": (GAN, {}),
    "ces": (CES, {"selection": "mean"}),
    "particle": (Particle, {"outputs": 4, "normalization": "none"}),
}


@pytest.mark.thorough
@pytest.mark.parametrize("method", METHODS)
def test_two_replicas_equal_one_device(method, mirrored):
    trained = []
    for strategy in (None, mirrored):
        keras.utils.set_random_seed(1)
        with strategy.scope() if strategy else contextlib.nullcontext():
            kind, options = METHODS[method]
            model = make(kind, "dcgan", ema_kimg=0.01, seed=3, **options)
        x, labels = items(4 * 8, SHAPES["dcgan"])
        data = tf.data.Dataset.from_tensor_slices({"images": x[:, None], "labels": labels[:, None]})
        model.fit(data.batch(8, drop_remainder=True), verbose=0)
        trained.append(model)
    for one, two in zip(*(model.weights for model in trained), strict=True):
        np.testing.assert_allclose(one.numpy(), two.numpy(), atol=2e-6, err_msg=one.path)


def test_seeds_draw_their_labels_evenly_and_alone():
    labels = random.labels_from_seeds(np.arange(3000), 10).numpy()
    counts = np.bincount(labels, minlength=10)
    assert len(counts) == 10 and np.all(np.abs(counts - 300) < 80)  # five standard deviations
    assert labels[7] == random.labels_from_seeds([7], 10).numpy()[0]
    assert labels.dtype == np.int32


def test_generate_takes_one_label_or_one_for_each_image_or_draws_them():
    model = make()
    model.fit(*items(32), verbose=0)
    drawn = random.labels_from_seeds(np.arange(5, 12), CLASSES).numpy()
    np.testing.assert_array_equal(model.generate(7, 5), model.generate(7, 5, labels=drawn))
    ones = model.generate(7, 5, labels=1)
    np.testing.assert_array_equal(ones, model.generate(7, 5, labels=[1] * 7))
    np.testing.assert_allclose(ones, model.generate(7, 5, labels=1, batch_size=2), atol=1e-6)
    assert not np.allclose(ones, model.generate(7, 5, labels=2))


@pytest.mark.parametrize(
    "labels, message",
    [(3, r"labels=3 must be in \[0, 2\]"), (-1, "labels=-1 must"), ([0, 1], "7 of them"), (0.5, "whole number")],
)
def test_impossible_labels_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        make().generate(7, labels=labels)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0], 3, [0, 1, 2], [0.0, 1.0], "1"])
def test_samples_of_no_class_are_refused(labels):
    with pytest.raises(ValueError, match="labels="):
        make().sample(np.zeros((2, 8), "float32"), labels)


@pytest.mark.parametrize("labels", [[0, 3], [0, 1, 2], "1"])
def test_styles_of_no_class_are_refused(labels):
    shape = (32, 32, 1)
    roles = {"generator": {"latent_dim": 8}, "discriminator": {}}
    model = GAN(*(build("stylegan2", role, shape=shape, width=4, num_classes=3, **own) for role, own in roles.items()))
    for function in (model.styles, lambda latents, given: model.sample_truncated(latents, 0.5, given)):
        with pytest.raises(ValueError, match="labels="):
            function(np.zeros((2, 8), "float32"), labels)
    assert model.styles([[0.0] * 8], [2]).shape[::2] == (1, 8)


@pytest.mark.parametrize("kind", [list, np.asarray, tf.constant])
def test_samples_take_lists_arrays_and_tensors(kind):
    model, latents = make(), np.random.default_rng(0).normal(size=(2, 8)).astype("float32")
    images = model.generate_from_latents(latents, labels=[2, 1])
    np.testing.assert_allclose(model.sample(kind(latents.tolist()), kind([2, 1])), images, atol=1e-6)
    same = tf.function(model.sample, autograph=False)(tf.constant(latents), tf.constant([2, 1]))
    np.testing.assert_allclose(same, images, atol=1e-6)
    np.testing.assert_array_equal(model.sample(latents, 1), model.sample(latents, [1, 1]))


def test_labels_where_they_do_not_belong_or_are_missing():
    plain = GAN(network("mlp", "generator", num_classes=0), network("mlp", "discriminator", num_classes=0))
    with pytest.raises(ValueError, match="labels=1 are for conditional models"):
        plain.generate(2, labels=1)
    with pytest.raises(ValueError, match="labels=1 are for conditional models"):
        plain.sample(np.zeros((2, 8), "float32"), 1)
    with pytest.raises(ValueError, match="needs labels beside the images"):
        make().fit(items(8)[0], verbose=0)
    with pytest.raises(ValueError, match=r"labels=None: .* is conditional"):
        make().sample(np.zeros((2, 8), "float32"))
    with pytest.raises(ValueError, match="num_classes=3 of the generator must be the discriminator's, 0"):
        GAN(network("mlp", "generator"), network("mlp", "discriminator", num_classes=0))


def test_a_conditional_model_survives_a_keras_file(tmp_path):
    model = make(name="dcgan")
    model.fit(*items(8, SHAPES["dcgan"]), verbose=0)
    model.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert loaded.num_classes == CLASSES
    np.testing.assert_allclose(loaded.generate(3, labels=[0, 1, 2]), model.generate(3, labels=[0, 1, 2]), atol=1e-6)
