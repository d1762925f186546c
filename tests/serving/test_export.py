"""Exports: what TensorFlow alone reads from them, what they refuse, what they leave on disk."""

import functools
import io
import json
import resource
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_zoo import random
from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build
from tfgan_zoo.serving import SavedModelGenerator, export

LATENT = 6
SHAPES = {"grey": (32, 32, 1), "colour": (32, 32, 3), "mixture": (2,)}
SEEDS = np.array([0, 7, -1, 2**63 - 1, -(2**63)])


def make(shape):
    """A model whose averaged generator is neither the raw one nor fresh: statistics of BatchNorm included."""
    keras.utils.set_random_seed(0)
    name = "dcgan" if len(shape) == 3 else "mlp"
    width = 4 if len(shape) == 3 else 8
    generator = build(name, "generator", shape=shape, width=width, latent_dim=LATENT)
    model = GAN(generator, build(name, "discriminator", shape=shape, width=width))
    rng = np.random.default_rng(1)
    for weight in model.ema_generator.weights:
        weight.assign(np.abs(weight) + rng.uniform(0.1, 1.0, weight.shape) * (1 if "variance" in weight.path else 0.2))
    model.ema_generator.weights[0].assign(rng.normal(0, 0.5, model.ema_generator.weights[0].shape))
    return model


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """{kind: (model, the folder of its version 1)}."""
    models = {kind: make(shape) for kind, shape in SHAPES.items()}
    root = tmp_path_factory.mktemp("exports")
    return {kind: (model, export(model, root / kind)) for kind, model in models.items()}


@pytest.fixture(scope="module", params=SHAPES)
def exported(request, exports):
    """(model, the folder of its version 1), of each kind."""
    return exports[request.param]


@pytest.fixture(scope="module")
def grey(exports):
    return exports["grey"]


@pytest.fixture(scope="module")
def mixture(exports):
    """The one that is exported quickest."""
    return exports["mixture"]


# A process that knows nothing of us

FRESH = """
import json, sys
import numpy as np
import tensorflow as tf

# Other threads than in the tests' process, and another device.
tf.config.threading.set_intra_op_parallelism_threads(1)
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
exports = json.loads(sys.argv[1])
latents, seeds = (np.load(sys.argv[2])[name] for name in ("latents", "seeds"))
specs, images = {}, {}
for kind, path in exports.items():
    served = tf.saved_model.load(path).signatures
    specs[kind] = {}
    for name, function in served.items():
        tables = function.structured_input_signature[1], function.structured_outputs
        specs[kind][name] = [{key: [t.dtype.name, t.shape.as_list()] for key, t in table.items()} for table in tables]
    ones = tf.ones([len(seeds)])
    with tf.device("CPU:1"):
        images[kind + "/latents"] = served["serving_default"](latents=tf.constant(latents))["images"]
        images[kind + "/seeds"] = served["generate"](seeds=tf.constant(seeds), truncation=ones)["images"]
assert not [name for name in sys.modules if name.startswith("tfgan_zoo")]
from tfgan_zoo import random
np.savez(sys.argv[3], latents=random.latents_from_seeds(seeds, latents.shape[1]), **images)
print(json.dumps(specs))
"""


@pytest.fixture(scope="module")
def fresh(exports, tmp_path_factory):
    """(what the signatures take and give, latents, their images), from a process with TensorFlow alone."""
    folder = tmp_path_factory.mktemp("fresh")
    latents = np.random.default_rng(0).normal(size=(3, LATENT)).astype("float32")
    np.savez(folder / "asked.npz", latents=latents, seeds=SEEDS)
    paths = json.dumps({kind: str(path) for kind, (_, path) in exports.items()})
    command = [sys.executable, "-c", FRESH, paths, str(folder / "asked.npz"), str(folder / "images.npz")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), latents, np.load(folder / "images.npz")


@pytest.mark.parametrize("kind", SHAPES)
def test_signatures_have_the_documented_names_types_and_shapes(kind, fresh):
    shape = list(SHAPES[kind])
    of_seeds = {"seeds": ["int64", [None]], "truncation": ["float32", [None]]}
    images = {"images": ["float32", [None, *shape]]}
    expected = {"serving_default": [{"latents": ["float32", [None, LATENT]]}, images], "generate": [of_seeds, images]}
    if len(shape) == 3:
        expected["generate_png"] = [of_seeds, {"image_bytes": ["string", [None]]}]
    assert fresh[0][kind] == expected


@pytest.mark.parametrize("kind", SHAPES)
def test_tensorflow_alone_makes_the_images_of_the_keras_model(kind, fresh, exports):
    (_, latents, images), (model, _) = fresh, exports[kind]
    expected = np.asarray(model.ema_generator(latents, training=False))
    if len(SHAPES[kind]) == 3:
        expected = (expected + 1) / 2
    np.testing.assert_allclose(images[f"{kind}/latents"], expected, atol=1e-5)
    of_seeds = images[f"{kind}/seeds"]
    np.testing.assert_allclose(of_seeds, model.sample(random.latents_from_seeds(SEEDS, LATENT)), atol=1e-5)
    assert np.ptp(of_seeds, axis=0).max() > 0.1  # images that differ


@pytest.mark.parametrize("kind", SHAPES)
def test_a_seeds_image_does_not_depend_on_the_process_and_its_devices(kind, fresh, exports):
    there = fresh[2]
    assert there["latents"].tobytes() == random.latents_from_seeds(SEEDS, LATENT).numpy().tobytes()
    here = signatures(exports[kind][1])["generate"](seeds=tf.constant(SEEDS), truncation=ones(len(SEEDS)))["images"]
    np.testing.assert_allclose(there[f"{kind}/seeds"], here, atol=1e-6)


# What a signature computes


@functools.cache
def load(path):
    return tf.saved_model.load(str(path))


def signatures(path):
    return load(path).signatures


def ones(num):
    return tf.ones([num])


def test_a_seeds_image_does_not_depend_on_its_batch(exported):
    _, path = exported
    served = signatures(path)
    whole = served["generate"](seeds=tf.constant(SEEDS), truncation=ones(len(SEEDS)))["images"].numpy()
    for position, seed in enumerate(SEEDS):
        alone = served["generate"](seeds=tf.constant([seed], tf.int64), truncation=ones(1))["images"].numpy()
        np.testing.assert_allclose(alone[0], whole[position], atol=1e-6)
    # The latents behind them are the same bits: fed in one batch, they give the same bits.
    traced = tf.function(lambda seeds: random.latents_from_seeds(seeds, LATENT))
    one_by_one = np.concatenate([traced(tf.constant([seed], tf.int64)) for seed in SEEDS])
    assert one_by_one.tobytes() == random.latents_from_seeds(SEEDS, LATENT).numpy().tobytes()
    from_latents = served["serving_default"](latents=tf.constant(one_by_one))["images"].numpy()
    assert from_latents.tobytes() == whole.tobytes()


def test_truncation_scales_the_latents_of_each_seed(exported):
    model, path = exported
    truncation = np.array([1.0, 0.5, 0.0], "float32")
    images = signatures(path)["generate"](seeds=tf.constant([3, 3, 3], tf.int64), truncation=tf.constant(truncation))
    latents = random.latents_from_seeds([3], LATENT).numpy()
    np.testing.assert_allclose(images["images"], model.sample(truncation[:, None] * latents), atol=1e-5)


@pytest.mark.parametrize("kind, mode", [("grey", "L"), ("colour", "RGB")])
def test_png_has_the_levels_of_the_images(kind, mode, exports):
    served = signatures(exports[kind][1])
    request = {"seeds": tf.constant([5, 6], tf.int64), "truncation": tf.constant([1.0, 0.5])}
    images = served["generate"](**request)["images"].numpy()
    pngs = served["generate_png"](**request)["image_bytes"].numpy()
    assert len(pngs) == 2
    for png, image in zip(pngs, images, strict=True):
        picture = Image.open(io.BytesIO(png))
        assert (picture.format, picture.mode, picture.size) == ("PNG", mode, (32, 32))
        levels = np.asarray(picture, int).reshape(image.shape)
        assert np.abs(levels - image * 255).max() <= 1
        assert np.ptp(levels) > 20


def test_images_are_in_0_1(grey):
    _, path = grey
    wild = 100 * np.random.default_rng(0).normal(size=(4, LATENT)).astype("float32")
    images = signatures(path)["serving_default"](latents=tf.constant(wild))["images"].numpy()
    assert images.min() >= 0 and images.max() <= 1


# What it refuses


@pytest.mark.parametrize(
    "signature, request_, words",
    [
        ("serving_default", {"latents": np.full((1, LATENT), np.nan, "float32")}, "latents must be finite"),
        ("serving_default", {"latents": np.full((1, LATENT), np.inf, "float32")}, "latents must be finite"),
        ("serving_default", {"latents": np.zeros((0, LATENT), "float32")}, "latents must have at least one row"),
        ("generate", {"seeds": [], "truncation": []}, "seeds must have at least one row"),
        ("generate", {"seeds": [1], "truncation": [2.0]}, "truncation must be in [0, 1]"),
        ("generate", {"seeds": [1, 2], "truncation": [0.5, -0.1]}, "truncation must be in [0, 1]"),
        ("generate", {"seeds": [1], "truncation": [np.nan]}, "truncation must be in [0, 1]"),
        ("generate", {"seeds": [1, 2], "truncation": [1.0]}, "truncation needs one value for each of seeds"),
        ("generate", {"seeds": [1], "truncation": [1.0, 1.0]}, "truncation needs one value for each of seeds"),
        ("generate_png", {"seeds": [], "truncation": []}, "seeds must have at least one row"),
        ("generate_png", {"seeds": [1], "truncation": [2.0]}, "truncation must be in [0, 1]"),
        ("generate_png", {"seeds": [1, 2], "truncation": [1.0]}, "truncation needs one value for each of seeds"),
    ],
)
def test_bad_requests_are_refused_with_a_sentence(signature, request_, words, grey):
    dtypes = {"seeds": tf.int64, "truncation": tf.float32, "latents": tf.float32}
    request = {name: tf.constant(value, dtypes[name]) for name, value in request_.items()}
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        signatures(grey[1])[signature](**request)
    assert words in str(caught.value)


def test_latents_of_another_length_are_refused(grey):
    with pytest.raises((tf.errors.InvalidArgumentError, TypeError, ValueError)):
        signatures(grey[1])["serving_default"](latents=tf.zeros([1, LATENT + 1]))


# What lies on disk


def test_each_weight_is_stored_once(exported):
    model, path = exported
    reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    names = [name for name in reader.get_variable_to_shape_map() if "OBJECT" not in name and "save_counter" not in name]
    stored = [reader.get_tensor(name) for name in names]
    assert sum(array.size for array in stored) == model.ema_generator.count_params()
    values = sorted(array.tobytes() for array in stored)
    assert values == sorted(weight.numpy().tobytes() for weight in model.ema_generator.weights)  # the averaged one's


def test_versions_count_up_and_are_never_overwritten(mixture, tmp_path):
    model, _ = mixture
    assert [export(model, tmp_path / "model").name for _ in range(2)] == ["1", "2"]
    assert export(model, tmp_path / "model", version=10).name == "10"
    (tmp_path / "model" / "notes").mkdir()
    (tmp_path / "model" / "011").mkdir()  # not a version
    assert export(model, tmp_path / "model").name == "11"
    before = (tmp_path / "model" / "2" / "saved_model.pb").stat()
    with pytest.raises(ValueError, match="version=2 exists") as caught:
        export(model, tmp_path / "model", version=2)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "model" / "2" / "saved_model.pb").stat() == before
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names == {"1", "2", "10", "11", "011", "notes"}  # no temporary one


def test_a_version_that_clients_would_notice_is_refused_unless_told(mixture, tmp_path):
    export(mixture[0], tmp_path / "served")
    wider = GAN(*(build("mlp", role, shape=(3,), width=8) for role in ("generator", "discriminator")))
    with pytest.raises(
        ValueError, match=r"version 1 has .* and this model has .*; export it to a folder of its own"
    ) as no:
        export(wider, tmp_path / "served")
    assert "\n" not in str(no.value) and [path.name for path in (tmp_path / "served").iterdir()] == ["1"]
    assert export(wider, tmp_path / "served", new_signature=True).name == "2"
    assert export(wider, tmp_path / "served").name == "3"  # as the one before


@pytest.mark.parametrize("content", [b"", b"\xff" * 300, "half"])
def test_a_damaged_version_before_is_one_line(content, mixture, tmp_path):
    program = export(mixture[0], tmp_path / "served") / "saved_model.pb"
    program.write_bytes(program.read_bytes()[:200] if content == "half" else content)
    with pytest.raises(ValueError, match="version 1 is damaged, so nobody can see whether clients") as no:
        export(mixture[0], tmp_path / "served")
    assert "\n" not in str(no.value) and [path.name for path in (tmp_path / "served").iterdir()] == ["1"]
    assert export(mixture[0], tmp_path / "served", new_signature=True).name == "2"


def test_what_a_killed_export_left_is_removed_by_the_next_one(mixture, tmp_path):
    (tmp_path / ".writing-abc" / "variables").mkdir(parents=True)
    export(mixture[0], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


@pytest.mark.parametrize("options", [{"version": 1.5}, {"version": "2"}, {"max_batch": 2.5}, {"max_batch": "3"}])
def test_what_is_no_whole_number_is_refused_by_its_name(options, mixture, tmp_path):
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"{name}={value!r} must be a whole number"):
        export(mixture[0], tmp_path / "new", **options)
    assert not list(tmp_path.iterdir())


def test_a_version_holds_no_versions(mixture, tmp_path):
    version = export(mixture[0], tmp_path / "served")
    with pytest.raises(ValueError, match="is one version of an export; name the folder that holds it"):
        export(mixture[0], version)


def test_of_two_exports_at_once_each_has_a_version(mixture, tmp_path, monkeypatch):
    save = tf.saved_model.save

    def slowly(*args, **kwargs):
        save(*args, **kwargs)
        monkeypatch.setattr(tf.saved_model, "save", save)
        assert export(mixture[0], tmp_path / "served").name == "1"

    monkeypatch.setattr(tf.saved_model, "save", slowly)
    assert export(mixture[0], tmp_path / "served").name == "2"
    assert sorted(path.name for path in (tmp_path / "served").iterdir()) == ["1", "2"]


def test_the_server_may_read_it(grey):
    assert grey[1].stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("version", [0, -1, 2**63])
def test_versions_are_64_bit_integers_from_1(version, mixture, tmp_path):
    with pytest.raises(ValueError, match=f"version={version} must be a 64-bit integer, and at least 1"):
        export(mixture[0], tmp_path / "model", version)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_one_line(mixture, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"output=.*file/model cannot be written") as caught:
        export(mixture[0], tmp_path / "file" / "model")
    assert "\n" not in str(caught.value)


@pytest.fixture
def small_disk():
    """Files can only grow to 30,000 bytes, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing(grey, tmp_path, small_disk):
    with pytest.raises(OSError, match="cannot be written") as caught:
        export(grey[0], tmp_path / "deep" / "model")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_versions_of_before(mixture, tmp_path, monkeypatch):
    export(mixture[0], tmp_path)

    def fail(*args, **kwargs):
        raise RuntimeError("broken")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(RuntimeError, match="broken"):
        export(mixture[0], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


# Reading it back as one reads a GAN


def test_saved_model_generator_is_the_gan(exported):
    model, path = exported
    served = SavedModelGenerator(path)
    assert (served.latent_dim, served.image_shape) == (LATENT, model.image_shape)
    np.testing.assert_allclose(
        served.generate(5, seed=3, truncation=0.7), model.generate(5, seed=3, truncation=0.7), atol=1e-6
    )
    np.testing.assert_allclose(served.generate(5, seed=3, batch_size=2), model.generate(5, seed=3), atol=1e-6)
    latents = random.latents_from_seeds([1, 2], LATENT)
    np.testing.assert_allclose(served.sample(latents), model.sample(latents), atol=1e-6)


def test_saved_model_generator_takes_the_newest_version(mixture, tmp_path):
    other = make(SHAPES["mixture"])
    other.ema_generator.set_weights([0.5 * weight for weight in other.ema_generator.get_weights()])
    export(mixture[0], tmp_path, version=9)
    export(other, tmp_path, version=10)
    np.testing.assert_allclose(SavedModelGenerator(tmp_path).generate(2), other.generate(2), atol=1e-6)
    np.testing.assert_allclose(SavedModelGenerator(tmp_path / "9").generate(2), mixture[0].generate(2), atol=1e-6)
    assert np.abs(other.generate(2) - mixture[0].generate(2)).max() > 0.01


@pytest.mark.parametrize(
    "options",
    [
        {"num": 0},
        {"num": 1.5},
        {"num": 1, "truncation": 2.0},
        {"num": 1, "truncation": np.nan},
        {"num": 1, "batch_size": 0},
        {"num": 1, "seed": 0.5},
        {"num": 2, "seed": 2**63 - 1},
        {"num": 1, "seed": -(2**63) - 1},
    ],
)
def test_saved_model_generator_refuses_what_a_gan_refuses(options, grey):
    messages = []
    for generator in (grey[0], SavedModelGenerator(grey[1])):
        with pytest.raises(ValueError) as caught:
            generator.generate(**options)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_what_an_export_refuses_is_a_value_error_in_one_line(mixture, tmp_path):
    served = SavedModelGenerator(export(mixture[0], tmp_path, max_batch=4))
    for call in (lambda: served.generate(5), lambda: served.sample(np.zeros((5, LATENT)))):
        with pytest.raises(ValueError, match="more rows than the limit of this export, 4; ask in smaller b") as caught:
            call()
        assert "\n" not in str(caught.value) and "node" not in str(caught.value)
    with pytest.raises(ValueError, match="the export refuses"):
        served.sample(np.zeros(LATENT))
    assert served.generate(5, batch_size=4).shape == (5, 2)


@pytest.mark.parametrize(
    "latents",
    ["abc", [["a"] * LATENT], None, [[1.0], [1.0, 2.0]], tf.zeros([2, LATENT], tf.float64)],
    ids=["word", "words", "none", "ragged", "float64"],
)
def test_latents_that_are_none_are_a_value_error_in_one_line(latents, mixture):
    with pytest.raises(ValueError, match="the export refuses: ") as error:
        SavedModelGenerator(mixture[1]).sample(latents)
    assert "\n" not in str(error.value)


def test_lists_are_taken_as_arrays_are(mixture):
    exported = SavedModelGenerator(mixture[1])
    np.testing.assert_array_equal(exported.images_of_chunk([5, 6], [1, 1]), exported.generate(2, 5))


def test_images_that_png_cannot_hold_have_no_png(tmp_path):
    model = make((32, 32, 5))
    served = SavedModelGenerator(export(model, tmp_path))
    assert sorted(signatures(tmp_path / "1")) == ["generate", "serving_default"]
    np.testing.assert_allclose(served.generate(2), model.generate(2), atol=1e-6)


# Precision


def test_a_bfloat16_model_is_served_in_float32(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = make(SHAPES["grey"])
    assert model.ema_generator.trunk.layers[0].compute_dtype == "bfloat16"
    path = export(model, tmp_path)
    images = SavedModelGenerator(path).generate(3)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, model.generate(3), atol=1e-2)
    dtypes = tf.train.load_checkpoint(str(path / "variables" / "variables")).get_variable_to_dtype_map()
    assert tf.bfloat16 not in dtypes.values()


def test_weights_that_are_no_numbers_are_refused_and_nothing_is_left(tmp_path):
    model = make(SHAPES["grey"])
    model.ema_generator.weights[0].assign(np.full(model.ema_generator.weights[0].shape, np.inf))
    with pytest.raises(ValueError, match=r"model: its weights .* are not all finite numbers"):
        export(model, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_images_of_seeds_that_are_no_numbers_are_refused_by_the_graph(tmp_path):
    """Weights may be finite and their images not; as PNG they would look like pictures."""
    model = make(SHAPES["grey"])
    rng = np.random.default_rng(0)
    for weight in model.ema_generator.weights:
        weight.assign(np.ones(weight.shape) if "variance" in weight.path else rng.normal(0, 1e37, weight.shape))
    exported = SavedModelGenerator(export(model, tmp_path))
    with pytest.raises(ValueError, match="the images of these seeds are no numbers"):
        exported.generate(1)
