"""How time and memory grow with what a user may make larger: python benchmarks/growth.py, into docs/performance.md.

Each point is a process of its own, with one thread; its time is processor time, which other processes on the machine do
not add to, and its memory the peak of what is resident, less what was before the model was made. Points are taken in an
order that mixes the axes, --turns times, and the least of the turns counts. Absolute numbers are this machine's and are
not shown: every axis is told in those of its first point, with the exponent of the line through the logarithms. An
exponent that is above the theory's by more than 0.15 is called out, and makes the exit status 1.

    python benchmarks/growth.py                               # some minutes; axes in docs/performance.md and growth.png
    python benchmarks/growth.py --axes=pictures --pictures=1000,10000,100000,1000000
    python benchmarks/growth.py --page                        # the page and the plot from what was measured before
"""

import argparse
import dataclasses
import json
import math
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
RECORD, PAGE, PLOT = ROOT / "benchmarks" / "growth.json", ROOT / "docs" / "performance.md", ROOT / "docs" / "growth.png"
SLACK = 0.15
IMAGES = {"method": "gan", "network": "dcgan", "normalization": "spectral", "image_size": 64, "width": 32}
POINTS = {"method": "gan", "network": "mlp", "dataset": "ring"}
SMALL = IMAGES | {"image_size": 32, "batch_size": 16}
PICTURES = {
    "survey": "reading every file once",
    "again": "the same, where nothing has changed",
    "cache": "decoding",
    "batch": "a batch in the run's order",
}
# axis: (values, flags of a value, what a step costs in theory: exponents of time and of memory, where it is run)
AXES = {
    "batch size": ((16, 32, 64, 128), lambda n: IMAGES | {"batch_size": n}, (1, 1), "dcgan, 64 px"),
    "micro batch": (
        (32, 128, 512),
        lambda n: IMAGES | {"batch_size": 512, "micro_batch": n},
        (0, 1),
        "dcgan, 64 px, batch 512",
    ),
    "image size": ((32, 64, 128), lambda n: SMALL | {"image_size": n, "width": 16}, (2, 2), "dcgan, 16 wide"),
    "width": ((16, 32, 64), lambda n: SMALL | {"width": n}, (2, 2), "dcgan, 32 px"),
    "K of ces": (
        (1, 2, 5),
        lambda n: SMALL | {"method": "ces", "costs": ("hinge",) * n},
        (1, 1),
        "dcgan, 32 px",
    ),
    "inner steps of brc": (
        (1, 4, 8),
        lambda n: SMALL | {"method": "brc", "inner_steps": n},
        (1, 1),
        "dcgan, 32 px",
    ),
    "batch size of particle": (
        (32, 128, 512, 1024),
        lambda n: POINTS | {"method": "particle", "batch_size": n},
        (2, 2),
        "mlp, 16 features",
    ),
    "devices": ((1, 2, 4), lambda n: IMAGES | {"batch_size": 64, "devices": n}, (0, 1), "dcgan, 64 px, batch 64"),
}


def peak():
    """Returns the most bytes that were resident in this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure_step(flags):
    """Returns {"time": processor seconds a step, "memory": bytes} of a run with these flags."""
    import tensorflow as tf

    from tfgan_zoo.settings.resolve import resolve
    from tfgan_zoo.training import devices
    from tfgan_zoo.training.build import build_model

    flags = dict(flags)
    size = flags.pop("image_size", None)
    config = resolve(threads=1, **flags)
    if size is not None:  # of images that no data set here has
        config = dataclasses.replace(config, image_size=size, channels=3)
    config = devices.resolve(config)
    before = peak()
    with devices.scope(devices.make_strategy(config)):
        model = build_model(config)
    shape = [config.batch_size, model.batches_per_step, *config.shape]
    images = tf.random.stateless_uniform(shape, [0, 1], -1.0, 1.0)
    batches = model.distributed(tf.data.Dataset.from_tensors({"images": images}).repeat())
    function = model.make_train_function()
    float(function(batches)["g_loss"])
    began, steps = time.process_time(), 0
    while steps < 3 or time.process_time() - began < 1:
        float(function(batches)["g_loss"])
        steps += 1
    return {"time": (time.process_time() - began) / steps, "memory": peak() - before}


def write_pictures(folder, num):
    """Writes that many pictures of 32 x 32 noise, no two alike, a hundred in a folder."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for start in range(0, num, 1000):
        levels = rng.integers(0, 256, (min(1000, num - start), 32, 32, 3), "uint8")
        os.makedirs(folder / str(start))
        for i, one in enumerate(levels):
            Image.fromarray(one).save(folder / str(start) / f"{i}.bmp")  # quick to write


def measure_pictures(num):
    """Returns processor seconds of what is done with a folder before and while it trains, and the memory of it."""
    from tfgan_zoo.data import folders

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TFGAN_ZOO_CACHE"] = os.path.join(folder, "cache")
        path = pathlib.Path(folder) / "pictures"
        write_pictures(path, num)
        before = peak()
        for name, call in {
            "survey": lambda: folders.survey(str(path)),
            "again": lambda: folders.survey(str(path)),
            "cache": lambda: folders.prepare(str(path), (32, 32, 3)),
        }.items():
            found[name] = timed(call)
        found["memory"] = peak() - before
        from tfgan_zoo import data

        batches = iter(data.load(str(path), image_size=32).train(64))
        next(batches)
        found["batch"] = timed(lambda: [next(batches) for _ in range(200)]) / 200
    return found


def timed(call):
    """Returns the processor seconds of a call."""
    began = time.process_time()
    call()
    return time.process_time() - began


STARTS = {
    "import tensorflow": ("-c", "import tensorflow"),
    "import tfgan_zoo": ("-c", "import tfgan_zoo"),
    "train.py --help": ("train.py", "--help"),
    "train.py --list": ("train.py", "--list"),
    "train.py --dry_run": ("train.py", "--method=gan", "--dry_run"),
    "one step of dcgan": ("train.py", "--method=gan", "--kimg=0.064", "--run_dir={folder}/run"),
}


def measure_start(name):
    """Returns the processor seconds of a command, from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *(word.format(folder=folder) for word in STARTS[name])]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"time": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def environment():
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}


def points(options):
    """Returns [(axis, value)] of all that is to be measured."""
    found = [(axis, value) for axis, (values, *_) in AXES.items() for value in values]
    found += [("pictures", int(value)) for value in options.pictures.split(",")]
    found += [("start", name) for name in STARTS]
    wanted = options.axes.split(",") if options.axes else {axis for axis, _ in found}
    return [point for point in found if point[0] in wanted]


def measure(axis, value):
    """Measures a point, in this process."""
    if axis == "pictures":
        return measure_pictures(int(value))
    if axis == "start":
        return measure_start(value)
    return measure_step(AXES[axis][1](int(value)))


def measure_all(options):
    """Measures all points, each in a process, and writes the least of the turns into the record as they come."""
    record = read_record()
    taken = points(options)
    for axis in {axis for axis, _ in taken}:
        record[axis] = record.get(axis, {}) if options.missing else {}
    taken = [(axis, value) for axis, value in taken if str(value) not in record[axis]]
    RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")  # else what was measured before stays
    for turn in range(options.turns):
        random.Random(turn).shuffle(taken)
        for axis, value in taken:
            command = [sys.executable, __file__, f"--point={axis}={value}"]
            done = subprocess.run(command, env=environment(), capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"{axis} {value}: {done.stderr.strip()[-500:]}")
            record = read_record() or record
            found, before = json.loads(done.stdout.splitlines()[-1]), record[axis].get(str(value), {})
            record[axis][str(value)] = {name: min(it, before.get(name, it)) for name, it in found.items()}
            print(f"{turn + 1}  {axis} {value}: {done.stdout.splitlines()[-1]}", flush=True)
            RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


def read_record():
    """Returns {axis: {value: {what grows: number}}} of what was measured so far."""
    return json.loads(RECORD.read_text()) if RECORD.exists() else {}


# The page


def series(record, axis, name):
    """Returns (values, numbers in those of the first) of an axis, ascending."""
    pairs = sorted((int(value), found[name]) for value, found in record[axis].items())
    return [value for value, _ in pairs], [number / pairs[0][1] for _, number in pairs]


def exponent(values, numbers):
    """Returns the slope of the line through the logarithms, by least squares.

    >>> round(exponent([1, 2, 4], [3.0, 12.0, 48.0]), 6)
    2.0
    """
    xs, ys = ([math.log(it) for it in column] for column in (values, numbers))
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def rows(record):
    """Yields (axis, where, name of what grows, values, numbers, theory) of all that was measured."""
    for axis, (_, _, theory, where) in AXES.items():
        for name, power in zip(("time", "memory"), theory, strict=True):
            if axis in record:
                yield axis, where, name, *series(record, axis, name), power
    if "pictures" in record:
        for name in (*PICTURES, "memory"):
            power = {"batch": 0}.get(name, 1)
            yield "pictures", PICTURES.get(name, "before training"), name, *series(record, "pictures", name), power


def table(record):
    """Returns the lines of the page's tables."""
    lines = ["| larger | where | what grows | from, to | times | exponent | theory, at most |", "|---" * 7 + "|"]
    for axis, where, name, values, numbers, power in rows(record):
        slope = exponent(values, numbers)
        mark = "" if slope <= power + SLACK else " **above**"
        ends = f"{values[0]:,} to {values[-1]:,}"
        lines.append(f"| {axis} | {where} | {name} | {ends} | {numbers[-1]:.2f} | {slope:.2f} | {power}{mark} |")
    if "start" in record:
        base = record["start"]["import tensorflow"]["time"]
        lines += ["", "| command | processor time, in that of `import tensorflow` |", "|---|---|"]
        lines += [f"| `{name}` | {record['start'][name]['time'] / base:.2f} |" for name in STARTS]
    return lines


def write_page(record):
    """Writes the tables between the page's markers, and the plot."""
    begin, end = "<!-- growth -->\n", "<!-- /growth -->"
    text = PAGE.read_text()
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    PAGE.write_text(head + begin + "\n" + "\n".join(table(record)) + "\n\n" + end + tail)
    plot(record)


def plot(record):
    """Draws every axis: time and memory in those of its first point, and the theory's slope."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    axes = list(dict.fromkeys(row[0] for row in rows(record)))
    figure = Figure(figsize=(12, 3.1 * math.ceil(len(axes) / 3)), layout="constrained")
    FigureCanvasAgg(figure)
    for i, axis in enumerate(axes):
        panel = figure.add_subplot(math.ceil(len(axes) / 3), 3, i + 1)
        for _, _, name, values, numbers, power in (row for row in rows(record) if row[0] == axis):
            (line,) = panel.loglog(values, numbers, "o-", label=f"{name}: {exponent(values, numbers):.2f}")
            guide = [(value / values[0]) ** power for value in values]
            panel.loglog(values, guide, ":", color=line.get_color(), alpha=0.6)
        panel.set_title(axis, fontsize=10)
        panel.set_xticks(values, [f"{value:,}" for value in values], fontsize=8)
        panel.minorticks_off()
        panel.legend(fontsize=8)
    figure.supylabel("in that of the first point; dotted: the theory's exponent")
    figure.savefig(PLOT, dpi=90)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axes", help="these alone, with commas between them: batch size,pictures,start")
    parser.add_argument("--pictures", default="1000,10000,30000", help="how many, with commas between them")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--missing", action="store_true", help="go on with a record that was left unfinished")
    parser.add_argument("--page", action="store_true", help="measure nothing; write the page of the record")
    parser.add_argument("--point", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.point:
        print(json.dumps(measure(*options.point.rsplit("=", 1))))
        return 0
    if not options.page:
        measure_all(options)
    record = read_record()
    write_page(record)
    print("\n".join(table(record)))
    return int(any(exponent(values, numbers) > power + SLACK for *_, values, numbers, power in rows(record)))


if __name__ == "__main__":
    sys.exit(main())
