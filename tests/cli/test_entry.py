"""The installed program `tfgan-zoo`: the commands by another name, in all that they say."""

import configparser
import importlib
import pathlib
import subprocess
import sys

import pytest

from tfgan_zoo.cli import entry, train

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def program(*argv, cwd=None):
    """Runs what the installed program runs; returns (status, stdout, stderr)."""
    code = "import sys; from tfgan_zoo.cli.entry import main; main()"
    done = subprocess.run([sys.executable, "-c", code, *argv], cwd=cwd, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_the_package_installs_it():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    name, _, place = setup["options.entry_points"]["console_scripts"].strip().partition(" = ")
    module, _, function = place.partition(":")
    assert name == "tfgan-zoo" and callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("word", ["train", "generate", "evaluate", "export"])
def test_help_shows_its_own_lines(word):
    status, out, err = program(word, "--help")
    assert (status, err) == (0, "") and f"    tfgan-zoo {word} --" in out
    assert "python " not in out.split("\n\n")[1]


@pytest.mark.parametrize(
    "argv, message",
    [
        ((), "tfgan-zoo: no command is given; usage: tfgan-zoo train|generate|evaluate|export"),
        (("tain",), "tfgan-zoo: command='tain' is unknown; usage: "),
        (("\x1b[31m",), "tfgan-zoo: command='\\x1b[31m' is unknown; usage: "),
        (("train", "--kimg=many"), "tfgan-zoo train: kimg=many must be a number"),
        (("export",), "tfgan-zoo export: "),
    ],
)
def test_bad_input_is_one_line(argv, message):
    status, out, err = program(*argv)
    assert (status, out) == (2, "") and err.startswith(message) and err.count("\n") == 1


def test_what_a_user_is_told_to_type_is_what_there_is(monkeypatch):
    assert (entry.called("train.py"), entry.typed("train.py")) == ("train.py", "python train.py")
    monkeypatch.setattr(entry, "_installed", True)
    assert entry.called("train.py") == entry.typed("train.py") == "tfgan-zoo train" == train.COMMAND.name


def test_its_version():
    assert program("--version")[1].startswith("tfgan-zoo 0.")
