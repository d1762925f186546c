"""Where perturbed convolutions pay: what they gain over plain ones, by the number of pictures and the length.

    python benchmarks/gain_curve.py run --jobs 2      # goes on where it was stopped
    python benchmarks/gain_curve.py report            # writes the table and the plot of docs/methods/pconv.md

Runs are pairs of `train.py --method=gan` and `--method=pconv`, of one seed, on the first so many training images of
Fashion-MNIST, measured every 64 kimg by fd_fashion_10k; each becomes a line of benchmarks/gain_curve.jsonl, whose
`flags` repeat it. The gain is the difference of a pair, the plain one's distance less the perturbed one's, so that
more is better; the interval is that of the paired t statistic over the seeds.
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile

import paired

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = ROOT / "benchmarks" / "gain_curve.jsonl"
PAGE, PLOT = ROOT / "docs" / "methods" / "pconv.md", ROOT / "docs" / "methods" / "pconv_gain.png"
PICTURES, METHODS, METRIC = (500, 1000, 2000, 5000), ("gan", "pconv"), "fd_fashion_10k"
FLAGS = "--width=16 --batch_size=32 --g_lr=4e-4 --d_lr=4e-4 --kimg=256 --tick_kimg=64 --threads=1"
EVERY = f"--eval_metrics={METRIC} --eval_every_kimg=64"


def finished():
    """Returns {(pictures, method, seed): {kimg: distance}} of the runs that are done."""
    if not RECORD.exists():
        return {}
    lines = [json.loads(line) for line in RECORD.read_text().splitlines()]
    return {
        (line["pictures"], line["method"], line["seed"]): {float(at): it for at, it in line[METRIC].items()}
        for line in lines
    }


def flags_of(pictures, method, seed):
    """Returns the flags of one run, but for its folder."""
    data = f"--dataset=fashion_mnist --split=train[:{pictures}]"
    return f"--method={method} {data} {FLAGS} {EVERY} --seed={seed}".split()


def run_one(pictures, method, seed):
    """Trains one run and returns its line."""
    flags = flags_of(pictures, method, seed)
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        subprocess.run([sys.executable, "train.py", *flags, f"--run_dir={run}"], cwd=ROOT, check=True)
        ticks = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    distances = {tick["kimg"]: round(tick[METRIC], 3) for tick in ticks if METRIC in tick}
    return {"pictures": pictures, "method": method, "seed": seed, "flags": " ".join(flags), METRIC: distances}


def run(options):
    """Runs what is not done yet, both of a pair one after the other, all numbers of pictures before the next seed."""
    keys = [
        (pictures, method, seed) for seed in range(options.seeds) for pictures in options.pictures for method in METHODS
    ]
    done = finished()
    todo = [key for key in keys if key not in done]
    print(f"{len(todo)} runs to do", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(run_one, *key) for key in todo]):
            line = future.result()
            with RECORD.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(*(line[name] for name in ("pictures", "method", "seed", METRIC)), flush=True)


def gains(done):
    """Returns {pictures: {kimg: the gain of every seed that has both runs, in the order of the seeds}}.

    >>> gains({(500, "gan", 0): {64.0: 90.0}, (500, "pconv", 0): {64.0: 84.0}, (500, "gan", 1): {64.0: 91.0}})
    {500: {64.0: [6.0]}}
    """
    found = {}
    for pictures, method, seed in sorted(done):
        plain, other = done[pictures, method, seed], done.get((pictures, "pconv", seed))
        if method != "gan" or other is None:
            continue
        for kimg in sorted(plain.keys() & other.keys()):
            found.setdefault(pictures, {}).setdefault(kimg, []).append(plain[kimg] - other[kimg])
    return found


def table(found):
    """Returns the lines of a Markdown table of `gains`."""
    lengths = sorted({kimg for by_length in found.values() for kimg in by_length})
    heads = " | ".join(f"{kimg:g} kimg" for kimg in lengths)
    lines = [f"| pictures | seeds | {heads} |", "|---" * (len(lengths) + 2) + "|"]
    for pictures, by_length in found.items():
        cells = [_cell(by_length.get(kimg, ())) for kimg in lengths]
        lines.append(f"| {pictures:,} | {max(map(len, by_length.values()))} | {' | '.join(cells)} |")
    return lines


def _cell(values):
    if not values:
        return "-"
    it = _mean(values)
    return f"{it.mean:+.1f}" if it.low is None else f"{it.mean:+.1f} [{it.low:+.1f}, {it.high:+.1f}]"


def _mean(values):
    return paired.difference(values, [0.0] * len(values))


def plot(found, path):
    """Draws the gains against the number of times that each picture was shown."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for pictures, by_length in found.items():
        epochs = [kimg * 1000 / pictures for kimg in by_length]
        means = [_mean(values) for values in by_length.values()]
        (line,) = axes.plot(epochs, [it.mean for it in means], marker="o", label=f"{pictures:,} pictures")
        if all(it.low is not None for it in means):
            low, high = ([getattr(it, end) for it in means] for end in ("low", "high"))
            axes.fill_between(epochs, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
    axes.axhline(0, color="grey", linewidth=0.8)
    axes.set(xscale="log", xlabel="times that each picture is shown", ylabel="gain in Frechet distance")
    axes.set_xticks([10, 20, 50, 100, 200, 500], labels=[10, 20, 50, 100, 200, 500])
    axes.set_xticks([], minor=True)
    axes.legend()
    figure.savefig(path, dpi=100, metadata={"Software": None})
    pyplot.close(figure)


def page(found):
    """Returns the text of the page with the table of `gains`."""
    before, rest = PAGE.read_text().split("<!-- gain -->\n")
    _, after = rest.split("\n<!-- /gain -->")
    return "\n".join([f"{before}<!-- gain -->\n", *table(found), f"\n<!-- /gain -->{after}"])


def report(options):
    """Writes the table and the plot of the runs that are done."""
    found = gains(finished())
    PAGE.write_text(page(found))
    plot(found, PLOT)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("run")
    command.add_argument("--pictures", type=int, nargs="+", default=PICTURES)
    command.add_argument("--seeds", type=int, default=3, help="the first so many")
    command.add_argument("--jobs", type=int, default=1)
    command.set_defaults(body=run)
    commands.add_parser("report").set_defaults(body=report)
    options = parser.parse_args()
    options.body(options)


if __name__ == "__main__":
    main()
