"""Devices, threads and precision: chosen once for a run, and set again as written when it resumes."""

import contextlib
import dataclasses
import os

import keras
import tensorflow as tf

from tfgan_zoo.tensorflow_errors import sentence
from tfgan_zoo.training import cluster, precision, workers
from tfgan_zoo.training.errors import RunError


def resolve(config):
    """Chooses what `Config` left to "auto", and applies it to this process; call it before any other TensorFlow work.

    On one device there is no strategy: Keras then may use XLA. Several GPUs get a MirroredStrategy. On GPUs, op
    determinism is switched on, which exact resuming needs there. The precision "auto" is measured (`precision.choose`).

    Args:
        config: a `Config`, fresh from `config.resolve` or read from a run directory.

    Returns:
        The `Config` without "auto" in strategy, precision and jit, and with replicas, precision and threads.

    Raises:
        ValueError: if the machine lacks the replicas of a resumed run, or two values exclude each other.
    """
    gpus = tf.config.list_physical_devices("GPU")
    threads = config.threads or _cores()
    if tf.config.threading.get_intra_op_parallelism_threads() != threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if gpus:
        tf.config.experimental.enable_op_determinism()
    devices = _local(config, gpus)
    strategy = config.strategy
    if strategy == "auto":
        strategy = "mirrored" if devices > 1 and (gpus or config.devices) else "none"
    if strategy == "none" and (config.devices or 1) > 1:
        raise ValueError(f"devices={config.devices} needs strategy=mirrored: strategy=none is one device")
    replicas = {"mirrored": devices, "multiworker": devices * len(cluster.of(config).addresses)}.get(strategy, 1)
    if config.replicas not in (None, replicas):
        raise ValueError(
            f"the run was begun with replicas={config.replicas}, here are {replicas}: "
            f"devices={config.replicas} makes as many, devices={replicas} goes on with these, equal to tolerance"
        )
    if config.batch_size % replicas:
        raise ValueError(f"batch_size={config.batch_size} must be a multiple of the {replicas} replicas")
    rows = config.batch_size // replicas
    if config.micro_batch is not None and rows % config.micro_batch:
        raise ValueError(f"micro_batch={config.micro_batch} must divide the {rows} rows of each of {replicas} replicas")
    if config.jit == "on" and replicas > 1:
        raise ValueError(f"jit=on does not work with strategy={strategy}; choose jit=off")
    jit = ("on" if gpus and replicas == 1 else "off") if config.jit == "auto" else config.jit
    config = dataclasses.replace(config, strategy=strategy, replicas=replicas, jit=jit, threads=threads)
    chosen = precision.choose(config) if config.precision == "auto" else config.precision or "float32"
    config = dataclasses.replace(config, precision=chosen)
    keras.config.set_dtype_policy(config.precision)
    return config


def make_strategy(config):
    """Returns the tf.distribute strategy of a resolved config: None on one device.

    Of several workers it is the process's only one; call this before any other TensorFlow work then.
    """
    if config.strategy == "multiworker":
        return workers.strategy()
    return tf.distribute.MirroredStrategy(_devices(config.devices)) if config.strategy == "mirrored" else None


def remark(config):
    """Returns a line on what a resolved config makes of the wish for devices, if it is another thing; else None."""
    if config.strategy == "mirrored" and config.replicas == 1:
        return "strategy=mirrored trains as one device, since there is one; --devices=2 makes two of a CPU"
    return None


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
        reason = sentence(error.message)
        if "No space left" in reason:
            raise RunError(f"the disk is full: {reason[:200]}") from None
        raise RunError(
            f"out of memory with batch_size={config.batch_size}: choose a smaller --batch_size or --width, or"
            f" --micro_batch={_smaller(config)} ({reason[:200]})"
        ) from None


def _smaller(config):
    """Returns a micro batch of about a quarter of what went through a network at once."""
    rows = config.micro_batch or config.batch_size // (config.replicas or 1)
    return next(size for size in range(max(1, rows // 4), 0, -1) if rows % size == 0)


def _local(config, gpus):
    """Returns how many of this machine's devices a run takes, if it takes several."""
    if config.strategy != "multiworker":
        return len(_devices(config.devices))
    if config.devices and config.devices > max(1, len(gpus)):  # to list logical devices would start TensorFlow
        raise ValueError(
            f"devices={config.devices} with strategy=multiworker must be at most {max(1, len(gpus))}, the GPUs of this"
            " machine; a CPU is one"
        )
    tf.config.set_visible_devices(gpus[: config.devices], "GPU")
    return config.devices or max(1, len(gpus))


def _devices(count=None):
    """Returns the names of the machine's devices, or of `count` of them."""
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    if count and kind == "CPU":
        _split_cpu(count)
    names = [device.name for device in tf.config.list_logical_devices(kind)]
    if count and count > len(names):
        raise ValueError(f"devices={count} must be at most {len(names)}, the {kind} devices of this machine")
    return names[:count]


def _split_cpu(count):
    """Makes logical devices of the CPU; a process whose TensorFlow has started keeps those that it has."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    if len(tf.config.get_logical_device_configuration(cpu) or [None]) < count:
        with contextlib.suppress(RuntimeError):
            tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
