"""docs/keras.md is run, as a user of Keras would, in a process of its own."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.mark.thorough
def test_every_habit_of_the_page_works(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "keras.md").read_text(), re.DOTALL)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    code = "\n".join(blocks)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    for role in ("generator", "discriminator", "ema_generator"):
        assert f"\n{role}: " in done.stdout
    assert done.stdout.endswith("exports/clothes/1\n")
    assert [path.name for path in sorted((tmp_path / "samples").iterdir())] == ["epoch_0001.png", "epoch_0002.png"]
    assert (tmp_path / "log.csv").read_text().splitlines()[0].count("val_d_real") == 1
