"""train.py in this process: what it refuses and how, what it keeps when it resumes, how it fails."""

import dataclasses
import errno
import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
import tensorflow as tf

import tfgan_zoo
from tfgan_zoo import registry, specs
from tfgan_zoo.cli import app, train
from tfgan_zoo.cli.train import COMMAND, main
from tfgan_zoo.files import append_line
from tfgan_zoo.methods import GAN
from tfgan_zoo.settings import config as configs
from tfgan_zoo.settings.config import Config
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import callbacks
from tfgan_zoo.training.run_directory import RunDirectory

RING = ("--method=gan", "--dataset=ring", "--width=8", "--latent_dim=4", "--batch_size=8", "--threads=2")
SHORT = (*RING, "--kimg=0.032", "--tick_kimg=0.016")  # 4 steps, 2 in a tick


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The current folder, empty."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def run(capsys):
    """A function that runs train.py: returns (status, stdout, stderr)."""

    def call(*flags):
        status = main([str(flag) for flag in flags])
        output = capsys.readouterr()
        return status, output.out, output.err

    return call


@pytest.fixture
def refused(run, here):
    """A function that runs train.py on bad input, checks how it ends, and returns its line."""

    def call(*flags):
        before = everything(here)
        status, out, err = run(*flags)
        assert (status, out) == (2, "")
        assert err.count("\n") == 1 and err.startswith("train.py: "), err
        assert everything(here) == before
        return err

    return call


@pytest.fixture
def no_tensorflow(monkeypatch):
    def started():
        pytest.fail("TensorFlow was started")

    monkeypatch.setattr(app, "import_tensorflow", started)


@pytest.fixture
def at_step(monkeypatch):
    """Arms a function that is called once, at the end of a step."""

    def arm(step, action):
        inner = callbacks.Progress.on_train_batch_end

        def on_train_batch_end(self, batch, logs=None):
            inner(self, batch, logs)
            if int(self.model.step.numpy()) == step:
                action()

        monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", on_train_batch_end)

    return arm


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a run that has done its steps."""
    folder = tmp_path_factory.mktemp("runs") / "ring"
    assert main([*SHORT, f"--run_dir={folder}"]) == 0
    return folder


@pytest.fixture
def ring(finished, tmp_path):
    """A copy of the finished run, to be spoiled."""
    return shutil.copytree(finished, tmp_path / "ring")


def everything(folder):
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.name != "lock")


def edit(run_dir, **changes):
    """Changes values in the config.json of a run."""
    path = run_dir / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


# Bad input


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--method=pcomv"], "method=pcomv is unknown (did you mean pconv?)"),
        (["--loss=hing"], "did you mean hinge?"),
        (["--network=resnet"], "network=resnet is unknown"),
        (["--penalty=gp"], "penalty=gp is unknown"),
        (["--augment=color,colour"], "augment=colour is unknown (did you mean color?)"),
        (["--augment=color,"], "augment= is unknown"),
        (["--batch_size=0"], "batch_size=0 must be at least 1"),
        (["--batch_size=abc"], "batch_size=abc must be a whole number"),
        (["--batch_size=1.5"], "batch_size=1.5 must be a whole number"),
        (["--batch_size="], "batch_size= must be a whole number"),
        (["--g_lr=fast"], "g_lr=fast must be a number"),
        (["--g_lr=0"], "g_lr=0.0 must be above 0"),
        (["--kimg=nan"], "kimg=nan must be above 0"),
        (["--kimg=inf"], "kimg=inf must be above 0"),
        (["--tick_kimg=-1"], "tick_kimg=-1.0 must be above 0"),
        (["--budget=soon"], "budget=soon must be a number with s, m, h or d, such as 30m"),
        (["--budget=1s"], "from 30s to 30d"),
        (["--budget=1m", "--kimg=4"], "kimg=4.0: budget=1m says it"),
        (["--budget=1m", "--tick_kimg=4"], "tick_kimg=4.0: budget=1m says it"),
        (["--budget=1m", "--lr_decay=linear"], "budget=1m: this run's method=pconv, lr_decay=linear"),
        (["--budget=1m", "--auto"], "auto: budget=1m chooses too"),
        (["--auto", "--strategy=multiworker"], "auto does not work with strategy=multiworker"),
        (["--budget=1m", "--method=express"], "budget=1m: this run's method=express"),
        (["--budget=1m", "--strategy=multiworker"], "multiworker"),
        (["--keep_checkpoints=0"], "keep_checkpoints=0 must be a whole number from 1 to 999999, or all"),
        (["--keep_checkpoints=few"], "keep_checkpoints=few must be"),
        (["--seed=-1"], "seed=-1 must be at least 0"),
        (["--perturb_first=maybe"], "perturb_first"),
        (["--batchsize=3"], "Unknown command line flag 'batchsize'"),
        (["--strateggy=none"], "Unknown command line flag 'strateggy'"),
        (["-x"], "Unknown command line flag 'x'"),
        (["pconv"], "unexpected argument 'pconv'"),
        (["--method", "gan", "ring"], "unexpected argument 'ring'"),
        (["--method=gan", "--", "--seed=1"], "unexpected argument '--seed=1'"),
        (["--flagfile=none"], "none"),
        (["--image_size=28"], "image_size=28 is not for network=dcgan; choose from 32, 64, 128, 256"),
        (["--image_size=64"], "image_size=64"),
        (["--channels=2"], "channels=2"),
        (["--dataset=ring", "--network=dcgan"], "network=dcgan makes images"),
        (["--dataset=ring"], "network=mlp has no convolutions to perturb"),
        (["--dataset=ring", "--method=gan", "--augment=color"], "augment=color is for images"),
        (["--dataset=ring", "--method=gan", "--image_size=32"], "image_size=32"),
        (["--normalize=3", "--method=ces"], "normalize=3 must be true or false"),
        (["--features=1.5"], "features=1.5 must be a whole number"),
        (["--perturb=0"], "perturb=0 leaves method=pconv nothing to do"),
        (["--perturb=1", "--perturb_law=bernoulli"], "and below 1 for perturb_law=bernoulli"),
        (["--penalty=wgan_gp", "--normalization=batch"], "normalization=batch"),
        (["--loss=wasserstein", "--normalization=batch"], "normalization=batch"),
        (["--network=sngan", "--normalization=batch"], "normalization=batch is not for network=sngan"),
        (["--network=mlp", "--method=gan", "--normalization=batch"], "normalization=batch is not for network=mlp"),
        (["--dataset=fasion_mnist"], "did you mean fashion_mnist?"),
        (["--dataset=./photos"], "dataset=./photos"),
        (["--dataset=mnist", "--data_dir=nowhere"], "nowhere"),
        (["--precision=float16"], "precision=float16 is unknown"),
        (["--jit=yes"], "jit=yes is unknown"),
        (["--threads=0"], "threads=0 must be at least 1"),
    ],
)
@pytest.mark.usefixtures("no_tensorflow")
def test_bad_input_is_one_line_before_tensorflow_starts(flags, words, refused):
    assert words in refused(*flags)


@pytest.mark.usefixtures("no_tensorflow")
def test_a_data_set_that_cannot_be_had_is_bad_input(refused, monkeypatch):
    def urlopen(*args, **kwargs):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    line = refused("--dataset=fashion_mnist", "--data_dir=nowhere")
    assert "dataset=fashion_mnist is not prepared in nowhere" in line and "no network" in line


@pytest.mark.parametrize(
    "path", ["file", "file/run", "full", "/proc/run", "/proc/run/deep", "x" * 300, os.fsdecode(b"deep/\xff")]
)
@pytest.mark.usefixtures("no_tensorflow")
def test_a_run_dir_that_cannot_be_is_bad_input(path, refused, here):
    (here / "file").write_text("kept")
    (here / "full").mkdir()
    (here / "full" / "thesis.tex").write_text("kept")
    refused(f"--run_dir={path}")


@pytest.mark.usefixtures("no_tensorflow")
def test_runs_may_not_be_a_file(refused, here):
    (here / "runs").touch()
    assert "run_dir=runs" in refused()


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--strategy=mirrored", "--jit=on"], "jit=on does not work with strategy=mirrored"),
        (["--strategy=mirrored", "--batch_size=9"], "batch_size=9 must be a multiple of the 2 replicas"),
    ],
)
def test_wishes_that_the_devices_cannot_grant_are_bad_input(flags, words, refused):
    assert words in refused(*RING[:-2], "--threads=2", *flags)


@pytest.mark.thorough
def test_a_run_goes_on_with_another_number_of_devices(run, here):
    """To tolerance, and says so; without the flag it is refused."""
    run(*SHORT, "--penalty=lecam", "--run_dir=straight", "--kimg=0.064")
    status, out, _ = run(*SHORT, "--penalty=lecam", "--devices=2", "--run_dir=moved")
    assert (status, RunDirectory("moved").config().replicas) == (0, 2)
    status, out, _ = run("--run_dir=moved", "--devices=1", "--kimg=0.064")
    assert status == 0 and "begun with 2 replicas, now 1: equal to tolerance, not bit for bit\n" in out
    assert RunDirectory("moved").config().replicas == 1
    metrics = [
        [row for _, row in RunDirectory(name).rows(here / name / "metrics.jsonl")] for name in ("straight", "moved")
    ]
    for one, two in zip(*metrics, strict=True):
        assert two["d_loss"] == pytest.approx(one["d_loss"], abs=1e-4)
        assert two["d_grad_norm"] == pytest.approx(one["d_grad_norm"], rel=1e-3)


def test_tensorflow_is_not_imported_for_answers_and_refusals(here):
    """In a process that could start it."""
    code = (
        "import sys\n"
        "from tfgan_zoo.cli.train import main\n"
        "statuses = [main([flag]) for flag in ('--help', '--list', '--method=pcomv', '--run_dir=/proc/run')]\n"
        "print(statuses, [name for name in ('tensorflow', 'keras', 'PIL') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[0, 0, 2, 2] []", done.stderr
    assert done.stderr.count("\n") == 2


# Answers


def test_help_tells_every_flag(run):
    status, out, err = run("--help")
    assert (status, err) == (0, "")
    assert all(f"--{name}" in out for name in COMMAND.parse([])[0])
    assert "python train.py --method=pconv" in out
    assert max(map(len, out.splitlines())) <= 120


def test_help_denies_no_choice_what_it_implies(run):
    """A field with a default names every choice that implies another value: "default 1" is not all of the truth."""
    texts = {name: COMMAND.flags[name].help for name in COMMAND.names()}
    for table in (registry.NETWORKS, registry.LOSSES, registry.PENALTIES):
        for choice, spec in table.items():
            for field, value in (spec.defaults(32, 64) if table is registry.NETWORKS else spec.implies).items():
                default = configs.DEFAULTS.get(field)
                if default not in (None, ()) and value != default:
                    assert choice in texts[field], (choice, field, value)


def test_help_wins_over_other_flags(run, here):
    assert run("--help", "--batch_size=0")[0] == 0
    assert not everything(here)


def test_a_short_h_is_help(run, here):
    assert run("--method=gan", "-h")[1] == run("--help")[1]


def test_an_option_that_is_a_flag_already_is_one_line(run, monkeypatch):
    taken = {"run_dir": ("theirs", specs.Option(1.0, "of a package"))}
    monkeypatch.setattr(train.checks, "options", lambda: taken)
    monkeypatch.setattr(train, "COMMAND", app.Command("train.py", "", (), train._declare))
    status, _, err = run("--method=gan")
    assert status == 2 and err.startswith("train.py: the option run_dir of method=theirs is a flag of train.py already")


def test_list_tells_every_name(run):
    status, out, err = run("--list")
    assert (status, err) == (0, "")
    for table in (registry.METHODS, registry.LOSSES, registry.PENALTIES, registry.NETWORKS):
        assert all(f"  {name} " in out for name in table)
    assert "fashion_mnist_10k" in out and "ring" in out
    assert max(map(len, out.splitlines())) <= 112


def test_choices_are_told_from_the_words_before_them(run):
    out = " ".join(run("--help")[1].split())
    assert "linear: the rates go to 0 over the run (default none; sngan linear)" in out
    assert "or none; some of r1, " in out and "discriminators' losses; some of non_saturating, " in out
    assert "their noise; one of uniform, " in out
    assert "; one of auto, none, mirrored, multiworker (default auto)" in out


@pytest.mark.parametrize("flags", [(), ("--loss=wasserstein", "--augment=color,cutout", "--noperturb_first"), RING])
def test_dry_run_prints_what_from_json_reads(flags, run, here):
    status, out, err = run("--dry_run", "--threads=2", *flags)
    assert status == 0
    config = Config.from_json(out)
    named = {name for line in err.splitlines() for name in line.split(": null is ")[0].split(", ")}
    assert named == {name for name, value in json.loads(out).items() if value is None}
    assert config.to_json() == out
    assert "auto" not in (config.strategy, config.precision, config.jit) and config.replicas == 1
    assert config.perturb_first is ("--noperturb_first" not in flags)
    assert config.augment == (("color", "cutout") if "--augment=color,cutout" in flags else ())
    assert not everything(here)


def test_flags_do_not_linger(run):
    assert json.loads(run("--dry_run", "--threads=2", "--seed=5", "--n_dis=3")[1])["seed"] == 5
    again = json.loads(run("--dry_run", "--threads=2")[1])
    assert (again["seed"], again["n_dis"]) == (0, 1)


@pytest.fixture
def closed_pipe():
    """The writing end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_failure(unbuffered, closed_pipe, here):
    code = "import sys; from tfgan_zoo.cli.train import main; sys.exit(main(['--list']))"
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run([sys.executable, "-c", code], stdout=closed_pipe, stderr=subprocess.PIPE, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_training_whose_reader_goes_away_fails(unbuffered, closed_pipe, tmp_path):
    flags = [*SHORT, f"--run_dir={tmp_path / 'run'}"]
    code = f"import sys; from tfgan_zoo.cli.train import main; sys.exit(main({flags}))"
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run([sys.executable, "-c", code], stdout=closed_pipe, stderr=subprocess.PIPE, env=environment)
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1 and b"Broken pipe" in done.stderr


# A run


def test_runs_are_numbered_and_end_with_commands(run, here):
    (here / "runs" / "new").mkdir(parents=True)
    (here / "runs" / "new" / "mine.txt").touch()
    status, out, err = run(*RING, "--kimg=0.008")
    assert (status, err) == (0, "")
    folder = "runs/00000-gan-ring"
    assert out.splitlines()[0].split() == ["run", folder]
    assert [line.split(maxsplit=1) for line in out.splitlines()[-3:]] == [
        ["run", folder],
        ["samples", f"{folder}/samples/step_0000001.png"],
        [
            "export",
            f"python export.py --model={folder} --output=exports/00000-gan-ring",
        ],  # generate.py makes images only
    ]
    assert RunDirectory(here / folder).config().kimg == 0.008


# Resuming


def test_the_same_flags_again_are_allowed(run, ring):
    begun = (ring / "config.json").read_text()
    status, out, _ = run(*SHORT, f"--run_dir={ring}", "--dry_run")
    assert (status, out) == (0, begun)
    status, out, _ = run(f"--run_dir={ring}", "--strategy=auto", "--precision=auto", "--jit=auto", "--dry_run")
    assert (status, out) == (0, begun)
    assert (ring / "config.json").read_text() == begun


def test_a_number_for_all_penalties_may_be_repeated_as_such(run, tmp_path):
    config = resolve(
        method="gan", dataset="ring", penalty=("r1", "r2"), penalty_weight=(2.0, 2.0), penalty_every=1, threads=2
    )
    RunDirectory.create(dataclasses.replace(config, strategy="none", jit="off"), tmp_path / "run")
    repeated = ("--penalty=r1,r2", "--penalty_weight=2", "--penalty_every=0", f"--run_dir={tmp_path / 'run'}")
    assert run(*repeated, "--dry_run")[0] == 0
    status, _, err = run(*repeated, "--penalty_weight=2,3", "--dry_run")
    assert status == 2 and "begun with penalty_weight=2.0,2.0" in err


def test_a_finished_run_is_left_as_it_is(run, ring):
    def records():
        return (ring / "metrics.jsonl").read_bytes(), sorted(path.name for path in (ring / "checkpoints").iterdir())

    before = records()
    status, out, err = run(f"--run_dir={ring}")
    assert (status, err) == (0, "") and "resuming at step 4" in out
    assert records() == before


def test_a_finished_run_without_its_sheets_ends_well(run, ring):
    for sheet in (ring / "samples").iterdir():
        sheet.unlink()
    status, out, err = run(f"--run_dir={ring}")
    assert (status, err) == (0, "") and "samples " not in out and "export " in out


@pytest.mark.parametrize(
    "flag, words",
    [
        ("--width=16", "begun with width=8"),
        ("--method=pconv", "begun with method=gan"),
        ("--method=pcomv", "method=pcomv"),
        ("--seed=1", "begun with seed=0"),
        ("--batch_size=16", "begun with batch_size=8"),
        ("--g_lr=2", "g_lr=2.0 must be above 0 and at most 1"),
        ("--beta_1=0.4", "begun with beta_1=0.5"),
        ("--augment=color", "begun with augment=none"),
        ("--data_dir=elsewhere", "begun with data_dir=None"),
        ("--image_size=32", "begun with image_size=None"),
        ("--clamp=0.5", "begun with clamp=None"),
        ("--jit=on", "begun with jit=off"),
        ("--threads=1", "begun with threads=2"),
        ("--kimg=0.016", "can only get longer"),
        ("--kimg=-1", "can only get longer"),
        ("--kimg=nan", "can only get longer"),
        ("--kimg=inf", "kimg=inf must be"),
    ],
)
@pytest.mark.usefixtures("no_tensorflow")
def test_a_run_keeps_what_it_was_begun_with(flag, words, refused, ring):
    before = everything(ring)
    line = refused(f"--run_dir={ring}", flag)
    assert words in line and flag.lstrip("-").split("=")[0] in line
    assert everything(ring) == before


def test_a_run_goes_on_from_another_folder(run, here, monkeypatch):
    """With what it was begun with, said or not: paths are kept as absolute ones."""
    (here / "inception").mkdir()
    paths = ("--data_dir=tfds", "--inception=inception")
    told = json.loads(run("--dataset=fashion_mnist_10k", "--eval_metrics=fid_50k_train", *paths, "--dry_run")[1])
    assert (told["data_dir"], told["inception"]) == (str(here / "tfds"), str(here / "inception"))
    assert run(*SHORT, "--data_dir=tfds", "--run_dir=run")[0] == 0
    (here / "deep").mkdir()
    monkeypatch.chdir(here / "deep")
    for flags in ((), ("--data_dir=../tfds",), (f"--data_dir={here}/tfds",)):
        assert run("--run_dir=../run", *flags)[::2] == (0, "")
    edit(here / "run", data_dir="tfds")  # as versions before kept it
    monkeypatch.chdir(here)
    assert run("--run_dir=run", "--data_dir=tfds")[::2] == (0, "")


def test_records_may_change_where_the_past_is_left_alone(run, ring):
    begun, past = RunDirectory(ring).config(), (ring / "metrics.jsonl").read_bytes()
    flags = ("--kimg=0.08", "--tick_kimg=0.024", "--keep_checkpoints=all")
    status, out, err = run(f"--run_dir={ring}", *flags)
    assert (status, err) == (0, "")
    changed = dataclasses.replace(begun, kimg=0.08, tick_kimg=0.024, keep_checkpoints="all")
    assert RunDirectory(ring).config() == changed
    assert (ring / "metrics.jsonl").read_bytes().startswith(past)
    assert [json.loads(line)["step"] for line in (ring / "metrics.jsonl").read_text().splitlines()] == [2, 4, 6, 9, 10]
    assert RunDirectory(ring).steps() == [2, 4, 6, 9, 10]
    line = "from here on tick_kimg=0.024, before 0.016"
    assert line in out and line in (ring / "log.txt").read_text()
    assert run(f"--run_dir={ring}", "--keep_checkpoints=1", "--kimg=0.088")[0] == 0
    assert RunDirectory(ring).steps() == [9, 11]  # the last, and the last at a tick's end


def test_a_run_is_a_keras_model_that_fits_further(finished):
    model = tfgan_zoo.load(finished)
    model.run_eagerly = True
    history = model.fit(model.generate(16, seed=1), batch_size=8, verbose=0).history
    assert model.trained_steps == 6 and math.isfinite(history["d_loss"][0])


@pytest.mark.thorough
def test_other_rates_on_a_resume_are_those_of_a_run_that_had_them_planned(run, ring, tmp_path):
    status, _, err = run(f"--run_dir={ring}", "--kimg=0.048", "--g_lr=1e-4")
    assert (status, err) == (0, "") and "from here on g_lr=0.0001, before 0.001" in (ring / "log.txt").read_text()
    assert run(f"--run_dir={ring}", "--kimg=0.064", "--g_lr=2e-4", "--d_lr=5e-4")[0] == 0
    assert RunDirectory(ring).config().schedule == ("g_lr=0.001->0.0001@4->0.0002@6", "d_lr=0.001->0.0005@6")
    planned = f"--schedule={','.join(RunDirectory(ring).config().schedule)}"
    assert run(*SHORT, "--kimg=0.064", planned, f"--run_dir={tmp_path / 'planned'}")[0] == 0
    assert (tmp_path / "planned" / "metrics.jsonl").read_bytes() == (ring / "metrics.jsonl").read_bytes()
    assert "from here on" not in run(f"--run_dir={ring}", "--g_lr=2e-4")[1]  # which it has


def test_a_budget_is_written_into_the_run(run, here, monkeypatch):
    monkeypatch.setattr(train.budget, "seconds", lambda text: 1.0)  # it is over when it begins
    status, out, err = run(*RING[:2], "--threads=2", "--budget=30s", "--run_dir=run")
    assert (status, err) == (0, "")
    config = RunDirectory("run").config()
    assert config.budget == "30s" and config.images_per_second > 0 and config.first_tick_kimg == config.kimg
    assert "budget    30s for many pictures at " in out and "budget    30s" in (here / "run" / "log.txt").read_text()
    assert run("--run_dir=run", "--budget=30s")[0] == 0
    assert "begun with budget=30s" in run("--run_dir=run", "--budget=1h")[2]


def test_auto_chooses_the_length_too_once_and_the_user_wins(run, here, monkeypatch):
    from tfgan_zoo.training import speed

    monkeypatch.setattr(speed, "operations_per_second", lambda: 1e10)
    status, out, err = run("--dry_run", "--threads=2", "--auto", "--method=gan", "--width=8")
    config = Config.from_json(out)
    words, _ = train.budget.choose_all(1e10, 9000, (32, 32, 1))
    assert (status, config.width, config.kimg, config.batch_size) == (0, 8, words["kimg"], words["batch_size"])
    line = err.splitlines()[0]
    assert line.startswith("auto      for 9000 pictures at 10 GFLOP/s: ") and "width=8" in line and " here" not in line
    status, out, _ = run(*RING, "--auto", "--kimg=0.032", "--tick_kimg=0.016", "--run_dir=run")
    assert status == 0 and "auto      for many pictures" in out and RunDirectory("run").config().auto
    monkeypatch.setattr(speed, "operations_per_second", lambda: pytest.fail("it was measured when the run began"))
    assert run("--run_dir=run", "--auto")[0] == 0 and "begun with auto" in run("--run_dir=run", "--noauto")[2]


def test_a_budget_chooses_and_the_user_wins(run, here):
    status, out, err = run("--dry_run", "--threads=2", "--budget=30m", "--width=8", "--batch_size=4")
    config = Config.from_json(out)
    assert (status, config.width, config.batch_size, config.image_size) == (0, 8, 4, 32)
    assert (config.first_tick_kimg, config.images_per_second) == (0.0, None) and config.ema_kimg < 10.1
    assert "width=8, batch_size=4" in err and not everything(here)


def test_a_run_of_constant_rates_may_get_longer(run, ring):
    begun = RunDirectory(ring).config()
    status, _, err = run(f"--run_dir={ring}", "--kimg=0.048")
    assert (status, err) == (0, "")
    assert RunDirectory(ring).config() == dataclasses.replace(begun, kimg=0.048)
    assert [json.loads(line)["step"] for line in (ring / "metrics.jsonl").read_text().splitlines()] == [2, 4, 6]


@pytest.mark.parametrize("given", [{"lr_decay": "linear"}, {"method": "express"}], ids=str)
@pytest.mark.usefixtures("no_tensorflow")
def test_a_run_that_follows_its_length_keeps_it(given, refused, tmp_path):
    RunDirectory.create(resolve(**{"method": "gan", "dataset": "ring", "kimg": 1.0, **given}), tmp_path / "run")
    assert "begun with kimg=1.0; a run keeps it" in refused(f"--run_dir={tmp_path / 'run'}", "--kimg=2")
    assert "begun with d_lr=0.001; a run keeps it" in refused(f"--run_dir={tmp_path / 'run'}", "--d_lr=1e-4")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"method": "gan"}', '{"a": "preset"}'])
@pytest.mark.usefixtures("no_tensorflow")
def test_a_damaged_config_is_bad_input(content, refused, ring):
    (ring / "config.json").write_text(content)
    assert "config.json" in refused(f"--run_dir={ring}")


def test_other_versions_are_told(run, ring):
    versions = RunDirectory(ring).config().versions
    edit(ring, versions=versions | {"tensorflow": "2.20.0"})
    status, out, _ = run(f"--run_dir={ring}")
    assert status == 0
    assert f"begun with tensorflow 2.20.0, now {tf.__version__}" in out
    assert RunDirectory(ring).config().versions["tensorflow"] == "2.20.0"


# Failing


@pytest.fixture
def fails(run):
    """A function that runs train.py, checks that it fails with one line, and returns the line."""

    def call(*flags, status=1):
        found, _, err = run(*flags)
        assert found == status
        assert err.count("\n") == 1 and err.startswith("train.py: "), err
        return err

    return call


def test_a_broken_loss_ends_with_status_1_and_the_last_good_checkpoint(fails, monkeypatch, tmp_path):
    critic = GAN.discriminate

    def broken(self, images, batch, purpose, *more):
        factor = tf.where((self.step.value >= 2) & (purpose == "generator"), math.nan, 1.0)
        return factor * critic(self, images, batch, purpose, *more)

    monkeypatch.setattr(GAN, "discriminate", broken)
    line = fails(*SHORT, f"--run_dir={tmp_path / 'run'}")
    assert "g_loss is no longer finite at step 3" in line
    assert str(tmp_path / "run" / "checkpoints" / "ckpt-2") in line
    assert str(tmp_path / "run" / "diverged_step_3.npz") in line


def test_a_full_disk_ends_with_status_1(fails, ring, monkeypatch):
    monkeypatch.setattr(RunDirectory, "log", lambda self, line: append_line(pathlib.Path("/dev/full"), line))
    assert os.strerror(errno.ENOSPC) in fails(f"--run_dir={ring}")


def test_a_log_that_is_a_device_is_refused(fails, ring):
    (ring / "log.txt").unlink()
    (ring / "log.txt").symlink_to("/dev/full")
    assert "log.txt is no regular file" in fails(f"--run_dir={ring}", status=2)


def test_a_file_in_the_place_of_the_events_ends_with_status_1(fails, ring):
    shutil.rmtree(ring / "events")
    (ring / "events").write_text("")
    line = fails(f"--run_dir={ring}")
    assert f"{ring}/events cannot be written: Not a directory" in line and "--events=off" in line


def test_a_full_disk_at_the_first_line_ends_with_status_1(fails, monkeypatch, tmp_path):
    def full(self, config):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    RunDirectory.create(resolve(method="gan", dataset="ring", threads=2), tmp_path / "run")
    monkeypatch.setattr(RunDirectory, "write_config", full)
    assert os.strerror(errno.ENOSPC) in fails(f"--run_dir={tmp_path / 'run'}")


def test_a_checkpoint_that_cannot_be_written_ends_with_status_1(fails, monkeypatch, tmp_path):
    def full(self, path):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.train.Checkpoint, "write", full)
    line = fails(*SHORT, f"--run_dir={tmp_path / 'run'}")
    assert "checkpoint of step 2 cannot be written: No space left on device" in line


def test_a_checkpoint_of_another_width_ends_with_status_1(fails, ring):
    edit(ring, width=9)
    assert f"{ring}/checkpoints/ckpt-4 is damaged or not of this config.json" in fails(f"--run_dir={ring}")


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_with_its_status_and_the_command_to_go_on(number, status, fails, at_step, tmp_path):
    folder = tmp_path / "my run"
    at_step(3, lambda: signal.raise_signal(number))
    line = fails(*SHORT, f"--run_dir={folder}", status=status)
    assert f"stopped by {number.name} at step 3" in line
    assert line.endswith(f"go on with: python train.py --run_dir='{folder}'\n")
    assert (folder / "checkpoints" / "ckpt-3.index").exists()


def test_an_interrupt_before_the_training_is_one_line_too(fails, monkeypatch, here):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "import_tensorflow", interrupted)
    assert "SIGINT" in fails(*RING, status=130)
    assert not everything(here)
