"""Penalties inside a GAN: several at once, their intervals, their state, those of the generator; losses on pairs."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import random, registry
from tfgan_zoo.core.batch import split
from tfgan_zoo.methods import BRC, CES, GAN
from tfgan_zoo.networks import build
from tfgan_zoo.objectives.penalties import Penalty
from tfgan_zoo.objectives.penalties.r1 import r1
from tfgan_zoo.objectives.penalties.r2 import r2

EAGER = {"run_eagerly": True}


def make(method=GAN, rate=0.05, **options):
    return _compiled(method, "mlp", (2,), {"width": 8}, rate, options)


def make_noisy(method, **options):
    """Returns a model of images whose discriminator perturbs its convolutions."""
    return _compiled(method, "dcgan", (32, 32, 1), {"width": 4, "normalization": "none", "perturb": 0.5}, 0.05, options)


def _compiled(method, network, shape, discriminator, rate, options):
    keras.utils.set_random_seed(1)
    generator = build(network, "generator", shape=shape, width=discriminator["width"], latent_dim=4)
    model = method(generator, build(network, "discriminator", shape=shape, **discriminator), seed=2, **options)
    model.compile(keras.optimizers.SGD(rate), keras.optimizers.SGD(rate), **EAGER)
    return model


def points(num, seed=0):
    return np.random.default_rng(seed).normal(size=(num, 2)).astype("float32")


def reals(model, rows=6, seed=0):
    count = model.batches_per_step
    return {"images": tf.constant(points(rows * count, seed).reshape(rows, count, 2))}


def test_several_penalties_add_up_with_their_weights():
    model = make(penalty=("r1", "r2"), penalty_weight=(2.0, 0.5), penalty_every=1)
    (batch,) = split(reals(model), 1)
    fakes = tf.constant(points(6, seed=5))
    loss, logs = model.discriminator_objective(batch, fakes)
    plain, _ = make().discriminator_objective(batch, fakes)
    one, two = (term(model.discriminator, x) for term, x in ((r1, batch.images), (r2, fakes)))
    assert float(one) != pytest.approx(float(two))
    np.testing.assert_allclose(loss, plain + 2.0 * one + 0.5 * two, rtol=1e-5)
    assert {"penalty_r1", "penalty_r2"} <= logs.keys() and "penalty" not in model.log_names
    assert float(logs["penalty_r2"]) == pytest.approx(float(two))


@pytest.mark.parametrize("every", [1, 3])
def test_an_interval_acts_on_its_steps_and_is_that_much_stronger(every):
    model = make(penalty=("r1", "r2"), penalty_every=every, rate=1e-30)
    rows = [model.update(reals(model, seed=step)) for step in range(2 * every + 1)]
    for step, row in enumerate(rows):
        expected = float(r1(model.discriminator, reals(model, seed=step)["images"][:, 0])) * every
        assert float(row["penalty_r1"]) == pytest.approx(expected if step % every == 0 else 0.0, rel=1e-4)
        assert (float(row["penalty_r2"]) > 0) == (step % every == 0)


@pytest.mark.parametrize("method, options", [(GAN, {}), (BRC, {}), (CES, {"costs": ("hinge", "relativistic")})])
def test_on_every_step_r1_and_r2_hold_the_gradient_of_the_very_logits_that_the_loss_sees(method, options, monkeypatch):
    model = make_noisy(method, penalty=("r1", "r2"), penalty_every=1, **options)
    images, fakes = np.random.default_rng(0).normal(size=(2, 3, 32, 32, 1)).astype("float32")
    (batch,) = split({"images": images[:, None]}, 1)
    calls = []
    discriminate = method.discriminate
    monkeypatch.setattr(method, "discriminate", lambda *args: calls.append(args[3]) or discriminate(*args))
    _, logs = model.discriminator_objective(batch, fakes)
    assert sorted(calls) == sorted(["reals", "fakes"] * len(model.discriminators))  # no pass of the penalties' own
    shown = [model._shown(batch, i) for i in range(2)] if method is CES else [batch]
    for term, x, name in ((r1, images, "reals"), (r2, fakes, "fakes")):
        expected = [float(term(lambda x, b=b, n=name: discriminate(model, x, b, n), x)) for b in shown]
        assert float(logs[f"penalty_{term.__name__}"]) == pytest.approx(np.mean(expected), rel=1e-5)
        assert np.mean(expected) != pytest.approx(float(term(model.discriminator, x)), rel=1e-2)  # there is noise


def test_a_score_of_its_own_is_what_penalties_hold():
    class Halved(GAN):
        def score(self, images, batch, purpose, labels=None):
            return super().score(images, batch, purpose, labels) / 2.0

    logs = [make(it, penalty="r1", penalty_every=1).update(reals(make())) for it in (GAN, Halved)]
    assert float(logs[1]["penalty"]) == pytest.approx(float(logs[0]["penalty"]) / 4.0, rel=1e-5)


def test_no_gan_carries_the_state_of_a_penalty_that_it_lacks():
    assert list(make().states) == ["step"]
    assert list(make(penalty="r1").states) == ["step"]
    assert list(make(penalty="lecam").states) == ["step", "average_real", "average_fake"]
    both = make(penalty=("lecam", "prox"), n_dis=2, augment=())
    assert list(both.states) == ["step", "average_real", "average_fake", "anchor"]
    adaptive = GAN(build("dcgan", "generator", width=2), build("dcgan", "discriminator", width=2), augment=("ada",))
    assert list(adaptive.states) == ["step", "augment_p", "augment_sign"]


def test_a_model_is_saved_with_its_penalties(tmp_path):
    model = make(penalty=("lecam", "r1"), penalty_weight=(0.3, 2.0), penalty_every=(1, 4))
    model.fit(points(24), batch_size=6, verbose=0)
    model.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert [(it.name, it.weight, it.every) for it in loaded.penalties] == [("lecam", 0.3, 1), ("r1", 2.0, 4)]
    assert float(loaded.states["average_real"]) == float(model.states["average_real"]) != 0
    for one, two in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(one, two)


class Small(Penalty):
    """A penalty of the generator, |G(z)|^2, which might keep a state as path length does: of no discriminator."""

    name, summary, of_generator, lazy, keeps_state = "small", "|G(z)|^2", True, True, True

    def term(self, gan, batch, fakes, real_logits, fake_logits):
        return tf.reduce_mean(tf.square(gan.fakes(batch, "small")))


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setitem(registry.PENALTIES._found, "small", Small)


@pytest.mark.parametrize("method, options", [(GAN, {}), (CES, {}), (BRC, {"inner_steps": 1})])
def test_a_penalty_of_the_generator_moves_the_generator_alone_whatever_the_method(method, options, small):
    held, free = (make(method, penalty="small", penalty_weight=weight, **options) for weight in (3.0, 0.0))
    for model in (held, free):
        logs = model.update(reals(model))
        assert float(logs["penalty"]) > 0 and set(model.log_names) >= {"penalty"}
    for one, two in zip(held.discriminator.weights, free.discriminator.weights, strict=True):
        np.testing.assert_array_equal(one, two)
    fresh = make(method, **options)
    with random.scope(2, 0, "small/fakes", substep=fresh.batches_per_step - 1), tf.GradientTape() as tape:
        images = fresh.generator(random.normal((6, 4), "latents"), training=True)
        term = tf.reduce_mean(tf.square(images))
    gradients = tape.gradient(term, fresh.generator.trainable_variables)
    pairs = zip(held.generator.trainable_weights, free.generator.trainable_weights, gradients, strict=True)
    for one, two, gradient in pairs:
        np.testing.assert_allclose(one, two - 0.05 * 3.0 * gradient, atol=1e-6)


# Losses on pairs


def test_one_relativistic_step_by_hand():
    model, twin = make(loss="relativistic"), make(loss="relativistic")
    data = reals(model)
    model.update(data)
    real = data["images"][:, 0]
    with random.scope(2, 0, "discriminator/fakes"):
        fakes = twin.generator(random.normal((6, 4), "latents"))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(twin.discriminator(fakes) - twin.discriminator(real)))
    variables = twin.discriminator.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables, unconnected_gradients="zero"), strict=True):
        variable.assign_sub(0.05 * gradient)
    with random.scope(2, 0, "generator/fakes"), tf.GradientTape() as tape:
        fakes = twin.generator(random.normal((6, 4), "latents"))
        loss = tf.reduce_mean(tf.nn.softplus(twin.discriminator(real) - twin.discriminator(fakes)))
    variables = twin.generator.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(0.05 * gradient)
    for one, two in zip(model.trainable_weights, twin.trainable_weights, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_the_generators_step_looks_at_reals_only_where_the_loss_asks(monkeypatch):
    seen = []
    critic = GAN.discriminate

    def spy(self, images, batch, purpose, labels=None):
        seen.append(purpose)
        return critic(self, images, batch, purpose, labels)

    monkeypatch.setattr(GAN, "discriminate", spy)
    for loss in registry.LOSSES:
        seen.clear()
        model = make(loss=loss, penalty="wgan_gp" if loss == "wasserstein" else ())
        model.update(reals(model))
        assert ("generator/reals" in seen) == (loss == "relativistic"), loss
