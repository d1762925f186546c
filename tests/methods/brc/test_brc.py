"""Best-response constraint: g_G against autodiff and NumPy, what a step leaves alone, and the traps."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import random
from tfgan_zoo.core.batch import split
from tfgan_zoo.methods import BRC, GAN
from tfgan_zoo.networks import build

LOSSES = ("non_saturating", "least_squares", "hinge", "wasserstein", "relativistic")
PENALTIES = ("none", "wgan_gp", "r1", "lecam", "prox")
INF = float("inf")
EAGER = {"run_eagerly": True}  # a graph takes longer to make than three steps to do


def make(method=BRC, network="mlp", normalization="none", optimizer=None, compile_options=None, **options):
    """Equal arguments make equal weights."""
    keras.utils.set_random_seed(1)
    shape, width = ((2,), 8) if network == "mlp" else ((32, 32, 1), 4)
    generator = build(network, "generator", shape=shape, width=width, latent_dim=8)
    discriminator = build(network, "discriminator", shape=shape, width=width, normalization=normalization)
    # Larger logits than those of fresh weights: losses differ where they bend.
    discriminator.head.kernel.assign(5 * discriminator.head.kernel)
    # One-stage brc on bare wasserstein is refused, as c only rescales its gradient: which is what tests show.
    bare = options.get("loss") == "wasserstein" and options.get("penalty", "none") == "none"
    one_stage = method is BRC and bare and options.get("inner_steps") == 0
    if one_stage:
        options["inner_steps"] = 1
    model = method(generator, discriminator, **({"inner_steps": 2} if issubclass(method, BRC) else {}) | options)
    optimizer = optimizer or (lambda: keras.optimizers.Adam(1e-3, 0.5))
    model.compile(optimizer(), optimizer(), **compile_options or {})
    if one_stage:
        model.inner_steps = 0
    return model


def sgd(rate=0.05):
    return lambda: keras.optimizers.SGD(rate)


def rows(model, size=8, seed=0):
    shape = (size, model.batches_per_step, *model.image_shape)
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def batches(model, size=8, seed=0):
    return split({"images": tf.constant(rows(model, size, seed))}, model.batches_per_step)


def dataset(model, steps, size=8):
    parts = [rows(model, size, step) for step in range(steps)]
    return tf.data.Dataset.from_tensor_slices({"images": np.concatenate(parts)}).batch(size, drop_remainder=True)


def copies(weights):
    return [weight.numpy().copy() for weight in weights]


def flat(tensors):
    return np.concatenate([np.ravel(tensor) for tensor in tensors]).astype("float64")


def cosine(one, two):
    return one @ two / np.linalg.norm(one) / np.linalg.norm(two)


def gradients(model, **kwargs):
    found, logs = model.generator_gradients(batches(model, **kwargs), {})
    return flat(found), {name: float(value) for name, value in logs.items()}


def reference(model, clamp, **kwargs):
    """(dF/dG, df/dG, c, autodiff of F + stop_gradient(c) f) where D stands, written out with one tape."""
    last = batches(model, **kwargs)[-1]
    on_g, on_d = model.generator.trainable_variables, model.discriminator.trainable_variables
    with tf.GradientTape(persistent=True) as tape:
        with random.scope(model.seed, model.step.value, "generator/fakes", last.substep):
            fakes = model.generator(random.normal((last.size, 8), "latents"), training=True)
        upper = model.generator_objective(last, fakes)
        lower = model.discriminator_objective(last, fakes)[0]
        with tape.stop_recording():
            up, low = (flat(tape.gradient(loss, on_d, unconnected_gradients="zero")) for loss in (upper, lower))
        c = np.clip(-(up @ low) / (low @ low + 1e-10), -clamp, clamp)
        total = upper + tf.stop_gradient(tf.constant(c, tf.float32)) * lower
    return (*(flat(tape.gradient(loss, on_g)) for loss in (upper, lower)), c, flat(tape.gradient(total, on_g)))


# The gradient


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_equals_autodiff_of_upper_plus_constant_times_lower(loss, penalty):
    n_dis = 2 if penalty == "prox" else 1
    model = make(loss=loss, penalty=penalty, inner_steps=0, clamp=3.0, n_dis=n_dis)
    found, logs = gradients(model)
    _, _, c, exact = reference(model, 3.0)
    assert logs["c"] == pytest.approx(c, rel=1e-4)
    np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-5 * np.abs(exact).max())


def test_damping_stands_beside_the_squared_norm():
    plain, damped = (gradients(make(clamp=INF, inner_steps=0, damping=value))[1]["c"] for value in (1e-10, 2.0))
    model = make(inner_steps=0)
    last = batches(model)[-1]
    with tf.GradientTape() as tape:
        lower = model.discriminator_objective(last, model.fakes(last, "generator"))[0]
    square = np.sum(flat(tape.gradient(lower, model.discriminator.trainable_variables)) ** 2)
    assert damped == pytest.approx(plain * square / (square + 2.0), rel=1e-4)
    assert abs(damped) < 0.99 * abs(plain)


@pytest.mark.parametrize("penalty", ["none", "wgan_gp", "lecam"])
@pytest.mark.parametrize("loss", LOSSES)
def test_fakes_are_not_detached_in_the_lower_level(loss, penalty):
    """The trap: with detached fakes df/dG is 0, and the method silently the plain GAN's."""
    model = make(loss=loss, penalty=penalty, inner_steps=0, clamp=0.5)
    found, logs = gradients(model)
    upper, lower, _, _ = reference(model, 0.5)
    added = found - upper
    assert np.linalg.norm(logs["c"] * lower) > 1e-3 * np.linalg.norm(upper)
    np.testing.assert_allclose(added, logs["c"] * lower, rtol=1e-3, atol=1e-5 * np.abs(lower).max())


class ZeroSum(BRC):
    def generator_objective(self, batch, fakes):
        return -self.discriminator_objective(batch, fakes)[0]


@pytest.mark.parametrize("loss", LOSSES)
def test_zero_sum_leaves_no_gradient(loss):
    """The trap that keeps the non-saturating generator loss: F = -f gives c = 1 and g_G = 0."""
    model = make(ZeroSum, loss=loss, clamp=INF)
    found, logs = gradients(model)
    upper = reference(model, INF)[0]
    assert logs["c"] == pytest.approx(1.0, abs=1e-5)
    assert np.linalg.norm(found) < 1e-4 * np.linalg.norm(upper)


@pytest.mark.parametrize("loss", LOSSES)
def test_wasserstein_is_only_rescaled_and_bent_losses_are_turned(loss):
    model = make(loss=loss, inner_steps=0, clamp=0.5)
    found, logs = gradients(model)
    upper = reference(model, 0.5)[0]
    assert abs(logs["c"]) > 0.01
    if loss == "wasserstein":
        np.testing.assert_allclose(found, (1 - logs["c"]) * upper, rtol=1e-3, atol=1e-5 * np.abs(upper).max())
        assert cosine(found, upper) == pytest.approx(1.0, abs=1e-6)
    elif loss != "hinge":
        assert cosine(found, upper) < 1 - 1e-4


def test_hinge_inside_its_margin_is_only_rescaled():
    model = make(loss="hinge", inner_steps=0, clamp=0.5)
    model.discriminator.head.kernel.assign(0.01 * model.discriminator.head.kernel)
    found, logs = gradients(model)
    upper = reference(model, 0.5)[0]
    assert logs["c"] != 0
    np.testing.assert_allclose(found, (1 - logs["c"]) * upper, rtol=1e-3, atol=1e-5 * np.abs(upper).max())


@pytest.mark.parametrize("loss", LOSSES)
def test_c_is_clamped_for_every_loss(loss):
    _, logs = gradients(make(loss=loss, clamp=1e-3))
    assert abs(logs["c"]) == pytest.approx(1e-3)
    assert abs(logs["c_unclamped"]) > 1e-3
    assert make(loss=loss).clamp == 0.1


def test_clamp_of_zero_is_the_unrolled_control():
    """The temporary steps act, c does not: g_G is dF/dG at the best response."""
    unrolled, logs = gradients(make(clamp=0, seed=1))
    assert logs["c"] == 0 and logs["c_unclamped"] != 0
    model = make(clamp=0, seed=1)
    _, *temporary, last = batches(model)
    fakes = model.fakes(last, "generator")
    still = reference(model, 0)[0]
    for batch in temporary:
        model.discriminator_step(batch, fakes)
    np.testing.assert_allclose(unrolled, reference(model, 0)[0], rtol=1e-4, atol=1e-6)
    assert np.linalg.norm(unrolled - still) > 1e-3 * np.linalg.norm(still)


# The temporary steps


def spy(**options):
    """A model, and a list to which every discriminator step adds (reals, fakes, D's weights afterwards)."""
    seen = []

    class Spy(BRC):
        def discriminator_step(self, batch, fakes=None):
            logs = super().discriminator_step(batch, fakes)
            seen.append((batch.images, fakes, copies(self.discriminator.weights)))
            return logs

    return make(Spy, **options), seen


def test_temporary_steps_share_the_fakes_and_get_fresh_reals():
    model, seen = spy(inner_steps=3, n_dis=2)
    assert model.batches_per_step == 2 + 3 + 1
    parts = batches(model)
    model.generator_gradients(parts, {})
    assert len(seen) == 3
    for (reals, fakes, _), part in zip(seen, parts[2:5], strict=True):
        np.testing.assert_array_equal(reals, part.images)
        np.testing.assert_array_equal(fakes, model.fakes(parts[-1], "generator"))
    assert len({part.images.numpy().tobytes() for part in parts}) == 6


def test_one_stage_form_takes_no_temporary_step():
    model, seen = spy(inner_steps=0)
    assert model.batches_per_step == 2
    model.generator_gradients(batches(model), {})
    assert not seen


@pytest.mark.parametrize(
    "network, normalization, inner_steps",
    [("mlp", "spectral", 2), ("mlp", "none", 0), ("dcgan", "batch", 1), ("dcgan", "batch", 0)],
)
def test_discriminator_is_bitwise_the_same_after_the_generators_gradients(network, normalization, inner_steps):
    """Weights, spectral-norm u, moving statistics and LeCam's averages."""
    model = make(network=network, normalization=normalization, penalty="lecam", inner_steps=inner_steps)
    model.states["average_real"].assign(0.3)
    model.states["average_fake"].assign(-0.2)
    state = [*model.discriminator.weights, model.states["average_real"], model.states["average_fake"]]
    before = copies(state)

    @tf.function
    def graph(images):
        return model.generator_gradients(split({"images": images}, model.batches_per_step), {})

    graph(tf.constant(rows(model)))
    for weight, old in zip(state, before, strict=True):
        assert weight.numpy().tobytes() == old.tobytes(), weight.path


@pytest.mark.parametrize("network, normalization", [("mlp", "spectral"), ("dcgan", "batch")])
def test_temporary_steps_move_every_variable_that_is_put_back(network, normalization):
    """Guards the test above: nothing need be put back that did not move."""
    model, seen = spy(network=network, normalization=normalization, penalty="lecam")
    before = copies(model.discriminator.weights)
    model.generator_gradients(batches(model), {})
    pairs = zip(before, seen[-1][2], strict=True)
    still = [old.shape for old, new in pairs if np.array_equal(old, new)]
    assert still == ([(1,)] if normalization == "spectral" else [])  # the u of a single output is 1 or -1 for good


def test_optimiser_keeps_the_temporary_steps():
    model = make(inner_steps=2, n_dis=2, compile_options=EAGER)
    model.fit(dataset(model, 3), verbose=0)
    assert int(model.discriminator_optimizer.iterations.numpy()) == 3 * (2 + 2)
    assert int(model.generator_optimizer.iterations.numpy()) == int(model.step.numpy()) == 3


def test_optimisers_moments_keep_the_temporary_steps():
    """D's weights are put back, its moments are not: they are those of all updates, one after the other."""
    model, twin = (make(clamp=0.0, inner_steps=3, compile_options=EAGER) for _ in range(2))
    model.fit(dataset(model, 1), verbose=0)
    permanent, *temporary, last = batches(twin)
    twin.discriminator_step(permanent)
    fakes = twin.fakes(last, "generator")
    for batch in temporary:
        twin.discriminator_step(batch, fakes)
    moments = [
        (one, two) for one, two in zip(*(it.discriminator_optimizer.variables for it in (model, twin)), strict=True)
    ]
    assert len(moments) > 2 * len(model.discriminator.weights)
    for one, two in moments:
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-7, err_msg=one.path)


def test_one_step_is_a_permanent_update_and_the_implicit_gradient_by_hand():
    model, twin = (make(optimizer=sgd(0.1), clamp=2.0, seed=5) for _ in range(2))
    model.fit(dataset(model, 1), verbose=0)

    permanent, *temporary, last = batches(twin)
    on_g, on_d = twin.generator.trainable_variables, twin.discriminator.trainable_variables

    def descend(reals, fakes):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softplus(-twin.discriminator(reals)))
            loss += tf.reduce_mean(tf.nn.softplus(twin.discriminator(fakes)))
        for variable, gradient in zip(on_d, tape.gradient(loss, on_d), strict=True):
            variable.assign_sub(0.1 * gradient)

    def fakes_for(purpose, batch):
        with random.scope(5, 0, f"{purpose}/fakes", batch.substep):
            return twin.generator(random.normal((8, 8), "latents"), training=True)

    descend(permanent.images, fakes_for("discriminator", permanent))
    after = copies(twin.discriminator.weights)
    for batch in temporary:
        descend(batch.images, fakes_for("generator", last))
    exact = reference(twin, 2.0)[-1]
    twin.discriminator.set_weights(after)

    moved = flat(copies(on_g)) - 0.1 * exact
    np.testing.assert_allclose(flat(copies(model.generator.trainable_variables)), moved, atol=1e-5)
    np.testing.assert_allclose(flat(copies(model.discriminator.weights)), flat(after), atol=1e-6)


def test_discriminators_path_is_the_plain_gans():
    """After a step D is where one permanent update takes it, whatever was tried in between."""
    model, plain = make(optimizer=sgd(), inner_steps=3), make(GAN, optimizer=sgd())
    images = rows(model)
    model.fit(tf.data.Dataset.from_tensors({"images": images}), verbose=0)
    plain.fit(tf.data.Dataset.from_tensors({"images": images[:, :1]}), verbose=0)
    np.testing.assert_allclose(
        flat(copies(model.discriminator.weights)), flat(copies(plain.discriminator.weights)), atol=1e-6
    )


def test_prox_holds_temporary_steps_to_where_they_begin():
    """D0 is D before the temporary steps, not that of the start of the step."""
    free, held = (spy(penalty="prox", penalty_weight=weight, optimizer=sgd(0.01), inner_steps=4) for weight in (0, 20))
    distances = []
    for model, seen in (free, held):
        start = copies(model.discriminator.trainable_weights)
        model.generator_gradients(batches(model), {})
        np.testing.assert_array_equal(model.states["anchor"], flat(start).astype("float32"))
        distances.append(np.linalg.norm(flat(seen[-1][2]) - flat(start)))
    assert distances[1] < 0.8 * distances[0]


# Losses, penalties, networks


def assert_three_steps_move_everything(model, loss):
    before = copies(model.trainable_weights)
    history = model.fit(dataset(model, 3, size=4), verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert set(history) == set(model.log_names) and abs(history["c"][0]) <= model.clamp + 1e-6
    pairs = zip(before, copies(model.trainable_weights), strict=True)
    still = [one.shape for one, two in pairs if np.array_equal(one, two)]
    # Adding a number to all logits leaves the wasserstein loss as it is, and hinge's inside the margins.
    assert still in ([], [(1,)]) if loss in ("wasserstein", "hinge", "relativistic") else still == []


@pytest.mark.parametrize(
    "network, normalization, options",
    [
        ("dcgan", "batch", {"augment": ("color", "translation", "cutout")}),
        pytest.param("dcgan", "spectral", {"loss": "hinge", "penalty": "lecam"}, marks=pytest.mark.slow),
        pytest.param("sngan", "spectral", {"loss": "hinge", "n_dis": 2}, marks=pytest.mark.slow),
    ],
)
def test_trains_images(network, normalization, options):
    model = make(network=network, normalization=normalization, inner_steps=1, compile_options=EAGER, **options)
    assert_three_steps_move_everything(model, options.get("loss"))


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_trains_with_xla_and_bfloat16(jit):
    if not jit:
        keras.config.set_dtype_policy("mixed_bfloat16")
    model = make(inner_steps=1, compile_options={"jit_compile": jit})
    assert_three_steps_move_everything(model, "non_saturating")


# Saving, resuming, devices


REPLICAS = {
    "mlp": {"clamp": 20.0},
    "dcgan, lecam": {"network": "dcgan", "normalization": "batch", "penalty": "lecam", "clamp": 20.0},
    "prox, spectral norm": {"penalty": "prox", "normalization": "spectral", "damping": 0.1, "clamp": INF},
}


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.slow if "dcgan" in case else pytest.mark.thorough) for case in REPLICAS],
)
def test_ten_sgd_steps_on_two_replicas_equal_one_device(case, mirrored):
    """The trap: the mean of two shards' c is not the c of the batch."""
    models, logs = [], []
    for strategy in (None, mirrored):
        with strategy.scope() if strategy else contextlib.nullcontext():
            # The discriminator's answer is steep: a larger rate would blow rounding up.
            model = make(optimizer=sgd(1e-4), inner_steps=1, ema_kimg=0.01, seed=3, **REPLICAS[case])
        before = copies(model.generator.trainable_weights)
        history = model.fit(dataset(model, 10), verbose=0).history
        models.append(model)
        logs.append({name: values[0] for name, values in history.items()})
        after = copies(model.generator.trainable_weights)
        assert all(np.any(one != two) for one, two in zip(before, after, strict=True))
    for one, two in zip(models[0].weights, models[1].weights, strict=True):
        np.testing.assert_allclose(one.numpy(), two.numpy(), atol=1e-6, err_msg=one.path)
        first, second = (copy.numpy() for copy in two.value.values)
        assert first.tobytes() == second.tobytes(), two.path
    for name in ("c", "g_loss", "d_loss"):
        assert logs[1][name] == pytest.approx(logs[0][name], abs=1e-5), name
    assert logs[0]["c"] == logs[0]["c_unclamped"]  # a c at its bound would agree whatever it was


# Options


@pytest.mark.parametrize(
    "options, message",
    [
        ({"inner_steps": -1}, "inner_steps=-1 must be in .0"),
        ({"clamp": -0.1}, "clamp=-0.1 must be in .0"),
        ({"clamp": float("nan")}, "clamp=nan must be in"),
        ({"damping": 0.0}, "damping=0.0 must be in .1e-10"),
        ({"inner_steps": 0, "clamp": 0}, "inner_steps=0 with clamp=0 leaves method=brc nothing to do"),
        ({"inner_steps": 0, "penalty": "prox"}, "n_dis=1 leaves penalty=prox without effect"),
        ({"loss": "hinges"}, "did you mean hinge"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        make(**options)
    assert "\n" not in str(caught.value)
