"""Latency and throughput of a served generator, from the bare function to JSON over HTTP.

    python benchmarks/serving.py [--model=pconv_fashion_mnist_10k] [--repeats=100]

The server is the tests' stand-in (tests/serving/server.py): real protos and real gRPC on loopback, REST paths, the
export run in the same process, no batching of requests. So the last three rows compare ways of transport, not servers.
Times are ratios to the bare function of the same batch, whose milliseconds stand beside it; the ways take turns, in
an order that changes.
"""

import argparse
import contextlib
import pathlib
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

BATCHES = (1, 8, 64)


def ways(model, version, stack):
    """Returns {name: (a function of the batch size, a function that tells the bytes answered so far)}."""
    import tensorflow as tf

    from tests.serving import server
    from tfgan_zoo.serving import Client

    def bare(seeds, truncation):
        return model.images_of_seeds(seeds, truncation)

    specs = [tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.float32)]
    function = tf.function(bare, autograph=False).get_concrete_function(*specs)
    held = server.Model(version)
    loaded = held.signatures["generate"]
    rest, grpc = (stack.enter_context(serve(held)) for serve in (server.over_rest, server.over_grpc))
    clients = {
        "gRPC, PNG": Client(grpc),
        "REST, PNG": Client(rest),
        "REST, float JSON": Client(rest, png=False),
    }

    def inputs(size):
        return tf.range(size, dtype=tf.int64), tf.ones([size])

    def in_process(size):
        seeds, truncation = inputs(size)
        return loaded(seeds=seeds, truncation=truncation)["images"].numpy()

    made = {"bare function": lambda size: function(*inputs(size)).numpy(), "SavedModel in process": in_process}
    for name, client in clients.items():
        made[name] = lambda size, client=client: client.generate(size, batch_size=size)
    return made, held


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pconv_fashion_mnist_10k")
    parser.add_argument("--repeats", type=int, default=100)
    options = parser.parse_args()
    from tfgan_zoo import serving
    from tfgan_zoo.pretrained import loading

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        model = loading.load(options.model)
        version = serving.export(model, pathlib.Path(folder) / "clothes")
        made, held = ways(model, version, stack)
        print(f"{'batch':>5}  {'way':<24}{'p50':>8}{'p99':>8}{'images/s':>10}{'KiB/image':>11}")
        for batch in BATCHES:
            times, sent = {name: [] for name in made}, {}
            for name, call in made.items():  # traces and warms up
                call(batch)
                before = held.bytes_sent
                call(batch)
                sent[name] = (held.bytes_sent - before) / batch / 1024
            rng = np.random.default_rng(0)
            for _ in range(options.repeats):
                for name in rng.permutation(list(made)):  # who comes after JSON finds the caches cold
                    call = made[name]
                    began = time.perf_counter()
                    call(batch)
                    times[name].append(time.perf_counter() - began)
            base = np.percentile(times["bare function"], 50)
            for name, taken in times.items():
                p50, p99 = np.percentile(taken, [50, 99]) / base
                note = f"   (p50 {base * 1000:.2f} ms)" if name == "bare function" else ""
                speed = f"{base * len(taken) / sum(taken):.2f}"
                print(f"{batch:>5}  {name:<24}{p50:>7.2f}x{p99:>7.2f}x{speed:>9}x{sent[name]:>11.2f}{note}")


if __name__ == "__main__":
    main()
