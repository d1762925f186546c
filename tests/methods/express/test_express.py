"""Three phases: what trains in each and what rests, how one goes over into the next, and that all of it resumes."""

import contextlib
import pathlib
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import data, random, registry, serving
from tfgan_zoo.core import batch as batches
from tfgan_zoo.layers import all_layers
from tfgan_zoo.methods import BRC, CES, GAN, Express, Particle, PConv
from tfgan_zoo.networks import build
from tfgan_zoo.objectives import losses
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training.build import build_model
from tfgan_zoo.training.checkpoints import Checkpoints
from tfgan_zoo.training.health import Health, word

BATCH, CODES, LATENTS = 8, 3, 5
BOUNDARIES = (2, 4)
SHAPES = {"mlp": (2,), "dcgan": (32, 32, 1)}
BASE_NAMES = ["d_loss", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm"]


def adam():
    return keras.optimizers.Adam(1e-3, 0.5)


def sgd():
    return keras.optimizers.SGD(0.01)


def make(
    method=GAN, network="mlp", optimizer=adam, discriminator=None, host=None, schedule=None, run_eagerly=True, **options
):
    """A small model; it runs eagerly unless a test is about the compiled steps, which take seconds to trace."""
    shape, width = SHAPES[network], 8 if network == "mlp" else 4
    common = {"shape": shape, "width": width}
    critic = build(network, "discriminator", **common, **discriminator or {})
    options = {"boundaries": BOUNDARIES} | options
    host = {"n_dis": 1, "ema_kimg": 0.01, "seed": 3} | (host or {})
    shared = {name: host[name] for name in ("n_dis", "ema_kimg", "seed")}
    latent_gan = GAN(
        build("mlp", "generator", shape=(CODES,), latent_dim=LATENTS, width=8),
        build("mlp", "discriminator", shape=(CODES,), width=8),
        **shared,
    )
    data_gan = method(build(network, "generator", latent_dim=CODES, **common), critic, **host)
    encoder = build(network, "discriminator", outputs=CODES, **common)
    model = Express(data_gan, encoder, latent_gan, **options)
    model.compile(optimizer(), optimizer(), learning_rate_scale=schedule, run_eagerly=run_eagerly)
    return model


def reals(model, steps=6, seed=0):
    shape = (steps * BATCH, model.batches_per_step, *model.image_shape)
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def train(model, steps=6, first=0, total=6):
    """Steps `first`, `first` + 1, ... of a run over the same data; an epoch a step."""
    dataset = tf.data.Dataset.from_tensor_slices({"images": reals(model, total)}).batch(BATCH, drop_remainder=True)
    if steps == 0:
        return {}
    return model.fit(dataset.skip(first).repeat(), epochs=steps, steps_per_epoch=1, verbose=0).history


def one_batch(model, step=0):
    images = reals(model)[step * BATCH : (step + 1) * BATCH]
    return batches.split({"images": tf.constant(images)}, model.batches_per_step)[0]


def copies(*networks):
    return [weight.numpy().copy() for network in networks for weight in network.weights]


def same(one, two):
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, two, strict=True))


def moved(before, network):
    """Whether every trainable weight of a network has moved."""
    pairs = zip(before, network.weights, strict=True)
    return all(not np.array_equal(old, new.numpy()) for old, new in pairs if new.trainable)


def everything(model):
    """Weights and optimisers, as bytes."""
    optimizers = [gan.__dict__[f"{role}_optimizer"] for gan in (model.host, model.latent_gan) for role in ROLES]
    variables = [v for optimizer in (*optimizers, model.autoencoder.optimizer) for v in optimizer.variables]
    return [(variable.path, variable.numpy().tobytes()) for variable in (*model.weights, *variables)]


ROLES = ("generator", "discriminator")


def different(one, two):
    return [a[0] for a, b in zip(everything(one), everything(two), strict=True) if a[1] != b[1]]


# What trains in a phase, and what rests


def parts(model):
    return {
        "E": model.autoencoder.encoder,
        "R": model.autoencoder.decoder,
        "G1": model.latent_gan.generator,
        "D1": model.latent_gan.discriminator,
        "averaged G1": model.latent_gan.ema_generator,
        "whitening": model.autoencoder.whitening,
        "G2": model.host.generator,
        "D2": model.host.discriminator,
        "averaged G2": model.host.ema_generator,
    }


TRAINS = {0: {"E", "R", "whitening", "averaged G2"}, 1: {"G1", "D1", "averaged G1"}, 2: {"G2", "D2", "averaged G2"}}


@pytest.mark.parametrize("network", ["mlp", "dcgan"])
@pytest.mark.parametrize("phase", [0, 1, 2])
def test_a_phase_moves_its_own_weights_and_leaves_all_others_bitwise_alone(phase, network):
    """E unchanged by phase 1, E and G1 by phase 2: moving statistics and spectral norms too."""
    spectral = {"normalization": "spectral"} if network == "dcgan" else {}
    model = make(network=network, discriminator=spectral)
    train(model, 2 * phase)
    before = {name: copies(part) for name, part in parts(model).items()}
    assert model.phase == phase
    train(model, 2, first=2 * phase)
    for name, part in parts(model).items():
        if name not in TRAINS[phase]:
            assert same(before[name], copies(part)), name
        elif name.startswith(("averaged", "whitening")):
            assert not same(before[name], copies(part)), name
        else:
            assert moved(before[name], part), name


def test_batch_normalisation_of_the_encoder_rests_with_it():
    model = make(network="dcgan", discriminator={"normalization": "batch"})
    statistics = [weight for weight in model.autoencoder.encoder.weights if "moving" in weight.path]
    assert statistics
    start = [weight.numpy().copy() for weight in statistics]
    train(model, 2)
    assert not same(start, [weight.numpy() for weight in statistics])
    before = copies(model.autoencoder.encoder, model.autoencoder.decoder)
    train(model, 4, first=2)
    assert same(before, copies(model.autoencoder.encoder, model.autoencoder.decoder))


def test_every_phase_has_its_own_optimisers_and_counts():
    model = make(host={"n_dis": 2})
    train(model)
    assert model.batches_per_step == 2
    counts = {
        "autoencoder": model.autoencoder.optimizer,
        "G1": model.latent_gan.generator_optimizer,
        "D1": model.latent_gan.discriminator_optimizer,
        "G2": model.generator_optimizer,
        "D2": model.discriminator_optimizer,
    }
    counts = {name: int(optimizer.iterations.numpy()) for name, optimizer in counts.items()}
    assert counts == {"autoencoder": 2, "G1": 2, "D1": 4, "G2": 2, "D2": 4}
    assert [int(gan.step.numpy()) for gan in (model, model.latent_gan, model.host)] == [6, 2, 2]


def test_phases_follow_the_step():
    model = make()
    assert train(model)["phase"] == [0, 0, 1, 1, 2, 2]
    assert model.phase == 2


# Phase 0


def test_linear_autoencoder_finds_a_ring_in_16_dimensions():
    """A plane in R^16 has two dimensions: E and R linear and two codes are enough."""
    rng = np.random.default_rng(0)
    plane, _ = np.linalg.qr(rng.normal(size=(16, 2)))
    points, _ = data.load("ring").reals(2048)
    embedded = (points @ plane.T).astype("float32")
    linear = {"activation": "linear", "width": 16, "depth": 1}
    latent_gan = GAN(build("mlp", "generator", shape=(2,)), build("mlp", "discriminator", shape=(2,)))
    host = GAN(
        build("mlp", "generator", shape=(16,), latent_dim=2, **linear), build("mlp", "discriminator", shape=(16,))
    )
    encoder = build("mlp", "discriminator", shape=(16,), outputs=2, **linear)
    model = Express(host, encoder, latent_gan, boundaries=(10**6, 10**6 + 1))
    model.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2))
    history = model.fit(embedded, batch_size=128, epochs=40, verbose=0).history
    error = np.mean((model.autoencoder.decoder(model.autoencoder.encoder(embedded)) - embedded) ** 2)
    assert error < 1e-4 * embedded.var()
    assert history["reconstruction"][-1] < 1e-3 * embedded.var() < history["reconstruction"][0]


def test_one_autoencoder_step_by_hand():
    model = make(optimizer=lambda: keras.optimizers.SGD(0.1))
    twin = make(optimizer=lambda: keras.optimizers.SGD(0.1))
    twin.set_weights(model.get_weights())
    x = one_batch(model).images
    logs = train(model, 1)
    variables = twin.autoencoder.encoder.trainable_variables + twin.autoencoder.decoder.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((twin.autoencoder.decoder(twin.autoencoder.encoder(x)) - x) ** 2)
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(0.1 * gradient)
    for one, two in zip(
        copies(model.autoencoder.encoder, model.autoencoder.decoder),
        copies(twin.autoencoder.encoder, twin.autoencoder.decoder),
        strict=True,
    ):
        np.testing.assert_allclose(one, two, atol=1e-6)
    assert logs["g_loss"] == logs["reconstruction"] == pytest.approx([float(loss)], rel=1e-5)


def test_whitening_is_a_plain_mean_at_first_over_the_codes_in_inference():
    model = make(network="dcgan", boundaries=(3, 4))  # batch normalisation: training codes are others
    seen = []
    for step in range(3):
        train(model, 1, first=step)
        seen.append(model.autoencoder.encoder(one_batch(model, step).images, training=False).numpy())
    codes = np.concatenate(seen).astype("float64")
    np.testing.assert_allclose(model.autoencoder.whitening.mean, codes.mean(axis=0), rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(model.autoencoder.whitening.variance, codes.var(axis=0), rtol=1e-3)


def test_whitening_round_trips():
    model = make()
    train(model, 2)
    codes = model.autoencoder.encoder(reals(model)[:, 0])
    np.testing.assert_allclose(model.autoencoder.whitening(model.autoencoder.whitening.whiten(codes)), codes, atol=1e-5)


# Phase 1


def test_the_latent_gan_is_shown_whitened_codes():
    model = make(host={"n_dis": 2})
    train(model, 2)
    seen = []
    model.latent_gan.update = lambda data: seen.append(data["images"].numpy()) or {}
    model.update({"images": tf.constant(reals(model)[:BATCH])})
    images = reals(model)[:BATCH]
    for row in range(2):
        codes = model.autoencoder.encoder(images[:, row]).numpy()
        white = (codes - model.autoencoder.whitening.mean.numpy()) / np.sqrt(
            model.autoencoder.whitening.variance.numpy() + 1e-8
        )
        np.testing.assert_allclose(seen[0][:, row], white, atol=1e-4)


# Phase 2


def set_apart(average):
    """Makes an average differ from what it averages, which after a few steps it hardly does."""
    average.set_weights([weight / 2 for weight in average.get_weights()])


def test_sample_is_g2_of_unwhitened_g1():
    model = make()
    train(model, 5)
    set_apart(model.latent_gan.ema_generator)
    set_apart(model.host.ema_generator)
    z = np.random.default_rng(0).normal(size=(7, LATENTS)).astype("float32")
    white = model.latent_gan.ema_generator(z).numpy()
    codes = (
        white * np.sqrt(model.autoencoder.whitening.variance.numpy() + 1e-8) + model.autoencoder.whitening.mean.numpy()
    )
    np.testing.assert_allclose(model.sample(z), model.host.ema_generator(codes), atol=1e-6)
    assert model.latent_dim == LATENTS and model.host.latent_dim == CODES
    np.testing.assert_allclose(
        model.generate(2, seed=4), model.sample(random.latents_from_seeds([4, 5], LATENTS)), atol=1e-6
    )


@pytest.mark.parametrize("method", [GAN, PConv])
def test_one_step_of_the_data_gan_by_hand(method):
    """The host's own step, but for what its generator takes."""
    network, noisy = ("mlp", {}) if method is GAN else ("dcgan", {"normalization": "none", "perturb": 0.5})
    rate = 0.1 if method is GAN else 1e-3
    model, twin = (make(method, network, lambda: keras.optimizers.SGD(rate), noisy) for _ in range(2))
    train(model, 4)
    set_apart(model.latent_gan.ema_generator)
    twin.set_weights(model.get_weights())
    train(model, 1, first=4)
    x, host = one_batch(model, 4).images, twin.host

    def fakes(purpose):
        with random.scope(3, 4, f"{purpose}/fakes"):  # the run's step: the host's own is 0
            z = random.normal((BATCH, LATENTS), "latents")
        return host.generator(twin.autoencoder.whitening(twin.latent_gan.ema_generator(z)), training=True)

    def critic(images, purpose):
        with random.scope(3, 4, purpose):
            return host.discriminator(images, training=True)

    loss = losses.get("non_saturating")
    held = fakes("discriminator")
    for network, objective in (
        (host.discriminator, lambda: loss.discriminator(critic(x, "reals"), critic(held, "fakes"))),
        (host.generator, lambda: loss.generator(critic(fakes("generator"), "generator"))),
    ):
        with tf.GradientTape() as tape:
            value = objective()
        variables = network.trainable_variables
        for variable, gradient in zip(variables, tape.gradient(value, variables), strict=True):
            variable.assign_sub(rate * gradient)
    for role in ROLES:
        for one, two in zip(getattr(model.host, role).weights, getattr(host, role).weights, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-6, err_msg=one.path)


@pytest.mark.parametrize("method", [BRC, CES])
def test_encoder_latents_feed_the_codes_of_the_batch_to_every_network_call(method):
    own = {"inner_steps": 1} if method is BRC else {}
    model = make(method, encoder_latents=True, host={"ema_kimg": 0.01, **own})
    train(model, 4)
    batch = one_batch(model, 4)
    np.testing.assert_array_equal(model.host.latents(batch), model.autoencoder.encoder(batch.images, training=False))
    images = model.host.fakes(batch, "generator")
    np.testing.assert_allclose(
        images, model.host.generator(model.autoencoder.encoder(batch.images), training=True), atol=1e-6
    )
    history = train(model, 2, first=4)
    assert np.isfinite(history["g_loss"]).all() and moved(copies(make(method).host.generator), model.host.generator)


def test_init_from_decoder_starts_g2_at_r():
    model = make(network="dcgan", init_from_decoder=True)
    train(model, 4)
    codes = model.autoencoder.encoder(one_batch(model).images)
    model._enter()  # what the next step does before anything else
    np.testing.assert_array_equal(model.host.generator(codes), model.autoencoder.decoder(codes))
    assert same(copies(model.host.generator), copies(model.autoencoder.decoder))  # moving statistics too
    train(model, 1, first=4)
    after = copies(model.host.generator)
    assert not same(after, copies(model.autoencoder.decoder))
    model._enter()
    assert same(after, copies(model.host.generator))  # once


def test_a_compiled_run_starts_g2_at_r_too():
    """With a rate of nearly 0, G2 is still R after the first step of phase 2."""
    model = make(init_from_decoder=True, optimizer=lambda: keras.optimizers.SGD(1e-30), run_eagerly=False)
    assert not same(copies(model.host.generator), copies(model.autoencoder.decoder))
    train(model, 5)
    assert model.phase == 2
    for mine, decoders in zip(copies(model.host.generator), copies(model.autoencoder.decoder), strict=True):
        np.testing.assert_allclose(mine, decoders, rtol=0, atol=1e-20)  # a bias of 0 moves by the rate


def test_encoder_latents_leave_the_encoders_batch_statistics_alone():
    model = make(network="dcgan", discriminator={"normalization": "batch"}, encoder_latents=True)
    train(model, 4)
    before = copies(model.autoencoder.encoder)
    train(model, 2, first=4)
    assert same(before, copies(model.autoencoder.encoder))


def test_without_it_g2_starts_where_it_was_made():
    model = make(network="dcgan")
    start = copies(model.host.generator)
    train(model, 4)
    model._enter()
    assert same(start, copies(model.host.generator))


def test_sampling_uses_the_averaged_decoder_until_phase_2():
    model = make(network="dcgan", host={"ema_kimg": 0.0})
    train(model, 1)
    assert same(copies(model.host.ema_generator), copies(model.autoencoder.decoder))
    train(model, 3, first=1)
    assert same(copies(model.host.ema_generator), copies(model.autoencoder.decoder))
    train(model, 1, first=4)
    assert same(copies(model.host.ema_generator), copies(model.host.generator))


def test_the_average_begins_afresh_with_phase_2():
    """With the run's step in the place of the host's own, the first average would be mostly R."""
    model = make(host={"ema_kimg": 100.0}, boundaries=(20, 25))
    train(model, 26, total=26)
    assert same(copies(model.host.ema_generator), copies(model.host.generator))


def test_lecam_begins_afresh_with_phase_2():
    model = make(host={"penalty": "lecam"})
    history = train(model)
    assert model.host.states["average_real"].numpy() == pytest.approx(np.mean(history["d_real"][4:]), rel=1e-4)


# One step for all


def test_draws_depend_on_the_runs_step(monkeypatch):
    """With steps of their own, the latent GAN and the data GAN would draw the same z."""
    seen = []
    real_scope = random.scope

    def scope(seed, step, *args, **kwargs):
        seen.append((int(step), args[0]))
        return real_scope(seed, step, *args, **kwargs)

    model = make()
    monkeypatch.setattr(random, "scope", scope)
    train(model)
    assert {step for step, purpose in seen if purpose in ("encoder", "decoder")} == {0, 1}
    assert {step for step, purpose in seen if purpose == "generator/fakes"} == {2, 3, 4, 5}


def test_rates_follow_the_runs_step():
    model = make(schedule=keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.0))

    def rates(*optimizers):
        return [float(optimizer.learning_rate.numpy()) for optimizer in optimizers]

    train(model, 2)
    assert rates(model.autoencoder.optimizer) == pytest.approx([0.9e-3])
    train(model, 2, first=2)
    gan = model.latent_gan
    assert rates(gan.generator_optimizer, gan.discriminator_optimizer) == pytest.approx([0.7e-3] * 2)
    train(model, 2, first=4)
    assert rates(model.generator_optimizer, model.discriminator_optimizer) == pytest.approx([0.5e-3] * 2)


def test_training_advances_no_seed_generator():
    model = make(PConv, "dcgan", discriminator={"perturb": 0.5}, host={"augment": ("color",)})
    layers = [layer for layer in all_layers(model) if hasattr(layer, "seed_generator")]
    assert layers
    before = [layer.seed_generator.state.numpy().copy() for layer in layers]
    train(model)
    assert same(before, [layer.seed_generator.state.numpy() for layer in layers])


# Logs and health


@pytest.mark.parametrize("method, extra", [(GAN, []), (BRC, ["c", "c_unclamped"])])
def test_logs_have_the_same_names_and_a_meaning_in_every_phase(method, extra):
    model = make(method)
    assert model.log_names == [*BASE_NAMES, *extra, "phase", "reconstruction"]
    history = train(model)
    assert set(history) == set(model.log_names)
    assert all(np.isfinite(values).all() for values in history.values())
    assert history["g_loss"][:2] == history["reconstruction"][:2]
    assert history["d_loss"][:2] == [0, 0] and all(value != 0 for value in history["d_loss"][2:])
    assert history["reconstruction"][2:] == [float(model.autoencoder.reconstruction.numpy())] * 4
    assert float(model.autoencoder.reconstruction.numpy()) == pytest.approx(
        np.mean(history["reconstruction"][:2]), rel=1e-5
    )


@pytest.mark.parametrize("method", [CES, Particle])
def test_health_speaks_in_every_phase(method):
    model = make(method)
    health = Health(model, data.load("ring"))
    words = []
    for step in range(6):
        logs = {name: values[0] for name, values in train(model, 1, first=step).items()}
        numbers = logs | health.signals()
        assert all(np.isfinite(value) for value in numbers.values() if value is not None)
        words.append(word(numbers, registry.METHODS["express"]))
    assert words[:4] == ["preparing"] * 4 and "preparing" not in words[4:]
    assert word(numbers | {"phase": 0.0, "g_loss": np.nan}, registry.METHODS["express"]) == "diverging"


# Keeping and resuming


def test_an_interrupted_run_resumes_in_its_phase(tmp_path):
    """At any step; what the checkpoint missed would be another model's, from another step."""
    options = {"init_from_decoder": True, "host": {"penalty": "lecam", "n_dis": 2}}
    straight, resumed = make(**options), make(**options)
    for step in range(6):
        train(straight, 1, first=step)
        Checkpoints(straight, tmp_path / str(step + 1)).save()
    train(resumed, 3)
    for first in range(1, 6):
        assert Checkpoints(resumed, tmp_path / str(first)).restore() == first
        assert resumed.phase == int(np.searchsorted(BOUNDARIES, first, side="right"))
        train(resumed, 6 - first, first=first)
        assert not different(straight, resumed), first


@pytest.mark.thorough
def test_a_compiled_run_resumes_across_both_boundaries(tmp_path):
    straight, resumed = make(run_eagerly=False), make(run_eagerly=False)
    train(straight, 1)
    Checkpoints(straight, tmp_path).save()
    train(straight, 5, first=1)
    Checkpoints(resumed, tmp_path).restore()
    train(resumed, 5, first=1)
    assert not different(straight, resumed)


def test_a_longer_run_keeps_its_phases(tmp_path):
    model = make()
    train(model, 3)
    Checkpoints(model, tmp_path).save()
    longer = make(boundaries=(20, 40))
    Checkpoints(longer, tmp_path).restore()
    assert longer.phase == 1
    train(longer, 3, first=3)
    train(model, 3, first=3)
    assert longer.phase == 2 and not different(model, longer)


@pytest.mark.thorough
@pytest.mark.parametrize("steps", [1, 4])
def test_keras_file_keeps_weights_optimisers_and_phase(steps, tmp_path):
    schedule = keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.0)
    noisy = {"normalization": "spectral", "perturb": 0.5}
    model = make(PConv, "dcgan", schedule=schedule, discriminator=noisy, encoder_latents=True, init_from_decoder=True)
    train(model, steps)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is Express and type(loaded.host) is PConv and loaded.phase == model.phase
    assert loaded.get_config() == model.get_config()
    assert [v.tobytes() for v in loaded.get_weights()] == [v.tobytes() for v in model.get_weights()]
    loaded.run_eagerly = True
    train(model, 6 - steps, first=steps)
    train(loaded, 6 - steps, first=steps)
    assert [v.tobytes() for v in loaded.get_weights()] == [v.tobytes() for v in model.get_weights()]


def test_generators_config_round_trips():
    generator = make().generator
    again = generator.__class__.from_config(generator.get_config())
    again.set_weights(generator.get_weights())
    z = np.ones((3, LATENTS), "float32")
    np.testing.assert_array_equal(again(z), generator(z))


def test_export_samples_what_the_model_samples(tmp_path):
    model = make(network="dcgan")
    train(model, 5)
    served = serving.SavedModelGenerator(serving.export(model, tmp_path))
    np.testing.assert_allclose(served.generate(5, seed=2, truncation=0.7), model.generate(5, 2, 0.7), atol=1e-5)
    z = random.latents_from_seeds([0, 1], LATENTS)
    np.testing.assert_allclose(served.sample(z), model.sample(z), atol=1e-6)
    names = [name for name, _ in tf.train.list_variables(f"{tmp_path}/1/variables/variables") if "weights/" in name]
    assert len(names) == len(model.sampler.variables)


# Replicas


def on(strategy, **options):
    keras.utils.set_random_seed(1)
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = make(optimizer=sgd, boundaries=(3, 6), run_eagerly=False, host={"n_dis": 2}, **options)
    dataset = tf.data.Dataset.from_tensor_slices({"images": reals(model, 10)}).batch(BATCH, drop_remainder=True)
    logs = model.fit(dataset, verbose=0).history  # one epoch over all three phases
    assert model.judged_steps == model.host.trained_steps == model.trained_steps - int(model.begins[1]) > 0
    assert int(model.step.numpy()) == 10
    return model, logs


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"init_from_decoder": True}, marks=pytest.mark.thorough),
        pytest.param({"encoder_latents": True}, marks=pytest.mark.slow),
        pytest.param({"network": "dcgan", "init_from_decoder": True}, marks=pytest.mark.slow),
    ],
)
def test_ten_sgd_steps_on_two_replicas_equal_one_device(options, mirrored):
    start = copies(make(network=options.get("network", "mlp")).autoencoder.whitening)
    alone, logs_alone = on(None, **options)
    shared, logs_shared = on(mirrored, **options)
    for one, two in zip(alone.weights, shared.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), two.numpy(), atol=1e-6, err_msg=one.path)
    for name, values in logs_alone.items():
        if "norm" not in name:
            assert logs_shared[name] == pytest.approx(values, abs=1e-5), name
    for weight in shared.weights:
        first, second = (copy.numpy() for copy in weight.value.values)
        assert first.tobytes() == second.tobytes(), weight.path
    assert not same(start, copies(shared.autoencoder.whitening))


def test_whitening_is_over_the_global_batch(mirrored):
    """A mean of the replicas' variances would miss how far apart their means are."""
    x = np.concatenate([np.full((4, 1, 2), -1), np.full((4, 1, 2), 1)]).astype("float32")  # a half for each replica
    dataset = tf.data.Dataset.from_tensor_slices({"images": x}).batch(8)
    variances = []
    for strategy in (None, mirrored):
        with strategy.scope() if strategy else contextlib.nullcontext():
            model = make(optimizer=lambda: keras.optimizers.SGD(1e-30), run_eagerly=False)
        model.fit(dataset, verbose=0)
        codes = model.autoencoder.encoder(x[:, 0]).numpy()
        np.testing.assert_allclose(model.autoencoder.whitening.variance.numpy(), codes.var(axis=0), rtol=1e-4)
        variances.append(codes.var(axis=0))
    assert np.min(variances) > 0


# Runs


def config(**given):
    return resolve(**{"method": "express", "batch_size": BATCH, "width": 4, "latent_dim": 8, "kimg": 0.08, **given})


def test_a_run_has_the_networks_and_the_split_of_the_paper():
    model = build_model(config(host="pconv", kimg=0.8))
    assert model.begins.numpy().tolist() == [10, 60]
    assert model.host.discriminator.perturb == 0.5 and model.autoencoder.encoder.perturb == 0.0
    assert type(model.autoencoder.encoder) is type(model.host.discriminator)
    assert model.autoencoder.encoder.outputs == model.host.latent_dim == model.latent_dim == 8
    for network in (model.latent_gan.generator, model.latent_gan.discriminator):
        assert (network.width, network.depth) == (512, 3)


@pytest.mark.parametrize("share, begins", [(0.0, [10, 11]), (0.2, [10, 30]), (0.9, [10, 100])])
def test_the_latent_gan_has_its_share_of_the_steps(share, begins):
    assert build_model(config(dataset="ring", kimg=0.8, latent_share=share)).begins.numpy().tolist() == begins


def test_without_a_data_gan_the_decoder_makes_the_samples():
    model = build_model(config(dataset="ring", kimg=0.08, latent_share=0.9, ema_kimg=0.0))
    model.run_eagerly = True
    history = model.fit(data.load("ring").train(BATCH, 1, 0), epochs=10, steps_per_epoch=1, verbose=0).history
    assert history["phase"] == [0] + 9 * [1]
    assert same(copies(model.host.ema_generator), copies(model.autoencoder.decoder))


def test_the_shortest_run_has_every_phase():
    assert build_model(config(dataset="ring", kimg=0.024)).begins.numpy().tolist() == [1, 2]


def test_the_latent_gan_has_the_hosts_loss_and_penalty_where_it_has_one():
    gan = build_model(config(dataset="ring", loss="wasserstein", penalty="wgan_gp")).latent_gan
    assert (gan.adversarial_loss.name, gan.penalties[0].name, gan.n_dis) == ("wasserstein", "wgan_gp", 5)
    gan = build_model(config(dataset="ring", host="particle")).latent_gan
    assert (gan.adversarial_loss.name, gan.penalties) == ("non_saturating", ())
    model = build_model(config(dataset="ring", host="brc", penalty="prox", n_dis=1))
    assert (model.host.penalties[0].name, model.latent_gan.penalties) == ("prox", ())


def test_the_latent_gans_critic_is_spectrally_normalised_and_its_optimisers_have_no_momentum():
    """Else it does not learn codes of 128 dimensions: they stay alike, and what G2 takes with them."""
    model = build_model(config(dataset="ring"))
    assert model.latent_gan.discriminator.normalization == "spectral"
    for role in ("generator", "discriminator"):
        latent, host = (getattr(gan, f"{role}_optimizer") for gan in (model.latent_gan, model.host))
        assert (latent.beta_1, latent.beta_2) == (0.0, 0.9) and host.beta_1 == 0.5
    penalized = build_model(config(dataset="ring", loss="wasserstein", penalty="wgan_gp"))
    assert penalized.latent_gan.discriminator.normalization == "none"


def test_the_latent_gans_optimisers_have_the_rates_of_the_runs():
    gan = build_model(config(dataset="ring", g_lr=3e-3, d_lr=2e-4)).latent_gan
    rates = [float(getattr(gan, f"{role}_optimizer").learning_rate.numpy()) for role in ROLES]
    assert rates == pytest.approx([3e-3, 2e-4])


def test_the_hosts_defaults_and_options_are_the_runs():
    assert config(host="pconv").perturb == 0.5 and config().perturb == 0.0
    assert config(host="particle").normalization == "spectral"
    assert config(host="brc", inner_steps=3).options["inner_steps"] == 3
    assert config(host="brc").options["clamp"] == 0.1


@pytest.mark.parametrize(
    "given, words",
    [
        ({"host": "express"}, "host=express is unknown"),
        ({"host": "gun"}, "host=gun is unknown (did you mean gan?)"),
        ({"host": "particle", "encoder_latents": True}, "encoder_latents=True is not for host=particle"),
        ({"host": "particle", "loss": "hinge"}, "loss=hinge is not for host=particle"),
        ({"selection": "best"}, "selection=best is an option of method=ces, not of method=express host=gan"),
        ({"host": "pconv", "perturb": 0}, "perturb=0 leaves"),
        ({"host": "pconv", "dataset": "ring"}, "network=mlp has no convolutions"),
        ({"host": "particle", "penalty": "prox"}, "penalty=prox is for logits; host=particle"),
        ({"host": "brc", "inner_steps": 0, "clamp": 0}, "inner_steps=0 with clamp=0"),
        ({"kimg": 0.016}, "kimg=0.016 is 2 steps; method=express needs 3"),
    ],
)
def test_what_cannot_run_is_refused_in_one_line(given, words):
    with pytest.raises(ValueError) as caught:
        config(**given)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_damaged_options_are_refused_in_one_line():
    good = config()
    text = good.to_json().replace('"host": "gan"', '"host": "express"')
    with pytest.raises(ValueError, match="host=express is unknown"):
        good.from_json(text)


def small(role, **kwargs):
    return build("mlp", role, shape=(2,), **kwargs)


def _networks(latent_dim, **kwargs):
    return small("generator", latent_dim=latent_dim), small("discriminator", **kwargs)


def part(**changes):
    sizes = {"latent": CODES, "code": CODES, "host": CODES, "n_dis": 1} | changes
    return {
        "host": GAN(small("generator", latent_dim=sizes["host"]), small("discriminator")),
        "encoder": small("discriminator", outputs=sizes["code"]),
        "latent_gan": GAN(
            build("mlp", "generator", shape=(sizes["latent"],), latent_dim=4),
            build("mlp", "discriminator", shape=(sizes["latent"],)),
            n_dis=sizes["n_dis"],
        ),
        "boundaries": (1, 2),
    }


@pytest.mark.parametrize(
    "arguments, words",
    [
        (lambda: part() | {"host": Express(**part())}, "host=Express must be a GAN of a method other than Express"),
        (lambda: part() | {"host": keras.Model()}, "host=Model must be a GAN"),
        (lambda: part(code=4), "encoder: outputs=4 must be 3"),
        (lambda: part(latent=4), r"latent_gan: it makes \(4,\), the host takes \(3,\)"),
        (lambda: part(n_dis=2), "latent_gan: it reads 2 batches a step, of the host's 1"),
        (
            lambda: part() | {"host": Particle(*_networks(CODES, outputs=4)), "encoder_latents": True},
            "encoder_latents=True is not for host=particle",
        ),
        (lambda: part() | {"boundaries": (0, 2)}, r"boundaries=\(0, 2\) must be two steps"),
        (lambda: part() | {"boundaries": (2, 2)}, r"boundaries=\(2, 2\)"),
        (lambda: part() | {"boundaries": (2,)}, r"boundaries=\(2,\)"),
    ],
)
def test_parts_that_do_not_fit_are_refused_in_one_line(arguments, words):
    with pytest.raises(ValueError, match=words) as caught:
        Express(**arguments())
    assert "\n" not in str(caught.value)


def test_several_steps_in_one_call_are_refused():
    model = Express(**part())
    with pytest.raises(ValueError, match="steps_per_execution=2 must be 1"):
        model.compile(adam(), adam(), steps_per_execution=2)


ROOT = pathlib.Path(__file__).parent.parent.parent


def start(run_dir, *flags):
    command = [sys.executable, "train.py", f"--run_dir={run_dir}", *flags]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    return output


def kill_after(process, *words):
    for word_ in words:
        for line in process.stdout:
            if word_ in line:
                break
        else:
            pytest.fail(process.stderr.read())
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def state(run_dir):
    reader = tf.train.load_checkpoint(str(run_dir / "checkpoints"))
    names = [name for name in reader.get_variable_to_shape_map() if "save_counter" not in name and "OBJECT" not in name]
    return {name: reader.get_tensor(name).tobytes() for name in names}


@pytest.mark.slow
@pytest.mark.parametrize("flags", [("--host=gan",), ("--host=pconv", "--init_from_decoder", "--lr_decay=linear")])
def test_a_run_killed_in_every_phase_ends_with_the_same_bits(flags, tmp_path):
    steps, tick = 40, 3  # phases begin at 4 and 12: the first inside a tick, the second at one
    sizes = ("--width=4", "--latent_dim=8", "--batch_size=8", "--threads=2", "--latent_share=0.2")
    flags = ("--method=express", *flags, *sizes, f"--kimg={steps * 8 / 1000}", f"--tick_kimg={tick * 8 / 1000}")
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    finish(start(straight, *flags))
    kill_after(start(killed, *flags), f"step {tick:>7} ")
    kill_after(start(killed), "resuming at step", f"step {3 * tick:>7} ")
    kill_after(start(killed), "resuming at step", f"step {6 * tick:>7} ")
    assert "resuming at step" in finish(start(killed))
    one, other = state(straight), state(killed)
    assert one.keys() == other.keys()
    assert not [name for name in one if one[name] != other[name]]
    assert (straight / "metrics.jsonl").read_bytes() == (killed / "metrics.jsonl").read_bytes()
