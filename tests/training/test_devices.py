"""What "auto" becomes, once, and which values exclude each other."""

import dataclasses

import keras
import pytest
import tensorflow as tf

from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import devices

pytestmark = pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="of a machine without a GPU")


def chosen(**given):
    return resolve(**{"method": "gan", "dataset": "ring", "batch_size": 8, "threads": 2, **given})


def message_of(config):
    with pytest.raises(ValueError) as caught:
        devices.resolve(config)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_auto_is_one_device_without_strategy():
    config = devices.resolve(chosen())
    settled = (config.strategy, config.replicas, config.precision, config.jit, config.threads)
    assert settled == ("none", 1, "float32", "off", 2)
    assert devices.make_strategy(config) is None


def test_what_is_settled_stays_settled():
    config = devices.resolve(chosen(strategy="mirrored"))
    assert devices.resolve(config) == config


def test_mirrored_takes_all_devices():
    config = devices.resolve(chosen(strategy="mirrored"))
    assert (config.strategy, config.replicas, config.jit) == ("mirrored", 2, "off")


def test_a_number_of_devices_is_a_strategy():
    config = devices.resolve(chosen(devices=2))
    assert (config.strategy, config.replicas, devices.remark(config)) == ("mirrored", 2, None)
    assert devices.resolve(chosen(devices=1)).strategy == "none"
    assert "devices=2 needs strategy=mirrored" in message_of(chosen(devices=2, strategy="none"))
    assert "devices=3 must be at most 2" in message_of(chosen(devices=3))  # this process has split the CPU already


def test_mirrored_on_one_device_says_so():
    config = devices.resolve(chosen(strategy="mirrored", devices=1))
    assert config.replicas == 1 and "--devices=2" in devices.remark(config)


def test_threads_are_the_cores_unless_given(monkeypatch):
    set_to = []
    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", set_to.append)
    monkeypatch.setattr(devices.os, "sched_getaffinity", lambda process: set(range(5)))
    assert devices.resolve(chosen(threads=3)).threads == 3
    assert devices.resolve(dataclasses.replace(chosen(), threads=None)).threads == 5
    assert set_to == [3, 5]


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_precision_is_the_policy_of_the_process(precision):
    assert devices.resolve(chosen(precision=precision)).precision == precision
    assert keras.config.dtype_policy().name == precision


def test_batch_must_be_divisible():
    assert "batch_size=9 must be a multiple of the 2 replicas" in message_of(chosen(strategy="mirrored", batch_size=9))
    assert devices.resolve(chosen(batch_size=9)).replicas == 1


def test_jit_and_replicas_do_not_go_together():
    assert "jit=on does not work with strategy=mirrored" in message_of(chosen(strategy="mirrored", jit="on"))
    assert devices.resolve(chosen(jit="on")).jit == "on"


@pytest.mark.parametrize("strategy, replicas", [("mirrored", 4), ("none", 2)])
def test_a_run_keeps_its_number_of_replicas(strategy, replicas):
    config = dataclasses.replace(chosen(strategy=strategy), replicas=replicas)
    assert f"begun with replicas={replicas}" in message_of(config)
