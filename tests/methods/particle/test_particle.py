"""Particle: its losses and stabilizing terms, the discriminator it remembers, devices, resuming, what it refuses."""

import contextlib
import itertools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import random, registry
from tfgan_zoo.core.batch import Batch
from tfgan_zoo.methods import Particle
from tfgan_zoo.methods.particle import energies
from tfgan_zoo.networks import build
from tfgan_zoo.settings.config import Config
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training.health import Health

ENERGIES = ("mmd", "mmd_rq", "cramer", "eieg")
STABILIZERS = ("l2", "repulsive", "proximal", "noise")
SHAPES = {"mlp": (2,), "dcgan": (32, 32, 1)}


def make(network="mlp", features=16, optimizer=None, discriminator=None, compile_options=None, **options):
    common = {"shape": SHAPES[network], "width": 8 if network == "mlp" else 4}
    generator = build(network, "generator", latent_dim=8, **common)
    own = {"normalization": "none", "outputs": features} | (discriminator or {})
    model = Particle(generator, build(network, "discriminator", **common, **own), **options)
    optimizer = optimizer or (lambda: keras.optimizers.Adam(1e-3, 0.0, 0.9))
    model.compile(optimizer(), optimizer(), **compile_options or {})
    return model


def sgd():
    return keras.optimizers.SGD(0.05)


def reals(num, network="mlp", seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (num, *SHAPES[network])).astype("float32")


def pair(seed=0, num=6, dim=16):
    rng = np.random.default_rng(seed)
    return tf.constant(rng.normal(size=(num, dim)), tf.float32), tf.constant(rng.normal(1, 1, (num, dim)), tf.float32)


def step(model, x):
    """One step without a graph, which takes longer to make than a few steps to do; returns its logs."""
    model.reset_metrics()
    return {name: float(value) for name, value in model.train_step({"images": tf.constant(x)[:, None]}).items()}


def copies(weights):
    return [weight.numpy().copy() for weight in weights]


# The losses


@pytest.mark.parametrize("energy", ENERGIES)
def test_losses_are_the_u_statistic_and_its_opposite(energy):
    model = make(energy=energy, beta=0)
    real, fake = pair()
    expected = float(energies.energy(energies.get(energy), real, fake, unbiased=True))
    assert float(model.discriminator_loss(real, fake)) == pytest.approx(-expected, abs=1e-6)


@pytest.mark.parametrize("energy, stabilizer", itertools.product(ENERGIES, STABILIZERS))
def test_beta_0_reproduces_the_unstabilised_loss_bit_for_bit(energy, stabilizer):
    keras.utils.set_random_seed(1)
    model = make(energy=energy, stabilizer=stabilizer, beta=0)
    real, fake = pair()
    across = 2.0 * energies.across(model.kernel, real, fake)
    plain = across - (energies.within(model.kernel, real, True) + energies.within(model.kernel, fake, True))
    assert model.discriminator_loss(real, fake).numpy().tobytes() == plain.numpy().tobytes()


def test_beta_0_trains_to_the_same_bits_whatever_the_stabilizer():
    def run(name, beta):
        keras.utils.set_random_seed(1)
        model = make(stabilizer=name, beta=beta, seed=2)
        for seed in range(2):
            step(model, reals(4, seed=seed))
        return b"".join(weight.tobytes() for weight in copies(model.generator.weights + model.discriminator.weights))

    assert len({run(name, 0) for name in STABILIZERS}) == 1
    assert len({run(name, 0.5) for name in STABILIZERS} | {run("l2", 0)}) == 5  # while all act


@pytest.mark.parametrize("energy", ENERGIES)
def test_l2_adds_the_mean_squared_norms(energy):
    model, bare = make(energy=energy, beta=0.3), make(energy=energy, beta=0)
    real, fake = pair()
    squares = np.mean(np.sum(real.numpy() ** 2, 1)) + np.mean(np.sum(fake.numpy() ** 2, 1))
    added = float(model.discriminator_loss(real, fake)) - float(bare.discriminator_loss(real, fake))
    assert added == pytest.approx(0.3 * squares, rel=1e-5)


@pytest.mark.parametrize("energy", ENERGIES)
def test_repulsive_with_beta_1_gives_twice_the_mean_kernel_across(energy):
    model = make(energy=energy, stabilizer="repulsive", beta=1)
    real, fake = pair()
    across = np.mean(model.kernel(tf.reduce_sum((real[:, None] - fake) ** 2, -1)))
    assert float(model.discriminator_loss(real, fake)) == pytest.approx(2 * across, abs=1e-5)


def test_linear_critic_with_cramer_and_l2_has_its_minimum_at_e0_over_2_beta_m2_and_none_at_beta_0():
    """D(x) = w x: L_D = -w E0 + beta w^2 m2."""
    rng = np.random.default_rng(0)
    x, y = (tf.constant(rng.normal(mean, 1, (64, 4)), tf.float32) for mean in (0, 1))
    e0 = float(energies.energy(energies.get("cramer"), x, y, unbiased=True))
    m2 = float(tf.reduce_mean(tf.reduce_sum(x**2, 1)) + tf.reduce_mean(tf.reduce_sum(y**2, 1)))
    scales = np.linspace(0.2, 15, 75)

    def losses(beta):
        model = make(features=4, beta=beta)
        return np.array([float(model.discriminator_loss(w * x, w * y)) for w in scales])

    beta = 0.02
    expected = e0 / (2 * beta * m2)
    assert 0.5 < expected < 15
    assert scales[np.argmin(losses(beta))] == pytest.approx(expected, abs=scales[1] - scales[0])
    assert (np.diff(losses(0)) < 0).all()  # growing for ever


@pytest.mark.parametrize("energy", ["mmd", "mmd_rq", "eieg"])  # cramer's kink is finer than 256 points
@pytest.mark.parametrize("beta", [0, 0.5, 2])
def test_ascent_of_free_features_grows_by_4_less_2_beta_where_descent_decays_by_2(energy, beta):
    """The stability analysis: near equal densities D's ascent lets every mode grow, and `repulsive` slows it."""
    num, waves, amplitude = 256, 3, 1e-3

    def ring(start, sign):  # even, and without an end
        angles = start + np.linspace(0, 2 * np.pi, num, endpoint=False)
        mode = np.sin(waves * angles)
        angles += sign * amplitude * mode
        return tf.constant(np.stack([np.cos(angles), np.sin(angles)], 1), tf.float32), mode

    (real, real_mode), (fake, fake_mode) = ring(0, 1), ring(np.pi / num, -1)  # between the reals
    quarter_turn = np.array([[0, 1], [-1, 0]])
    model = make(features=2, energy=energy, stabilizer="repulsive", beta=beta)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        d_loss = model.discriminator_loss(real, fake)
        g_loss = energies.energy(model.kernel, real, fake, unbiased=True)

    def displacement(loss, points, mode):
        """How fast gradient descent of the points displaces them along the ring in the shape of the mode."""
        along = points.numpy() @ quarter_turn
        return -np.mean(np.sum(tape.gradient(loss, points).numpy() * along, 1) * mode)

    growth = displacement(d_loss, real, real_mode) - displacement(d_loss, fake, fake_mode)
    decay = -displacement(g_loss, fake, fake_mode)
    assert decay < 0
    assert growth / decay == pytest.approx((4 - 2 * beta) / -2, abs=0.03)


def test_proximal_is_the_mean_squared_change_of_the_features_since_the_last_update():
    model = make("dcgan", stabilizer="proximal", beta=0.5, optimizer=sgd, seed=4)
    x = reals(4, "dcgan")
    for index in range(3):
        before, old = copies(model.discriminator.weights), copies(model.old_discriminator.weights)
        change = model.discriminator(x).numpy() - model.old_discriminator(x).numpy()
        expected = 0.5 * np.mean(np.sum(change**2, axis=1))
        with random.scope(4, index, "discriminator/fakes"):
            fakes = model.generator(random.normal((4, 8), "latents"), training=True)
        bare = float(model.discriminator_loss(model.discriminator(x), model.discriminator(fakes)))
        assert step(model, x)["d_loss"] - bare == pytest.approx(expected, rel=1e-2, abs=1e-6)
        # At D itself the term would have no gradient: it is D before the update that counts, one update behind.
        assert (expected > 1e-8) == (index > 0)
        assert all(map(np.array_equal, copies(model.old_discriminator.weights), before))
        assert index == 0 or any(np.any(one != two) for one, two in zip(old, before, strict=True))


def test_proximal_term_pulls_on_the_discriminator():
    """Guards against D_old = D, where the term and its gradient vanish: the paths must part at the second update."""

    def run(steps, beta):
        keras.utils.set_random_seed(3)
        model = make(stabilizer="proximal", beta=beta, optimizer=sgd)
        for seed in range(steps):
            step(model, reals(4, seed=seed))
        return np.concatenate([weight.ravel() for weight in copies(model.discriminator.trainable_weights)])

    np.testing.assert_array_equal(run(1, 5.0), run(1, 0.0))
    assert np.abs(run(2, 5.0) - run(2, 0.0)).max() > 1e-5


@pytest.mark.parametrize("normalization, perturb", [("batch", 0.0), ("spectral", 0.5)])
def test_the_old_discriminator_sees_what_the_discriminator_sees(normalization, perturb):
    """Batch statistics, noise, augmentation: with equal weights both have equal features, and the term is 0."""

    def d_loss(beta):
        keras.utils.set_random_seed(0)
        own = {"normalization": normalization, "perturb": perturb}
        options = {"stabilizer": "proximal", "augment": ("color", "translation"), "beta": beta}
        return step(make("dcgan", discriminator=own, **options), reals(4, "dcgan"))["d_loss"]

    assert d_loss(1000) == d_loss(0)


def test_the_old_discriminator_is_not_trained():
    model = make(stabilizer="proximal")
    assert not {id(weight) for weight in model.trainable_weights} & {id(w) for w in model.old_discriminator.weights}
    assert len(model.trainable_weights) == len(
        model.generator.trainable_weights + model.discriminator.trainable_weights
    )
    assert make(stabilizer="l2").old_discriminator is None


def test_noise_is_drawn_anew_each_step_for_the_discriminator_alone():
    model = make(stabilizer="noise", beta=0.5, optimizer=lambda: keras.optimizers.SGD(1e-30), seed=6)
    x = reals(4)
    for index in range(2):
        row = step(model, x)
        noise, fakes = {}, {}
        for side in ("reals", "fakes"):
            with random.scope(6, index, f"noise/{side}"):
                noise[side] = 0.5 * random.normal((4, 16), "noise")
        for role in ("discriminator", "generator"):
            with random.scope(6, index, f"{role}/fakes"):
                fakes[role] = model.discriminator(model.generator(random.normal((4, 8), "latents")))
        real = model.discriminator(x)
        d_loss = -energies.energy(
            model.kernel, real + noise["reals"], fakes["discriminator"] + noise["fakes"], unbiased=True
        )
        g_loss = energies.energy(model.kernel, real, fakes["generator"], unbiased=True)
        assert row["d_loss"] == pytest.approx(float(d_loss), abs=1e-5)
        assert row["g_loss"] == pytest.approx(float(g_loss), abs=1e-5)
        assert np.std(noise["reals"]) == pytest.approx(0.5, rel=0.3)


def test_noise_belongs_to_the_global_row():
    model = make(stabilizer="noise", beta=0.5)
    x = reals(4)
    whole, half = (Batch(tf.constant(images), None, 0, row) for images, row in ((x, 0), (x[2:], 2)))
    zeros = tf.zeros([4, 16])
    one, two = model._noisy(zeros, whole, "noise/reals"), model._noisy(zeros[2:], half, "noise/reals")
    np.testing.assert_array_equal(one[2:], two)


# A step


@pytest.mark.parametrize("energy", ENERGIES)
def test_one_step_is_one_update_each_by_hand(energy):
    model, twin = (make(energy=energy, optimizer=sgd, seed=5) for _ in range(2))
    twin.set_weights(model.get_weights())
    x = reals(4)
    row = step(model, x)

    def fakes(role):
        with random.scope(5, 0, f"{role}/fakes"):
            return twin.generator(random.normal((4, 8), "latents"), training=True)

    def descend(loss, variables, tape):
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(0.05 * gradient)

    with tf.GradientTape() as tape:
        real, fake = twin.discriminator(x), twin.discriminator(tf.stop_gradient(fakes("discriminator")))
        loss = -energies.energy(twin.kernel, real, fake, unbiased=True)
        loss += 0.1 * (tf.reduce_mean(tf.reduce_sum(real**2, 1)) + tf.reduce_mean(tf.reduce_sum(fake**2, 1)))
    descend(loss, twin.discriminator.trainable_variables, tape)
    assert row["d_loss"] == pytest.approx(float(loss), abs=1e-5)
    with tf.GradientTape() as tape:
        loss = energies.energy(twin.kernel, twin.discriminator(x), twin.discriminator(fakes("generator")), True)
    descend(loss, twin.generator.trainable_variables, tape)
    assert row["g_loss"] == pytest.approx(float(loss), abs=1e-5)
    for network in ("generator", "discriminator"):
        for one, two in zip(getattr(model, network).weights, getattr(twin, network).weights, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-6, err_msg=one.path)


@pytest.mark.slow
@pytest.mark.parametrize("stabilizer", STABILIZERS)
def test_xla_trains(stabilizer):
    model = make(stabilizer=stabilizer, compile_options={"jit_compile": True})
    history = model.fit(reals(8), batch_size=4, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())


def test_gradients_are_finite_when_all_features_coincide():
    """A collapsed generator and reals that are all alike: every distance is 0."""
    model = make()
    model.generator.trunk.layers[-2].kernel.assign(tf.zeros([8, 2]))
    logs = [step(model, np.zeros((4, 2), "float32")) for _ in range(2)]
    assert all(np.isfinite(value) for row in logs for value in row.values())
    assert all(np.isfinite(weight).all() for weight in copies(model.weights))


# What is logged


@pytest.mark.parametrize("energy", ENERGIES)
def test_d_real_and_d_fake_are_the_witness_functions_means(energy):
    model = make(energy=energy, beta=0)
    row = step(model, reals(8))
    assert row["d_real"] - row["d_fake"] == pytest.approx(-row["d_loss"], abs=1e-6)


def test_judge_is_the_witness_function_point_by_point():
    model = make(energy="eieg")
    train, samples = pair(num=5)
    heldout = pair(1, num=4)[0]

    def witness(point, skip=None):
        def mean(points, left_out):
            return np.mean([1 / np.sqrt(np.sum((point - p) ** 2) + 1) for j, p in enumerate(points) if j != left_out])

        in_train, in_samples = (skip[1] if skip and skip[0] == name else None for name in ("train", "samples"))
        return mean(train.numpy(), in_train) - mean(samples.numpy(), in_samples)

    expected = (
        np.mean([witness(point, ("train", i)) for i, point in enumerate(train.numpy())]),
        np.mean([witness(point) for point in heldout.numpy()]),
        np.mean([witness(point, ("samples", i)) for i, point in enumerate(samples.numpy())]),
    )
    np.testing.assert_allclose(model.mean_scores(train, heldout, samples), expected, atol=1e-6)


def test_health_sees_no_overfitting_where_there_is_none():
    """The mean of 16 features would say anything; the witness function tells held-out reals from samples."""

    class Data:
        num_train = num_heldout = None
        shape = (2,)

        def reals(self, num, split="train"):
            rng = np.random.default_rng({"train": 1, "heldout": 2}[split])
            return rng.normal(size=(num, 2)).astype("float32"), np.zeros(num, "int32")  # no labels: all 0

    signals = Health(make(), Data()).signals()
    apart = signals["d_train"] - signals["d_samples"]
    assert apart > 0
    assert abs(signals["d_train"] - signals["d_heldout"]) < apart / 4


# Devices


def run(strategy, network, steps=10, batch=8, learning_rate=0.01, **options):
    keras.utils.set_random_seed(1)
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = make(network, optimizer=lambda: keras.optimizers.SGD(learning_rate), ema_kimg=0.01, seed=3, **options)
    start = copies(model.generator.weights)
    data = tf.data.Dataset.from_tensor_slices({"images": reals(steps * batch, network)[:, None]})
    history = model.fit(data.batch(batch, drop_remainder=True), verbose=0).history
    return model, {name: values[-1] for name, values in history.items()}, start


CASES = {
    "cramer, l2": ("mlp", {}),
    "mmd, noise": ("mlp", {"energy": "mmd", "stabilizer": "noise"}),
    "mmd_rq, repulsive": ("mlp", {"energy": "mmd_rq", "stabilizer": "repulsive", "beta": 1.0}),
    "eieg, proximal": ("mlp", {"energy": "eieg", "stabilizer": "proximal", "beta": 1.0}),
    "images": ("dcgan", {"stabilizer": "proximal", "discriminator": {"perturb": 0.3}, "augment": ("color",)}),
}


def slow_but(*quick, of):
    return [pytest.param(case, marks=pytest.mark.thorough if case in quick else pytest.mark.slow) for case in of]


@pytest.mark.parametrize("case", slow_but("eieg, proximal", of=CASES))
def test_ten_steps_of_sgd_on_two_replicas_equal_one_device(case, mirrored):
    network, options = CASES[case]
    alone, logs_alone, start = run(None, network, **options)
    shared, logs_shared, _ = run(mirrored, network, **options)
    for one, two in zip(alone.weights, shared.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), two.numpy(), atol=1e-6, err_msg=one.path)
        first, second = (copy.numpy() for copy in two.value.values)
        assert first.tobytes() == second.tobytes(), two.path
    for name in ("d_loss", "g_loss", "d_real", "d_fake"):
        assert logs_shared[name] == pytest.approx(logs_alone[name], abs=1e-5), name
    moved = [np.abs(old - now).max() for old, now in zip(start, copies(alone.generator.weights), strict=True)]
    assert max(moved) > 1e-4  # else the comparison would mean little


# State


def test_assemble_makes_a_discriminator_of_so_many_features():
    def network(role, **kwargs):
        return build("mlp", role, shape=(2,), width=4, **kwargs)

    assert Particle.assemble(network).discriminator.outputs == 16
    model = Particle.assemble(network, features=3, energy="mmd", loss=None, penalty="none")
    assert (model.discriminator.outputs, model.energy) == (3, "mmd")


# What is refused


@pytest.mark.parametrize(
    "options, message",
    [
        ({"energy": "cramers"}, r"energy=cramers is unknown \(did you mean cramer"),
        ({"stabilizer": "l1"}, "stabilizer=l1 is unknown; choose from l2, repulsive"),
        ({"beta": -0.1}, r"beta=-0.1 must be in \[0"),
        ({"beta": float("nan")}, r"beta=nan must be in \[0"),
        ({"beta": float("inf")}, r"beta=inf must be in \[0"),
        ({"stabilizer": "repulsive", "beta": 2.1}, "beta=2.1 must be at most 2"),
        ({"loss": "hinge"}, "loss=hinge is not for method=particle"),
        (
            {"penalty": "prox"},
            "penalty=prox is for logits; method=particle has features: choose from r1, path_length, r2, wgan_gp",
        ),
        ({"n_dis": 0}, "n_dis=0 must be at least 1"),
    ],
)
def test_bad_options_are_one_line(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        make(**options)
    assert "\n" not in str(caught.value)


def test_repulsive_takes_a_beta_of_2():
    assert make(stabilizer="repulsive", beta=2).beta == 2.0


def test_a_batch_of_one_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        make().fit(reals(2), batch_size=1, verbose=0)


@pytest.mark.parametrize(
    "given, words",
    [
        ({"loss": "hinge"}, "loss=hinge is not for method=particle, where energy takes its place"),
        ({"loss": "non_saturating"}, "loss=non_saturating is not for"),  # the network's default too, when it is given
        ({"loss": "wasserstein"}, "loss=wasserstein is not for"),
        ({"penalty": ("r1", "prox")}, "penalty=prox is for logits"),
        ({"penalty": "r1", "micro_batch": 32}, "micro_batch=32 does not go with penalty=r1 of method=particle"),
        ({"penalty": "lecam"}, "penalty=lecam is for logits"),
        ({"batch_size": 1}, "batch_size=1 must be at least 2"),
        ({"stabilizer": "repulsive", "beta": 2.5}, "beta=2.5 must be at most 2"),
        ({"energy": "crammer"}, "did you mean cramer?"),
        ({"beta": -1.0}, "beta=-1.0 must be in"),
        ({"features": 0}, "features=0 must be in"),
        ({"method": "gan", "energy": "mmd"}, "energy=mmd is an option of method=particle"),
    ],
)
def test_configurations_without_meaning_are_refused(given, words):
    with pytest.raises(ValueError) as caught:
        resolve(**{"method": "particle"} | given)
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("network", registry.NETWORKS)
def test_a_run_has_no_loss_whatever_the_network_implies(network):
    config = resolve(method="particle", network=network)
    assert config.loss is None and config.penalty == ()
    assert config.normalization == ("spectral" if network == "dcgan" else "none")
    assert (config.beta_1, config.beta_2) == (0.0, 0.9)
    assert config.options == {"energy": "cramer", "stabilizer": "l2", "beta": 0.1, "features": 16}
    assert Config.from_json(config.to_json()) == config


def test_another_method_needs_a_loss():
    values = json.loads(resolve(method="gan").to_json()) | {"loss": None}
    with pytest.raises(ValueError, match="loss=None must be a word"):
        Config.from_json(json.dumps(values))
