"""Which arithmetic a run is faster in, measured on its own networks before it begins."""

import dataclasses
import statistics
import time

import keras
import tensorflow as tf

from tfgan_zoo.training.build import build_model

GAIN = 1.1  # a step must be so many times as fast before float32 is given up
_BFLOAT16_SINCE = (8, 0)  # the compute capability of NVIDIA's cards
_TURNS, _STEPS = 5, 3


def choose(config):
    """Measures steps of a run's model in float32 and in 16 bits, in turns, on random data.

    Args:
        config: a `Config` without "auto" in jit. A run on several devices is measured as one of them.

    Returns:
        "float32" or what `low` says. Keras's session is a fresh one afterwards, so that the run finds what it would
        have.
    """
    devices = config.replicas or 1
    alone = dataclasses.replace(
        config, batch_size=config.batch_size // devices, replicas=1, conditional=False, num_classes=None, class_names=()
    )
    steps = {policy: _stepper(alone, policy) for policy in ("float32", low(_capabilities()))}
    times = {policy: [] for policy in steps}
    for _ in range(_TURNS):
        for policy, step in steps.items():
            times[policy].append(_seconds(step))
    keras.backend.clear_session()
    return faster(times)


def faster(times):
    """Returns the policy that a run takes: the second if it is faster by `GAIN`.

    Args:
        times: {policy: seconds of each turn}, of two.

    >>> faster({"float32": [2.0, 3.0, 2.0], "mixed_bfloat16": [1.0, 1.0, 9.0]})
    'mixed_bfloat16'
    >>> faster({"float32": [2.0, 2.0, 2.0], "mixed_bfloat16": [1.9, 1.9, 1.9]})
    'float32'
    """
    policies = list(times)
    plain, mixed = (statistics.median(times[policy]) for policy in policies)
    return policies[1] if plain > GAIN * mixed else policies[0]


def low(capabilities):
    """Returns the policy of 16 bits: mixed_float16 on cards that do not compute in bfloat16.

    Args:
        capabilities: the compute capabilities of the GPUs, tuples (major, minor); none of a CPU.

    >>> low([]), low([(7, 5)]), low([(9, 0), (7, 0)])
    ('mixed_bfloat16', 'mixed_float16', 'mixed_float16')
    """
    old = any(capability < _BFLOAT16_SINCE for capability in capabilities)
    return "mixed_float16" if old else "mixed_bfloat16"


def _capabilities():
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [one["compute_capability"] for one in details if "compute_capability" in one]  # of NVIDIA's alone


def _stepper(config, policy):
    """Returns a function that trains a fresh model some steps, and has done so once."""
    keras.config.set_dtype_policy(policy)
    model = build_model(config)
    shape = [config.batch_size, model.batches_per_step, *config.shape]
    images = tf.random.stateless_uniform(shape, [0, 1], -1.0, 1.0)
    batches = model.distributed(tf.data.Dataset.from_tensors({"images": images}).repeat())
    function = model.make_train_function()

    def step():
        for _ in range(_STEPS):
            logs = function(batches)
        float(logs["g_loss"])  # waits for the device

    step()
    return step


def _seconds(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
