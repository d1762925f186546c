"""The GPU's page runs to its end in its tiny form, wherever it is."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_the_quick_form_checks_and_measures():
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "gpu.py", "--quick"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    rows = [line.split("|")[1:-1] for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert [row[0].strip() for row in rows][:3] == ["exact resume", "XLA, sngan 32 px", "bf16, sngan 32 px"]
    assert {row[1].strip() for row in rows} == {"yes"} and any("images/s" in row[2] for row in rows[3:])
