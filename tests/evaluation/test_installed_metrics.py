"""A metric from an installed package: its name is listed, it measures, and what is wrong with it is one line."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]

BRIGHTNESS = """
from tfgan_zoo.evaluation.metrics import Protocol

def brightness(reals, fakes):
    return {"difference": float(abs(fakes["rows"].mean() - reals["rows"].mean()))}

COUNTED = Protocol(
    metric="brightness", summary="difference of the mean grey levels", function=brightness, statistics="features",
    extractor=None, resize="area", fakes=None, reference="train", reals=None, better="lower", headline="difference",
)
PROTOCOLS = {"brightness_all": COUNTED}
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A function that puts a package with entry points where a fresh process finds it."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(tmp_path / "site")]))

    def install(package, points, code=BRIGHTNESS):
        (tmp_path / "site").mkdir(exist_ok=True)
        (tmp_path / "site" / f"{package}.py").write_text(code)
        about = tmp_path / "site" / f"{package}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = "".join(f"{name} = {package}:{target}\n" for name, target in points.items())
        (about / "entry_points.txt").write_text(f"[tfgan_zoo.metrics]\n{lines}")

    return install


def evaluate(*flags):
    command = [sys.executable, ROOT / "evaluate.py", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_a_metric_of_another_package_measures(install, tmp_path):
    install("zoo_brightness", {"brightness": "PROTOCOLS"})
    for name, level in (("fakes", 51), ("reals", 153)):
        np.savez(tmp_path / f"{name}.npz", images=np.full((3, 32, 32, 1), level, "uint8"))
    sets = [f"--{name}={tmp_path / name}.npz" for name in ("fakes", "reals")]
    done = evaluate(*sets, "--metrics=brightness_all", f"--output={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    (result,) = map(json.loads, (tmp_path / "out" / "metrics.jsonl").read_text().splitlines())
    assert result["values"] == {"difference": pytest.approx(0.4, abs=1e-6)}
    assert result["protocol"]["metric"] == "brightness" and result["headline"] == "difference"


def test_names_are_listed_without_tensorflow(install):
    """An entry point of one protocol gives it its own name."""
    install("zoo_brightness", {"brightness": "PROTOCOLS", "brightness_too_all": "COUNTED"})
    code = (
        "import sys; from tfgan_zoo.cli import evaluate; status = evaluate.main(['--list']);"
        "sys.exit(status or 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"brightness_all", "brightness_too_all", "fd_fashion_10k", "prdc_given_all"} <= listed


FAULTS = {
    "a name of ours": (
        {"brightness": "PROTOCOLS"},
        BRIGHTNESS.replace('"brightness_all"', '"fid_all"'),
        "metrics: the name fid_all is claimed by tfgan_zoo and by zoo_brightness; uninstall one",
    ),
    "a family of ours": (
        {"frechet": "PROTOCOLS"},
        BRIGHTNESS,
        "metrics: the name frechet is claimed by tfgan_zoo and by zoo_brightness; uninstall one",
    ),
    "no protocol": (
        {"brightness": "brightness"},
        BRIGHTNESS,
        "metrics: brightness of zoo_brightness must be a Protocol or {name: Protocol}, not function",
    ),
    "a statistic that there is not": (
        {"brightness": "PROTOCOLS"},
        BRIGHTNESS.replace('"features"', '"medians"'),
        "statistics=medians must be one of moments, features, logits",
    ),
    "no module": ({"brightness": "NOTHING"}, BRIGHTNESS, "brightness of the package zoo_brightness cannot be loaded"),
}


@pytest.mark.parametrize(("points", "code", "words"), FAULTS.values(), ids=list(FAULTS))
def test_what_is_wrong_with_a_package_is_one_line(points, code, words, install):
    install("zoo_brightness", points, code)
    for flags in (["--list"], ["--model=x", "--metrics=fid_50k_train"]):
        done = evaluate(*flags)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr and done.stderr.count("\n") == 1


def test_a_name_of_two_packages_is_refused_by_naming_both(install):
    install("zoo_brightness", {"brightness": "PROTOCOLS"})
    install("zoo_lightness", {"lightness": "PROTOCOLS"})
    done = evaluate("--list")
    assert done.returncode == 2
    assert "the name brightness_all is claimed by zoo_brightness and by zoo_lightness" in done.stderr
