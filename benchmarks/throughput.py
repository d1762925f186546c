"""How fast a step is, and whether anything around it takes time: python benchmarks/throughput.py.

A folder of pictures is read from its cache: --dataset=PATH --image_size=64; with --stored from disk, whatever its size.

Prints, for each method, images/s of training, and the ratios that do not depend on the machine's mood: the input
pipeline alone against the training step, and each method against the plain GAN. All are taken in one process, in
turns, and the median of the turns is printed. With --processor_time it is the processor's time that counts, on a CPU
whose other processes would disturb the clock's. A method may bring options: --methods gan ces:shared_trunk=true
brc:inner_steps=0. With --passes: the discriminator's gradients with reals and fakes in one call, against two calls.
With --slopes, for each method: a step that takes the gradients of R1 and R2 from the loss's own passes of D, against
one that has passes for them (--network=r3gan, or --methods gan:penalty=r1).
With --loop, for each method and with the quartiles of the turns: the time of `fit`, and of train.py's loop with all
that it has around a step, in that of a bare loop over the same graph.
"""

import argparse
import contextlib
import dataclasses
import io
import json
import os
import pathlib
import statistics
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from tfgan_zoo import data, image_sizes, networks
from tfgan_zoo.data import images as data_images
from tfgan_zoo.objectives import losses
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import callbacks, loop
from tfgan_zoo.training.build import build_model
from tfgan_zoo.training.checkpoints import Checkpoints

CLOCK = {"now": time.perf_counter}


def seconds(iterate):
    """Returns how long `iterate()` takes."""
    began = CLOCK["now"]()
    iterate()
    return CLOCK["now"]() - began


def options_of(method):
    """Returns the name and the options of "name:option=value,option=value", the values as in JSON.

    >>> options_of("ces:shared_trunk=true")
    ('ces', {'shared_trunk': True})
    """
    name, _, said = method.partition(":")
    pairs = (word.partition("=") for word in said.split(",") if word)
    return name, {option: json.loads(value) for option, _, value in pairs}


def ways(config, model, batches, steps, folder):
    """Returns {name: a function that trains `steps` steps}: a bare loop, `fit`, and the loop of train.py."""
    step = model.make_train_function()

    def bare():
        iterator = model.distributed(batches)  # the others make one too, a run only once
        for _ in range(steps):
            logs = step(iterator)
        float(logs["d_loss"])  # waits for the last one

    def ours():
        progress = callbacks.Progress(dataclasses.replace(config, kimg=1e6), 0)
        with contextlib.closing(progress), callbacks.Guard(Checkpoints(model, folder)) as guard:
            loop.train_ticks(model, batches, 0, 1, steps, [progress, guard])

    return {"bare": bare, "fit": lambda: model.fit(batches, steps_per_epoch=steps, verbose=0), "train.py": ours}


def compare_loops(runs, options):
    """Prints the table of --loop; the ways take turns, in an order that changes."""
    print(f"{'method':<10}{'bare steps/s':>14}{'fit':>22}{'train.py':>22}")
    for method, (config, model, batches) in runs.items():
        times = {}
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            taken = list(ways(config, model, batches, options.steps, pathlib.Path(folder)).items())
            for turn in range(options.turns + 1):
                for i in range(len(taken)):
                    name, train = taken[(i + turn) % len(taken)]
                    times.setdefault(name, []).append(seconds(train))
        cells = []
        for name in ("fit", "train.py"):
            ratios = [time / bare for time, bare in zip(times[name][1:], times["bare"][1:], strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            cells.append(f"{middle:>9.3f} ({low:.3f}-{high:.3f})")
        print(f"{method:<10}{options.steps / statistics.median(times['bare'][1:]):>14.1f}{cells[0]:>22}{cells[1]:>22}")


def compare_passes(options):
    """Prints what the discriminator's gradients cost with reals and fakes in one call, in that of two calls."""
    rows = options.batch_size or 64
    sizes = {"shape": (32, 32, 3), "width": options.width, "normalization": "spectral"}  # which mixes no rows
    network = networks.build(options.network, "discriminator", **sizes)
    loss = losses.get("non_saturating").discriminator
    reals, fakes = (tf.random.stateless_normal([rows, *network.image_shape], [0, i]) for i in range(2))

    def gradients(logits_of):
        with tf.GradientTape() as tape:
            total = loss(*logits_of(reals, fakes))
        return tape.gradient(total, network.trainable_variables)

    def both(reals, fakes):
        return tf.split(network(tf.concat([reals, fakes], 0), training=True), 2)

    def each(reals, fakes):
        return network(reals, training=True), network(fakes, training=True)

    passes = [tf.function(lambda way=way: gradients(way)) for way in (each, both)]
    twice, once = (passed() for passed in passes)  # traces
    apart = max(float(tf.reduce_max(abs(a - b)) / tf.reduce_max(abs(a))) for a, b in zip(twice, once, strict=True))
    ratios = []
    for turn in range(options.turns):
        times = {}
        for i in (0, 1) if turn % 2 else (1, 0):
            times[i] = seconds(lambda i=i: [passes[i]() for _ in range(options.steps)])
        ratios.append(times[1] / times[0])
    print(
        f"one pass in that of two, batch {rows}: {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    )
    print(f"gradients differ by {apart:.0e} of the largest in a weight")


def compare_slopes(options):
    """Prints what a step costs whose R1 and R2 take the gradients of the loss's own passes, in that of passes apart."""
    for method in options.methods:
        trained = []
        for shared in (True, False):
            config, model, batches = made(method, options)
            if not shared:
                model.look = lambda *args, model=model: (model.discriminate(*args), {})
            model.fit(batches, steps_per_epoch=2, verbose=0)  # traces
            trained.append((model, batches))
        ratios = []
        for turn in range(options.turns):
            times = {}
            for i in (0, 1) if turn % 2 else (1, 0):
                model, batches = trained[i]
                times[i] = seconds(lambda m=model, b=batches: m.fit(b, steps_per_epoch=options.steps, verbose=0))
            ratios.append(times[0] / times[1])
        middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
        print(f"{method}, batch {config.batch_size}: shared in that of apart {middle:.2f} ({low:.2f}-{high:.2f})")


def made(method, options):
    """Returns (configuration, model, batches) of "name:option=value,..." and the flags."""
    name, chosen = options_of(method)
    config = resolve(
        method=name,
        **chosen,
        dataset=options.dataset,
        image_size=options.image_size,
        network=options.network,
        width=options.width,
        **({} if options.batch_size is None else {"batch_size": options.batch_size}),
    )
    keras.config.set_dtype_policy(config.precision or "float32")
    model = build_model(config)
    source = data.load(config.dataset, **config.data_arguments)
    return config, model, source.train(config.batch_size, model.batches_per_step, config.seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="fashion_mnist_10k")
    parser.add_argument("--image_size", type=image_sizes.parse)
    parser.add_argument("--stored", action="store_true", help="read a folder's images from disk, as if they were many")
    parser.add_argument("--network", default="dcgan")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--methods", nargs="+", default=["gan", "pconv"])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--batch_size", type=int)
    parser.add_argument("--processor_time", action="store_true", help="count the processor's time, not the clock's")
    parser.add_argument("--passes", action="store_true", help="compare one pass of reals and fakes with two")
    parser.add_argument("--slopes", action="store_true", help="compare R1 and R2 of the loss's passes with their own")
    parser.add_argument("--loop", action="store_true", help="compare fit and train.py's loop with a bare one")
    options = parser.parse_args()
    if options.processor_time:
        CLOCK["now"] = time.process_time
    if options.stored:
        data_images.MAX_BYTES = 0

    if options.passes:
        return compare_passes(options)
    if options.slopes:
        return compare_slopes(options)
    runs = {}
    for method in options.methods:
        config, model, batches = made(method, options)
        model.fit(batches, steps_per_epoch=5, verbose=0)  # traces
        runs[method] = (config, model, batches)

    if options.loop:
        return compare_loops(runs, options)
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
    wide = max(map(len, runs)) + 2
    first = options.methods[0]
    print(f"{'method':<{wide}}{'images/s':>10}{'x ' + first:>10}{'time / ' + first:>14}{'pipeline / step':>18}")
    for method in runs:
        speed = statistics.median(speeds[method])
        ratio = statistics.median(alone[method]) / speed
        print(f"{method:<{wide}}{speed:>10.0f}{speed / baseline:>10.2f}{baseline / speed:>14.2f}{ratio:>18.0f}")


if __name__ == "__main__":
    main()
