import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import layers, random
from tfgan_zoo.noise import DISTRIBUTIONS

MULTIPLICATIVE = ("uniform", "gaussian", "bernoulli")
CLASSES = {"plain": layers.PerturbedConv2D, "spectral": layers.PerturbedSNConv2D}
ORDINARY = {"plain": keras.layers.Conv2D, "spectral": layers.SNConv2D}


def normal(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def scope(**kwargs):
    return random.scope(**{"seed": 0, "step": 3, "purpose": "reals", **kwargs})


def pair(kind, **kwargs):
    """A perturbed layer and its ordinary namesake with the same weights, bias included."""
    perturbed, ordinary = CLASSES[kind](6, 3, **kwargs), ORDINARY[kind](6, 3)
    for layer in (perturbed, ordinary):
        layer.build((None, 8, 8, 2))
    perturbed.bias.assign(normal(6, 1))
    for source, target in zip(perturbed.weights, ordinary.weights, strict=True):
        target.assign(source)
    return perturbed, ordinary


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("law", DISTRIBUTIONS)
def test_rate_0_or_inference_equals_conv2d_bit_for_bit(kind, law):
    x = normal((4, 8, 8, 2))
    silent, ordinary = pair(kind, perturb=0.0, perturb_law=law)
    np.testing.assert_array_equal(silent(x, training=True), ordinary(x))
    noisy, ordinary = pair(kind, perturb=0.5, perturb_law=law)
    np.testing.assert_array_equal(noisy(x, training=False), ordinary(x))
    np.testing.assert_array_equal(noisy(x), ordinary(x))
    assert np.abs(noisy(x, training=True) - ordinary(x)).max() > 0.01


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("law", MULTIPLICATIVE)
def test_zero_input_gives_exactly_the_bias(kind, law):
    layer, _ = pair(kind, perturb=0.5, perturb_law=law)
    y = layer(tf.zeros((4, 8, 8, 2)), training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(layer.bias, y.shape))


def variance_of_output(law, rate, kernel, x):
    """The docstring's formulas, for one window x of the kernel's size."""
    weighted = np.sum((kernel * x[..., None]) ** 2, axis=(0, 1, 2))
    if law == "additive":
        return rate**2 * x.var() * np.sum(kernel**2, axis=(0, 1, 2))
    return weighted * {"uniform": rate**2 / 3, "gaussian": rate**2, "bernoulli": rate / (1 - rate)}[law]


@pytest.mark.parametrize("rate", [0.3, 0.8])
@pytest.mark.parametrize("law", DISTRIBUTIONS)
@pytest.mark.parametrize("kind", CLASSES)
def test_mean_over_draws_is_conv2d_and_variance_is_the_formula(kind, law, rate):
    draws = 20_000
    x = normal((3, 3, 2))
    layer = CLASSES[kind](4, 3, perturb=rate, perturb_law=law, kernel_initializer="random_normal")
    kernel = (
        layer(np.eye(18, dtype="float32").reshape(18, 3, 3, 2)).numpy().reshape(3, 3, 2, 4)
    )  # what it convolves with
    with scope():
        y = layer(np.broadcast_to(x, (draws, *x.shape)), training=True).numpy().reshape(draws, 4).astype("float64")
    expected = variance_of_output(law, rate, kernel, x)
    clean = layer(x[None]).numpy().reshape(4)
    np.testing.assert_array_less(np.abs(y.mean(0) - clean), 5 * np.sqrt(expected / draws))
    np.testing.assert_allclose(y.var(0), expected, rtol=0.08)


@pytest.mark.parametrize("law", DISTRIBUTIONS)
def test_scope_repeats_and_every_part_of_it_matters(law):
    x = normal((4, 8, 8, 2))
    layer, _ = pair("plain", perturb=0.5, perturb_law=law, name="one")
    other, _ = pair("plain", perturb=0.5, perturb_law=law, name="two")
    for source, target in zip(layer.weights, other.weights, strict=True):
        target.assign(source)

    def draw(layer, **kwargs):
        with scope(**kwargs):
            return layer(x, training=True).numpy()

    first = draw(layer)
    np.testing.assert_array_equal(draw(layer), first)
    for changed in (draw(other), draw(layer, step=4), draw(layer, purpose="fakes"), draw(layer, substep=1)):
        assert not np.array_equal(changed, first)


def test_two_calls_outside_a_scope_differ():
    x = normal((4, 8, 8, 2))
    layer, _ = pair("plain", perturb=0.5)
    assert not np.array_equal(layer(x, training=True), layer(x, training=True))


def test_seed_generator_rests_inside_a_scope_and_at_inference():
    x = normal((4, 8, 8, 2))
    layer, _ = pair("plain", perturb=0.5)
    state = layer.seed_generator.state.numpy()
    with scope():
        layer(x, training=True)
    layer(x)
    np.testing.assert_array_equal(layer.seed_generator.state, state)
    layer(x, training=True)
    assert not np.array_equal(layer.seed_generator.state, state)


@pytest.mark.parametrize("kind", CLASSES)
def test_weight_names_and_shapes_are_those_of_the_ordinary_layer(kind):
    perturbed, ordinary = pair(kind, perturb=0.5, name="conv")
    described = [[(w.name, tuple(w.shape), w.trainable) for w in layer.weights] for layer in (perturbed, ordinary)]
    assert described[0] == described[1]


def test_weights_of_a_file_fit_both(tmp_path):
    def network(layer):
        return keras.Sequential([keras.layers.InputLayer((8, 8, 2)), layer], name="network")

    ordinary, perturbed = network(keras.layers.Conv2D(6, 3)), network(layers.PerturbedConv2D(6, 3, perturb=0.5))
    perturbed.set_weights(ordinary.get_weights())
    x = normal((4, 8, 8, 2))
    np.testing.assert_array_equal(perturbed(x), ordinary(x))


def test_initial_weights_are_the_same_at_every_rate():
    kernels = []
    for rate in (0.0, 0.5):
        keras.utils.set_random_seed(1)
        network = keras.Sequential([layers.conv2d(4, 3, perturb=rate, spectral_norm=True) for _ in range(2)])
        network.build((None, 8, 8, 2))
        kernels.append(network.get_weights())
    for silent, noisy in zip(*kernels, strict=True):
        np.testing.assert_array_equal(silent, noisy)


def test_additive_noise_is_scaled_by_each_samples_deviation_which_is_constant_to_the_gradient():
    identity = keras.initializers.Constant(1.0)
    layer = layers.PerturbedConv2D(1, 1, perturb=0.5, perturb_law="additive", kernel_initializer=identity)
    x = tf.Variable(normal((1, 32, 32, 1)) * np.array([1.0, 10.0], "float32").reshape(2, 1, 1, 1) + 3)
    with tf.GradientTape() as tape:
        y = layer(x, training=True)
    np.testing.assert_allclose(np.std(y - x, axis=(1, 2, 3)), 0.5 * np.std(x, axis=(1, 2, 3)), rtol=0.15)
    np.testing.assert_allclose(tape.gradient(y, x), np.ones(x.shape), rtol=1e-6)


def test_mixed_precision_rounds_a_float32_draw():
    identity = keras.initializers.Constant(1.0)
    layer = layers.PerturbedConv2D(1, 1, perturb=0.5, kernel_initializer=identity, dtype="mixed_bfloat16", name="noise")
    x = tf.cast(normal((4, 8, 8, 1)), tf.bfloat16)
    with scope():
        y = layer(x, training=True)
        factor = 1 + 0.5 * (2 * random.uniform(x.shape, "noise") - 1)
    assert y.dtype == tf.bfloat16
    np.testing.assert_array_equal(tf.cast(y, tf.float32), tf.cast(x * tf.cast(factor, tf.bfloat16), tf.float32))


@pytest.mark.parametrize("law", DISTRIBUTIONS)
def test_function_takes_any_batch_and_draws_what_eager_mode_draws(law):
    layer, _ = pair("plain", perturb=0.5, perturb_law=law)

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 2))])
    def call(x):
        with scope():
            return layer(x, training=True)

    for rows in (3, 5):
        x = normal((rows, 8, 8, 2))
        with scope():
            np.testing.assert_allclose(call(x), layer(x, training=True), rtol=1e-5, atol=1e-5)


def test_replicas_draw_what_one_device_draws():
    x = normal((6, 8, 8, 2))
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        layer, _ = pair("spectral", perturb=0.5)

    @tf.function
    def halves():
        def one():
            row = 3 * tf.distribute.get_replica_context().replica_id_in_sync_group
            with scope(first_row=row):
                return layer(tf.constant(x)[row : row + 3], training=True)

        return strategy.run(one)

    with scope():
        whole = layer(x, training=True)
    parts = strategy.experimental_local_results(halves())
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_factory_passes_everything_on_and_a_file_keeps_it(spectral_norm, tmp_path):
    layer = layers.conv2d(
        6, 3, spectral_norm=spectral_norm, perturb=0.25, perturb_law="gaussian", strides=2, name="conv"
    )
    assert type(layer) is CLASSES["spectral" if spectral_norm else "plain"]
    assert (layer.perturb, layer.perturb_law, layer.strides, layer.name) == (0.25, "gaussian", (2, 2), "conv")
    network = keras.Sequential([keras.layers.InputLayer((8, 8, 2)), layer])
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    assert again.layers[0].get_config() == layer.get_config()
    x = normal((4, 8, 8, 2))
    with scope():
        np.testing.assert_array_equal(again(x, training=True), network(x, training=True))


@pytest.mark.parametrize(
    ("law", "rate"),
    [("uniform", -0.1), ("gaussian", -1), ("additive", float("nan")), ("bernoulli", 1.0), ("bernoulli", -0.5)],
)
@pytest.mark.parametrize("kind", CLASSES)
def test_bad_rate_is_refused(kind, law, rate):
    with pytest.raises(ValueError, match=rf"perturb={rate} must be at least 0 and .* for perturb_law={law}"):
        CLASSES[kind](6, 3, perturb=rate, perturb_law=law)


def test_bad_law_is_refused_with_the_list():
    with pytest.raises(
        ValueError, match=r"perturb_law=gausian .*did you mean gaussian.*uniform, gaussian, bernoulli, additive"
    ):
        layers.conv2d(6, 3, perturb=0.5, perturb_law="gausian")


@pytest.mark.parametrize(("law", "rate"), [("uniform", 1.5), ("gaussian", 2), ("bernoulli", 0.99)])
def test_rates_up_to_the_laws_bound_are_taken(law, rate):
    assert layers.conv2d(6, 3, perturb=rate, perturb_law=law).perturb == rate
