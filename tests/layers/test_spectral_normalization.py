import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import layers

CASES = {
    "conv": (lambda **kwargs: layers.SNConv2D(5, 3, name="sn", **kwargs), (2, 6, 6, 4)),
    "dense": (lambda **kwargs: layers.SNDense(5, name="sn", **kwargs), (3, 12)),
}


def normal(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def matrix(layer):
    """The paper's W: a NumPy matrix of d_out rows."""
    kernel = layer.kernel.numpy()
    return kernel.reshape(-1, kernel.shape[-1]).T.astype("float64")


def unit(x):
    return x / np.linalg.norm(x)


def iterated(w, u):
    """Algorithm 1 of the paper, one step."""
    return unit(w @ unit(w.T @ u))


@pytest.fixture(params=CASES)
def built(request):
    keras.utils.set_random_seed(1)
    make, shape = CASES[request.param]
    layer, x = make(), normal(shape)
    layer(x)
    layer.bias.assign(normal(layer.bias.shape, 2))
    return layer, x


def test_weights_are_those_of_the_plain_layer_and_u(built):
    layer, x = built
    plain = type(layer).__mro__[2].from_config(layer.get_config())  # Conv2D or Dense
    plain(x)
    names = [(weight.name, tuple(weight.shape)) for weight in layer.trainable_weights]
    assert names == [(weight.name, tuple(weight.shape)) for weight in plain.weights]
    assert [weight.name for weight in layer.non_trainable_weights] == ["u"]


def test_u_starts_as_a_seeded_unit_vector():
    drawn = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        layer = layers.SNDense(400)
        layer.build((None, 3))
        drawn.append(layer.u.numpy())
    np.testing.assert_allclose(np.linalg.norm(drawn[0]), 1, rtol=1e-6)
    assert abs(drawn[0].mean()) < 4 / 400  # no preferred sign: the mean of 400 numbers of variance 1 / 400
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.allclose(drawn[0], drawn[2])


def test_sigma_is_the_papers_estimate(built):
    layer, _ = built
    w, u = matrix(layer), layer.u.numpy()
    np.testing.assert_allclose(layer.sigma(), u @ w @ unit(w.T @ u), rtol=1e-5)


def test_sigma_converges_to_the_largest_singular_value(built):
    layer, _ = built
    for _ in range(300):
        layer.power_iteration()
    np.testing.assert_allclose(layer.sigma(), np.linalg.svd(matrix(layer), compute_uv=False)[0], rtol=1e-4)


def test_output_is_that_of_the_plain_layer_with_the_normalized_kernel(built):
    layer, x = built
    kernel = layer.kernel.numpy() / layer.sigma().numpy()
    expected = tf.nn.conv2d(x, kernel, 1, "VALID") if x.ndim == 4 else x @ kernel
    np.testing.assert_allclose(layer(x), expected + layer.bias.numpy(), rtol=1e-5, atol=1e-5)


def test_dense_has_keras_options():
    layer = layers.SNDense(5, use_bias=False, activation="relu")
    x = normal((3, 12))
    np.testing.assert_allclose(layer(x), np.maximum(x @ layer.normalized_kernel().numpy(), 0), rtol=1e-5, atol=1e-6)


def test_gradient_holds_u_and_v_constant(built):
    layer, _ = built
    weights = normal(layer.kernel.shape, 3)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights * layer.normalized_kernel())
    gradient = tape.gradient(loss, layer.kernel.value).numpy()

    kernel, w, u = layer.kernel.numpy(), matrix(layer), layer.u.numpy()
    v = unit(w.T @ u)
    with tf.GradientTape() as tape:
        variable = tf.Variable(kernel)
        rows = tf.transpose(tf.reshape(variable, (-1, kernel.shape[-1])))
        sigma = tf.einsum("i,ij,j", u, rows, v.astype("float32"))
        loss = tf.reduce_sum(weights * variable / sigma)
    np.testing.assert_allclose(gradient, tape.gradient(loss, variable), rtol=1e-4, atol=1e-5)

    # Equation 12: (G - <G, W_SN> u v^T) / sigma, for G = dL / dW_SN.
    sigma, g = u @ w @ v, weights.reshape(-1, weights.shape[-1]).T
    by_hand = (g - np.sum(g * w) / sigma * np.outer(u, v)) / sigma
    np.testing.assert_allclose(gradient.reshape(-1, kernel.shape[-1]).T, by_hand, rtol=1e-4, atol=1e-5)


def test_gradient_has_no_radial_part(built):
    layer, x = built
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 2)
    gradient = tape.gradient(loss, layer.kernel.value).numpy()
    radial = np.sum(gradient * layer.kernel.numpy(), dtype="float64")
    assert np.linalg.norm(gradient) > 1
    assert abs(radial) < 1e-5 * np.linalg.norm(gradient) * np.linalg.norm(layer.kernel.numpy())


@pytest.mark.parametrize("training", [False, True])
def test_call_changes_neither_u_nor_the_kernel(built, training):
    layer, x = built
    u, kernel = layer.u.numpy(), layer.kernel.numpy()
    keras.Sequential([layer])(x, training=training)
    np.testing.assert_array_equal(layer.u, u)
    np.testing.assert_array_equal(layer.kernel, kernel)


def test_power_iteration_advances_u_once_and_leaves_the_kernel(built):
    layer, _ = built
    u, kernel = layer.u.numpy(), layer.kernel.numpy()
    assert layers.power_iteration(layer) is None
    np.testing.assert_allclose(layer.u, iterated(matrix(layer), u), rtol=1e-4, atol=1e-6)
    assert not np.allclose(layer.u, u, atol=1e-3)
    np.testing.assert_array_equal(layer.kernel, kernel)


def test_power_iteration_walks_nested_networks_and_counts_a_shared_layer_once():
    shared = layers.SNDense(6, name="shared")
    inner = keras.Sequential([layers.SNDense(6, name="inner"), keras.layers.Dense(6), shared])
    network = keras.Sequential([inner, keras.layers.ReLU(), shared])
    network(normal((2, 6)))
    normalized = [inner.layers[0], shared]
    before = [layer.u.numpy() for layer in normalized]
    layers.power_iteration(network)
    for layer, u in zip(normalized, before, strict=True):
        np.testing.assert_allclose(layer.u, iterated(matrix(layer), u), rtol=1e-4, atol=1e-6)


def test_power_iteration_leaves_an_ordinary_network_alone():
    network = keras.Sequential([keras.layers.Dense(3)])
    network(normal((2, 6)))
    kernel = network.layers[0].kernel.numpy()
    layers.power_iteration(network)
    np.testing.assert_array_equal(network.layers[0].kernel, kernel)


def test_function_does_what_eager_mode_does(built):
    layer, x = built

    @tf.function
    def step():
        layers.power_iteration(layer)
        return layer(x)

    u = layer.u.numpy()
    outputs = [step() for _ in range(2)]
    once = iterated(matrix(layer), u)
    np.testing.assert_allclose(layer.u, iterated(matrix(layer), once), rtol=1e-4, atol=1e-6)
    assert not np.allclose(outputs[0], outputs[1])  # each step used its own u
    np.testing.assert_allclose(outputs[1], layer(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_mixed_precision_takes_the_norm_in_float32(case):
    make, shape = CASES[case]
    layer = make(dtype="mixed_bfloat16", use_bias=False)
    x = tf.cast(normal(shape), tf.bfloat16)
    y = layer(x)
    assert y.dtype == tf.bfloat16
    assert layer.kernel.dtype == layer.u.dtype == layer.sigma().dtype == "float32"
    kernel = layer.kernel.numpy() / layer.sigma().numpy()  # not of a rounded kernel
    kernel = tf.cast(kernel, tf.bfloat16)
    expected = tf.nn.conv2d(x, kernel, 1, "VALID") if case == "conv" else x @ kernel
    np.testing.assert_array_equal(tf.cast(y, tf.float32), tf.cast(expected, tf.float32))


def test_zero_kernel_gives_finite_outputs(built):
    layer, x = built
    layer.kernel.assign(tf.zeros_like(layer.kernel))
    layers.power_iteration(layer)
    assert np.isfinite(layer(x)).all()
    assert np.isfinite(layer.u).all()


def test_replicas_hold_the_same_u_as_one_device():
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        layer = layers.SNDense(5)
        layer.build((None, 12))

    @tf.function
    def step(x):
        def one(x):
            layers.power_iteration(layer)
            return layer(x)

        return strategy.run(one, (x,))

    u = layer.u.numpy()
    halves = normal((2, 3, 12))
    values = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(halves[context.replica_id_in_sync_group])
    )
    for _ in range(2):
        outputs = strategy.experimental_local_results(step(values))
    copies = strategy.experimental_local_results(layer.u.value)
    assert len(copies) == 2
    np.testing.assert_array_equal(copies[0], copies[1])
    w = matrix(layer)
    np.testing.assert_allclose(copies[0], iterated(w, iterated(w, u)), rtol=1e-4, atol=1e-6)
    for half, output in zip(halves, outputs, strict=True):
        np.testing.assert_allclose(output, layer(half), rtol=1e-5, atol=1e-6)


def test_u_is_averaged_if_replicas_disagree():
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        layer = layers.SNDense(2)
        layer.build((None, 12))

    @tf.function
    def disagree():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        layer.u.assign(tf.one_hot(replica, 2))

    strategy.run(disagree)
    for copy in strategy.experimental_local_results(layer.u.value):
        np.testing.assert_array_equal(copy, [0.5, 0.5])


def test_file_keeps_u(built, tmp_path):
    layer, x = built
    network = keras.Sequential([keras.layers.InputLayer(x.shape[1:]), layer])
    layers.power_iteration(network)
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    assert type(again.layers[0]) is type(layer)
    for old, new in zip(network.weights, again.weights, strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(again(x), network(x))
