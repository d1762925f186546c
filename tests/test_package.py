"""The installed package: every module is in it, and its presets and recipes are there without the repository."""

import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from tfgan_zoo.pretrained import presets
from tfgan_zoo.settings import recipes

ROOT = pathlib.Path(__file__).parent.parent


@pytest.mark.thorough
def test_presets_and_recipes_are_found_in_an_installed_wheel(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("tfgan_zoo", "models", "recipes"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--quiet", "install", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(tmp_path / "site"), str(source)], check=True)
    shipped = ("tfgan_zoo/serving/site/*", "tfgan_zoo/data/[!_]*/*", "tfgan_zoo/evaluation/weights/*")
    for pattern in ("tfgan_zoo/**/*.py", *shipped):
        files = {path.relative_to(source) for path in source.glob(pattern)}
        assert files and files == {path.relative_to(tmp_path / "site") for path in (tmp_path / "site").glob(pattern)}
    code = (
        "import tfgan_zoo\n"
        f"assert tfgan_zoo.__file__.startswith({str(tmp_path / 'site')!r})\n"
        "from tfgan_zoo.pretrained import presets\n"
        "from tfgan_zoo.settings import recipes\n"
        "print(presets.names(), recipes.names(), recipes.read('gan_ring')[0]['dataset'])\n"
        "print(tfgan_zoo.from_preset('pconv_fashion_mnist_10k').generate(num=2, seed=0).shape)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    found = f"{presets.names()} {recipes.names()} ring\n"
    assert done.stdout == found + "(2, 32, 32, 1)\n", done.stderr


def test_the_citation_names_this_version():
    lines = (ROOT / "CITATION.cff").read_text().splitlines()
    assert f"version: {importlib.metadata.version('tfgan-zoo')}" in lines
