"""What only a GPU can show, in a table: python benchmarks/gpu.py, under ten minutes; --quick is tiny, on a CPU too.

Checks that a run of train.py, killed and resumed under op determinism, ends with the bits of one that was not; that XLA
and bfloat16 train, and what they gain; that too little memory is one line; and how many images/s the networks train, in
a bare loop and with all that train.py has around a step. Speeds are medians of turns that alternate inside one process;
the card's name stands above them. A check that fails makes the exit status 1. What needs a GPU is left out where there
is none, and what there is no time for is named.
"""

import argparse
import contextlib
import io
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # also where the package is not installed
NETWORKS = {"dcgan": (32, 64), "sngan": (32, 64, 128), "r3gan": (32, 64, 128, 256), "stylegan2": (32, 64, 128, 256)}
QUICK = {"dcgan": (32,), "sngan": (32,)}


def train(folder, *flags, kill_at=None):
    """Runs train.py; kills it once a checkpoint is there, if asked to. Returns (status, stderr)."""
    command = [sys.executable, "train.py", f"--run_dir={folder}", *flags]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        while kill_at is not None and process.poll() is None:
            if (folder / "checkpoints" / f"ckpt-{kill_at}.index").exists():
                process.send_signal(signal.SIGKILL)
                kill_at = None
            time.sleep(0.01)
        _, err = process.communicate()
    return process.returncode, err


def resumes(folder, options):
    """A killed run and an undisturbed one write the same metrics."""
    flags = ["--method=gan", f"--width={options.width}", "--batch_size=16", "--kimg=0.96", "--tick_kimg=0.16"]
    straight = train(folder / "straight", *flags)
    train(folder / "killed", *flags, kill_at=20)
    resumed = train(folder / "killed")
    if straight[0] or resumed[0]:
        return False, (straight[1] or resumed[1]).strip()[-200:]
    same = [(folder / name / "metrics.jsonl").read_bytes() for name in ("straight", "killed")]
    return same[0] == same[1], "60 steps, killed after 20: metrics.jsonl to the byte"


def out_of_memory(folder, options):
    """A batch that no card holds ends in one line."""
    status, err = train(folder / "large", "--method=gan", "--width=512", "--batch_size=65536", "--kimg=66")
    lines = [line for line in err.splitlines() if line.startswith("train.py: ")]
    return status == 1 and len(lines) == 1 and "out of memory" in lines[0], (lines or [err[-100:]])[0][:100]


def make(network, size, options, jit=False):
    """Returns a compiled GAN and its endless batches of random images."""
    import keras
    import tensorflow as tf

    from tfgan_zoo import networks
    from tfgan_zoo.methods import GAN

    shape = (size, size, 3)
    width = {} if options.width is None or network in ("r3gan", "stylegan2") else {"width": options.width}
    parts = [networks.build(network, kind, shape=shape, **width) for kind in ("generator", "discriminator")]
    model = GAN(*parts)
    model.compile(keras.optimizers.Adam(1e-4, 0.5), keras.optimizers.Adam(1e-4, 0.5), jit_compile=jit)
    images = tf.random.stateless_uniform([options.batch_size, 1, *shape], [0, 1], -1.0, 1.0)
    return model, tf.data.Dataset.from_tensors({"images": images}).repeat()


def loops(model, batches, options):
    """Returns {name: a function that trains some steps}: a bare loop, and the loop of train.py with its callbacks."""
    from tfgan_zoo.training import callbacks, loop

    step = model.make_train_function()
    checkpoints = type("Checkpoints", (), {"latest": None})()

    def bare():
        iterator = model.distributed(batches)
        for _ in range(options.steps):
            logs = step(iterator)
        float(logs["d_loss"])

    def ours():
        loop.train_ticks(model, batches, 0, 1, options.steps, [callbacks.Guard(checkpoints)])

    return {"bare": bare, "train.py": ours}


def images_per_second(ways, options):
    """Returns {name: the median of the turns}; the first turn traces, and does not count."""
    speeds = {name: [] for name in ways}
    for turn in range(options.turns + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if turn:
                speeds[name].append(options.steps * options.batch_size / (time.perf_counter() - began))
    return {name: statistics.median(values) for name, values in speeds.items()}


def settings_that_gain(options):
    """Yields rows: XLA and bfloat16 against neither, on sngan at 32 px."""
    import keras
    import tensorflow as tf

    ways, models = {}, {}
    for name, policy, jit in (
        ("float32", "float32", False),
        ("XLA", "float32", True),
        ("bf16", "mixed_bfloat16", False),
    ):
        keras.config.set_dtype_policy(policy)
        models[name], batches = make("sngan", 32, options, jit)
        ways[name] = loops(models[name], batches, options)["bare"]
    speeds = images_per_second(ways, options)
    keras.config.set_dtype_policy("float32")
    for name in ("XLA", "bf16"):
        finite = models[name].broken() is None and all(
            bool(tf.reduce_all(tf.math.is_finite(weight.value))) for weight in models[name].trainable_weights
        )
        yield f"{name}, sngan 32 px", finite, f"{speeds[name] / speeds['float32']:.2f} x the images/s of float32"


def speeds(options):
    """Yields rows: images/s of the networks, and those of train.py's loop in them."""
    import tensorflow as tf

    from tfgan_zoo import registry

    gpus = tf.config.list_physical_devices("GPU")
    named = options.networks.split(",") if options.networks else list(registry.NETWORKS)
    table = QUICK if options.quick else NETWORKS
    pairs = [(size, network) for network, sizes in table.items() if network in named for size in sizes]
    for size, network in sorted(pairs, key=lambda pair: pair[0]):  # the small ones of each first: time may run out
        if options.sizes and str(size) not in options.sizes.split(","):
            continue
        if time.perf_counter() - options.began > 60 * options.minutes:
            yield f"{network} {size} px", True, "left out: the time was up"
            continue
        if gpus:
            tf.config.experimental.reset_memory_stats("GPU:0")
        try:
            found = images_per_second(loops(*make(network, size, options), options), options)
        except tf.errors.ResourceExhaustedError:
            yield f"{network} {size} px", True, "more memory than the card has: a smaller --batch_size"
            continue
        words = f"{found['bare']:.0f} images/s, train.py's loop {found['train.py'] / found['bare']:.3f} x"
        if gpus:
            words += f", {tf.config.experimental.get_memory_info('GPU:0')['peak'] / 2**30:.1f} GiB"
        yield f"{network} {size} px", True, words


def rows(options, gpus):
    """Yields (check, whether it holds, what was seen)."""
    if options.networks or options.sizes:
        yield from speeds(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield "exact resume", *resumes(pathlib.Path(folder), options)
        if gpus:
            yield "out of memory", *out_of_memory(pathlib.Path(folder), options)
    yield from settings_that_gain(options)
    yield from speeds(options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="tiny networks, few steps: whether it runs at all")
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--networks", help="the speeds of these alone, without the checks: r3gan,stylegan2")
    parser.add_argument("--sizes", help="the speeds at these image sizes alone, without the checks: 32,64")
    parser.add_argument("--minutes", type=float, default=9, help="after these, no other network is begun")
    options = parser.parse_args()
    options.began = time.perf_counter()
    if options.quick:
        options.batch_size, options.width, options.steps, options.turns = 4, 4, 4, 2

    with contextlib.redirect_stderr(io.StringIO()):
        import tensorflow as tf
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name") if gpus else "no GPU: a CPU"
    print(f"{name}, TensorFlow {tf.__version__}, batch {options.batch_size}, width {options.width}\n")
    print("| check | | |\n|---|---|---|")
    failed = False
    for check, holds, words in rows(options, gpus):
        failed |= not holds
        print(f"| {check} | {'yes' if holds else 'NO'} | {words} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
