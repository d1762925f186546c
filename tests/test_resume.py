"""A run that is killed and resumed ends with the same bits as one that was not."""

import json
import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

ROOT = pathlib.Path(__file__).parent.parent
TICK, STEPS = 4, 14  # the last tick is shorter
COMMON = (
    "--width=4",
    "--latent_dim=8",
    "--batch_size=8",
    "--threads=2",
    f"--tick_kimg={TICK * 8 / 1000}",
    f"--kimg={STEPS * 8 / 1000}",
)
CASES = {
    "gan": ("--method=gan", "--penalty=lecam", "--lr_decay=linear"),
    "pconv": (
        "--method=pconv",
        "--augment=ada,color,translation,cutout",
        "--ada_target=-0.9",
        "--ada_kimg=0.1",
        "--n_dis=2",
        "--conditional",
    ),
    "sngan": ("--method=pconv", "--network=sngan", "--n_dis=1"),
}


def start(run_dir, *flags):
    command = [sys.executable, "train.py", f"--run_dir={run_dir}", *flags]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output


def read_until(process, word):
    """Reads the process's output up to the line with `word` in it."""
    seen = ""
    for line in process.stdout:
        seen += line
        if word in line:
            return
    pytest.fail(f"no {word!r} in {seen}, {process.stderr.read()}")


def state(run_dir):
    """Everything in the newest checkpoint: weights, optimisers, averages, running means, step."""
    reader = tf.train.load_checkpoint(str(run_dir / "checkpoints"))
    names = [name for name in reader.get_variable_to_shape_map() if "save_counter" not in name and "OBJECT" not in name]
    return {name: reader.get_tensor(name) for name in names}


def assert_same_run(straight, resumed):
    one, other = state(straight), state(resumed)
    assert one.keys() == other.keys()
    different = [name for name in one if one[name].tobytes() != other[name].tobytes()]
    assert not different
    assert {int(value) for name, value in one.items() if "model/step" in name} == {STEPS}
    for part in ("generator_optimizer", "discriminator_optimizer", "ema_generator", "means"):
        assert any(f"{part}/" in name and np.any(value) for name, value in one.items()), part
    assert (straight / "metrics.jsonl").read_bytes() == (resumed / "metrics.jsonl").read_bytes()


@pytest.mark.slow  # tests/faults/test_kills.py kills in the quick run
@pytest.mark.parametrize("case", CASES)
def test_killed_and_resumed_run_ends_with_the_same_bits(case, tmp_path):
    flags = (*COMMON, *CASES[case])
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    finish(start(straight, *flags))
    process = start(killed, *flags)
    read_until(process, f"step {TICK:>7} ")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    output = finish(start(killed))  # all it needs is the folder
    resumed_at = int(output.split("resuming at step ")[1].split()[0])
    assert 0 < resumed_at < STEPS and resumed_at % TICK == 0
    assert_same_run(straight, killed)


@pytest.mark.thorough
def test_terminated_run_writes_a_checkpoint_inside_a_tick_and_resumes_there(tmp_path):
    flags = (*COMMON, *CASES["pconv"])
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    finish(start(straight, *flags))
    process = start(stopped, *flags)
    read_until(process, f"step {TICK:>7} ")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert errors.count("\n") == 1 and "SIGTERM" in errors
    step = int(errors.split("at step ")[1].split(",")[0])
    assert f"resuming at step {step}" in finish(start(stopped))
    assert_same_run(straight, stopped)
    steps = [json.loads(line)["step"] for line in (stopped / "metrics.jsonl").read_text().splitlines()]
    assert steps == [4, 8, 12, 14]
