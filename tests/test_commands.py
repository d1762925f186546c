"""Every command that a page shows is one that works as far as its words go: flags, values, files, extras, targets.

What the commands do is tested elsewhere; the README's and those of docs/new_method.md are run word for word.
"""

import argparse
import configparser
import pathlib
import re
import runpy
import shlex
import shutil
import sys

import pytest
from PIL import Image

import tfgan_zoo
from tfgan_zoo.cli import evaluate, export, generate, train
from tfgan_zoo.data import tfds_probe
from tfgan_zoo.training import devices

ROOT = pathlib.Path(tfgan_zoo.__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
COMMANDS = {"train": train, "generate": generate, "evaluate": evaluate, "export": export}
BEGIN = r"(?:\S*/)?(?:python(?:3(?:\.\d+)?)?|pytest|make|pip|tfgan-zoo|tools/\S+\.sh)"
SHOWN = re.compile(rf"^    ({BEGIN} .*)$|`({BEGIN} [^`]+)`", re.MULTILINE)
ELSEWHERE = ("instance_noise", "resize")  # of the package that docs/new_method.md installs


def shown(page):
    """Returns the commands of a page, each a list of words."""
    text = page.read_text().replace("\\\n", " ")
    found = [part for first, second in SHOWN.findall(text) for part in (first or second).split("; ")]
    return [words for line in found if (words := shlex.split(line, comments=True))]


def script_and_arguments(words):
    """Returns (what runs, its arguments): ("train", [...]), ("tools/results.py", [...]), ("pytest", [...]), ..."""
    if pathlib.PurePath(words[0]).name == "tfgan-zoo":
        return words[1], words[2:]
    if not pathlib.PurePath(words[0]).name.startswith("python"):
        return words[0], words[1:]
    if words[1] == "-m":
        return f"-m {words[2]}", words[3:]
    return words[1].removesuffix(".py") if words[1].removesuffix(".py") in COMMANDS else words[1], words[2:]


ALL = [(page.relative_to(ROOT).as_posix(), *script_and_arguments(words)) for page in PAGES for words in shown(page)]
ONCE = list({(name, *arguments): (page, name, arguments) for page, name, arguments in ALL}.values())
OURS = [it for it in ONCE if it[1] in COMMANDS]
SCRIPTS = [it for it in ONCE if it[1].startswith(("tools/", "benchmarks/")) and it[1].endswith(".py")]
HERE = re.compile(r"--(run_dir|budget|list|devices)\b|=runs/|\.\.\.")  # needs a run, or says nothing to look at
TRAINED = [it for it in OURS if it[1] == "train" and not HERE.search(" ".join(it[2]))]


def called(it):
    return " ".join([it[0], it[1], *it[2]])[:90]


def test_commands_are_found():
    assert len(OURS) > 60 and len(SCRIPTS) > 20 and len(TRAINED) > 20


@pytest.mark.parametrize("it", OURS, ids=called)
def test_flags_are_those_of_the_command(it):
    _, name, arguments = it
    if any(f"={word}" in argument for argument in arguments for word in ELSEWHERE):
        arguments = [argument for argument in arguments if not argument.startswith("--sigma")]
    COMMANDS[name].COMMAND.parse([word for word in arguments if word != "--flags"])


def put_pictures(arguments):
    """Makes what a command names by --dataset=, a folder or a zip file, where it will be looked for."""
    (named,) = re.findall(r"--dataset=(\./\w+|\w+\.zip)", " ".join(arguments)) or ["./photos"]
    folder = pathlib.Path(named.removesuffix(".zip"))
    for kind in ("cat", "dog"):
        (folder / kind).mkdir(parents=True)
        for number in range(2):
            Image.new("RGBA", (256, 224), (number, 0, 0, 255)).save(folder / kind / f"{number}.png")
    if named.endswith(".zip"):
        shutil.make_archive(folder.name, "zip", folder)


@pytest.mark.parametrize("it", TRAINED, ids=called)
def test_what_is_trained_goes_together(it, tmp_path, monkeypatch, capsys):
    _, _, arguments = it
    monkeypatch.chdir(tmp_path)
    put_pictures(arguments)
    if any(f"={word}" in argument for argument in arguments for word in ELSEWHERE):
        pytest.skip("of a package that is installed where the page is tested")
    monkeypatch.setattr(devices, "resolve", lambda config: config)  # it would set the threads of this process
    monkeypatch.setattr(tfds_probe, "_unreachable", lambda url: "")  # data that TFDS would download are taken as there
    assert train.main([*arguments, "--dry_run"]) == 0, capsys.readouterr().err


class Parsed(Exception):
    """Raised where a script has parsed its arguments, and would begin."""


@pytest.mark.parametrize("it", [it for it in SCRIPTS if "argparse" in (ROOT / it[1]).read_text()], ids=called)
def test_arguments_are_those_of_the_script(it, monkeypatch):
    _, script, arguments = it
    parse = argparse.ArgumentParser.parse_known_args

    def parse_alone(parser, *args, **kwargs):
        _, rest = parse(parser, *args, **kwargs)
        if script == "tools/make_recipe.py":
            train.COMMAND.parse(rest)
        else:
            assert not rest
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", parse_alone)
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    monkeypatch.syspath_prepend(str(ROOT / script.partition("/")[0]))
    with pytest.raises(Parsed):
        runpy.run_path(str(ROOT / script), run_name="__main__")


def test_files_targets_and_extras_exist():
    extras = configparser.ConfigParser()
    extras.read(ROOT / "setup.cfg")
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page, name, arguments in ALL:
        where = f"{page}: {name} {' '.join(arguments)}"
        if name.startswith(("tools/", "benchmarks/", "tests/")):
            assert (ROOT / name).is_file(), where
        if name == "make":
            assert {word for word in arguments if "=" not in word} <= targets, where
        if name == "pytest":
            assert all((ROOT / word).exists() for word in arguments if word.startswith("tests")), where
        if name.startswith("-m tfgan_zoo"):
            assert (ROOT / (name.removeprefix("-m ").replace(".", "/") + ".py")).is_file(), where
        for listed in re.findall(r"tfgan-zoo\[([\w,]+)\]", " ".join(arguments)):
            assert set(listed.split(",")) <= set(extras["options.extras_require"]), where
