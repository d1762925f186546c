"""Devices, threads and precision: settled once for a run, and set again as written when it resumes."""

import contextlib
import dataclasses
import os

import keras
import tensorflow as tf

from tfgan_zoo.training.errors import RunError


def resolve(config):
    """Settles what `Config` left to "auto", and applies it to this process; call it before any other TensorFlow work.

    On one device there is no strategy: Keras then may use XLA. Several GPUs get a MirroredStrategy. On GPUs, op
    determinism is switched on, which exact resuming needs there.

    Args:
        config: a `Config`, fresh from `config.resolve` or read from a run directory.

    Returns:
        The `Config` with strategy, replicas, precision, jit and threads settled.

    Raises:
        ValueError: if a resumed run's replicas are not to be had, or the wishes contradict each other.
    """
    gpus = tf.config.list_physical_devices("GPU")
    threads = config.threads or _cores()
    if tf.config.threading.get_intra_op_parallelism_threads() != threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if gpus:
        tf.config.experimental.enable_op_determinism()
    precision = "float32" if config.precision == "auto" else config.precision
    keras.config.set_dtype_policy(precision)
    devices = len(_devices())
    strategy = config.strategy
    if strategy == "auto":
        strategy = "mirrored" if gpus and devices > 1 else "none"
    replicas = devices if strategy == "mirrored" else 1
    if config.replicas not in (None, replicas):
        raise ValueError(f"the run was begun with replicas={config.replicas}; this machine has {replicas}")
    if config.batch_size % replicas:
        raise ValueError(f"batch_size={config.batch_size} must be a multiple of the {replicas} replicas")
    if config.jit == "on" and replicas > 1:
        raise ValueError("jit=on does not work with strategy=mirrored; choose jit=off")
    jit = ("on" if gpus and replicas == 1 else "off") if config.jit == "auto" else config.jit
    return dataclasses.replace(
        config, strategy=strategy, replicas=replicas, precision=precision, jit=jit, threads=threads
    )


def make_strategy(config):
    """Returns the tf.distribute strategy of a resolved config: None on one device."""
    return tf.distribute.MirroredStrategy(_devices()) if config.strategy == "mirrored" else None


def scope(strategy):
    """Returns the context in which a run's variables are made."""
    return strategy.scope() if strategy else contextlib.nullcontext()


@contextlib.contextmanager
def out_of_memory(config):
    """Turns TensorFlow's page on memory that ran out into one line.

    Raises:
        RunError: in the place of a ResourceExhaustedError.
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        reason = " ".join(str(error.message).split())
        if "No space left" in reason:
            raise RunError(f"the disk is full: {reason[:200]}") from None
        raise RunError(
            f"out of memory with batch_size={config.batch_size}: choose a smaller --batch_size, or --width"
            f" ({reason[:200]})"
        ) from None


def _devices():
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    return [device.name for device in tf.config.list_logical_devices(kind)]


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
