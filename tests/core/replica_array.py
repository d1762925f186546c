"""Methods, losses, penalties and networks on several replicas: cases in which every pair of them occurs.

python replica_array.py REPLICAS trains all on as many logical CPU devices, and prints what is not as on one.
"""

import contextlib
import itertools
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import data as data_sets
from tfgan_zoo import registry
from tfgan_zoo.settings.config import labelled
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training.build import build_model

STEPS, ROWS = 3, 12  # rows: of the global batch, for two replicas or three
FACTORS = {
    "method": tuple(registry.METHODS),
    "loss": tuple(registry.LOSSES),
    "penalty": ("none", *registry.PENALTIES),
    "network": ("mlp", "dcgan batch", "dcgan spectral", "dcgan none", "sngan spectral", "stylegan2"),
    "augment": ((), ("ada",)),
    "conditional": (False, True),
}
COMMON = {"width": 4, "latent_dim": 4, "batch_size": ROWS, "kimg": 0.036, "g_lr": 0.01, "d_lr": 0.01, "ema_kimg": 0.01}


def config_of(case):
    """Returns the `Config` of a case, or None if the command line refuses it."""
    flags = {name: value for name, value in case.items() if value not in ("none", ())}
    network, _, normalization = flags.pop("network").partition(" ")
    flags |= {"dataset": "ring"} if network == "mlp" else {"normalization": normalization} if normalization else {}
    method = registry.METHODS[case["method"]]
    if method.name == "express":
        flags["host"] = "gan"
    if method.name == "ces":
        flags["costs"] = ("wasserstein", "hinge") if case["penalty"] == "wgan_gp" else ("non_saturating", "hinge")
    if method.name == "brc":
        flags["inner_steps"] = 1
    if method.replaces_loss:
        del flags["loss"]
    penalty = registry.PENALTIES.get(case["penalty"])
    if penalty is not None and penalty.lazy:
        flags["penalty_every"] = 2
    try:
        return resolve(network=network, **flags, **COMMON)
    except ValueError:
        return None


def cases():
    """Greedily picks cases until every pair of choices that is allowed is covered; returns [(case, `Config`)]."""
    product = (dict(zip(FACTORS, values, strict=True)) for values in itertools.product(*FACTORS.values()))
    allowed = [(case, config) for case in product if (config := config_of(case)) is not None]
    covered = [set(itertools.combinations(case.items(), 2)) for case, _ in allowed]
    left, chosen = set().union(*covered), []
    while left:
        best = max(range(len(allowed)), key=lambda i: len(covered[i] & left))
        chosen.append(allowed[best])
        left -= covered[best]
    return chosen


def train(config, strategy, steps=STEPS, rounded=0.0):
    """Returns a model after SGD steps on fixed data; its first weights may be moved by as much as `rounded`."""
    config = labelled(config, data_sets.load(config.dataset))
    keras.utils.set_random_seed(1)
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = build_model(config)
        model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01), micro_batch=config.micro_batch)
    rng = np.random.default_rng(0)
    if rounded:
        for weight in model.trainable_weights:
            weight.assign(weight * (1 + rounded * rng.choice((-1.0, 1.0), weight.shape).astype("float32")))
        rng = np.random.default_rng(0)
    shape = (steps * ROWS, model.batches_per_step)
    data = {"images": rng.uniform(-1, 1, (*shape, *model.image_shape)).astype("float32")}
    if model.num_classes:
        data["labels"] = rng.integers(0, model.num_classes, shape).astype("int32")
    model.fit(tf.data.Dataset.from_tensor_slices(data).batch(ROWS, drop_remainder=True), verbose=0)
    return model


def differences(config, strategy, tolerance=1e-6):
    """Returns {weight: distance} where replicas are further than `tolerance` from one device, or differ.

    Where rounding grows, one device whose weights are moved by 1e-7 goes as far: that much is allowed, three times.
    """
    alone, shared = train(config, None), train(config, strategy)
    found, moved = {}, None
    for one, two in zip(alone.weights, shared.weights, strict=True):
        first, *others = (copy.numpy() for copy in two.value.values)
        if any(first.tobytes() != other.tobytes() for other in others):
            found[two.path] = "replicas differ"
            continue
        distance = _distance(one, first)
        if distance <= tolerance:
            continue
        moved = moved or train(config, None, rounded=1e-7)
        if not distance <= 3 * max(map(_distance, alone.weights, moved.weights)):
            found[two.path] = distance
    return found


def _distance(one, other):
    return float(np.max(np.abs(np.asarray(one) - np.asarray(other)), initial=0.0))


def main(replicas):
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * replicas)
    strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(replicas)])
    failed = 0
    for case, config in cases():
        found = differences(config, strategy)
        failed += bool(found)
        worst = sorted(found.items(), key=lambda item: str(item[1]))[-1:]
        print("-".join(map(str, case.values())), worst or "equal", flush=True)
        keras.backend.clear_session()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
