"""What holds for the whole package: its arrows point downwards, it stays light to import, its examples run."""

import doctest
import functools
import importlib
import pathlib
import re
import subprocess
import sys

import pytest
import seeded_faults

import tfgan_zoo
from tfgan_zoo.pretrained import presets

PACKAGE = pathlib.Path(tfgan_zoo.__file__).parent
ROOT = PACKAGE.parent
HEAVY = [
    "tensorflow",
    "keras",
    "tf_keras",
    "tensorflow_datasets",
    "tensorflow_gan",
    "tensorflow_probability",
    "matplotlib",
]
CODE = sorted([*PACKAGE.rglob("*.py"), *pathlib.Path(__file__).parent.rglob("*.py")])


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


EXAMPLES = [module_name(path) for path in CODE if PACKAGE in path.parents and ">>> " in path.read_text()]


def python(code, **kwargs):
    """Runs code in a fresh process."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, **kwargs)


def test_dependencies_point_downwards():
    """The contracts stand in pyproject.toml."""
    done = python("from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))", cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", ["tfgan_zoo", "tfgan_zoo.registry", "tfgan_zoo.cli", "tfgan_zoo.cli.generate"])
def test_stays_light_to_import(module):
    done = python(f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])")
    assert done.stdout == "[]\n", done.stdout + done.stderr


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_no_folder_of_one_machine(path):
    found = re.findall(r"(?<![\w.])/(?:work|root|home|Users)/\S*", path.read_text())
    assert not found


_LOADED = functools.cache(presets._load)  # the examples share presets: none changes what it has loaded


@pytest.mark.thorough
@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_run(module, tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "_load", _LOADED)
    if module.startswith("tfgan_zoo.cli"):
        pytest.skip("shell examples")
    monkeypatch.chdir(tmp_path)  # what an example writes
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testmod(importlib.import_module(module), optionflags=flags)
    assert result.attempted > 0
    assert result.failed == 0


def test_no_two_classes_have_one_name_with_keras():
    pattern = r'register_keras_serializable\("tfgan_zoo"(?:, "(\w+)")?\)\nclass (\w+)'
    found = [given or own for path in PACKAGE.rglob("*.py") for given, own in re.findall(pattern, path.read_text())]
    assert len(found) > 30 and len(set(found)) == len(found)


def test_the_faults_that_a_tool_seeds_are_still_in_the_code():
    assert seeded_faults.outdated() == []
