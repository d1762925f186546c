"""The loop: what it computes, keeps, averages, saves and refuses."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import random
from tfgan_zoo.layers import all_layers
from tfgan_zoo.methods import GAN, PConv
from tfgan_zoo.networks import build
from tfgan_zoo.objectives import losses

SHAPE = (32, 32, 1)


def make(method=GAN, network="dcgan", optimizer=None, compile_options=None, discriminator=None, **options):
    width = 8 if network == "mlp" else 4
    shape = (2,) if network == "mlp" else SHAPE
    generator = build(network, "generator", shape=shape, width=width, latent_dim=8)
    model = method(
        generator, build(network, "discriminator", shape=shape, width=width, **discriminator or {}), **options
    )
    optimizer = optimizer or (lambda: keras.optimizers.Adam(1e-3, 0.5))
    model.compile(optimizer(), optimizer(), **compile_options or {})
    return model


def images(num, shape=SHAPE, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (num, *shape)).astype("float32")


def copies(weights):
    return [weight.numpy().copy() for weight in weights]


def test_one_step_is_one_discriminator_and_one_generator_update_by_hand():
    model = make(optimizer=lambda: keras.optimizers.SGD(0.1), discriminator={"normalization": "none"}, seed=5)
    twin = make(optimizer=lambda: keras.optimizers.SGD(0.1), discriminator={"normalization": "none"}, seed=5)
    twin.set_weights(model.get_weights())
    x = images(4)
    model.fit(x, batch_size=4, verbose=0)

    with random.scope(5, 0, "discriminator/fakes"):
        fakes = twin.generator(random.normal((4, 8), "latents"), training=True)
    with tf.GradientTape() as tape:
        real_logits, fake_logits = twin.discriminator(x), twin.discriminator(fakes)
        loss = tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))
    variables = twin.discriminator.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(0.1 * gradient)
    with tf.GradientTape() as tape:
        with random.scope(5, 0, "generator/fakes"):
            fakes = twin.generator(random.normal((4, 8), "latents"), training=True)
        loss = tf.reduce_mean(tf.nn.softplus(-twin.discriminator(fakes)))
    variables = twin.generator.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(0.1 * gradient)

    for network in ("generator", "discriminator"):
        for one, two in zip(getattr(model, network).weights, getattr(twin, network).weights, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-6, err_msg=one.path)


def test_step_counts_generator_updates_and_optimisers_count_their_own():
    model = make(n_dis=3)
    model.fit(images(2 * 3 * 4), batch_size=4, verbose=0)
    assert model.batches_per_step == 3
    assert int(model.step.numpy()) == 2
    assert int(model.generator_optimizer.iterations.numpy()) == 2
    assert int(model.discriminator_optimizer.iterations.numpy()) == 6


def test_rates_follow_the_step_and_not_the_optimisers_updates():
    scale = keras.optimizers.schedules.PolynomialDecay(1.0, 4, 0.0)
    model = make(n_dis=3, compile_options={"learning_rate_scale": scale})
    model.fit(images(3 * 3 * 4), batch_size=4, verbose=0)  # the third step, 2, is the last: 1 - 2/4
    assert float(model.generator_optimizer.learning_rate) == pytest.approx(0.5e-3)
    assert float(model.discriminator_optimizer.learning_rate) == pytest.approx(0.5e-3)


def test_schedule_inside_an_optimiser_is_refused():
    schedule = keras.optimizers.schedules.PolynomialDecay(1e-3, 10, 0.0)
    with pytest.raises(ValueError, match="learning_rate_scale"):
        make(optimizer=lambda: keras.optimizers.Adam(schedule))


def test_no_stray_optimizer():
    model = make()
    ours = {id(model.generator_optimizer), id(model.discriminator_optimizer)}
    found = [one for one in vars(model).values() if isinstance(one, keras.optimizers.Optimizer)]
    assert {id(one) for one in found} == ours


def test_training_advances_no_seed_generator():
    model = make(PConv, discriminator={"perturb": 0.5}, augment=("color",))
    generators = [layer.seed_generator for layer in all_layers(model) if hasattr(layer, "seed_generator")]
    assert generators
    before = [generator.state.numpy().copy() for generator in generators]
    model.fit(images(8), batch_size=4, verbose=0)
    assert all(np.array_equal(old, new.state.numpy()) for old, new in zip(before, generators, strict=True))


@pytest.mark.thorough
def test_training_is_a_function_of_the_seed():
    def run(seed):
        keras.utils.set_random_seed(0)
        model = make(PConv, discriminator={"perturb": 0.5}, seed=seed)
        data = tf.data.Dataset.from_tensor_slices(images(8)).batch(4)
        model.fit(data, verbose=0)
        return np.concatenate([weight.ravel() for weight in copies(model.weights)])

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


# The average of the generator


def test_average_takes_in_trainables_and_moving_statistics():
    model = make(ema_kimg=0.004, optimizer=lambda: keras.optimizers.SGD(0.1))  # a half-life of one batch
    data = tf.data.Dataset.from_tensor_slices(images(4)).batch(4)
    model.fit(data, verbose=0)
    for average, weight in zip(model.ema_generator.weights, model.generator.weights, strict=True):
        assert np.array_equal(average, weight)  # nothing was seen before the first step: a copy
    averages = copies(model.ema_generator.weights)
    model.fit(data, verbose=0)
    half_life = min(4, 0.05 * 4)  # images; the ramp-up rules
    decay = 0.5 ** (4 / half_life)
    assert any("moving_mean" in weight.path for weight in model.generator.weights)
    for old, average, weight in zip(averages, model.ema_generator.weights, model.generator.weights, strict=True):
        np.testing.assert_allclose(average, decay * old + (1 - decay) * weight.numpy(), rtol=1e-4, atol=1e-6)


def test_average_of_zero_kimg_is_the_generator_itself():
    model = make(ema_kimg=0)
    model.fit(images(12), batch_size=4, verbose=0)
    for average, weight in zip(model.ema_generator.weights, model.generator.weights, strict=True):
        assert np.array_equal(average, weight)


# Penalties


def test_r1_acts_every_sixteenth_step_sixteen_times_as_strong():
    model = make(penalty="r1", discriminator={"normalization": "none"})
    data = tf.data.Dataset.from_tensor_slices(images(4)).batch(4)
    seen = [model.fit(data, verbose=0).history["penalty"][0] for _ in range(18)]
    assert [step for step, value in enumerate(seen) if value > 0] == [0, 16]


def test_lecam_keeps_running_averages_of_the_logits():
    model = make(penalty="lecam", discriminator={"normalization": "none"})
    data = tf.data.Dataset.from_tensor_slices(images(4)).batch(4)
    rows = [model.fit(data, verbose=0).history for _ in range(3)]
    # As many steps as these are plain means: 1, 1/2, 1/3.
    assert model.states["average_real"].numpy() == pytest.approx(np.mean([row["d_real"][0] for row in rows]), rel=1e-4)
    assert model.states["average_fake"].numpy() == pytest.approx(np.mean([row["d_fake"][0] for row in rows]), rel=1e-4)


def test_prox_holds_the_discriminator_to_where_a_step_began():
    options = {"penalty": "prox", "n_dis": 2, "network": "mlp"}
    model = make(**options)
    model.fit(images(4 * 2, (2,)), batch_size=4, verbose=0)
    began = np.concatenate([weight.ravel() for weight in copies(model.discriminator.trainable_weights)])
    assert np.any(model.states["anchor"].numpy() != began)
    penalty = model.fit(images(4 * 2, (2,)), batch_size=4, verbose=0).history["penalty"]
    np.testing.assert_array_equal(model.states["anchor"], began)
    assert penalty[0] > 0  # that of the step's last update

    def distance(weight):
        held = make(**options, penalty_weight=weight, optimizer=lambda: keras.optimizers.SGD(0.01))
        held.fit(images(4 * 2, (2,)), batch_size=4, verbose=0)
        ended = np.concatenate([weight.ravel() for weight in copies(held.discriminator.trainable_weights)])
        return np.linalg.norm(ended - held.states["anchor"].numpy())

    keras.utils.set_random_seed(0)
    free = distance(0)
    keras.utils.set_random_seed(0)
    assert distance(20) < 0.9 * free


def test_prox_alone_keeps_a_copy_of_the_discriminator():
    assert list(make().states) == ["step"]
    model = make(penalty="prox", n_dis=2)
    assert model.states["anchor"].shape[0] == sum(
        weight.numpy().size for weight in model.discriminator.trainable_weights
    )
    assert not model.states["anchor"].trainable


def test_penalty_takes_its_usual_weight_and_a_given_one():
    assert make(penalty="wgan_gp", discriminator={"normalization": "none"}).penalties[0].weight == 10.0
    assert make(penalty="r1", penalty_weight=3).penalties[0].weight == 3.0


# Sampling


def test_image_i_is_the_image_of_seed_plus_i_in_any_batch():
    model = make()
    whole = model.generate(7, seed=10)
    assert whole.shape == (7, *SHAPE) and whole.dtype == np.float32
    assert whole.min() >= 0 and whole.max() <= 1
    np.testing.assert_allclose(whole[3], model.generate(1, seed=13)[0], atol=1e-6)
    np.testing.assert_allclose(whole, model.generate(7, seed=10, batch_size=2), atol=1e-6)
    assert not np.allclose(whole[0], whole[1])
    latents = random.latents_from_seeds([12], 8)
    np.testing.assert_allclose(whole[2], (model(latents)[0] + 1) / 2, atol=1e-6)


def test_truncation_scales_the_latents():
    model = make()
    zero = model.generate(2, truncation=0.0)
    np.testing.assert_allclose(zero[0], zero[1], atol=1e-6)
    np.testing.assert_allclose(
        model.generate(1, truncation=0.5)[0], model.sample(0.5 * random.latents_from_seeds([0], 8))[0], atol=1e-6
    )


def test_mixture_is_sampled_in_data_units():
    model = make(network="mlp")
    latents = random.latents_from_seeds([0, 1], 8)
    np.testing.assert_allclose(model.generate(2), model(latents), atol=1e-6)


# Saving


@pytest.mark.thorough
@pytest.mark.parametrize("trained", [False, True])
def test_keras_file_keeps_weights_optimisers_and_rates(tmp_path, trained):
    scale = keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.0)
    model = make(PConv, discriminator={"perturb": 0.5}, penalty="lecam", compile_options={"learning_rate_scale": scale})
    if trained:
        model.fit(images(12), batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded, PConv)
    assert loaded.get_config() == model.get_config()
    for role in ("generator", "discriminator"):
        one, two = (getattr(gan, f"{role}_optimizer") for gan in (model, loaded))
        assert [v.numpy().tobytes() for v in one.variables] == [v.numpy().tobytes() for v in two.variables]
        assert loaded._base_learning_rates[role] == pytest.approx(1e-3)
    assert [w.numpy().tobytes() for w in model.weights] == [w.numpy().tobytes() for w in loaded.weights]
    data = tf.data.Dataset.from_tensor_slices(images(8)).batch(4)
    model.fit(data, verbose=0)
    loaded.fit(data, verbose=0)
    for one, two in zip(model.weights, loaded.weights, strict=True):
        assert np.array_equal(one, two), one.path


# Data


@pytest.mark.thorough
@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("n_dis", [1, 2])
def test_fit_takes_plain_images_with_or_without_labels(n_dis, labels):
    model = make(n_dis=n_dis)
    x = tf.data.Dataset.from_tensor_slices((images(16), np.arange(16, dtype="int32")) if labels else images(16))
    model.fit(x.batch(4, drop_remainder=True), verbose=0)
    assert int(model.step.numpy()) == 4 // n_dis


def test_rows_first_keeps_every_substeps_batch_together():
    from tfgan_zoo.core.fit_data import batches_of_steps

    data = tf.data.Dataset.from_tensor_slices(np.arange(12.0, dtype="float32").reshape(12, 1)).batch(2)
    element = next(iter(batches_of_steps(data, 3, (1,))))["images"].numpy()
    assert element.shape == (2, 3, 1)
    np.testing.assert_array_equal(element[..., 0], [[0, 2, 4], [1, 3, 5]])


def test_fit_refuses_other_shapes():
    with pytest.raises(ValueError, match="a data set must yield images"):
        make().fit(tf.data.Dataset.from_tensor_slices(np.zeros((4, 7))), verbose=0)


# Options


@pytest.mark.parametrize(
    "options, message",
    [
        ({"loss": "hinges"}, "loss=hinges is unknown .did you mean hinge"),
        ({"penalty": "r3"}, "penalty=r3 is unknown"),
        ({"penalty": "r1", "penalty_weight": -1}, "penalty_weight=-1 must be at least 0"),
        (
            {"penalty": "r1", "penalty_weight": math.inf},
            "penalty_weight=inf must be at least 0 and finite for penalty=r1",
        ),
        ({"penalty": "r1", "penalty_weight": "9"}, "penalty_weight='9' must be at least 0 and finite"),
        ({"penalty": "r1", "penalty_every": 2.5}, "penalty_every=2.5 must be a whole number for penalty=r1"),
        ({"penalty_weight": 1}, "penalty_weight=1 is of no use without a penalty"),
        ({"penalty": ("r1", "r2"), "penalty_weight": (1, 2, 3)}, "penalty_weight=1,2,3 must be one number, or one for"),
        ({"penalty": ("r1", "r1")}, "penalty=r1,r1 names one twice"),
        ({"penalty": "lecam", "penalty_every": 4}, "penalty_every=4 for penalty=lecam must be 0 or 1"),
        ({"penalty": "r1", "penalty_every": -1}, "penalty_every=-1 for penalty=r1 must be at least 0"),
        ({"n_dis": 0}, "n_dis=0 must be at least 1"),
        ({"n_dis": 1.5}, "n_dis=1.5 must be a whole number"),
        ({"n_dis": "2"}, "n_dis='2' must be at least 1"),
        ({"penalty": "prox"}, "n_dis=1 leaves penalty=prox without effect"),
        ({"ema_kimg": -1}, "ema_kimg=-1 must be at least 0"),
        ({"seed": -1}, "seed=-1 must be in"),
        ({"seed": 0.5}, "seed=0.5 must be in"),
        ({"schedule": "g_lr=1->0"}, "schedule_steps=None must be the steps in which g_lr changes"),
        ({"schedule": "g_lr=1->0", "schedule_steps": 2.5}, "schedule_steps=2.5 must be a whole number"),
        ({"schedule": "g_lr=1->-1", "schedule_steps": 9}, "schedule: g_lr=-1.0 must be at least 0"),
        ({"schedule": "beta_2=0.9->1@4"}, "schedule: beta_2=1.0 must be at least 0 and at most 0.999999"),
        ({"schedule": "penalty_weight=1->0@4"}, "schedule: penalty_weight is of no use, as there is none"),
        ({"schedule": "ada_target=0.6->0@4"}, "schedule: ada_target is of no use, as there is none"),
        ({"augment": ("colour",)}, "augment=colour is unknown"),
        ({"augment": 3}, "augment=3 must be a name, or several"),
        ({"augment": ("ada",), "ada_target": 5}, r"ada_target=5 must be in \[-1, 1\]"),
        ({"augment": ("ada",), "ada_kimg": "2"}, "ada_kimg='2' must be above 0"),
        ({"penalty": 3}, "penalty=3 must be a name, or several"),
        ({"schedule": None}, "schedule=None must be a text, or several"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_pconv_refuses_a_discriminator_that_does_not_perturb():
    with pytest.raises(ValueError, match="perturb above 0"):
        make(PConv)


@pytest.mark.parametrize("options", [{"num": 0}, {"num": 1, "truncation": 2.0}, {"num": 1, "batch_size": 0}])
def test_bad_sampling_is_refused(options):
    with pytest.raises(ValueError, match="must be"):
        make().generate(**options)


@pytest.mark.thorough
def test_xla_trains():
    model = make(
        PConv, discriminator={"perturb": 0.5, "normalization": "spectral"}, compile_options={"jit_compile": True}
    )
    history = model.fit(images(8), batch_size=4, verbose=0).history
    assert np.isfinite(history["g_loss"]).all()
    assert int(model.step.numpy()) == 2


def test_threshold_belongs_to_the_loss():
    """The seam that ensembles of discriminators read."""
    assert make(loss="hinge").adversarial_loss is losses.get("hinge")
