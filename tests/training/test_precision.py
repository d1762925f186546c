"""What precision=auto becomes, and that bfloat16 trains."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import contract
from tfgan_zoo import registry
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import devices, precision

HOSTS = [name for name, spec in registry.METHODS.items() if spec.hosts is None and spec.may_be_hosted]
HARD = {  # second derivatives, averages, temporary steps
    "gan": {"penalty": ("r1", "r2", "lecam"), "penalty_every": (1, 1, 1), "loss": "relativistic"},
    "pconv": {"network": "r3gan", "blocks": 1, "schedule": "none"},  # SGD has no beta_2 to schedule
    "ces": {"costs": ("wasserstein", "hinge"), "penalty": "wgan_gp"},
    "particle": {"stabilizer": "proximal"},
    "brc": {"inner_steps": 2, "penalty": "prox"},
}


def config_of(**flags):
    return resolve(**{"method": "gan", "dataset": "ring", "batch_size": 4, "width": 4, "threads": 2, **flags})


def test_auto_is_settled_once_and_leaves_no_trace(monkeypatch):
    measured = []
    monkeypatch.setattr(precision, "_seconds", lambda step: measured.append(step) or 1.0 + len(measured) % 2)
    config = devices.resolve(config_of(precision="auto"))
    assert config.precision == keras.config.dtype_policy().name == "mixed_bfloat16" and len(measured) == 10
    assert devices.resolve(config) == config and len(measured) == 10
    assert keras.layers.Dense(1).name == "dense"  # a layer's draws follow its name
    with pytest.raises(ValueError, match="precision=auto is measured"):
        config_of(precision="auto", strategy="multiworker")


def test_the_default_is_float32():
    assert devices.resolve(config_of()).precision == "float32"


@pytest.mark.slow
@pytest.mark.parametrize("host", [False, True])
@pytest.mark.parametrize("method", HOSTS)
def test_bfloat16_trains_every_method_and_host_without_a_number_that_is_none(method, host):
    keras.config.set_dtype_policy("mixed_bfloat16")
    images = {"dataset": "fashion_mnist_10k", "network": "dcgan", "normalization": "spectral", "kimg": 0.04}
    flags = {**images, **HARD[method], "method": method}
    if "wgan_gp" in flags.get("penalty", ()) or method == "pconv":
        flags["normalization"] = "none"
    if host:
        flags |= {"method": "express", "host": method}
    config = contract.config_of(**{"name": flags.pop("method"), "width": 8, **flags})
    model = contract._trained_by_sgd(config, None, steps=10)
    assert model.broken() is None
    assert all(np.isfinite(weight).all() for weight in model.weights if weight.dtype == "float32")
    assert tf.as_dtype(model.discriminator.dtype_policy.compute_dtype) == tf.bfloat16
