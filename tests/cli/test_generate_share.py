"""generate.py's seeds as people write them, and latents in files: from every source the same images."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.serving import server
from tfgan_zoo import random, serving
from tfgan_zoo.cli import app, generate
from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build
from tfgan_zoo.pretrained import loading, presets

NAMES = ("shirt", "T/shirt & top", "coat")


def make(num_classes=0, names=(), seed=0):
    """A tiny GAN whose images differ."""
    options = {"shape": (8, 8, 1), "width": 8, "num_classes": num_classes}
    generator = build("mlp", "generator", latent_dim=16, **options)
    model = GAN(generator, build("mlp", "discriminator", **options))
    weights = np.random.default_rng(seed)
    for weight in model.ema_generator.weights:
        weight.assign(weights.normal(size=weight.shape, scale=0.5))
    model.name_classes(names)
    model.compile("sgd", "sgd")
    return model


@pytest.fixture(scope="module", params=[0, 3], ids=["plain", "conditional"])
def model(request):
    return make(request.param, NAMES if request.param else ())


@pytest.fixture(scope="module")
def sources(model, tmp_path_factory):
    """{kind: what --model takes}."""
    folder = tmp_path_factory.mktemp("sources")
    presets.save_to_preset(model, folder / "preset")
    model.save(folder / "model.keras")
    served = server.Model(serving.export(model, folder / "export"))
    with server.over_rest(served) as url:
        paths = {kind: str(folder / kind) for kind in ("preset", "model.keras", "export")}
        yield paths | {"server": url}


@pytest.fixture(scope="module")
def conditional():
    return make(3, NAMES)


@pytest.fixture
def keras_file(conditional, tmp_path_factory, monkeypatch):
    """What names the conditional model, which is not read again and again."""
    path = tmp_path_factory.mktemp("model") / "model.keras"
    path.touch()
    monkeypatch.setattr(loading, "load", lambda source, checkpoint: conditional)
    return path


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys):
    """A function that runs generate.py in this process: returns (status, stdout, stderr)."""

    def run(*flags):
        status = generate.main([str(flag) for flag in flags])
        output = capsys.readouterr()
        return status, output.out, output.err

    return run


@pytest.fixture
def done(call):
    """A function that runs generate.py, which must do it, and returns its line."""

    def run(*flags):
        status, out, err = call(*flags)
        assert (status, err) == (0, "")
        return out

    return run


def cells(path, size=8):
    """The levels of a picture, int[rows, columns, size, size]."""
    levels = np.asarray(Image.open(path), int)
    return levels.reshape(levels.shape[0] // size, size, -1, size).swapaxes(1, 2)


def expected(images):
    return np.round(np.asarray(images)[..., 0] * 255)


@pytest.mark.parametrize("kind", ["preset", "model.keras", "export", "server"])
def test_seeds_in_any_order_from_every_source(kind, sources, model, done):
    out = done(f"--model={sources[kind]}", "--seeds=7-8,3,-1", "--columns=4", "--save_latents=a/z.npy")
    assert out == f"4 images of {sources[kind]}, seeds 7-8,3,-1: grid.png\n"
    grid = cells("grid.png")[0]
    for cell, seed in zip(grid, (7, 8, 3, -1), strict=True):
        np.testing.assert_allclose(cell, expected(model.generate(1, seed))[0], atol=1.01)
    assert np.abs(grid[0] - grid[1]).max() > 20  # not the same image
    np.testing.assert_array_equal(np.load("a/z.npy"), random.latents_from_seeds([7, 8, 3, -1], model.latent_dim))
    # The latents, read back, with the classes that the seeds drew, are the same images.
    labels = random.seed_labels(None, np.array([7, 8, 3, -1]), model.num_classes)
    flags = [] if labels is None else [f"--labels={','.join(map(str, labels))}"]
    out = done(f"--model={sources[kind]}", "--latents=a/z.npy", "--columns=4", "--output=again.png", *flags)
    assert out == f"4 images of {sources[kind]}, latents of a/z.npy: again.png\n"
    np.testing.assert_allclose(cells("again.png")[0], grid, atol=1)


def test_lists_are_what_num_and_seed_are(sources, done):
    for flags, same in (
        (["--num=3", "--seed=5"], ["--seeds=5-7"]),
        (["--num=2", "--seed=5", "--interpolate=3"], ["--seeds=5-7", "--interpolate=3"]),
    ):
        done(f"--model={sources['preset']}", "--truncation=0.7", "--output=a.png", *flags)
        done(f"--model={sources['preset']}", "--truncation=0.7", "--output=b.png", *same)
        with open("a.png", "rb") as one, open("b.png", "rb") as other:
            assert one.read() == other.read()


@pytest.mark.parametrize(
    ("flags", "seeds", "labels"),
    [
        (["--seeds=4,2", "--labels=coat,0"], [4, 2], [2, 0]),
        (["--seeds=4,2", "--labels=1"], [4, 2], [1, 1]),
        (["--seeds=4", "--labels=0-2,shirt"], [4, 4, 4, 4], [0, 1, 2, 0]),
        (["--labels=0-2,T/shirt & top"], [0, 1, 2, 3], [0, 1, 2, 1]),
        (["--num=3", "--seed=1", "--labels=2,2,0"], [1, 2, 3], [2, 2, 0]),
        (["--seeds=4,2", "--label=coat"], [4, 2], [2, 2]),
        (["--seeds=4,2"], [4, 2], None),
    ],
)
def test_labels_are_one_for_each_or_one_for_all(flags, seeds, labels, keras_file, conditional, done):
    done(f"--model={keras_file}", "--columns=9", *flags)
    images = [conditional.generate_from_seeds(np.array(seeds), labels=labels)]
    np.testing.assert_allclose(cells("grid.png")[0, : len(seeds)], expected(np.concatenate(images)), atol=1.01)


def test_all_classes_of_a_list_are_rows(keras_file, conditional, done):
    assert done(f"--model={keras_file}", "--seeds=9,1", "--label=all").startswith("6 images")
    for label, row in enumerate(cells("grid.png")):
        images = conditional.generate_from_seeds(np.array([9, 1]), labels=label)
        np.testing.assert_allclose(row, expected(images), atol=1.01)


def test_strips_keep_the_class_that_is_named(keras_file, conditional, done):
    done(f"--model={keras_file}", "--seeds=9,1,5", "--labels=2,1", "--interpolate=3", "--save_latents=z.npy")
    strips, latents = cells("grid.png"), np.load("z.npy")
    assert strips.shape[:2] == (2, 3) and latents.shape == (6, 16)
    model = conditional
    images = model.generate_from_latents(latents, labels=np.repeat([2, 1], 3))
    np.testing.assert_allclose(strips.reshape(6, 8, 8), expected(images), atol=1.01)
    ends = model.generate_from_seeds(np.array([9, 1, 1, 5]), labels=[2, 2, 1, 1])
    np.testing.assert_allclose(strips[:, [0, 2]].reshape(4, 8, 8), expected(ends), atol=1.01)


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (["--seeds=42,0", "--labels=1,2"], ["seed00000000_class2_coat", "seed00000042_class1_T-shirt-top"]),
        (["--seeds=-1"], ["seed-0000001_DRAWN"]),
        (["--latents=z.npy", "--label=0"], ["latents00000000_class0_shirt", "latents00000001_class0_shirt"]),
        (["--seed=3", "--num=2", "--label=0"], ["seed00000003", "seed00000004"]),  # as ever
    ],
)
def test_single_files_tell_seed_and_class(flags, names, keras_file, conditional, done):
    np.save("z.npy", np.eye(2, 16))
    done(f"--model={keras_file}", "--individual", "--output=out", "--batch_size=1", *flags)
    found = {path.stem: path for path in pathlib.Path("out").iterdir()}
    drawn = random.labels_from_seeds([-1], 3).numpy()[0]
    assert sorted(found) == [
        name.replace("DRAWN", f"class{drawn}_{('shirt', 'T-shirt-top', 'coat')[drawn]}") for name in names
    ]
    model = conditional
    if "--seeds=42,0" in flags:
        image = expected(model.generate(1, 42, labels=1))[0]
        np.testing.assert_allclose(np.asarray(Image.open(found[names[1]]), int), image, atol=1.01)
    if "--latents=z.npy" in flags:
        image = expected(model.sample(tf.eye(2, 16)[1:], tf.constant([0])))[0]
        np.testing.assert_allclose(np.asarray(Image.open(found[names[1]]), int), image, atol=1.01)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--seeds=0-3", "--num=4"], "seeds takes the place of num: leave out --num or --seeds"),
        (["--seeds=0-3", "--seed=4"], "seeds takes the place of seed"),
        (["--latents=z.npy", "--seeds=4"], "latents takes the place of seeds"),
        (["--latents=z.npy", "--num=4"], "latents takes the place of num"),
        (["--labels=1", "--label=1"], "labels takes the place of label"),
        (["--seeds="], "seeds= names none"),
        ([f"--seed={2**63 - 3}", "--num=4"], f"seed={2**63 - 3} must be a 64-bit integer, and seed + 3"),
        ([f"--seed={-(2**63) - 1}", "--num=4"], f"seed={-(2**63) - 1} must be a 64-bit integer"),
        (["--seeds=3-1"], "seeds=3-1 must run upwards"),
        (["--seeds=0-99999999"], "more than 10000000"),
        (["--latents=nowhere.npy"], "latents=nowhere.npy does not exist"),
        (["--latents=."], "latents=. is no regular file"),
        (["--latents=text.npy"], "latents=text.npy is no .npy file of numbers"),
        (["--save_latents=z.txt"], "save_latents=z.txt must be a file that ends in .npy"),
        (["--save_latents=text.npy/z.npy"], "save_latents=text.npy cannot be written"),
    ],
)
def test_bad_lists_are_one_line_before_tensorflow_starts(flags, words, keras_file, call, tmp_path, monkeypatch):
    monkeypatch.setattr(app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    (tmp_path / "text.npy").write_text("1 2 3")
    np.save("z.npy", np.eye(2, 16))
    refused(call, tmp_path, keras_file, flags, words)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--latents=short.npy", "--label=0"], "latents=[2, 3] must be float[N, 16]"),
        (["--latents=w.npy", "--label=0"], "latents=[2, 3, 16] must be float[N, 16]"),
        (["--latents=z.npy"], "latents=z.npy draw no class of the conditional model: add --label or --labels"),
        (["--seeds=0-3", "--labels=0,1"], "labels: 2 of them for 4 images or strips"),
        (["--seeds=0-3", "--labels=0-2,0", "--interpolate=2"], "labels: 4 of them for 3 images or strips"),
        (["--labels="], "labels= names none"),
        ([f"--seed={2**63 - 70}", "--labels=" + ",".join("0" * 80)], "must be a 64-bit integer, and seed + 79"),
        ([f"--seed={2**63 - 70}", "--directions=1", "--labels=" + ",".join("0" * 80)], "must be a 64-bit integer"),
        ([f"--seed={2**63 - 64}", "--interpolate=2"], "must be a 64-bit integer, and seed + 64"),
        ([f"--num={2**63 - 1}", "--interpolate=2"], "must be a 64-bit integer"),
        (["--labels=3"], "labels=3 must be in [0, 2]"),
        (["--labels=0-3"], "labels=0-3 are 4, more than 3"),
        (["--labels=cow"], "labels='cow' must be a class of model="),
        (["--seeds=5", "--interpolate=2"], "interpolate=2 needs at least 2 seeds"),
        (["--seeds=5,1,5", "--individual"], "written twice: name every seed and class once"),
        (["--seeds=0-1,7", "--columns=1000000000"], "seeds=0-1,7, columns=1000000000: 59.6 GiB"),
    ],
)
def test_what_the_model_cannot_do_is_one_line(flags, words, keras_file, call, tmp_path):
    for name, shape in (("short", (2, 3)), ("w", (2, 3, 16)), ("z", (2, 16))):
        np.save(f"{name}.npy", np.ones(shape, "float32"))
    refused(call, tmp_path, keras_file, flags, words)


def refused(call, folder, model, flags, words):
    before = sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))
    status, out, err = call(f"--model={model}", *flags)
    assert (status, out) == (2, "") and err.count("\n") == 1 and err.startswith("generate.py: "), err
    assert words in err, err
    assert sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*")) == before


def test_labels_of_a_plain_model_are_refused(tmp_path, call):
    make().save(tmp_path / "plain.keras")
    refused(call, tmp_path, tmp_path / "plain.keras", ["--labels=0,1"], "labels=0,1 is for conditional models")


def test_the_last_seed_of_all_has_an_image(keras_file, conditional, done):
    done(f"--model={keras_file}", f"--seed={2**63 - 1}", "--num=1")
    np.testing.assert_allclose(cells("grid.png")[0, 0], expected(conditional.generate(1, 2**63 - 1))[0], atol=1.01)
    done(f"--model={keras_file}", f"--seed={2**63 - 4}", "--num=2", "--interpolate=2", "--output=walk.webp")


@pytest.mark.parametrize("flags", [[], ["--individual"], ["--directions=1"], ["--interpolate=2", "--output=w.webp"]])
def test_what_is_no_picture_is_refused_before_it_is_drawn(flags, call, tmp_path):
    shape = (4, 4, 5)
    own = keras.Sequential([keras.Input((8,)), keras.layers.Dense(80, "tanh"), keras.layers.Reshape(shape)])
    critic = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(1)])
    GAN(own, critic).save(tmp_path / "own.keras")
    refused(call, tmp_path, tmp_path / "own.keras", flags, "the shape [4, 4, 5], not images of 1 to 4 channels")


def test_a_full_disk_leaves_no_half_file(keras_file, call, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tfgan_zoo.sharing.latent_files.write_atomically", full)
    status, out, err = call(f"--model={keras_file}", "--seeds=1", "--save_latents=z.npy")
    assert (status, out) == (1, "") and "No space left on device" in err
    assert not list(tmp_path.iterdir())
