"""Two worker processes on this machine: they train as one does, stop together, and resume after one was killed."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.core import replica_array
from tests.training import worker
from tfgan_zoo import registry
from tfgan_zoo.training import cluster

ROOT = pathlib.Path(worker.__file__).resolve().parents[2]
RING = ("--method=gan", "--dataset=ring", "--width=8", "--latent_dim=4", "--batch_size=8", "--threads=1")


def start(*command):
    """Starts the same command as two workers; returns the processes, the chief first."""
    with socket.socket() as one, socket.socket() as two:
        for free in (one, two):
            free.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{free.getsockname()[1]}" for free in (one, two)]
    processes = []
    for index in range(2):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "TF_CONFIG": json.dumps(config),
            "CUDA_VISIBLE_DEVICES": "",
        }
        processes.append(
            subprocess.Popen(
                [sys.executable, *map(str, command)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
        )
    return processes


def end(processes):
    """Waits; returns [(status, stdout, stderr)]."""
    try:
        return [(process.wait(), out, err) for process in processes for out, err in [process.communicate(timeout=600)]]
    finally:
        for process in processes:
            process.kill()


def check(methods, folder):
    ended = end(start(worker.__file__, folder, *methods))
    assert [status for status, _, _ in ended] == [0, 0], ended
    for method in methods:
        alone = replica_array.train(worker.config_of(method), None, steps=10)
        first, second = (np.load(folder / f"{method}-{index}.npz") for index in range(2))
        for weight, one, two in zip(alone.weights, first.values(), second.values(), strict=True):
            assert one.tobytes() == two.tobytes(), weight.path
            np.testing.assert_allclose(one, weight.numpy(), atol=1e-6, err_msg=weight.path)


@pytest.mark.thorough
def test_two_workers_train_as_one(tmp_path):
    check(["gan"], tmp_path)


@pytest.mark.slow
def test_two_workers_train_every_method_as_one(tmp_path):
    check(list(registry.METHODS), tmp_path)


def wait_for(path, processes):
    while not path.exists():
        assert all(process.poll() is None for process in processes), end(processes)
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 1])
def test_a_signal_to_one_worker_stops_all_at_one_step(index, tmp_path):
    run = tmp_path / "run"
    flags = ("train.py", f"--run_dir={run}", "--strategy=multiworker", *RING, "--tick_kimg=0.08")
    processes = start(*flags, "--kimg=80")
    wait_for(run / "checkpoints" / "ckpt-10.index", processes)
    processes[index].send_signal(signal.SIGINT)
    (status, _, err), (other_status, _, other_err) = end(processes)
    assert {status, other_status} == {128 + signal.SIGINT, 128 + signal.SIGTERM}
    assert "its checkpoint written" in err and "with the other workers" in other_err
    step = int(err.split("at step ")[1].split(",")[0])
    assert (run / "checkpoints" / f"ckpt-{step}.index").exists()


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 1])
def test_a_killed_worker_ends_the_job_and_the_same_command_resumes_it(index, tmp_path):
    """To the bits of a run that nothing disturbed."""

    def flags(name):
        return (
            "train.py",
            f"--run_dir={tmp_path / name}",
            "--strategy=multiworker",
            *RING,
            "--tick_kimg=0.8",
            "--kimg=4",
        )

    assert [status for status, _, _ in end(start(*flags("straight")))] == [0, 0]
    processes = start(*flags("killed"))
    wait_for(tmp_path / "killed" / "checkpoints" / "ckpt-100.index", processes)
    processes[index].kill()
    ended = end(processes)
    status, _, err = ended[1 - index]
    assert status == 1 and err.splitlines()[-1].startswith("train.py: a worker is gone: "), err
    assert [status for status, _, _ in end(start(*flags("killed")))] == [0, 0]
    metrics = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("straight", "killed")]
    assert metrics[0] == metrics[1]


@pytest.mark.parametrize(
    "environment, words",
    [
        ({}, "needs the variable TF_CONFIG"),
        ({"TF_CONFIG": "{"}, "TF_CONFIG='{'"),
        (
            {"TF_CONFIG": '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}'},
            "among the workers",
        ),
        ({"SLURM_PROCID": "0"}, "SLURM's variables"),
    ],
)
def test_an_environment_that_tells_no_workers_is_bad_input(environment, words):
    with pytest.raises(ValueError, match=words) as caught:
        cluster.cluster(environment)
    assert "\n" not in str(caught.value)


def test_slurm_tells_the_workers(monkeypatch):
    variables = {"PROCID": "3", "STEP_NUM_TASKS": "4", "STEP_NODELIST": "node[1-2]", "STEP_TASKS_PER_NODE": "2(x2)"}
    for name, value in variables.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    found = cluster.cluster({f"SLURM_{name}": value for name, value in variables.items()})
    assert found.addresses == ("node1:8888", "node1:8889", "node2:8888", "node2:8889") and found.index == 3


def test_a_chief_comes_first():
    jobs = {"worker": ["b:1"], "chief": ["a:1"]}
    found = cluster.cluster({"TF_CONFIG": json.dumps({"cluster": jobs, "task": {"type": "worker", "index": 0}})})
    assert (found.addresses, found.index, found.is_chief) == (("a:1", "b:1"), 1, False)
