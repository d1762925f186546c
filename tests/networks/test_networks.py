"""What every network promises: one table of networks, one test a promise."""

import functools
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import layers, networks, random, registry
from tfgan_zoo.layers import all_layers
from tfgan_zoo.layers.perturbation import Perturbed

IMAGE = (32, 32, 3)
GENERATORS = {
    "mlp-ring": ("mlp", {"shape": (2,), "latent_dim": 7, "width": 8}),
    "mlp-image": ("mlp", {"shape": (6, 5, 1), "latent_dim": 7, "width": 8, "depth": 3, "activation": "tanh"}),
    "dcgan-32": ("dcgan", {"shape": IMAGE, "latent_dim": 7, "width": 4}),
    "dcgan-64": ("dcgan", {"shape": (64, 64, 1), "latent_dim": 7, "width": 5}),
    "dcgan-128": ("dcgan", {"shape": (128, 128, 3), "latent_dim": 7, "width": 4}),
    "sngan-32": ("sngan", {"shape": IMAGE, "latent_dim": 7, "width": 4}),
    "sngan-64": ("sngan", {"shape": (64, 64, 1), "latent_dim": 7, "width": 3}),
    "sngan-128": ("sngan", {"shape": (128, 128, 3), "latent_dim": 7, "width": 2}),
    "r3gan-32": ("r3gan", {"shape": IMAGE, "latent_dim": 7, "width": 4}),
    "stylegan2-32": ("stylegan2", {"shape": IMAGE, "latent_dim": 7, "width": 4}),
    "stylegan2-64": ("stylegan2", {"shape": (64, 64, 1), "latent_dim": 7, "width": 8, "mapping_layers": 3}),
    "r3gan-64": ("r3gan", {"shape": (64, 64, 1), "latent_dim": 7, "width": 16, "blocks": 1}),
}
DISCRIMINATORS = {
    "mlp-ring": ("mlp", {"shape": (2,), "width": 8}),
    "mlp-image": ("mlp", {"shape": (6, 5, 1), "width": 8, "depth": 3, "normalization": "spectral", "outputs": 4}),
    "dcgan-32": ("dcgan", {"shape": IMAGE, "width": 4}),
    "dcgan-spectral": (
        "dcgan",
        {"shape": IMAGE, "width": 4, "normalization": "spectral", "perturb": 0.5, "outputs": 3},
    ),
    "dcgan-none": ("dcgan", {"shape": IMAGE, "width": 4, "normalization": "none", "perturb": 0.2}),
    "dcgan-64": ("dcgan", {"shape": (64, 64, 1), "width": 5}),
    "dcgan-128": ("dcgan", {"shape": (128, 128, 3), "width": 4}),
    "sngan-32": ("sngan", {"shape": IMAGE, "width": 4, "perturb": 0.5, "perturb_law": "gaussian", "outputs": 3}),
    "sngan-none": ("sngan", {"shape": IMAGE, "width": 4, "normalization": "none", "perturb_first": False}),
    "sngan-64": ("sngan", {"shape": (64, 64, 1), "width": 3}),
    "sngan-128": ("sngan", {"shape": (128, 128, 3), "width": 2}),
    "r3gan-32": ("r3gan", {"shape": IMAGE, "width": 4, "perturb": 0.5, "outputs": 3}),
    "stylegan2-32": ("stylegan2", {"shape": IMAGE, "width": 4, "perturb": 0.5, "outputs": 3}),
    "stylegan2-64": ("stylegan2", {"shape": (64, 64, 1), "width": 8}),
    "r3gan-64": ("r3gan", {"shape": (64, 64, 1), "width": 16, "blocks": 1}),
}
ALL = [("generator", case) for case in GENERATORS] + [("discriminator", case) for case in DISCRIMINATORS]
SMALL = [(role, case) for role, case in ALL if not case.endswith(("64", "128"))]
NOISY = ["dcgan-spectral", "dcgan-none", "sngan-32"]

every_network = pytest.mark.parametrize(("role", "case"), ALL)
every_small_network = pytest.mark.parametrize(("role", "case"), SMALL)


def fresh(role, case, **kwargs):
    name, arguments = (GENERATORS if role == "generator" else DISCRIMINATORS)[case]
    return networks.build(name, role, **arguments, **kwargs)


@functools.cache
def network(role, case):
    """One instance for the tests that do not change it."""
    return fresh(role, case)


def batch(network, rows=4, seed=0):
    is_generator = hasattr(network, "latent_dim")
    shape = (network.latent_dim,) if is_generator else network.image_shape
    return np.random.default_rng(seed).standard_normal((rows, *shape)).astype("float32")


def scope(**kwargs):
    return random.scope(**{"seed": 0, "step": 3, "purpose": "reals", **kwargs})


@every_network
def test_shapes(role, case):
    net = network(role, case)
    y = net(batch(net, 3))
    assert y.dtype == tf.float32
    if role == "generator":
        assert y.shape == (3, *net.image_shape)
        return
    assert y.shape == (3, net.outputs)
    features = net.features(batch(net, 3))
    assert features.dtype == tf.float32
    assert features.shape.rank == 2
    np.testing.assert_allclose(net.head(features), y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", GENERATORS)
def test_images_lie_within_1_and_vectors_need_not(case):
    net = network("generator", case)
    largest = np.abs(net(1e9 * batch(net))).max()
    within = len(net.image_shape) == 3 and registry.NETWORKS[case.split("-")[0]].tanh
    assert 0.1 < largest <= 1 if within else largest > 1


@every_network
def test_weights_exist_after_construction_under_unique_paths(role, case):
    net = fresh(role, case)
    assert net.built
    paths = [weight.path for weight in net.weights]
    assert len(paths) == len(set(paths)) > 0
    assert len(net.weights) == len(network(role, case).weights)  # a call added none
    noisy = [layer.name for layer in all_layers(net) if isinstance(layer, Perturbed)]
    assert len(noisy) == len(set(noisy))


# Of each kernel the first value, times the kernel's number, added up: a run's seed decides them, so they stay.
FIRST_WEIGHTS = {
    ("generator", "mlp-ring"): 0.89080,
    ("generator", "mlp-image"): 2.46039,
    ("generator", "dcgan-32"): -0.05807,
    ("generator", "sngan-32"): 3.86286,
    ("generator", "r3gan-32"): 28.65201,
    ("generator", "stylegan2-32"): 99.19326,
    ("discriminator", "mlp-ring"): 3.16145,
    ("discriminator", "mlp-image"): 4.70419,
    ("discriminator", "dcgan-32"): 0.17918,
    ("discriminator", "dcgan-spectral"): 0.17918,
    ("discriminator", "dcgan-none"): 0.17918,
    ("discriminator", "sngan-32"): 5.76323,
    ("discriminator", "sngan-none"): 5.63778,
    ("discriminator", "r3gan-32"): 1.15467,
    ("discriminator", "stylegan2-32"): 33.12473,
}


@every_small_network
def test_a_seed_gives_the_same_first_weights_as_ever(role, case):
    keras.utils.set_random_seed(7)
    kernels = [weight for weight in fresh(role, case).trainable_weights if "kernel" in weight.path]
    first = sum(number * kernel.numpy().flat[0] for number, kernel in enumerate(kernels, 1))
    np.testing.assert_allclose(first, FIRST_WEIGHTS[role, case], rtol=1e-5, atol=2e-5)


@pytest.mark.thorough
@every_small_network
def test_file_keeps_the_network(role, case, tmp_path):
    net = fresh(role, case, name="kept")
    x = batch(net)
    layers.power_iteration(net)
    net(x, training=True)  # moves the statistics of batch normalisation
    net.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    assert type(again) is type(net)
    assert again.get_config() == net.get_config()
    for old, new in zip(net.weights, again.weights, strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(again(x), net(x))


@every_small_network
def test_config_is_plain_json_and_makes_the_same_network(role, case):
    net = network(role, case)
    arguments = (GENERATORS if role == "generator" else DISCRIMINATORS)[case][1]
    config = json.loads(json.dumps(net.get_config()))
    for name, value in arguments.items():
        if name in config:
            assert config[name] == (list(value) if name == "shape" else value)
    again = type(net).from_config(config)
    assert again.get_config() == net.get_config()
    assert [(w.path, w.shape) for w in again.weights] == [(w.path, w.shape) for w in net.weights]


@pytest.mark.thorough
@every_small_network
def test_checkpoint_keeps_every_weight(role, case, tmp_path):
    net, again = fresh(role, case), fresh(role, case)
    path = tf.train.Checkpoint(network=net).write(str(tmp_path / "checkpoint"))
    tf.train.Checkpoint(network=again).read(path).assert_existing_objects_matched()
    for old, new in zip(net.weights, again.weights, strict=True):
        np.testing.assert_array_equal(old, new)


@every_small_network
def test_every_trainable_weight_gets_a_gradient(role, case):
    net = fresh(role, case)
    x = batch(net, 8)
    for weight in net.trainable_weights:
        if not np.any(weight):  # zeros hide what lies below; zero biases leave ReLUs of thin networks dead together
            weight.assign(np.random.default_rng(1).uniform(0, 0.1, weight.shape))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(net(x, training=True) ** 3)
    names = [weight.path for weight in net.trainable_weights]
    gradients = dict(zip(names, tape.gradient(loss, net.trainable_weights), strict=True))
    assert [name for name, gradient in gradients.items() if gradient is None] == []
    assert [name for name, gradient in gradients.items() if not np.isfinite(gradient).all()] == []
    assert [name for name, gradient in gradients.items() if not np.any(gradient)] == []


@every_small_network
def test_mixed_precision_gives_float32_outputs_near_full_precision(role, case):
    full, mixed = network(role, case), fresh(role, case, dtype="mixed_bfloat16")
    mixed.set_weights(full.get_weights())
    assert {weight.dtype for weight in mixed.weights} == {"float32"}
    halved = [layer for layer in all_layers(mixed) if layer.compute_dtype == "bfloat16" and layer.weights]
    assert halved
    x = batch(full)
    exact, y = full(x), mixed(x)
    error = np.abs(y - exact).max() / np.abs(exact).max()
    assert 0 < error < 0.05
    assert y.dtype == mixed(x, training=True).dtype == tf.float32
    if role == "discriminator":
        assert mixed.features(x).dtype == tf.float32


@every_small_network
def test_inference_is_deterministic_and_needs_no_scope(role, case):
    net = network(role, case)
    weights = net.get_weights()
    x = batch(net)
    np.testing.assert_array_equal(net(x, training=False), net(x))
    with scope():
        np.testing.assert_array_equal(net(x, training=False), net(x))
    for before, after in zip(weights, net.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("case", NOISY)
@pytest.mark.parametrize("method", ["__call__", "features"])
def test_noise_repeats_in_a_scope_only_and_never_advances_a_generator_there(case, method):
    net = network("discriminator", case)
    call = functools.partial(getattr(net, method), batch(net), training=True)
    noisy = [layer for layer in all_layers(net) if isinstance(layer, Perturbed)]
    states = [layer.seed_generator.state.numpy() for layer in noisy]
    with scope():
        first, second = call().numpy(), call().numpy()
    with scope(step=4):
        third = call().numpy()
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, third)
    for layer, state in zip(noisy, states, strict=True):
        np.testing.assert_array_equal(layer.seed_generator.state, state)
    assert not np.allclose(call(), call())


@pytest.mark.parametrize(("name", "seeing_the_image"), [("dcgan", 1), ("sngan", 2)])
@pytest.mark.parametrize("spectral", [False, True])
def test_every_convolution_of_the_discriminator_is_perturbed(name, seeing_the_image, spectral):
    def rates(**kwargs):
        normalization = "spectral" if spectral else "none"
        net = networks.build(
            name, "discriminator", shape=IMAGE, width=4, normalization=normalization, perturb_law="bernoulli", **kwargs
        )
        convolutions = [layer for layer in all_layers(net) if isinstance(layer, keras.layers.Conv2D)]
        assert all(isinstance(layer, layers.PerturbedSNConv2D) == spectral for layer in convolutions)
        assert {layer.perturb_law for layer in convolutions} == {"bernoulli"}
        return [(layer.perturb, layer.kernel.shape[2] == 3) for layer in convolutions]

    everywhere = rates(perturb=0.25)
    assert {rate for rate, _ in everywhere} == {0.25}
    assert [sees for _, sees in everywhere].count(True) == seeing_the_image
    assert all((rate == 0) == sees for rate, sees in rates(perturb=0.25, perturb_first=False))


def test_batch_statistics_span_the_replicas():
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        nets = fresh("generator", "dcgan-32"), fresh("discriminator", "dcgan-32")
    z = batch(nets[0], 6)

    @tf.function
    def halves():
        def one():
            row = 3 * tf.distribute.get_replica_context().replica_id_in_sync_group
            return nets[1](nets[0](tf.constant(z)[row : row + 3], training=True), training=True)

        return strategy.run(one)

    whole = nets[1](nets[0](z, training=True), training=True)
    parts = strategy.experimental_local_results(halves())
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("role", ["generator", "discriminator"])
@pytest.mark.parametrize("name", ["dcgan", "sngan"])
@pytest.mark.parametrize(
    ("argument", "value", "allowed"),
    [
        ("image_size", 48, "32, 64, 128"),
        ("image_size", 512, "32, 64, 128, 256"),
        ("width", 0, "at least 1"),
        ("width", 2.5, "whole number"),
        ("channels", -1, "at least 1"),
    ],
)
def test_bad_size_is_refused(name, role, argument, value, allowed):
    with pytest.raises(ValueError, match=f"^{argument}={value}: .*{allowed}"):
        networks.build(name, role, **{argument: value})


@pytest.mark.parametrize(
    ("name", "role", "arguments", "message"),
    [
        ("dcgan", "generator", {"latent_dim": 0}, "latent_dim=0: expected a whole number of at least 1"),
        ("sngan", "discriminator", {"outputs": 0}, "outputs=0: expected a whole number of at least 1"),
        ("dcgan", "discriminator", {"normalization": "batc"}, "normalization=batc .*batch, spectral, none"),
        ("sngan", "discriminator", {"normalization": "batch"}, "normalization=batch .*spectral, none"),
        ("sngan", "discriminator", {"perturb_law": "pink"}, "perturb_law=pink .*uniform"),
        ("dcgan", "discriminator", {"perturb": -1}, "perturb=-1"),
        ("r3gan", "discriminator", {"perturb": "0.5"}, "perturb='0.5' must be at least 0"),
        ("stylegan2", "generator", {"mixing": "0.5"}, r"mixing='0.5' must be in \[0, 1\]"),
        ("sngan", "generator", {"shape": (2,)}, r"shape=\(2,\): images are needed"),
        ("mlp", "generator", {"shape": ()}, r"shape=\(\): expected at least one dimension"),
        ("mlp", "generator", {"shape": (2, 0)}, r"shape\[1\]=0: expected a whole number"),
        ("mlp", "discriminator", {"shape": (2,), "depth": 0}, "depth=0: expected a whole number"),
        ("mlp", "discriminator", {"shape": (2,), "normalization": "batch"}, "normalization=batch .*none, spectral"),
        ("dcgn", "generator", {}, r"network=dcgn .*did you mean dcgan.*mlp, dcgan, "),
        ("dcgan", "critic", {}, "role=critic .*generator, discriminator"),
    ],
)
def test_bad_argument_is_refused_by_name(name, role, arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        networks.build(name, role, **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("role", ["generator", "discriminator"])
@pytest.mark.parametrize("name", registry.NETWORKS)
def test_package_exports_the_classes_that_build_makes(name, role):
    (word,) = (word for word in networks.__all__ if word.lower() == f"{name}{role}")
    exported = getattr(networks, word)
    assert exported.__module__.startswith(f"tfgan_zoo.networks.{name}.")
    assert type(networks.build(name, role, shape=(32, 32, 1), width=2)) is exported
    with pytest.raises(AttributeError, match="has no attribute 'Critic'"):
        _ = networks.Critic


def test_importing_the_package_leaves_tensorflow_alone():
    code = "import sys, tfgan_zoo.networks; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
