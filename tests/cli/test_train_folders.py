"""train.py on a folder of pictures, and from the weights of a trained model."""

import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_zoo import data, pictures
from tfgan_zoo.cli import app
from tfgan_zoo.cli.evaluate import main as evaluate
from tfgan_zoo.cli.generate import main as generate
from tfgan_zoo.cli.train import main
from tfgan_zoo.evaluation import extractors
from tfgan_zoo.pretrained import loading
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import loop
from tfgan_zoo.training.run_directory import RunDirectory

SPEED = "tfgan_zoo.training.speed.operations_per_second"
SHORT = ("--batch_size=8", "--threads=2", "--kimg=0.032", "--tick_kimg=0.016")  # 4 steps
TINY = ("--method=gan", "--network=mlp", "--width=2", "--latent_dim=4", *SHORT)


@pytest.fixture
def run(capsys):
    """A function that runs train.py: returns (status, stdout, stderr)."""

    def call(*flags):
        capsys.readouterr()
        status = main([str(flag) for flag in flags])
        output = capsys.readouterr()
        return status, output.out, output.err

    return call


@pytest.fixture
def refused(run, monkeypatch):
    """A function that runs train.py on bad input and returns its line."""

    def call(*flags, tensorflow=False):
        with monkeypatch.context() as patch:
            if not tensorflow:
                patch.setattr(app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
            status, out, err = run(*flags)
        assert (status, out) == (2, "") and err.count("\n") == 1 and err.startswith("train.py: ")
        return err

    return call


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """The folder "my phötos" in the current folder: 12 pictures of two classes."""
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(0)
    for i in range(12):
        path = tmp_path / "my phötos" / ("cat", "dog")[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (32, 40, 3), np.uint8)).save(path)
    return tmp_path / "my phötos"


@pytest.fixture(scope="module")
def donor(tmp_path_factory):
    """A run of four steps on the embedded images."""
    folder = tmp_path_factory.mktemp("donor") / "run"
    assert main([*TINY, f"--run_dir={folder}"]) == 0
    return folder


def test_a_folder_trains_and_resumes(photos, run):
    status, out, err = run(*TINY, "--dataset=my phötos", "--kimg=0.016")
    assert (status, err) == (0, "")
    folder = photos.parent / "runs" / "00000-gan-my_ph_tos"
    assert out.splitlines()[:2] == [
        f"run       runs/{folder.name}",
        f"data      {photos}: 12 picture files (in color, median shorter side 32 px) as 32 x 32 x 3, 2 classes:"
        " 11 images train, 1 are held out, 0 are left out.",
    ]
    config = RunDirectory(folder).config()
    assert (config.dataset, config.image_size, config.channels) == (str(photos), 32, 3)
    assert config.data_key and config.bad_images == "error"
    with Image.open(folder / "reals.png") as reals:
        assert reals.size == (4 * 32, 3 * 32)  # 11 images
    status, out, err = run(f"--run_dir={folder}", "--dataset=./my phötos", "--kimg=0.032")
    assert (status, err) == (0, "") and "resuming at step 2" in out
    shutil.rmtree(photos)  # what is trained does without them
    assert loading.load(folder).generate(1).shape == (1, 32, 32, 3)
    assert "does not exist" in run(f"--run_dir={folder}")[2]


def test_class_folders_train_conditionally_and_generate_by_label(photos, run, capsys):
    status, _, err = run(*TINY, "--conditional", "--dataset=my phötos", "--run_dir=run", "--image_size=32")
    assert status == 0, err
    folder = RunDirectory("run")
    assert (folder.config().num_classes, folder.config().class_names) == (2, ("cat", "dog"))
    assert "classes   0 cat, 1 dog" in folder.log_file.read_text()
    rows, columns = 2, 8  # a class a row
    with Image.open(folder.samples / "step_0000004.png") as sheet:
        assert sheet.size == (columns * 32, rows * 32)
    assert loading.load("run").class_names == ("cat", "dog")
    for flags, words in (
        (["--label=1"], "seeds from 0"),
        (["--label=dog"], "seeds from 0"),
        (["--label=1", "--interpolate=3"], "6 images"),
        (["--interpolate=3"], "6 images"),
    ):
        assert generate(["--model=run", "--num=2", "--output=grid.png", *flags]) == 0
        assert words in capsys.readouterr().out
    for flags, words in (
        (["--label=2"], "label=2 must be in [0, 1]"),
        (["--label=cow"], "label='cow' must be a class of model=run (cat, dog), its number, or all"),
        (["--label=all", "--interpolate=3"], "label=all makes one grid"),
    ):
        assert generate(["--model=run", "--num=2", *flags]) == 2
        assert words in capsys.readouterr().err


@pytest.fixture
def numbered(tmp_path, monkeypatch):
    """Twelve class folders "0" to "11", two pictures each, all of grey level 20 k + 10."""
    monkeypatch.chdir(tmp_path)
    for level in range(12):
        (tmp_path / "numbers" / str(level)).mkdir(parents=True)
        for i in range(2):
            picture = Image.new("L", (32, 32), 20 * level + 10)
            picture.save(tmp_path / "numbers" / str(level) / f"{i}.png")
    return tmp_path / "numbers"


def test_numbered_folders_are_classes_in_their_own_order(numbered, run):
    flags = [*TINY, "--conditional", "--dataset=numbers", "--run_dir=run", "--image_size=32"]
    assert run(*flags)[0] == 0
    config = RunDirectory("run").config()
    assert config.class_names == tuple(map(str, range(12)))
    found = data.load(config.dataset, **config.data_arguments)
    images, labels = found.reals(found.num_train)
    np.testing.assert_array_equal(np.rint((images[:, 0, 0, 0] + 1) * 127.5), 20 * labels + 10)
    model = loading.load("run")
    assert generate(["--model=run", "--num=2", "--label=10", "--output=ten.png"]) == 0
    expected = pictures.grid(model.generate(2, labels=["10"]))
    np.testing.assert_array_equal(np.asarray(Image.open("ten.png")), np.asarray(expected))


def test_where_classes_are_called_by_numbers_a_number_is_a_name(numbered, run, capsys):
    """Folders 01 to 12: a place from 0 on would be another folder than the one that was asked for."""
    for level in reversed(range(12)):
        (numbered / str(level)).rename(numbered / f"{level + 1:02d}")
    assert run(*TINY, "--conditional", "--dataset=numbers", "--run_dir=run", "--image_size=32")[0] == 0
    model = loading.load("run")
    for word in ("3", "03"):
        assert generate(["--model=run", "--num=2", f"--label={word}", "--output=three.png"]) == 0
        expected = pictures.grid(model.generate(2, labels=word))
        np.testing.assert_array_equal(np.asarray(Image.open("three.png")), np.asarray(expected))
    np.testing.assert_array_equal(model.generate(2, labels=2), model.generate(2, labels="3"))
    capsys.readouterr()
    for flag, word in (("--label=0", "0"), ("--labels=0-9", "0"), ("--label=13", "13")):
        assert generate(["--model=run", "--num=2", flag]) == 2
        assert f"={word!r} must be a class of model=run (01, 02, " in capsys.readouterr().err


def test_a_run_from_before_names_keeps_its_numbers(numbered, run, capsys):
    flags = [*TINY, "--conditional", "--dataset=numbers", "--run_dir=run", "--image_size=32"]
    assert run(*flags, "--kimg=0.016")[0] == 0
    file = RunDirectory("run").path / "config.json"
    values = json.loads(file.read_text())
    del values["class_names"]
    file.write_text(json.dumps(values))
    status, out, err = run("--run_dir=run", "--kimg=0.032")
    assert (status, err) == (0, "") and "classes   have numbers only" in out
    config = RunDirectory("run").config()
    assert config.class_names == ()
    found = data.load(config.dataset, **config.data_arguments)
    images, labels = found.reals(found.num_train)
    alphabet = sorted(map(str, range(12)))
    expected = [20 * int(alphabet[label]) + 10 for label in labels]
    np.testing.assert_array_equal(np.rint((images[:, 0, 0, 0] + 1) * 127.5), expected)
    assert generate(["--model=run", "--num=2", "--label=shirt"]) == 2
    assert "they have numbers only" in capsys.readouterr().err


def test_a_grid_of_all_classes_has_the_samples_of_each_in_a_row(photos, run):
    assert run(*TINY, "--conditional", "--dataset=my phötos", "--run_dir=run", "--image_size=32")[0] == 0
    assert generate(["--model=run", "--num=3", "--seed=5", "--label=all", "--output=grid.png"]) == 0
    for label in range(2):
        alone = ["--columns=3", f"--label={label}", f"--output={label}.png"]
        assert generate(["--model=run", "--num=3", "--seed=5", *alone]) == 0
    grid, *rows = (np.asarray(Image.open(f"{name}.png")) for name in ("grid", "0", "1"))
    np.testing.assert_array_equal(grid, np.concatenate(rows))
    assert np.any(rows[0] != rows[1])


def test_a_label_is_not_for_a_model_without_classes(donor, capsys):
    assert generate([f"--model={donor}", "--num=2", "--label=0"]) == 2
    assert "label=0 is for conditional models" in capsys.readouterr().err


def test_pictures_without_class_folders_cannot_train_conditionally(photos, refused):
    for path in list(photos.rglob("*.png")):
        path.rename(photos / path.name)
    words = refused(*TINY, "--conditional", "--dataset=my phötos", "--run_dir=run", tensorflow=True)
    assert "conditional=True" in words and "one a class" in words
    assert not (photos.parent / "run").exists()


def test_a_run_resumes_on_its_own_pictures_only(photos, run, refused):
    assert run(*TINY, "--dataset=my phötos", "--kimg=0.016", "--run_dir=run")[0] == 0
    shutil.copy(photos / "cat" / "0.png", photos / "cat" / "copy.png")
    assert f"dataset={photos}: its pictures" in refused("--run_dir=run")
    (photos / "cat" / "copy.png").unlink()
    assert run("--run_dir=run")[0] == 0


def test_bad_pictures_stop_before_tensorflow_starts(photos, refused):
    (photos / "cat" / "0.png").write_text("text")
    assert "cat/0.png is no PNG" in refused(*TINY, "--dataset=my phötos")
    assert not (photos.parent / "runs").exists()
    (photos / "cat" / "0.png").unlink()
    assert "bad_images=sip is unknown (did you mean skip?)" in refused("--dataset=my phötos", "--bad_images=sip")
    assert "smaller than image_size=64" in refused("--dataset=my phötos", "--image_size=64")
    assert "image_size=48 is not for network=dcgan" in refused("--dataset=my phötos", "--image_size=48")


def test_a_folder_whose_name_is_no_text_trains(photos, run):
    name = os.fsdecode(b"b\xff")
    photos.rename(photos.parent / name)
    status, _, err = run(*TINY, f"--dataset={name}", "--run_dir=run")
    assert (status, err) == (0, "")
    assert "b\\udcff: 12 picture files" in RunDirectory("run").log_file.read_text()
    assert run("--run_dir=run", "--kimg=0.04")[0] == 0


def test_metrics_that_cannot_be_measured_make_no_run(photos, run, monkeypatch):
    """Such a run would end at its first measurement, whenever it went on."""
    flags = (*TINY, "--dataset=my phötos", "--run_dir=run")
    status, _, err = run(*flags, "--eval_metrics=kd_lite0_10k")
    assert status == 2 and "train.py: eval_metrics=kd_lite0_10k takes at least 20 reals; there are 11" in err
    monkeypatch.setattr(extractors, "INCEPTION_URL", str(photos / "none"))
    status, _, err = run(*flags, "--eval_metrics=fid_50k_train")
    assert status == 1 and "is not available" in err and err.count("\n") == 1
    assert sorted(path.name for path in photos.parent.iterdir()) == ["my phötos"]


def test_what_is_left_out_is_told_and_logged(photos, run):
    (photos / "cat" / "0.png").write_text("text")
    status, out, err = run(*TINY, "--dataset=my phötos", "--bad_images=skip", "--run_dir=run", "--kimg=0.008")
    assert (status, err) == (0, "")
    (line,) = (line for line in out.splitlines() if line.startswith("left out  "))
    assert (
        line.startswith("left out  cat/0.png is no PNG, JPEG,")
        and line in (photos.parent / "run" / "log.txt").read_text().splitlines()
    )
    assert "1 are left out" in out
    assert run("--run_dir=run")[0] == 0


def test_a_long_list_is_in_the_log(photos, run, monkeypatch):
    monkeypatch.setattr("tfgan_zoo.cli.train._SHOWN", 3)
    for i in range(5):
        next(photos.rglob(f"{i}.png")).write_text("text")
    out = run(*TINY, "--dataset=my phötos", "--bad_images=skip", "--run_dir=run", "--kimg=0.008")[1]
    assert out.count("left out  ") == 2 and "and 3 more, see run/log.txt" in out
    assert (photos.parent / "run" / "log.txt").read_text().count("left out  ") == 5


def test_dry_run_decodes_nothing(photos, run):
    path = photos / "cat" / "0.png"
    path.write_bytes(path.read_bytes()[:-50])
    status, out, err = run("--dry_run", "--threads=2", "--dataset=my phötos")
    assert status == 0 and "cannot" not in err and json.loads(out)["dataset"] == str(photos)


@pytest.mark.thorough
def test_a_moved_folder_is_the_runs_own_if_its_pictures_are(photos, run, refused):
    """A run that was begun before the move ends as one that was not moved, to the bit."""
    Image.new("RGBA", (32, 32), (9, 9, 9, 99)).save(photos / "cat" / "0.png")
    asked = (*TINY, "--dataset=my phötos", "--mirror", "--background=0,0,255", "--image_size=32")
    assert run(*asked, "--run_dir=whole")[0] == 0
    assert run(*asked, "--run_dir=moved", "--kimg=0.016")[0] == 0
    photos.rename(photos.parent / "elsewhere")
    assert "does not exist; if it was moved, say where it is now" in refused("--run_dir=moved", "--kimg=0.032")
    status, _, err = run("--run_dir=moved", "--kimg=0.032", "--dataset=elsewhere")
    assert (status, err) == (0, "")
    whole, moved = (photos.parent / name for name in ("whole", "moved"))
    assert (whole / "metrics.jsonl").read_bytes() == (moved / "metrics.jsonl").read_bytes()
    assert json.loads((moved / "config.json").read_text())["dataset"] == str(photos.parent / "elsewhere")
    assert evaluate([f"--model={whole}", "--dataset=elsewhere", "--metrics=memorization_10k", "--output=out"]) == 0
    Image.new("RGB", (32, 32), "red").save(photos.parent / "elsewhere" / "cat" / "0.png")
    assert "was begun with other pictures" in refused("--run_dir=whole", "--dataset=elsewhere")


EARLY = {
    "an empty class": (lambda photos: (photos / "eel").mkdir(), "eel/ is a class folder without a picture"),
    "no picture": (lambda photos: (photos / "cat" / "0.png").write_text("text"), "cat/0.png is no PNG"),
    "a small one": (lambda photos: Image.new("L", (20, 32)).save(photos / "cat" / "0.png"), "0.png is 20 x 32 pixels"),
    "no classes": (lambda photos: Image.new("L", (32, 32)).save(photos / "1.png"), "has no labels"),
}


@pytest.mark.parametrize("case", EARLY)
def test_what_names_and_headers_tell_a_dry_run_refuses_too(photos, run, case):
    spoil, words = EARLY[case]
    spoil(photos)
    status, out, err = run("--dry_run", "--threads=2", "--dataset=my phötos", "--image_size=32", "--conditional")
    assert (status, out) == (2, "") and words in err and err.count("\n") == 1
    if case != "no classes":
        again = ("--dry_run", "--threads=2", "--dataset=my phötos", "--image_size=32", "--bad_images=skip")
        assert run(*again)[0] == 0


def test_copies_of_one_picture_train(photos, run):
    for path in photos.rglob("*.png"):
        Image.new("L", (32, 32), 99).save(path)
    assert run(*TINY, "--dataset=my phötos", "--run_dir=run")[0] == 0


@pytest.mark.parametrize("name, folder", [("a.b/Ferien 2024.zip", "Ferien_2024"), ("漢", "data"), ("x" * 99, "x" * 64)])
def test_run_directories_are_named_after_the_folder(name, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = resolve(method="gan", dataset="ring")
    config = type(config)(**{**vars(config), "dataset": str(tmp_path / name)})
    assert RunDirectory.create(config).path.name == f"00000-gan-{folder}"


# From trained weights


def weights_at_step_0(monkeypatch):
    """A list that gets the generator's and the discriminator's weights when training begins."""
    found = []
    inner = loop.train_ticks

    def train_ticks(model, *args):
        networks = (model.generator, model.discriminator)
        found.append([weight.numpy() for network in networks for weight in network.weights])
        return inner(model, *args)

    monkeypatch.setattr(loop, "train_ticks", train_ticks)
    return found


def test_a_run_begins_at_the_donors_weights(photos, donor, run, monkeypatch):
    found = weights_at_step_0(monkeypatch)
    status, _, err = run(f"--init_from={donor}", "--dataset=my phötos", *SHORT, "--kimg=0.016", "--run_dir=run")
    assert (status, err) == (0, "")
    config = RunDirectory("run").config()
    assert (config.init_from, config.width, config.latent_dim, config.channels) == (str(donor), 2, 4, 1)
    assert (config.method, config.network) == ("gan", "mlp")
    model = loading.load(donor)
    expected = [weight.numpy() for network in (model.generator, model.discriminator) for weight in network.weights]
    assert all(np.array_equal(*pair) for pair in zip(found[0], expected, strict=True))


def test_a_resumed_run_does_not_begin_again(photos, donor, run, refused, tmp_path):
    copy = shutil.copytree(donor, tmp_path / "copy")
    flags = (f"--init_from={copy}", "--dataset=my phötos", *SHORT, "--kimg=0.016", "--run_dir=run")
    assert run(*flags)[0] == 0
    shutil.rmtree(copy)  # it is not needed any more
    status, out, err = run("--run_dir=run", "--kimg=0.032")
    assert (status, err) == (0, "") and "resuming at step 2" in out
    assert "begun with init_from=" in refused("--run_dir=run", "--init_from=pconv_fashion_mnist_10k")


def test_a_run_killed_before_its_first_checkpoint_begins_again(photos, donor, run, monkeypatch):
    flags = (f"--init_from={donor}", "--dataset=my phötos", *SHORT, "--kimg=0.016", "--run_dir=run")
    found = weights_at_step_0(monkeypatch)
    assert run(*flags)[0] == 0
    shutil.rmtree("run/checkpoints")
    assert run("--run_dir=run")[0] == 0
    assert all(np.array_equal(*pair) for pair in zip(*found, strict=True))


def test_a_shape_that_differs_is_refused(photos, donor, refused):
    line = refused(f"--init_from={donor}", "--dataset=my phötos", "--width=3", "--threads=2", tensorflow=True)
    assert f"init_from={donor}: the generator's" in line and "shape" in line
    assert not (photos.parent / "runs").exists()


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--init_from=nothing"], "init_from=nothing is no run, preset, .keras file or export"),
        (["--init_from=pconv_fashion_mnist_10k", "--method=express"], "is not for method=express"),
        (["--init_from=pconv_fashion_mnist_10k", "--dataset=ring"], "image_size=32: ring has vectors"),
    ],
)
def test_what_cannot_be_begun_at(flags, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in refused(*flags)


# Memory


@pytest.mark.parametrize(
    "reason, words",
    [
        ("OOM when allocating tensor with shape[64,512]\nand more", "batch_size=8: choose a smaller --batch_size"),
        ("No space left on device", "the disk is full"),
    ],
)
def test_memory_that_runs_out_is_one_line(photos, run, monkeypatch, reason, words):
    def fit(self, *args, **kwargs):
        raise tf.errors.ResourceExhaustedError(None, None, reason)

    monkeypatch.setattr(loop, "train_ticks", fit)
    status, _, err = run(*TINY, "--dataset=my phötos", "--run_dir=run")
    assert status == 1 and words in err and err.count("\n") == 1


def test_a_run_that_auto_chose_goes_on_without_measuring_as_if_it_had_not_stopped(run, photos, monkeypatch):
    monkeypatch.setattr(SPEED, lambda: 1e9)
    flags = ("--auto", "--method=gan", "--dataset=my phötos", "--width=4", "--latent_dim=4", "--threads=2")
    flags += ("--batch_size=4", "--tick_kimg=0.008")
    status, out, err = run(*flags, "--kimg=0.016", "--run_dir=straight")
    assert status == 0 and "auto      for 12 pictures at 1 GFLOP/s: image_size=32, width=4" in out, err
    assert run(*flags, "--kimg=0.008", "--run_dir=resumed")[0] == 0
    config = RunDirectory("straight").config()
    assert config.auto and config.augment == ("color", "translation", "cutout") and config.ema_kimg < 10
    monkeypatch.setattr(SPEED, lambda: pytest.fail("it was measured when the run began"))
    assert run("--run_dir=resumed", "--auto", "--kimg=0.016")[0] == 0
    one, other = (RunDirectory(name) for name in ("straight", "resumed"))
    assert one.metrics.read_bytes() == other.metrics.read_bytes()
    for sheet in one.samples.iterdir():
        assert sheet.read_bytes() == (other.samples / sheet.name).read_bytes()
