"""Runs that begin at the weights of a trained model."""

import dataclasses
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import data, image_sizes, networks, registry
from tfgan_zoo.layers import all_layers
from tfgan_zoo.methods import GAN
from tfgan_zoo.pretrained import finetuning, presets
from tfgan_zoo.serving import export
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import devices
from tfgan_zoo.training.build import build_model
from tfgan_zoo.training.run_directory import RunDirectory
from tfgan_zoo.training.train import train

TINY = {"width": 4, "latent_dim": 8, "batch_size": 8, "threads": 2}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """{kind: path} of one model of two steps, and the model under "model"."""
    root = tmp_path_factory.mktemp("sources")
    config = devices.resolve(resolve(method="pconv", kimg=0.016, **TINY))
    run = RunDirectory.create(config, root / "run")
    model = train(config, run, data.load("fashion_mnist_10k"))
    presets.save_to_preset(model, root / "preset")
    model.save(root / "model.keras")
    export(model, root / "saved_model")
    names = {"run": "run", "preset": "preset", "keras": "model.keras", "saved_model": "saved_model"}
    return {kind: str(root / name) for kind, name in names.items()} | {"model": model}


def weights_of(*networks):
    return [weight.numpy() for network in networks for weight in network.weights]


def same(mine, theirs):
    return all(np.array_equal(one, two) for one, two in zip(mine, theirs, strict=True))


@pytest.mark.parametrize("kind", ["run", "preset", "keras"])
def test_a_run_follows_its_donor(kind, sources):
    assert finetuning.settings(sources[kind]) == {
        "method": "pconv",
        "network": "dcgan",
        "width": 4,
        "latent_dim": 8,
        "image_size": 32,
        "channels": 1,
        "conditional": False,
        "normalization": "batch",
    }


@pytest.mark.parametrize(
    "network, own, image_size",
    [
        ("r3gan", {"blocks": 1}, 32),
        ("sngan", {"attention": 8}, (24, 16)),
        ("stylegan2", {"mapping_layers": 3, "mixing": 0.5}, 32),
        ("mlp", {}, (24, 16)),
    ],
)
def test_a_run_follows_what_its_donors_network_alone_has(network, own, image_size, tmp_path):
    shape = (*image_sizes.sides(image_size), 1)
    roles = registry.NETWORKS[network].options
    generator, discriminator = (
        networks.build(
            network, role, shape=shape, width=2, **{name: it for name, it in own.items() if role in roles[name]}
        )
        for role in ("generator", "discriminator")
    )
    presets.save_to_preset(GAN(generator, discriminator), tmp_path / "preset")
    found = finetuning.settings(str(tmp_path / "preset"))
    assert found.items() >= {"network": network, **own}.items() and image_sizes.parse(found["image_size"]) == image_size


def test_a_run_of_another_network_does_not(tmp_path):
    config = devices.resolve(resolve(method="gan", network="r3gan", blocks=1, kimg=0.008, **TINY))
    run = RunDirectory.create(config, tmp_path / "run")
    run.checkpoints.mkdir()
    (run.checkpoints / "ckpt-1.index").touch()  # settings are read off the configuration
    found = finetuning.settings(str(run.path))
    assert (found["network"], found["blocks"]) == ("r3gan", 1)
    assert resolve(found, network="dcgan").blocks is None


@pytest.mark.thorough
@pytest.mark.parametrize("network, method", [("mlp", "gan"), ("sngan", "ces"), ("dcgan", "particle")])
def test_the_settings_of_every_network_make_the_same_model(network, method, tmp_path):
    options = {"ces": {"costs": ("hinge", "least_squares")}, "particle": {"energy": "mmd"}}.get(method, {})
    model = build_model(resolve(method=method, network=network, **TINY, **options))
    presets.save_to_preset(model, tmp_path / "preset")
    model.save(tmp_path / "model.keras")
    for source in (tmp_path / "preset", tmp_path / "model.keras"):
        found = finetuning.settings(str(source))
        assert found.items() >= {"method": method, "network": network, **options}.items()
        fresh = build_model(resolve(**found))
        finetuning.copy(model, fresh, "it")
        assert same(weights_of(*all_layers(fresh)), weights_of(*all_layers(model)))


def test_weights_and_nothing_else_are_copied(sources):
    donor = sources["model"]
    model = build_model(resolve(method="pconv", **TINY))
    finetuning.copy(donor, model, "it")
    for role in ("generator", "ema_generator", "discriminator"):
        assert same(weights_of(getattr(model, role)), weights_of(getattr(donor, role)))
    assert int(model.step.numpy()) == 0
    assert not any(np.any(value.numpy()) for value in model.generator_optimizer.variables[2:])


def test_another_method_takes_the_networks(sources):
    """All discriminators of an ensemble begin at the donor's only one."""
    donor = sources["model"]
    model = build_model(resolve(method="ces", perturb=0.5, **TINY))
    finetuning.copy(donor, model, "it")
    assert same(weights_of(*model.discriminators), 3 * weights_of(donor.discriminator))


def test_proximal_begins_at_the_donors_discriminator():
    """Else the first update would pull D towards the weights that the run was made with."""
    settings = {"method": "particle", "stabilizer": "proximal", "beta": 1.0, "dataset": "ring", **TINY}
    donor, model = build_model(resolve(**settings)), build_model(resolve(**settings, seed=1))
    finetuning.copy(donor, model, "it")
    assert same(weights_of(model.old_discriminator), weights_of(donor.discriminator))


@pytest.mark.parametrize(
    "given, words",
    [
        ({"width": 6}, ("generator's", "kernel", "(8, 384)", "(8, 256)")),
        ({"latent_dim": 9}, ("generator's", "kernel")),
        ({"channels": 3}, ("generator's", "output")),
        ({"image_size": 64}, ("generator's",)),
        ({"normalization": "spectral"}, ("discriminator's",)),
        ({"normalization": "none"}, ("discriminator's", "no such variable|shape")),
    ],
)
def test_another_shape_is_refused_by_its_name(sources, given, words):
    donor = sources["model"]
    shape = {"shape": (given.get("image_size", 32), given.get("image_size", 32), given.get("channels", 1))}
    size = {"width": given.get("width", 4)}
    generator = networks.build("dcgan", "generator", latent_dim=given.get("latent_dim", 8), **shape, **size)
    kind = given.get("normalization", "batch")
    model = GAN(generator, networks.build("dcgan", "discriminator", normalization=kind, **shape, **size))
    before = weights_of(model)
    with pytest.raises(ValueError) as caught:
        finetuning.copy(donor, model, "somewhere")
    message = str(caught.value)
    assert "\n" not in message and message.startswith("init_from=somewhere: the ")
    assert all(any(part in message for part in word.split("|")) for word in words), message
    assert same(weights_of(model), before)


def test_replicas_begin_there_too(sources, mirrored):
    with mirrored.scope():
        model = build_model(resolve(method="pconv", **TINY))
    finetuning.copy(sources["model"], model, "it")
    for mine, theirs in zip(model.generator.weights, sources["model"].generator.weights, strict=True):
        for copy in mine.value.values:
            np.testing.assert_array_equal(copy.numpy(), theirs.numpy())


# What is refused


def refused(source):
    with pytest.raises(ValueError) as caught:
        finetuning.settings(str(source))
    message = str(caught.value)
    assert "\n" not in message and message.startswith(f"init_from={source}")
    return message


def test_what_cannot_be_begun_at(sources, tmp_path):
    assert "is no run, preset, .keras file or export" in refused("nothing")
    assert "export" in refused(sources["saved_model"])
    RunDirectory.create(resolve(**TINY), tmp_path / "new")
    assert "without a checkpoint yet" in refused(tmp_path / "new")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"class": "GAN"}', '{"class": "a>B", "config": {}}'])
def test_damaged_presets_are_one_line(sources, tmp_path, content):
    shutil.copytree(sources["preset"], tmp_path / "preset")
    (tmp_path / "preset" / "config.json").write_text(content)
    assert "is damaged" in refused(tmp_path / "preset")


def test_a_damaged_keras_file_is_one_line(tmp_path):
    (tmp_path / "model.keras").write_text("text")
    assert "is damaged" in refused(tmp_path / "model.keras")


def test_express_is_refused(tmp_path):
    model = build_model(resolve(method="express", network="mlp", dataset="ring", kimg=64.0, **TINY))
    presets.save_to_preset(model, tmp_path / "preset")
    assert "is of method=express" in refused(tmp_path / "preset")


def test_memory_growth_is_on(monkeypatch):
    grown = []
    gpu = object()
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [gpu] if kind == "GPU" else [])
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: [])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda *args: grown.append(args))
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: None)
    devices.resolve(resolve(threads=2))
    assert grown == [(gpu, True)]


def test_the_average_goes_on_where_the_donors_was(sources):
    donor = sources["model"]
    for weight in donor.ema_generator.weights:  # far from the raw generator's
        weight.assign(weight.numpy() + 1.0)
    config = resolve(method="pconv", kimg=0.008, g_lr=1e-12, d_lr=1e-12, ema_kimg=10.0, **TINY)
    model = build_model(dataclasses.replace(devices.resolve(config), init_from="somewhere"))
    finetuning.copy(donor, model, "somewhere")
    before = weights_of(donor.ema_generator)
    reals = data.load("fashion_mnist_10k").reals(8)[0]
    model.fit(reals, batch_size=8, verbose=0)
    keep = 0.5 ** (8 / 10_000)
    expected = [keep * old + (1 - keep) * raw for old, raw in zip(before, weights_of(model.generator), strict=True)]
    for mine, wanted in zip(weights_of(model.ema_generator), expected, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-5, atol=1e-6)
    assert not type(model).from_config(model.get_config()).ema_ramp


def frozen_and_learning(network, before):
    """Returns (the names of the trainable weights that a step left alone, of those that it changed)."""
    changed = [not np.array_equal(old, weight.numpy()) for old, weight in zip(before, network.weights, strict=True)]
    kinds = ("kernel", "bias", "gamma", "beta")
    weights = [(it, moved) for it, moved in zip(network.weights, changed, strict=True) if it.name in kinds]
    return {it.path for it, moved in weights if not moved}, {it.path for it, moved in weights if moved}


@pytest.mark.parametrize(
    "method, count, layers",
    [("gan", 2, {"conv1", "conv2", "conv2_norm"}), ("ces", 1, {"conv1"})],
)
def test_the_lowest_layers_of_every_discriminator_are_frozen(method, count, layers):
    """All else learns; a frozen layer normalises by its batch, and its averages go on."""
    config = resolve(method=method, g_lr=0.01, d_lr=0.01, **TINY, init_from="somewhere", freeze_d=count)
    model = build_model(dataclasses.replace(config, jit="off"))
    before = [weights_of(network) for network in model.discriminators]
    model.fit(data.load("fashion_mnist_10k").reals(8)[0], batch_size=8, verbose=0)
    for network, old in zip(model.discriminators, before, strict=True):
        frozen, learning = frozen_and_learning(network, old)
        assert {path.split("/")[-2] for path in frozen} - {"head"} == layers  # a cost may not move its bias
        assert {path.split("/")[-2] for path in learning} >= {"head", "conv3", "conv3_norm"}
        averages = [(it, was) for it, was in zip(network.weights, old, strict=True) if "moving_mean" in it.path]
        assert all(not np.array_equal(it.numpy(), was) for it, was in averages) and len(averages) == 2
    again = type(model).from_config(model.get_config())
    assert len(again.discriminator_variables) == len(model.discriminator_variables)


def test_a_frozen_models_file_goes_on_with_its_optimizers(tmp_path):
    config = resolve(method="gan", **TINY, init_from="somewhere", freeze_d=2)
    model = build_model(dataclasses.replace(config, jit="off"))
    reals = data.load("fashion_mnist_10k").reals(8)[0]
    model.fit(reals, batch_size=8, verbose=0)
    model.save(tmp_path / "model.keras")
    again = tf.keras.models.load_model(tmp_path / "model.keras")
    assert same(weights_of(again), weights_of(model))
    mine, theirs = (it.discriminator_optimizer.variables for it in (model, again))
    assert same([it.numpy() for it in mine], [it.numpy() for it in theirs])
    donor = build_model(resolve(method="gan", **TINY))
    finetuning.copy(model, donor, "it")
    assert len(donor.discriminator_variables) > len(model.discriminator_variables)  # it is no part of the weights


@pytest.mark.parametrize("network, most", [("mlp", 2), ("dcgan", 3), ("sngan", 4)])
def test_no_more_layers_can_be_frozen_than_there_are(network, most):
    config = resolve(method="gan", network=network, **TINY, init_from="somewhere", freeze_d=most)
    frozen = build_model(config)
    assert {weight.path.split("/")[-2] for weight in frozen.discriminator_variables} == {"head"}
    with pytest.raises(ValueError, match=f"freeze_d={most + 1}: the discriminator has {most} layers below its head"):
        build_model(dataclasses.replace(config, freeze_d=most + 1))


@pytest.mark.parametrize(
    "given, words",
    [
        ({"freeze_d": 2}, "freeze_d=2 is for fine-tuning: it needs --init_from"),
        ({"freeze_d": -1, "init_from": "x"}, "freeze_d=-1 must be at least 0"),
        ({"freeze_d": 1, "init_from": "x", "penalty": "prox", "n_dis": 2}, "does not go with penalty=prox"),
    ],
)
def test_where_nothing_can_be_frozen(given, words):
    with pytest.raises(ValueError, match=words):
        resolve(method="gan", **TINY, **given)


def test_ada_goes_on_where_the_donors_was():
    donor = build_model(resolve(method="gan", augment=("ada",), **TINY))
    donor.augmenter.p.assign(0.3)
    model, plain = (
        build_model(resolve(method="gan", augment=("ada",), **TINY)),
        build_model(resolve(method="gan", **TINY)),
    )
    for fresh in (model, plain):
        finetuning.copy(donor, fresh, "it")
    assert float(model.augmenter.p.numpy()) == np.float32(0.3)
    assert plain.augmenter.p is None
