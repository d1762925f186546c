"""Which processes train one run together: what the environment says of them, before TensorFlow starts."""

import dataclasses
import json
import os

from tfgan_zoo.lazy import tf

PORT = 8888  # of the first worker on a node, where SLURM has none to say


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The workers of a job, and which of them this process is.

    Attributes:
        addresses: tuple of "host:port", one a worker.
        index: int, this process's place among them; the chief's is 0.
    """

    addresses: tuple
    index: int

    @property
    def is_chief(self):
        """Whether this process is the one that writes."""
        return self.index == 0


ALONE = Cluster(("localhost",), 0)


def cluster(environment=os.environ):
    """Finds out from the environment who trains together.

    `TF_CONFIG` is TensorFlow's variable: {"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker",
    "index": 0}}, where one worker may be called "chief" instead. Without it, the variables of a SLURM job step count.

    Args:
        environment: {name: value}.

    Returns:
        A `Cluster`.

    Raises:
        ValueError: in one line, if neither is there or makes sense.

    >>> workers = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}'
    >>> found = cluster({"TF_CONFIG": workers})
    >>> found.addresses, found.index
    (('a:1', 'b:1'), 1)
    """
    if "TF_CONFIG" in environment:
        return _of_tf_config(environment["TF_CONFIG"])
    if "SLURM_PROCID" in environment:
        return _of_slurm(environment)
    raise ValueError("strategy=multiworker needs the variable TF_CONFIG, or a SLURM job step: see docs/scaling.md")


def _of_tf_config(text):
    wanted = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
    try:
        config = json.loads(text)
        jobs, task = config["cluster"], config["task"]
        roles = [(role, index) for role in ("chief", "worker") for index in range(len(jobs.get(role, ())))]
        addresses = tuple(str(jobs[role][index]) for role, index in roles)
        index = roles.index((task["type"], int(task["index"])))
        if set(jobs) - {"chief", "worker"}:
            raise ValueError("other jobs")
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"TF_CONFIG={text[:200]!r} must be like {wanted}, this process among the workers") from None
    return Cluster(addresses, index)


def _of_slurm(environment):
    resolver_class = tf.distribute.cluster_resolver.SlurmClusterResolver
    try:
        # Which GPUs a task has, SLURM has settled: as many as tasks, one each, keeps the resolver from asking for them.
        tasks = int(environment["SLURM_STEP_NUM_TASKS"])
        resolver = resolver_class(port_base=PORT, gpus_per_node=tasks, gpus_per_task=1, auto_set_gpu=False)
        addresses = tuple(resolver.cluster_spec().as_dict()["worker"])
        index = resolver.get_task_info()[1]
    except (RuntimeError, ValueError, KeyError) as error:
        raise ValueError(f"strategy=multiworker: SLURM's variables do not tell the workers: {error}") from None
    node, host = environment.get("SLURMD_NODENAME"), addresses[index].split(":")[0]
    if node not in (None, host):
        raise ValueError(f"strategy=multiworker: task {index} is on {node}, not on {host}; give TF_CONFIG instead")
    return Cluster(addresses, index)


def of(config):
    """Returns the `Cluster` of a run: `ALONE` unless its strategy is multiworker."""
    return cluster() if config.strategy == "multiworker" else ALONE


def is_chief(config, environment=os.environ):
    """Whether this process writes the run: without TensorFlow, which `of` needs under SLURM."""
    if config.strategy != "multiworker":
        return True
    if "TF_CONFIG" not in environment and "SLURM_PROCID" in environment:
        return environment["SLURM_PROCID"] == "0"
    return cluster(environment).is_chief
