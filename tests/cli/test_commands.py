"""The commands as a user types them: train.py's own last lines, generate.py and export.py."""

import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import types

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import random
from tfgan_zoo.cli import app, export, generate, train
from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import DCGANDiscriminator, DCGANGenerator
from tfgan_zoo.pretrained import loading, presets
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training.run_directory import RunDirectory

ROOT = pathlib.Path(train.__file__).parents[2]
# 5 steps, 3 in a tick; MLPs and a high rate, for images that differ soon.
FLAGS = (
    "--method=gan --network=mlp --width=16 --latent_dim=8 --g_lr=0.05 --batch_size=8 --threads=2 "
    "--kimg=0.04 --tick_kimg=0.024"
)


def shell(line, folder):
    """Runs a command line in a folder where the scripts are, with `python` ours; returns the finished process."""
    path = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(line, shell=True, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory):
    """A folder with the scripts, a run and what the run's last lines made of it."""
    folder = tmp_path_factory.mktemp("workspace")
    for script in ("train.py", "generate.py", "export.py"):
        (folder / script).symlink_to(ROOT / script)
    trained = shell(f"python train.py {FLAGS} --run_dir='runs/my run'", folder)
    assert (trained.returncode, trained.stderr) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in trained.stdout.splitlines()[-4:])
    done = {name: shell(lines[name], folder) for name in ("generate", "export")}
    return types.SimpleNamespace(path=folder, run=folder / "runs" / "my run", lines=lines, done=done)


@pytest.fixture(scope="module")
def model(workspace):
    return loading.load(workspace.run)


@pytest.fixture(scope="module")
def sources(workspace, model, tmp_path_factory):
    """{kind: path} of the workspace's model."""
    folder = tmp_path_factory.mktemp("sources")
    presets.save_to_preset(model, folder / "preset")
    model.save(folder / "model.keras")
    paths = {"run": workspace.run, "preset": folder / "preset", "keras": folder / "model.keras"}
    export = workspace.path / "exports" / "my_run"
    return paths | {"export": export, "version": export / "1"}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The current folder, empty."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def call(capsys):
    """A function that runs a command in this process: returns (status, stdout, stderr)."""

    def run(command, *flags):
        status = command.main([str(flag) for flag in flags])
        output = capsys.readouterr()
        return status, output.out, output.err

    return run


@pytest.fixture
def refused(call, here):
    """A function that runs a command on bad input, checks how it ends, and returns its line."""

    def run(command, *flags):
        before = everything(here)
        status, out, err = call(command, *flags)
        assert (status, out) == (2, "")
        assert err.count("\n") == 1 and err.startswith(command.COMMAND.name), err
        assert everything(here) == before
        return err

    return run


@pytest.fixture
def sampled(call):
    """A function that runs generate.py and returns the levels of its picture."""

    def run(model, *flags, output="grid.png"):
        status, out, err = call(generate, f"--model={model}", f"--output={output}", *flags)
        assert (status, err) == (0, "") and str(output) in out
        return levels(output)

    return run


def levels(path):
    return np.asarray(Image.open(path), int)


def cells(picture, size=32):
    """[rows, columns, size, size] of a grid."""
    rows, columns = picture.shape[0] // size, picture.shape[1] // size
    return picture.reshape(rows, size, columns, size).swapaxes(1, 2)


def everything(folder):
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


# The last lines of train.py


@pytest.mark.thorough
def test_the_last_lines_of_a_run_are_its_next_commands(workspace):
    assert workspace.lines["run"] == "runs/my run"
    assert (workspace.path / workspace.lines["samples"]).is_file()
    assert workspace.lines["generate"] == "python generate.py --model='runs/my run' --num=64 --output=grid.png"
    assert workspace.lines["export"] == "python export.py --model='runs/my run' --output=exports/my_run"


def test_the_printed_commands_work_as_they_stand(workspace, model):
    for name in ("generate", "export"):
        done = workspace.done[name]
        assert (done.returncode, done.stderr) == (0, ""), name
    grid = levels(workspace.path / "grid.png")
    assert grid.shape == (8 * 32, 8 * 32)
    np.testing.assert_allclose(cells(grid)[1, 1], model.generate(1, seed=9)[0, ..., 0] * 255, atol=1.01)
    assert (workspace.path / "exports" / "my_run" / "1" / "saved_model.pb").is_file()
    files = {path.name for path in workspace.path.iterdir()}
    assert files == {"train.py", "generate.py", "export.py", "runs", "grid.png", "exports"}


@pytest.mark.slow
def test_an_interrupted_run_prints_the_command_that_goes_on(workspace):
    flags = shlex.split(FLAGS.replace("--kimg=0.04", "--kimg=4"))
    command = [sys.executable, "train.py", *flags, "--run_dir=runs/interrupted"]
    process = subprocess.Popen(command, cwd=workspace.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "step" not in process.stdout.readline():
        assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130 and err.count("\n") == 1
    step = int(err.split("at step ")[1].split(",")[0])
    path = workspace.path / "runs" / "interrupted" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"kimg": (step + 2) * 8 / 1000}))  # two steps are enough
    done = shell(err.split("go on with: ")[1], workspace.path)
    assert (done.returncode, done.stderr) == (0, "") and f"resuming at step {step}" in done.stdout


# generate.py


@pytest.mark.parametrize("kind", ["preset", "keras", "export", "version"])
def test_every_source_gives_the_pixels_of_the_run(kind, sources, sampled):
    of_run = sampled(sources["run"], "--num=6", "--seed=40", output="run.png")
    assert np.abs(sampled(sources[kind], "--num=6", "--seed=40") - of_run).max() <= 1
    assert np.abs(cells(of_run)[0, 0] - cells(of_run)[0, 1]).max() > 20  # not the same image


def test_image_i_is_that_of_seed_plus_i_in_any_batch(sources, sampled):
    grid = cells(sampled(sources["export"], "--num=5", "--seed=7", "--columns=5", "--batch_size=2", output="grid.png"))
    assert grid.shape[:2] == (1, 5)
    alone = sampled(sources["export"], "--num=1", "--seed=10", output="one.png")
    assert np.abs(grid[0, 3] - alone).max() <= 1


def test_individual_images(sources, sampled, call, here):
    flags = ("--num=3", "--seed=8", "--individual", "--output=a/b")
    status, out, err = call(generate, f"--model={sources['export']}", *flags)
    assert (status, err) == (0, "") and out.startswith("3 images")
    names = sorted(path.name for path in (here / "a" / "b").iterdir())
    assert names == ["seed00000008.png", "seed00000009.png", "seed00000010.png"]
    grid = cells(sampled(sources["export"], "--num=3", "--seed=8", "--columns=3"))
    for column, name in enumerate(names):
        picture = Image.open(here / "a" / "b" / name)
        assert (picture.mode, picture.size) == ("L", (32, 32))
        assert np.abs(np.asarray(picture, int) - grid[0, column]).max() <= 1


def test_individual_images_have_a_folder_of_their_own(sources, call, here):
    status, out, _ = call(generate, f"--model={sources['export']}", "--num=1", "--individual")
    assert status == 0 and out.rstrip().endswith(": images")
    assert [path.name for path in (here / "images").iterdir()] == ["seed00000000.png"]


@pytest.mark.parametrize("kind", ["keras", "export"])
def test_interpolations_begin_and_end_at_the_seeds_images(kind, sources, sampled):
    flags = ("--seed=3", "--truncation=0.8")
    strips = cells(sampled(sources[kind], "--num=2", "--interpolate=4", *flags, output="strips.png"))
    assert strips.shape[:2] == (2, 4)
    seeds = cells(sampled(sources[kind], "--num=3", "--columns=3", *flags))[0]
    for row in range(2):
        assert np.abs(strips[row, 0] - seeds[row]).max() <= 1
        assert np.abs(strips[row, 3] - seeds[row + 1]).max() <= 1


def test_interpolations_follow_the_great_circle(sources, sampled, model):
    strip = cells(sampled(sources["run"], "--num=1", "--interpolate=3", "--seed=3"))[0]
    latents = random.latents_from_seeds([3, 4], 8).numpy()
    middle = random.slerp(*latents, [0.5])
    np.testing.assert_allclose(strip[1], model.sample(middle).numpy()[0, ..., 0] * 255, atol=1.01)


def test_truncation_scales_the_latents(sources, sampled, model):
    images = sampled(sources["run"], "--num=2", "--columns=2", "--truncation=0.5")
    expected = np.concatenate(list(model.generate(2, truncation=0.5)[..., 0] * 255), axis=1)
    np.testing.assert_allclose(images, expected, atol=1.01)
    none = cells(sampled(sources["run"], "--num=2", "--columns=2", "--truncation=0"))
    assert np.abs(none[0, 0] - none[0, 1]).max() <= 1


@pytest.mark.parametrize("seed", [-(2**63), -1, 2**63 - 4])
def test_any_64_bit_seed_is_a_seed(seed, sources, sampled, model):
    images = cells(sampled(sources["export"], "--num=2", "--columns=2", f"--seed={seed}"))
    np.testing.assert_allclose(images[0, 1], model.generate(1, seed=seed + 1)[0, ..., 0] * 255, atol=1.01)
    sampled(sources["export"], "--num=2", "--interpolate=2", f"--seed={seed}", output="strips.png")


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A .keras file whose averaged generator has weights that are no numbers."""
    model = GAN(DCGANGenerator(width=4, latent_dim=8), DCGANDiscriminator(width=4))
    model.ema_generator.weights[0].assign(np.full(model.ema_generator.weights[0].shape, np.nan))
    path = tmp_path_factory.mktemp("broken") / "nan.keras"
    model.save(path)
    return path


@pytest.mark.parametrize("flags", [[], ["--individual"], ["--interpolate=3"]])
def test_weights_that_are_no_numbers_make_no_picture(flags, broken, call, here):
    output = "images" if "--individual" in flags else "grid.png"
    status, out, err = call(generate, f"--model={broken}", "--num=2", f"--output={output}", *flags)
    assert (status, out) == (1, "") and err.count("\n") == 1
    assert f"model={broken} is damaged: " in err and "images are not finite numbers" in err
    assert not list(here.iterdir())


@pytest.mark.parametrize("flags", [["--output=out"], ["--format=onnx", "--output=out.onnx"]])
def test_weights_that_are_no_numbers_are_not_exported(flags, broken, refused):
    assert "are not all finite numbers; take an earlier checkpoint" in refused(export, f"--model={broken}", *flags)


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--num=1000000000"], "num=1000000000: 3.81e+03 GiB of pixels at once, more than 2 GiB"),
        (["--num=4", "--columns=1000000000"], "num=4, columns=1000000000: 954 GiB"),
        (["--num=4", "--interpolate=1000000000"], "num=4, interpolate=1000000000: 1.53e+04 GiB"),
        (
            ["--num=1000000000", "--batch_size=1000000000", "--individual", "--output=images"],
            "batch_size=1000000000: 3.81e+03 GiB",
        ),
    ],
)
def test_what_no_memory_could_hold_is_refused(flags, words, sources, refused):
    assert words in refused(generate, f"--model={sources['keras']}", *flags)


MODEL = "--model=MODEL"


@pytest.mark.parametrize(
    "flags, words",
    [
        ([], "--model is missing"),
        (["--model="], "model="),
        (["--model=nowhere"], "model=nowhere is no run, preset, .keras file or export"),
        (["--model=empty"], "model=empty is no run"),
        ([MODEL, "--num=0"], "num=0 must be at least 1"),
        ([MODEL, "--num=many"], "num=many must be a whole number"),
        ([MODEL, "--batch_size=0"], "batch_size=0 must be at least 1"),
        ([MODEL, "--columns=0"], "columns=0 must be at least 1"),
        ([MODEL, "--truncation=2"], "truncation=2.0 must be in [0, 1]"),
        ([MODEL, "--truncation=-0.1"], "truncation=-0.1 must be in [0, 1]"),
        ([MODEL, "--truncation=nan"], "truncation=nan must be in [0, 1]"),
        ([MODEL, "--interpolate=1"], "interpolate=1"),
        ([MODEL, "--interpolate=-1"], "interpolate=-1"),
        ([MODEL, "--interpolate=3", "--individual"], "interpolate=3"),
        ([MODEL, f"--seed={2**63}"], f"seed={2**63}"),
        ([MODEL, f"--seed={2**63 - 2}", "--num=3"], "64-bit"),
        ([MODEL, f"--seed={-(2**63) - 1}"], "64-bit"),
        ([MODEL, "--output=grid.jpg"], "output=grid.jpg must end in .png"),
        ([MODEL, "--output=empty"], "output=empty is a folder"),
        ([MODEL, "--output=file/grid.png"], "output=file cannot be written"),
        ([MODEL, "--output=file", "--individual"], "output=file cannot be written"),
        ([MODEL, "--output=/proc/grid.png"], "output=/proc cannot be written"),
        ([MODEL, "grid.png"], "unexpected argument 'grid.png'"),
        ([MODEL, "--size=3"], "Unknown command line flag 'size'"),
    ],
)
def test_generate_refuses_bad_input_before_tensorflow_starts(flags, words, refused, sources, here, monkeypatch):
    monkeypatch.setattr(app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    (here / "file").touch()
    (here / "empty").mkdir()
    assert words in refused(generate, *(flag.replace("MODEL", str(sources["run"])) for flag in flags))


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    """The .keras file of a model of points."""
    from tfgan_zoo.methods import GAN
    from tfgan_zoo.networks import build

    path = tmp_path_factory.mktemp("mixture") / "ring.keras"
    model = GAN(*(build("mlp", role, shape=(2,), width=4) for role in ("generator", "discriminator")))
    model.compile("sgd", "sgd")
    model.save(path)
    return path


def test_generate_refuses_points_and_leaves_no_folder(refused, mixture):
    assert "samples points of dimension 2, not images" in refused(generate, f"--model={mixture}", "--output=a/b.png")


@pytest.mark.parametrize("command", [generate, export])
def test_a_run_without_checkpoint_is_bad_input(command, refused, tmp_path):
    RunDirectory.create(resolve(), tmp_path / "run")
    assert "without a checkpoint yet" in refused(command, f"--model={tmp_path / 'run'}", "--output=out.png")


@pytest.mark.parametrize("command", [generate, export])
def test_a_damaged_model_is_bad_input(command, refused, sources, tmp_path):
    run = shutil.copytree(sources["run"], tmp_path / "run")
    for index in (run / "checkpoints").glob("*.index"):
        index.write_text("garbage")
    assert "ckpt-5 is damaged" in refused(command, f"--model={run}", "--output=out.png")


def test_a_full_disk_ends_generate_with_status_1(call, sources, here):
    (here / "grid.png").symlink_to("/dev/full")
    status, out, err = call(generate, f"--model={sources['export']}", "--num=4", "--output=grid.png")
    assert (status, out) == (1, "")
    assert err.count("\n") == 1 and "No space left on device" in err


# export.py


def test_export_counts_versions_and_prints_the_next_command(call, mixture, sources, here):
    status, out, err = call(export, f"--model={sources['keras']}", "--output=my exports/clothes")
    assert (status, err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert lines["export"] == "my exports/clothes/1"
    python, script, *flags = shlex.split(lines["generate"])
    assert (python, script) == ("python", "generate.py")
    status, _, err = call(generate, *flags)
    assert (status, err) == (0, "") and levels("grid.png").shape == (256, 256)
    # Of a small limit, in batches that it takes.
    status, out, err = call(export, f"--model={sources['keras']}", "--output=small", "--max_batch=8")
    status, _, err = call(generate, *shlex.split(out.splitlines()[1])[3:])
    assert (status, err) == (0, "") and levels("grid.png").shape == (256, 256)
    # A mixture makes no images: no such line.
    assert call(export, f"--model={mixture}", "--output=ring", "--version=7") == (0, "export    ring/7\n", "")
    assert call(export, f"--model={mixture}", "--output=ring") == (0, "export    ring/8\n", "")


@pytest.mark.parametrize(
    "flags, words",
    [
        ([], "--model is missing"),
        ([MODEL], "--output is missing"),
        (["--model=nowhere", "--output=new"], "model=nowhere is no run"),
        (["--model=EXPORT", "--output=new"], "is an export already"),
        ([MODEL, "--output=new", "--version=0"], "version=0 must be a 64-bit integer, and at least 1"),
        ([MODEL, "--output=new", "--version=one"], "version=one must be a whole number"),
        ([MODEL, "--output=taken", "--version=3"], "version=3 exists in taken"),
        ([MODEL, "--output=file"], "output=file cannot be written"),
        ([MODEL, "--output=file/new"], "output=file/new cannot be written"),
        ([MODEL, "--output=/proc/new"], "output=/proc/new cannot be written"),
        ([MODEL, "--output=new", "now"], "unexpected argument 'now'"),
        ([MODEL, "--output=EXPORT/1"], "is one version of an export; name the folder that holds it"),
    ],
)
def test_export_refuses_bad_input_before_tensorflow_starts(flags, words, refused, sources, here, monkeypatch):
    monkeypatch.setattr(app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    (here / "file").touch()
    (here / "taken" / "3").mkdir(parents=True)
    paths = {"MODEL": str(sources["run"]), "EXPORT": str(sources["export"])}
    for word, path in paths.items():
        flags = [flag.replace(word, path) for flag in flags]
    assert words in refused(export, *flags)


def test_an_export_that_fails_on_the_way_ends_with_status_1(call, mixture, here, monkeypatch):
    import tensorflow as tf

    def full(*args, **kwargs):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", full)
    status, out, err = call(export, f"--model={mixture}", "--output=exports/ring")
    assert (status, out) == (1, "")
    assert err.count("\n") == 1 and "exports/ring/1 cannot be written: No space left on device" in err
    assert not everything(here)


# The scripts


@pytest.mark.parametrize("script", ["train.py", "generate.py", "export.py"])
def test_help_and_bad_flags_of_the_scripts(script, here):
    done = subprocess.run([sys.executable, ROOT / script, "--help"], capture_output=True, text=True, cwd=here)
    assert (done.returncode, done.stderr) == (0, "") and f"python {script} --" in done.stdout
    done = subprocess.run([sys.executable, ROOT / script, "--colour=red"], capture_output=True, text=True, cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{script}: Unknown command line flag 'colour'") and done.stderr.count("\n") == 1
    assert not everything(here)
