"""Discriminators with different costs: who trains on what, and whose gradient the generator follows."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tiers import thorough_but
from tfgan_zoo import random, registry
from tfgan_zoo.core.batch import Batch
from tfgan_zoo.layers import all_layers
from tfgan_zoo.layers.spectral_normalization import SpectralNormalized
from tfgan_zoo.methods import CES, GAN
from tfgan_zoo.networks import build
from tfgan_zoo.objectives import losses
from tfgan_zoo.settings.resolve import resolve

RULES = registry.METHODS["ces"].options["selection"].choices
COSTS = ("non_saturating", "least_squares", "hinge")
SHAPE = (32, 32, 1)


def sgd(rate=0.05):
    return lambda: keras.optimizers.SGD(rate)


def adam():
    return keras.optimizers.Adam(1e-3, 0.5)


def make(method=CES, network="mlp", optimizer=adam, discriminator=None, run_eagerly=True, jit=False, **options):
    """A small model; it runs eagerly unless a test is about the compiled step, which takes seconds to trace."""
    shape, width = ((2,), 8) if network == "mlp" else (SHAPE, 4)
    common = {"shape": shape, "width": width}
    generator = build(network, "generator", latent_dim=4, **common)
    model = method(generator, build(network, "discriminator", **common, **discriminator or {}), **options)
    model.compile(optimizer(), optimizer(), run_eagerly=run_eagerly, jit_compile=jit)
    return model


def points(num, shape=(2,), seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (num, *shape)).astype("float32")


def dataset(num, shape=(2,), seed=0, batch=8):
    return tf.data.Dataset.from_tensor_slices(points(num, shape, seed)).batch(batch)


def copies(weights):
    return [weight.numpy().copy() for weight in weights]


def copy(source, target):
    for one, two in zip(source.weights, target.weights, strict=True):
        two.assign(one)


def assert_same_bits(one, two):
    for ours, theirs in zip(one.weights, two.weights, strict=True):
        assert np.array_equal(ours, theirs), ours.path


def assert_close(one, two, atol=1e-6):
    for ours, theirs in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=atol, err_msg=ours.path)


def gradients_by_hand(model, x):
    """The costs' gradients dL_i / d fakes, strengths, and fakes' tape of a CES model's next step, all eagerly.

    The model takes the discriminator's step; the rest is written out.
    """
    batch = Batch(tf.constant(x), None, 0, 0)
    with random.scope(model.seed, 0, "discriminator/fakes"):
        fakes = model.generator(random.normal((len(x), model.latent_dim), "latents"), training=True)
    strengths = []
    for network, cost in zip(model.discriminators, model.costs, strict=True):
        real_logits, fake_logits = network(x).numpy(), network(fakes).numpy()
        threshold = 0.5 if cost.name == "least_squares" else 0.0
        strengths.append(((real_logits > threshold).mean() + (fake_logits < threshold).mean()) / 2)
    logs = model.discriminator_step(batch)
    gradients, objectives = [], []
    with random.scope(model.seed, 0, "generator/fakes"):
        fakes = model.generator(random.normal((len(x), model.latent_dim), "latents"), training=True)
    for network, cost in zip(model.discriminators, model.costs, strict=True):
        with tf.GradientTape() as tape:
            tape.watch(fakes)
            objectives.append(cost.generator(network(fakes)))
        gradients.append(tape.gradient(objectives[-1], fakes).numpy())
    return batch, logs, np.stack(gradients), np.array(strengths), np.array(objectives)


# One cost, and copies of one


@pytest.mark.parametrize("selection, normalize", [("best", False), *((rule, True) for rule in RULES)])
def test_one_cost_is_the_single_gan_bit_for_bit(selection, normalize):
    ours = make(costs=("hinge",), selection=selection, normalize=normalize, seed=3)
    single = make(GAN, loss="hinge", seed=3)
    single.set_weights(ours.get_weights())
    histories = [model.fit(dataset(24), verbose=0).history for model in (ours, single)]
    assert_same_bits(ours, single)
    assert all(histories[0][name] == histories[1][name] for name in single.log_names if name != "strength_hinge")
    for role in ("generator", "discriminator"):
        one, two = (getattr(model, f"{role}_optimizer").variables for model in (ours, single))
        assert [v.numpy().tobytes() for v in one] == [v.numpy().tobytes() for v in two]


NOISY = {"perturb": 0.5, "normalization": "batch"}


def test_one_cost_compiled_is_the_single_gan_bit_for_bit():
    ours = make(costs=("hinge",), run_eagerly=False)
    single = make(GAN, loss="hinge", run_eagerly=False)
    single.set_weights(ours.get_weights())
    for model in (ours, single):
        model.fit(dataset(24), verbose=0)
    assert_same_bits(ours, single)


SINGLES = {
    "noise, augmentation, batch norm": ("least_squares", NOISY, {"augment": ("color", "translation"), "n_dis": 2}),
    "wasserstein": ("wasserstein", {"normalization": "none"}, {"penalty": "wgan_gp"}),
    "spectral, r1": ("non_saturating", {"normalization": "spectral"}, {"penalty": "r1", "penalty_weight": 3.0}),
}


@pytest.mark.parametrize("shared_trunk", thorough_but(True, of=[False, True]))
@pytest.mark.parametrize("case", SINGLES)
def test_one_cost_with_everything_is_the_single_gan_bit_for_bit(case, shared_trunk):
    loss, discriminator, options = SINGLES[case]
    ours = make(CES, "dcgan", discriminator=discriminator, costs=(loss,), shared_trunk=shared_trunk, **options)
    single = make(GAN, "dcgan", discriminator=discriminator, loss=loss, **options)
    single.set_weights(ours.get_weights())
    for model in (ours, single):
        model.fit(dataset(4, SHAPE, batch=2), verbose=0)
    assert_same_bits(ours, single)


@pytest.mark.parametrize("selection", ["best", "mean", "per_sample", "max_norm"])
def test_identical_copies_of_one_cost_are_the_single_gan(selection):
    ours = make(optimizer=sgd(), costs=("least_squares",) * 3, selection=selection)
    single = make(GAN, optimizer=sgd(), loss="least_squares")
    for network in (*ours.discriminators[1:], single.discriminator):
        copy(ours.discriminator, network)
    copy(ours.generator, single.generator)
    copy(ours.ema_generator, single.ema_generator)
    for model in (ours, single):
        model.fit(dataset(24), verbose=0)
    assert_close(ours.generator, single.generator)
    for network in ours.discriminators:
        assert_close(network, single.discriminator)


def test_repeated_costs_start_from_weights_of_their_own():
    model = make(costs=("hinge",) * 3)
    kernels = [network.trainable_variables[0].numpy() for network in model.discriminators]
    assert not any(np.array_equal(kernels[i], kernels[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


# Whose gradient


@pytest.mark.parametrize("selection", RULES)
def test_generator_follows_the_selected_gradient(selection):
    """Against NumPy's choice and autodiff of the selected loss: the vector-Jacobian route adds nothing of its own."""
    model = make(selection=selection, seed=4, optimizer=sgd())
    x = points(16)
    batch, logs, gradients, strengths, objectives = gradients_by_hand(model, x)
    np.testing.assert_allclose([logs[f"strength_{name}"] for name in COSTS], strengths, rtol=1e-6)
    norms = np.sqrt(np.square(gradients).sum((1, 2)))
    rows = np.sqrt(np.square(gradients).sum(2))
    with random.scope(4, 0, "select"):
        draw = float(random.uniform((1,), "draw")[0])
    index = {
        "best": np.argmax(strengths),
        "worst": np.argmin(strengths),
        "random": int(draw * 3),
        "max_norm": np.argmax(norms),
        "min_norm": np.argmin(norms),
        "per_sample": np.argmax(rows / rows.mean(1, keepdims=True), 0),
    }.get(selection)

    def selected_loss(fakes):
        if selection == "mean":
            return tf.add_n([c.generator(d(fakes)) for d, c in zip(model.discriminators, model.costs, strict=True)]) / 3
        if selection == "per_sample":
            chosen = gradients[index, np.arange(len(x))]
            return tf.reduce_sum(fakes * chosen)
        return model.costs[index].generator(model.discriminators[index](fakes))

    with tf.GradientTape() as tape:
        with random.scope(4, 0, "generator/fakes"):
            fakes = model.generator(random.normal((len(x), 4), "latents"), training=True)
        loss = selected_loss(fakes)
    expected = tape.gradient(loss, model.generator.trainable_variables)
    actual, generator_logs = model.generator_gradients([batch], logs)
    for one, two in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    shares = np.full(3, 1 / 3) if selection == "mean" else np.bincount(np.atleast_1d(index), minlength=3)
    shares = shares / shares.sum()
    np.testing.assert_allclose([generator_logs[f"selected_{name}"] for name in COSTS], shares, rtol=1e-6)
    np.testing.assert_allclose(generator_logs["g_loss"], shares @ objectives, rtol=1e-5)


def test_normalize_gives_the_selected_gradient_the_ensembles_mean_norm():
    found = {}
    for normalize in (False, True):
        keras.utils.set_random_seed(1)
        model = make(selection="max_norm", normalize=normalize, seed=4)
        batch, logs, gradients, *_ = gradients_by_hand(model, points(8))
        found[normalize] = model.generator_gradients([batch], logs)[0]
    norms = np.linalg.norm(gradients.reshape(3, -1), axis=1)
    factor = norms.mean() / norms.max()
    assert factor < 0.9
    for plain, scaled in zip(found[False], found[True], strict=True):
        np.testing.assert_allclose(scaled, factor * plain, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("penalty", ["r1", "wgan_gp"])
def test_a_penalty_acts_on_the_heads_of_a_shared_trunk_that_it_is_for(penalty):
    """r1 on each, wgan_gp on the wasserstein head alone: by the gradients of the heads' own columns."""
    costs = ("hinge", "wasserstein") if penalty == "wgan_gp" else ("hinge", "least_squares")
    model = make(discriminator={"outputs": 2}, costs=costs, shared_trunk=True, penalty=penalty, penalty_weight=1.0)
    x = tf.constant(points(8))
    batch = Batch(x, None, 0, 0)
    fakes = tf.constant(points(8, seed=1))

    def norms(images, column):
        with tf.GradientTape() as tape:
            tape.watch(images)
            logit = tf.reduce_sum(model.discriminator(images)[:, column])
        return np.linalg.norm(tape.gradient(logit, images).numpy(), axis=1)

    _, logs = model.discriminator_objective(batch, fakes)
    if penalty == "r1":
        expected = np.mean([16 * np.mean(norms(x, column) ** 2) / 2 for column in range(2)])
    else:
        with random.scope(model.seed, 0, "penalty/1"):
            alpha = random.uniform((8,), "alpha")[:, None]
        expected = np.mean((norms(x + alpha * (fakes - x), 1) - 1) ** 2)
    assert float(logs["penalty"]) == pytest.approx(expected, rel=1e-4)


def test_mean_is_the_gradient_of_the_mean_objective():
    model = make(selection="mean")
    batch = Batch(tf.constant(points(8)), None, 0, 0)
    logs = model.discriminator_step(batch)
    with tf.GradientTape() as tape:
        loss = model.generator_objective(batch, model.fakes(batch, "generator"))
    expected = tape.gradient(loss, model.generator.trainable_variables)
    actual, generator_logs = model.generator_gradients([batch], logs)
    for one, two in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    assert float(generator_logs["g_loss"]) == pytest.approx(float(loss), rel=1e-6)


@pytest.mark.parametrize("selection", ["best", "worst", "max_norm", "per_sample"])
def test_permuting_the_discriminators_permutes_the_index_and_not_the_step(selection):
    model = make(selection=selection, optimizer=sgd())
    order = (2, 0, 1)
    permuted = make(selection=selection, optimizer=sgd(), costs=[COSTS[i] for i in order])
    copy(model.generator, permuted.generator)
    for i, network in zip(order, permuted.discriminators, strict=True):
        copy(model.discriminators[i], network)
    logs = [one.fit(dataset(64, batch=64), verbose=0).history for one in (model, permuted)]
    assert len({logs[0][f"strength_{name}"][0] for name in COSTS}) == 3  # a tie would go to the first
    assert_same_bits(model.generator, permuted.generator)
    assert all(logs[0][f"selected_{name}"] == logs[1][f"selected_{name}"] for name in COSTS)
    assert sum(logs[0][f"selected_{name}"][0] for name in COSTS) == pytest.approx(1)


def test_a_dominated_discriminator_is_ignored_by_best_and_followed_by_worst():
    """The staves of the barrel: a hinge critic that has everything the wrong way round."""
    for selection, share in (("best", 0.0), ("worst", 1.0)):
        model = make(selection=selection, optimizer=sgd(1e-9))
        for network, sign in zip(model.discriminators, (1, 1, -1), strict=True):  # logit = sign * (10 x_0 - 50)
            hidden = network.get_layer("trunk").layers[1:]
            for layer, kernel in zip(
                (*hidden, network.head), (10 * np.eye(2, 8), np.eye(8), np.eye(8, 1)), strict=True
            ):
                layer.kernel.assign(kernel)
            network.head.kernel.assign(sign * np.eye(8, 1))
            network.head.bias.assign([-50.0 * sign])
        right_of_all_fakes = points(8) + np.float32([20, 0])
        logs = model.fit(tf.data.Dataset.from_tensor_slices(right_of_all_fakes).batch(8), verbose=0).history
        assert [logs[f"strength_{name}"] for name in COSTS] == [[1.0], [1.0], [0.0]]
        assert logs["selected_hinge"] == [share]


def test_random_visits_every_cost():
    model = make(selection="random")
    history = model.fit(dataset(8 * 12), verbose=0).history
    shares = [history[f"selected_{name}"][0] for name in COSTS]
    assert sum(shares) == pytest.approx(1) and min(shares) > 0


# The discriminators' step


@pytest.mark.parametrize("selection", ["best", "worst"])
def test_every_discriminator_trains_on_its_own_cost_selected_or_not(selection):
    """One optimiser over all is, for Adam, as many Adams: each is the discriminator of the GAN of its cost."""
    model = make(selection=selection)
    starts = [network.get_weights() for network in model.discriminators]
    generator = model.generator.get_weights()
    model.fit(dataset(8), verbose=0)
    for name, start, network in zip(COSTS, starts, model.discriminators, strict=True):
        single = make(GAN, loss=name)
        single.discriminator.set_weights(start)
        single.generator.set_weights(generator)
        single.fit(dataset(8), verbose=0)
        assert_close(network, single.discriminator, atol=1e-7)
        assert not np.allclose(network.get_weights()[0], start[0], atol=1e-5)


def test_one_apply_for_all_discriminators():
    model = make(n_dis=2)
    model.fit(dataset(8 * 2 * 3), verbose=0)
    assert int(model.step.numpy()) == 3
    assert int(model.discriminator_optimizer.iterations.numpy()) == 6


@pytest.mark.parametrize(
    "discriminator, options",
    [({"perturb": 0.5}, {}), ({"perturb": 0.5}, {"perturb_generator": True}), ({}, {"augment": ("color",)})],
)
def test_every_discriminator_draws_noise_and_augmentation_of_its_own(discriminator, options):
    settings = {"normalization": "none"} | discriminator
    model = make(CES, "dcgan", sgd(), settings, costs=("hinge", "hinge"), **options)
    copy(model.discriminator, model.discriminators[1])
    batch = Batch(tf.constant(points(4, SHAPE)), None, 0, 0)
    for purpose in ("reals", "fakes", "generator", "penalty"):
        first, second = (model.discriminate(batch.images, model._shown(batch, i), purpose).numpy() for i in range(2))
        without = purpose == "generator" and "perturb" in discriminator and not options
        assert np.allclose(first, second, rtol=1e-3) == without
    model.fit(dataset(4, SHAPE, batch=4), verbose=0)
    assert not np.allclose(model.discriminator.weights[0], model.discriminators[1].weights[0], atol=1e-7)


def test_training_advances_no_seed_generator():
    model = make(CES, "dcgan", discriminator={"perturb": 0.5}, augment=("color",))
    generators = [layer.seed_generator for layer in all_layers(model) if hasattr(layer, "seed_generator")]
    before = copies([generator.state for generator in generators])
    model.fit(dataset(2, SHAPE, batch=2), verbose=0)
    assert len(generators) == 3 * 3
    assert all(np.array_equal(old, new.state) for old, new in zip(before, generators, strict=True))


@pytest.mark.parametrize("shared_trunk", [False, True])
def test_power_iteration_reaches_every_discriminator_once_a_step(shared_trunk):
    settings = {"normalization": "spectral"} | ({"outputs": 3} if shared_trunk else {})
    model = make(optimizer=sgd(1e-30), discriminator=settings, shared_trunk=shared_trunk)
    layers = [layer for layer in all_layers(model) if isinstance(layer, SpectralNormalized)]
    assert len(layers) == 3 * len(model.discriminators)
    twins = []
    for layer in layers:
        matrix, u = layer.kernel.numpy().T, layer.u.numpy()
        v = matrix.T @ u
        u = matrix @ (v / np.linalg.norm(v))
        twins.append(u / np.linalg.norm(u))
    model.fit(dataset(8), verbose=0)
    for layer, u in zip(layers, twins, strict=True):
        np.testing.assert_allclose(layer.u, u, atol=1e-5)


def test_gradient_penalty_acts_on_the_wasserstein_discriminator_alone():
    settings = {"costs": ("hinge", "wasserstein"), "penalty": "wgan_gp"}
    start = make(**settings)
    after = []
    for weight in (0.0, 10.0):
        model = make(**settings, penalty_weight=weight)
        model.set_weights(start.get_weights())
        history = model.fit(dataset(8), verbose=0).history
        assert history["penalty"][0] > 0
        after.append([network.get_weights() for network in model.discriminators])
    same = [all(map(np.array_equal, one, two)) for one, two in zip(*after, strict=True)]
    assert same == [True, False]


def test_r1_acts_on_every_discriminator():
    start = make()
    after = []
    for penalty in ("none", "r1"):
        model = make(penalty=penalty)
        model.set_weights(start.get_weights())
        model.fit(dataset(8), verbose=0)
        after.append([network.get_weights() for network in model.discriminators])
    assert not any(np.array_equal(one[0], two[0]) for one, two in zip(*after, strict=True))


# The shared trunk


def test_shared_trunk_takes_one_step_on_the_mean_loss():
    model = make(optimizer=sgd(0.1), discriminator={"outputs": 3}, shared_trunk=True, seed=2)
    twin = build("mlp", "discriminator", shape=(2,), width=8, outputs=3)
    copy(model.discriminator, twin)
    x = points(8)
    with random.scope(2, 0, "discriminator/fakes"):
        fakes = model.generator(random.normal((8, 4), "latents"), training=True)
    with tf.GradientTape() as tape:
        real_logits, fake_logits = twin(x), twin(fakes)
        parts = [losses.get(n).discriminator(real_logits[:, i], fake_logits[:, i]) for i, n in enumerate(COSTS)]
        loss = tf.add_n(parts) / 3
    for variable, gradient in zip(twin.trainable_variables, tape.gradient(loss, twin.trainable_variables), strict=True):
        variable.assign_sub(0.1 * gradient)
    history = model.fit(dataset(8), verbose=0).history
    assert_close(model.discriminator, twin)
    assert model.discriminators == [model.discriminator]
    assert history["d_loss"][0] == pytest.approx(float(loss), rel=1e-5)


@pytest.mark.parametrize("index, name", enumerate(COSTS))
def test_shared_trunk_gives_the_gradient_of_its_column(index, name):
    model = make(discriminator={"outputs": 3}, shared_trunk=True, selection="best")
    batch = Batch(tf.constant(points(8)), None, 0, 0)
    logs = {f"strength_{other}": tf.constant(float(other == name)) for other in COSTS}
    with tf.GradientTape() as tape:
        logits = model.discriminator(model.fakes(batch, "generator"))
        loss = losses.get(name).generator(logits[:, index])
    expected = tape.gradient(loss, model.generator.trainable_variables)
    actual, generator_logs = model.generator_gradients([batch], logs)
    for one, two in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    assert float(generator_logs[f"selected_{name}"]) == 1


# Three steps


def test_repeated_costs_have_names_of_their_own():
    model = make(costs=("hinge", "least_squares", "hinge", "hinge"))
    assert model.labels == ["hinge", "least_squares", "hinge_2", "hinge_3"]
    assert len(set(model.log_names)) == len(model.log_names)


def test_xla_trains():
    model = make(costs=COSTS[:2], selection="per_sample", normalize=True, run_eagerly=False, jit=True)
    assert np.isfinite(model.fit(dataset(8), verbose=0).history["g_loss"]).all()


def test_bfloat16_selects_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = make(CES, "dcgan", selection="max_norm", normalize=True)
    assert np.isfinite(model.fit(dataset(2, SHAPE, batch=2), verbose=0).history["g_loss"]).all()
    assert model.discriminator.compute_dtype == model.discriminators[1].compute_dtype == "bfloat16"


# Saving and resuming


def test_a_plain_tensorflow_checkpoint_holds_every_discriminator(tmp_path):
    model, fresh = (make(discriminator={"normalization": "spectral"}) for _ in range(2))
    tf.train.Checkpoint(model=fresh).read(tf.train.Checkpoint(model=model).write(str(tmp_path / "all")))
    assert_same_bits(model, fresh)


# Replicas

REPLICAS = {
    "best": ("mlp", {}, {}),
    "worst, two steps": ("mlp", {}, {"selection": "worst", "n_dis": 2}),
    "mean": ("mlp", {}, {"selection": "mean"}),
    "random": ("mlp", {}, {"selection": "random"}),
    "max_norm, normalized": ("mlp", {}, {"selection": "max_norm", "normalize": True}),
    "min_norm, wasserstein": (
        "mlp",
        {},
        {"costs": ("wasserstein", "hinge"), "penalty": "wgan_gp", "selection": "min_norm"},
    ),
    "per_sample, normalized": ("mlp", {}, {"selection": "per_sample", "normalize": True}),
    "light": ("mlp", {"outputs": 3}, {"shared_trunk": True}),
    "images": ("dcgan", {"perturb": 0.5}, {"augment": ("color", "translation", "cutout"), "costs": COSTS[:2]}),
}

QUICK = "per_sample, normalized"  # beside what the contract does


def train(case, strategy):
    network, discriminator, options = REPLICAS[case]
    keras.utils.set_random_seed(1)
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = make(CES, network, sgd(0.01), discriminator, strategy is None, ema_kimg=0.01, seed=3, **options)
    # The halves of a batch differ in kind, so that what is decided by half a batch is decided otherwise.
    x = points(10 * 8 * model.batches_per_step, model.image_shape).reshape(
        10, 8, model.batches_per_step, *model.image_shape
    )
    x[:, 4:] = 0.3 * x[:, 4:] + 0.7
    data = tf.data.Dataset.from_tensor_slices({"images": x.reshape(80, *x.shape[2:])}).batch(8, drop_remainder=True)
    history = model.fit(data, verbose=0).history
    return model, {name: values[-1] for name, values in history.items()}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.thorough if case == QUICK else pytest.mark.slow) for case in REPLICAS]
)
def test_ten_sgd_steps_of_ces_on_two_replicas_equal_one_device(case, mirrored):
    alone, logs_alone = train(case, None)
    shared, logs_shared = train(case, mirrored)
    assert_close(alone, shared)
    for name in (name for name in alone.log_names if "grad_norm" not in name):
        assert logs_shared[name] == pytest.approx(logs_alone[name], abs=1e-5), name
    for weight in shared.weights:
        first, second = (value.numpy() for value in weight.value.values)
        assert first.tobytes() == second.tobytes(), weight.path


# Options


@pytest.mark.parametrize(
    "options, message",
    [
        ({"costs": ("hinges",)}, r"costs=hinges is unknown \(did you mean hinge"),
        ({"costs": ()}, "costs= is empty"),
        ({"selection": "bets"}, r"selection=bets is unknown \(did you mean best"),
        ({"loss": "hinge"}, "loss=hinge is not for method=ces"),
        ({"costs": ("hinge", "wasserstein")}, "penalty=none: the cost wasserstein needs penalty=wgan_gp"),
        ({"penalty": "wgan_gp"}, "costs=non_saturating,least_squares,hinge leaves out"),
        ({"penalty": "lecam"}, "penalty=lecam keeps a state"),
        ({"penalty": "prox", "n_dis": 2}, "penalty=prox keeps a state"),
        ({"penalty": "r3"}, "penalty=r3 is unknown"),
        ({"shared_trunk": True}, "discriminator: outputs=1 must be 3 for 3 costs, shared_trunk=True"),
        ({"discriminator": {"outputs": 3}}, "discriminator: outputs=3 must be 1 for 3 costs, shared_trunk=False"),
    ],
)
def test_bad_options_are_named_in_one_line(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        make(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"loss": "non_saturating"}, "loss=non_saturating is not for method=ces"),
        ({"costs": ()}, "costs= is empty"),
        ({"costs": ("wasserstein",)}, "needs penalty=wgan_gp"),
        ({"penalty": "wgan_gp"}, "leaves out"),
        ({"penalty": "lecam"}, "keeps a state"),
        ({"penalty": "prox"}, "keeps a state"),
    ],
)
def test_bad_flags_are_refused_before_tensorflow_starts(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        resolve(method="ces", **options)
    assert "\n" not in str(caught.value)


def test_flags_that_say_nothing_of_a_loss_are_taken():
    for network in registry.NETWORKS:
        assert resolve(method="ces", network=network).loss is None
    assert resolve(method="ces", costs=("hinge", "wasserstein"), penalty="wgan_gp").normalization == "none"
