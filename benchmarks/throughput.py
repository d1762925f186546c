"""How fast a step is, and whether the data keep up: python benchmarks/throughput.py.

A folder of pictures is read from its cache: --dataset=PATH --image_size=64; with --stored from disk, whatever its size.

Prints, for each method, images/s of training, and the ratios that do not depend on the machine's mood: the input
pipeline alone against the training step, and each method against the plain GAN. All are taken in one process, in
turns, and the median of the turns is printed.
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tfgan_zoo import data
from tfgan_zoo.data import images as data_images
from tfgan_zoo.training.build import build_model
from tfgan_zoo.training.config import resolve


def seconds(iterate):
    """Returns how long `iterate()` takes."""
    began = time.perf_counter()
    iterate()
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="fashion_mnist_10k")
    parser.add_argument("--image_size", type=int)
    parser.add_argument("--stored", action="store_true", help="read a folder's images from disk, as if they were many")
    parser.add_argument("--network", default="dcgan")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--methods", nargs="+", default=["gan", "pconv"])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    if options.stored:
        data_images.MAX_BYTES = 0

    runs = {}
    for method in options.methods:
        config = resolve(
            method=method,
            dataset=options.dataset,
            image_size=options.image_size,
            network=options.network,
            width=options.width,
        )
        model = build_model(config)
        batches = data.load(config.dataset, **config.data_arguments).train(
            config.batch_size, model.reals_per_step, config.seed
        )
        model.fit(batches, steps_per_epoch=5, verbose=0)  # traces
        runs[method] = (config, model, batches)

    speeds = {method: [] for method in runs}
    alone = {method: [] for method in runs}
    for _ in range(options.turns):
        for method, (config, model, batches) in runs.items():
            images = options.steps * config.batch_size
            speeds[method].append(
                images / seconds(lambda m=model, b=batches: m.fit(b, steps_per_epoch=options.steps, verbose=0))
            )
            alone[method].append(images / seconds(lambda b=batches: list(b.take(options.steps))))

    baseline = statistics.median(speeds[options.methods[0]])
    print(f"{'method':<10}{'images/s':>10}{'x ' + options.methods[0]:>10}{'pipeline / step':>18}")
    for method in runs:
        speed = statistics.median(speeds[method])
        ratio = statistics.median(alone[method]) / speed
        print(f"{method:<10}{speed:>10.0f}{speed / baseline:>10.2f}{ratio:>18.0f}")


if __name__ == "__main__":
    main()
