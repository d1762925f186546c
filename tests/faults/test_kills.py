"""Chains of kills: whatever moment a run is killed at, and killed again, it ends with the bits of one that was not."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
STEPS, TICK = 11, 3  # four checkpoints; the last tick is shorter
RING = ("--dataset=ring", "--width=8", "--latent_dim=4", "--batch_size=8", "--threads=1")
IMAGES = ("--width=4", "--latent_dim=8", "--batch_size=8", "--threads=1")
LENGTH = (f"--tick_kimg={TICK * 8 / 1000}", f"--kimg={STEPS * 8 / 1000}")
RUNS = {
    "gan": (*RING, "--method=gan"),
    "brc": (*RING, "--method=brc"),
    "ces": (*RING, "--method=ces"),
    "particle": (*RING, "--method=particle"),
    "express": (*RING, "--method=express"),
    "gan on two devices": (*RING, "--method=gan", "--strategy=mirrored"),
    "best weights": (*RING, "--method=gan", "--eval_metrics=modes_2500"),
    "pconv with ADA": (*IMAGES, "--method=pconv", "--augment=ada", "--ada_target=-0.9", "--ada_kimg=0.1"),
    "conditional sngan": (*IMAGES, "--method=pconv", "--network=sngan", "--n_dis=1", "--conditional"),
}
# The first kill aims at the first checkpoint, the next ones at later writes, steps and events of the file system.
CHAINS = {
    "first index": ("gan", ["index:1", "event:9"]),
    "seal and state": ("gan", ["written:1", "named:2"]),
    "best weights": ("best weights", ["event:12"]),
}


# Of the eleven steps of express the first trains the auto-encoder, those up to the seventh the latent GAN: a kill at
# the end of each phase, and inside the last two.
PHASES = ("express", ["step:1", "step:4", "step:4", "step:3"])

PLACES = ("before", "data", "index", "written", "sealed", "named")  # of `killed.py`


def drawn(number):
    """Returns a run and five kills that a seed draws."""
    draw = random.Random(number)
    places = [f"{place}:{count}" for place in PLACES for count in (1, 2)]
    kills = [draw.choice([*places, f"step:{draw.randint(1, 5)}", f"event:{draw.randint(1, 40)}"]) for _ in range(5)]
    return list(RUNS)[number % len(RUNS)], kills


def start(where, run_dir, flags):
    environment = os.environ | {"DEVICES": "2" if "--strategy=mirrored" in flags else "1"}
    command = [sys.executable, str(HERE / "killed.py"), where, f"--run_dir={run_dir}", *flags]
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)


def state(run_dir):
    reader = tf.train.load_checkpoint(str(run_dir / "checkpoints"))
    names = [name for name in reader.get_variable_to_shape_map() if "OBJECT" not in name]
    return {name: np.asarray(reader.get_tensor(name)).tobytes() for name in names}


def files(run_dir):
    return {
        str(path.relative_to(run_dir)): path.read_bytes()
        for path in run_dir.rglob("*")
        if path.suffix in (".png", ".h5") or path.name == "metrics.jsonl"
    }


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A function of a name in `RUNS` that returns the folder of its run, disturbed by nothing."""
    folder = tmp_path_factory.mktemp("straight")

    def run(name):
        if not (folder / name).exists():
            done = start("never:1", folder / name, (*RUNS[name], *LENGTH))
            assert done.returncode == 0, done.stderr
        return folder / name

    return run


def check_chain(name, kills, straight, killed):
    """Runs a chain to its end, and compares it with the run that nothing disturbed."""
    flags = (*RUNS[name], *LENGTH)
    straight, hits = straight(name), 0
    for kill in kills:
        done = start(kill, killed, flags)
        assert done.returncode in (0, -signal.SIGKILL), (kill, done.stderr)
        hits += done.returncode != 0
    assert hits, "no kill came before the end"
    done = start("never:1", killed, flags)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert state(killed) == state(straight)
    assert files(killed) == files(straight)
    lines = [json.loads(line) for line in (killed / "timing.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [3, 6, 9, 11]
    names = {path.name for path in killed.iterdir()}
    assert not [name for name in names if name.endswith(".tmp") or "writing" in name]
    left = {path.name.split(".")[0] for path in (killed / "checkpoints").iterdir()} - {"damaged"}
    assert left == {"checkpoint", "ckpt-6", "ckpt-9", "ckpt-11"}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bits(chain, straight, tmp_path):
    check_chain(*CHAINS[chain], straight, tmp_path / "killed")


@pytest.mark.slow
def test_express_that_is_killed_in_every_phase_ends_with_the_same_bits(straight, tmp_path):
    check_chain(*PHASES, straight, tmp_path / "killed")


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_drawn_chains_end_with_the_same_bits(number, straight, tmp_path):
    check_chain(*drawn(number), straight, tmp_path / "killed")
