"""The contract of `tests/contract.py`, for all that the registry knows."""

import pytest

from tests import contract
from tests.tiers import thorough_but
from tfgan_zoo import registry

# What a method is tried with beside its defaults, so that all of its state is there.
EVERYTHING = {
    "gan": {"penalty": ("lecam", "prox"), "n_dis": 2},
    "pconv": {"augment": ("ada",), "network": "dcgan", "normalization": "spectral", "penalty": "lecam"},
    "ces": {"shared_trunk": True, "selection": "best", "penalty": "r1"},
    "particle": {"stabilizer": "proximal", "normalization": "spectral"},
    "express": {"host": "brc", "inner_steps": 1, "penalty": "lecam"},
    "brc": {"inner_steps": 1, "penalty": "prox", "loss": "relativistic"},
}


@pytest.mark.parametrize("name", registry.METHODS)
def test_method(name, tmp_path):
    contract.run_method_test(name, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("name", EVERYTHING)
def test_method_with_more_state(name, tmp_path):
    contract.run_method_test(name, tmp_path, sampled=False, **EVERYTHING[name])


@pytest.mark.parametrize("name", registry.METHODS)
def test_precision(name):
    contract.run_precision_test(name)


@pytest.mark.parametrize("name", thorough_but("gan", of=registry.METHODS))
def test_replicas(name, mirrored):
    contract.run_replicas_test(name, mirrored, width=8)  # in fewer units, one at its kink shows


@pytest.mark.parametrize("name", registry.METHODS)
def test_micro_batches(name):
    contract.run_micro_batch_test(name, **({"inner_steps": 1} if name == "brc" else {}))


@pytest.mark.parametrize("name", registry.NETWORKS)
def test_network(name):
    contract.run_network_test(name)


@pytest.mark.parametrize("name", registry.LOSSES)
def test_loss(name):
    contract.run_loss_test(name)


@pytest.mark.parametrize("name", thorough_but(*(set(registry.PENALTIES) - {"path_length"}), of=registry.PENALTIES))
def test_penalty(name):
    contract.run_penalty_test(name)
