"""Every method, loss, penalty and network trains on several replicas as it does on one device: see replica_array.py."""

import os
import pathlib
import subprocess
import sys

import pytest

from tests.core import replica_array

SCRIPT = pathlib.Path(replica_array.__file__)
SOME = [  # of the array, what a step does in different ways
    {"method": "brc", "loss": "hinge", "penalty": "r2", "network": "mlp"},
    {"method": "express", "loss": "relativistic", "penalty": "r1", "network": "mlp"},
]


@pytest.mark.thorough
@pytest.mark.parametrize("case", SOME, ids=lambda case: "-".join(case.values()).replace(" ", "_"))
def test_two_replicas_train_as_one_device(case, mirrored):
    config = replica_array.config_of(case | {"augment": (), "conditional": False})
    assert not replica_array.differences(config, mirrored)


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [2, 3])
def test_the_array_trains_on_replicas_as_on_one_device(replicas):
    """In a process of its own, with as many logical devices."""
    root = SCRIPT.parent.parent.parent
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(replicas)], env=environment, capture_output=True, text=True, timeout=3600
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


def test_the_array_has_every_choice():
    cases = [case for case, _ in replica_array.cases()]
    for name, values in replica_array.FACTORS.items():
        assert {case[name] for case in cases} == set(values), name
