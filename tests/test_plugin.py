"""An installed package adds a method, a loss and a network; docs/new_method.md walks through it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLUGIN = ROOT / "tests" / "plugin"
PAGE = (ROOT / "docs" / "new_method.md").read_text()
BLOCKS = re.findall(r"`(tests/plugin/[\w./]+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^    (python .*)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the package, as pip installs it."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(PLUGIN, folder / "source")  # setuptools builds beside its sources
    pip = [sys.executable, "-m", "pip", "--quiet", "install", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(folder / "site"), str(folder / "source")], check=True)
    return folder / "site"


def run(command, folder, *paths):
    """Runs a line of the page, with packages in `paths`; returns (status, stdout, stderr)."""
    words = command.split()
    words[:2] = [sys.executable, str(ROOT / words[1])]
    search = os.pathsep.join(map(str, (*paths, ROOT)))
    environment = os.environ | {"PYTHONPATH": search, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("path, block", BLOCKS, ids=[path for path, _ in BLOCKS])
def test_the_page_shows_the_package_as_it_is(path, block):
    assert (ROOT / path).read_text() == block


def test_the_package_is_small():
    lines = sum(len(path.read_text().splitlines()) for path in PLUGIN.rglob("*.py"))
    assert lines < 150 and f"{lines} lines" in PAGE


@pytest.mark.thorough
def test_the_commands_of_the_page(site, tmp_path):
    listing, train, host, generate, export, exported = COMMANDS
    status, out, _ = run(listing, tmp_path, site)
    assert status == 0 and all(f"  {name} " in out for name in ("instance_noise", "smoothed", "resize"))
    status, out, err = run(train, tmp_path, site)
    assert status == 0, err
    lines = (tmp_path / "runs" / "mine" / "metrics.jsonl").read_bytes()
    for line in (host, generate, export, exported):
        status, out, err = run(line, tmp_path, site)
        assert status == 0, err
    with Image.open(tmp_path / "mine.png") as one, Image.open(tmp_path / "exported.png") as two:
        assert one.size == two.size == (64, 64)
        pairs = zip(one.getdata(), two.getdata(), strict=True)
        assert max(abs(first - second) for first, second in pairs) <= 1
    for file in (tmp_path / "runs" / "mine" / "checkpoints").glob("ckpt-8*"):
        file.unlink()  # what a kill before the last checkpoint leaves
    assert lines.count(b"\n") == 1
    status, out, err = run("python train.py --run_dir=runs/mine", tmp_path, site)
    assert status == 0, err
    assert (tmp_path / "runs" / "mine" / "metrics.jsonl").read_bytes() == lines
    status, _, err = run("python train.py --method=ces --costs=smoothed,hing", tmp_path, site)
    assert status == 2 and "costs=hing is unknown (did you mean hinge?)" in err and "smoothed" in err
    status, _, err = run("python train.py --method=instance_noise --sigma=0", tmp_path, site)
    assert (status, err.count("\n")) == (2, 1) and "sigma=0" in err
    status, _, err = run("python generate.py --model=runs/mine", tmp_path)  # without the package
    assert (status, err.count("\n")) == (2, 1) and "method=instance_noise is unknown" in err


def other(folder, package, group, name, target):
    """Writes what pip leaves of a package with one entry point."""
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (folder / "leaves.py").write_text("raise SystemExit(0)\n")  # a script in the place of a module
    (info / "entry_points.txt").write_text(f"[tfgan_zoo.{group}]\n{name} = {target}\n")
    return folder


@pytest.mark.parametrize(
    "group, name, target, words",
    [
        ("methods", "instance_noise", "zoo_plugin.spec:METHOD", ("instance_noise", "zoo-plugin", "twice")),
        ("methods", "gan", "zoo_plugin.spec:METHOD", ("gan", "tfgan_zoo", "twice")),
        ("losses", "hinge", "zoo_plugin.smoothed:LOSS", ("hinge", "tfgan_zoo", "twice")),
        ("networks", "mine", "no_such_module:SPEC", ("mine", "twice", "ModuleNotFoundError")),
        ("networks", "mine", "leaves:SPEC", ("mine", "twice", "SystemExit: 0")),
        ("losses", "mine", "zoo_plugin.spec:METHOD", ("mine", "twice", "objectives.losses.Loss")),
        ("methods", "mine", "zoo_plugin.spec:METHOD", ("mine", "twice", "instance_noise")),
    ],
)
def test_what_another_package_does_wrong_is_one_line_that_names_it(group, name, target, words, site, tmp_path):
    status, out, err = run("python train.py --list", tmp_path, site, other(tmp_path, "twice", group, name, target))
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert all(word in err for word in words), err
