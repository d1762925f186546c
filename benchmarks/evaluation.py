"""What an evaluation costs: memory against the number of fakes, and what the cache of real statistics saves.

    python benchmarks/evaluation.py

Each line is a process of its own: the preset pconv_fashion_mnist_10k, Frechet distance on the embedded classifier's
features; "first" begins with an empty cache.
"""

import argparse
import dataclasses
import os
import resource
import subprocess
import sys
import tempfile
import time

MODEL = "pconv_fashion_mnist_10k"


def measure(count):
    """Prints peak memory in MiB, and the seconds of the reals' part and of the whole."""
    from tfgan_zoo import data
    from tfgan_zoo.evaluation import protocols, sets
    from tfgan_zoo.evaluation.evaluator import Evaluator
    from tfgan_zoo.pretrained import loading

    model = loading.load(MODEL)
    protocol = dataclasses.replace(protocols.PROTOCOLS["fd_fashion_10k"], fakes=count)
    reference = sets.DataReference(data.load("fashion_mnist_10k"))
    evaluator = Evaluator({"fd_fashion": protocol}, model.image_shape, reference)
    began = time.perf_counter()
    evaluator.statistics_of_reals(protocol)
    reals = time.perf_counter() - began
    evaluator.measure(sets.Fakes(model))
    whole = time.perf_counter() - began
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, reals, whole)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count:
        return measure(options.count)
    found = {}
    with tempfile.TemporaryDirectory() as cache:
        for name, count in (("first", 10_000), ("second", 10_000), ("second, 50,000 fakes", 50_000)):
            command = [sys.executable, __file__, f"--count={count}"]
            environment = os.environ | {"TFGAN_ZOO_CACHE": cache}
            out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
            found[name] = memory, reals, whole = [float(word) for word in out.split()]
            print(f"{name:<22}peak {memory:6.0f} MiB   reals {reals:6.2f} s   whole {whole:6.1f} s")
    first, second, many = found.values()
    print(f"memory of 50,000 fakes over 10,000: {many[0] / second[0]:.2f}")
    print(f"reals' part, second over first: {second[1] / first[1]:.3f}; the whole: {second[2] / first[2]:.2f}")


if __name__ == "__main__":
    main()
