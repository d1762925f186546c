"""A step of SNGAN-32 at its published size, here and in torch-mimicry, in turns: python benchmarks/peers.py --python=P.

P is a Python with `torch` and `torch-mimicry` (0.1.16 needs `pip install --no-deps`, since what else it asks for is not
there for today's Pythons); none of it is needed by tfgan_zoo. Five updates of D and one of G, batch 64, hinge loss,
spectral norm, Adam, reals in memory. Every arm is a process of its own that waits while another one takes its turn;
after a turn that does not count come --turns that do, in an order that changes. Medians, in images a second of 64 a
step, and the spread of the ratio to torch-mimicry as it is shipped.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time
import types

BATCH, N_DIS = 64, 5
OURS, PEERS = ("float32", "mixed_bfloat16"), ("as shipped", "channels_last", "channels_last, bfloat16")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = pathlib.Path(__file__).resolve().parent.parent


def ours(precision):
    """Returns a function that trains one step of ours."""
    import keras
    import tensorflow as tf

    from tfgan_zoo.methods import GAN
    from tfgan_zoo.networks import SNGANDiscriminator, SNGANGenerator

    keras.config.set_dtype_policy(precision)
    gan = GAN(SNGANGenerator(channels=3), SNGANDiscriminator(channels=3), loss="hinge", n_dis=N_DIS)
    gan.compile(keras.optimizers.Adam(2e-4, 0.0, 0.9), keras.optimizers.Adam(2e-4, 0.0, 0.9))
    reals = tf.random.stateless_uniform([BATCH, N_DIS, 32, 32, 3], [0, 0], -1.0, 1.0)
    batches = gan.distributed(tf.data.Dataset.from_tensors({"images": reals}).repeat())
    function = gan.make_train_function()
    return lambda: float(function(batches)["g_loss"])  # waits for the step


def mimicry(arm):
    """Returns a function that trains one step of torch-mimicry's."""
    import contextlib
    import importlib.util

    import torch

    for name in (
        "torch_mimicry",
        "torch_mimicry.nets",
        "torch_mimicry.training",
    ):  # whose __init__ imports data sets and metrics
        package = types.ModuleType(name)
        package.__path__ = list(importlib.util.find_spec(name).submodule_search_locations)
        sys.modules[name] = package
    from torch_mimicry.nets.sngan import sngan_32
    from torch_mimicry.training import metric_log

    kwargs = {"memory_format": torch.channels_last} if "channels_last" in arm else {}
    pair = [one().to(**kwargs) for one in (sngan_32.SNGANGenerator32, sngan_32.SNGANDiscriminator32)]
    generator, discriminator = pair
    optimizers = [torch.optim.Adam(one.parameters(), 2e-4, betas=(0.0, 0.9)) for one in pair]
    reals = (2 * torch.rand(BATCH, 3, 32, 32) - 1).to(**kwargs), torch.zeros(BATCH)
    autocast = torch.autocast("cpu", torch.bfloat16) if "bfloat16" in arm else contextlib.nullcontext()
    device = torch.device("cpu")

    def step():
        log = metric_log.MetricLog()
        with autocast:
            for _ in range(N_DIS):
                arguments = {"netG": generator, "optD": optimizers[1], "log_data": log, "device": device}
                discriminator.train_step(real_batch=reals, **arguments)
            arguments = {"netD": discriminator, "optG": optimizers[0], "log_data": log, "device": device}
            generator.train_step(real_batch=reals, **arguments)

    return step


class Arm:
    """A process that trains a step when it is told to."""

    def __init__(self, python, name):
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        command = [python, __file__, f"--arm={name}"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, env=environment, **pipes)

    def seconds(self):
        """Trains a step; returns how long it took."""
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("seconds "):
                return float(line.split()[1])
        raise RuntimeError("an arm ended")

    def end(self):
        self._process.stdin.close()
        self._process.wait()


def serve(name):
    """Trains a step for every line of standard input, and says how long it took."""
    step = ours(name) if name in OURS else mimicry(name)
    for _ in sys.stdin:
        began = time.perf_counter()
        step()
        print("seconds", time.perf_counter() - began, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", help="one that has torch and torch-mimicry; without, ours alone")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--arm", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arm:
        return serve(options.arm)
    names = [*PEERS, *OURS] if options.python else [*OURS]
    arms = {name: Arm(sys.executable if name in OURS else options.python, name) for name in names}
    times = {name: [] for name in names}
    for turn in range(options.turns + 1):
        for i in range(len(names)):
            name = names[(i + turn) % len(names)]
            times[name].append(arms[name].seconds())
    for arm in arms.values():
        arm.end()
    first = names[0]
    print(f"| arm | images/s | x {first} |\n|---|---|---|")
    for name in names:
        ratios = [a / b for a, b in zip(times[first][1:], times[name][1:], strict=True)]
        whose = "tfgan_zoo" if name in OURS else "torch-mimicry"
        speed = BATCH / statistics.median(times[name][1:])
        print(
            f"| {whose}, {name} | {speed:.1f} | {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}) |"
        )


if __name__ == "__main__":
    main()
