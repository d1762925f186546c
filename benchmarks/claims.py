"""Each method against its baselines and controls, in paired runs.

    python benchmarks/claims.py run --datasets ring_r5 --seeds 10 --jobs 2     # goes on where it was stopped
    python benchmarks/claims.py run --datasets fashion_mnist_10k --seeds 3     # the same on images
    python benchmarks/claims.py report                                         # writes docs/claims.md
    python benchmarks/claims.py --quick                                        # 1,000 steps, two seeds, kept nowhere

A run is `train.py` with one arm's flags, a data set and a seed, on one thread; what it ends with becomes one line of
benchmarks/claims.jsonl. Runs are paired by seed: the same data in the same order. Equal budgets are equal steps; the
ratios of reals read and of wall-clock stand beside every comparison. The cheapest arms come first.
"""

import argparse
import concurrent.futures
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import typing

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "claims.jsonl"
REPORT = ROOT / "docs" / "claims.md"

# arm: the flags that make it, cheapest first.
ARMS = {
    "gan": "--method=gan",
    "gan least_squares": "--method=gan --loss=least_squares",
    "gan hinge": "--method=gan --loss=hinge",
    "particle cramer beta 0": "--method=particle --energy=cramer --beta=0",
    "particle cramer l2": "--method=particle --energy=cramer --stabilizer=l2 --beta=0.1",
    "particle cramer repulsive": "--method=particle --energy=cramer --stabilizer=repulsive --beta=1",
    "particle cramer proximal": "--method=particle --energy=cramer --stabilizer=proximal --beta=1",
    "particle cramer noise": "--method=particle --energy=cramer --stabilizer=noise --beta=0.1",
    "particle mmd beta 0": "--method=particle --energy=mmd --beta=0",
    "particle mmd l2": "--method=particle --energy=mmd --stabilizer=l2 --beta=0.1",
    "particle eieg beta 0": "--method=particle --energy=eieg --beta=0",
    "particle eieg l2": "--method=particle --energy=eieg --stabilizer=l2 --beta=0.1",
    "ces best": "--method=ces --selection=best",
    "ces mean": "--method=ces --selection=mean",
    "ces random": "--method=ces --selection=random",
    "ces per_sample": "--method=ces --selection=per_sample",
    "ces normalized best": "--method=ces --selection=best --normalize",
    "ces homogeneous": "--method=ces --costs=non_saturating,non_saturating,non_saturating --selection=mean",
    "express": "--method=express",
    "brc one-stage": "--method=brc --inner_steps=0",
    "gan n_dis 10": "--method=gan --n_dis=10",
    "brc c = 0": "--method=brc --clamp=0",
    "brc": "--method=brc",
    "gan D 1e-4": "--method=gan --d_lr=1e-4",
    "brc c = 0 D 1e-4": "--method=brc --clamp=0 --d_lr=1e-4",
    "brc D 1e-4": "--method=brc --d_lr=1e-4",
    "ces normalized mean": "--method=ces --selection=mean --normalize",
    "ces max_norm": "--method=ces --selection=max_norm",
    "ces worst": "--method=ces --selection=worst",
}

# The arms on images: DCGAN, narrow and short enough for three seeds of each on two cores.
IMAGE_ARMS = {
    "gan": "--method=gan",
    "pconv uniform 0.5": "--method=pconv --perturb_law=uniform --perturb=0.5",
    "pconv gaussian 0.3": "--method=pconv --perturb_law=gaussian --perturb=0.3",
    "pconv additive 0.3": "--method=pconv --perturb_law=additive --perturb=0.3",
    "dropout in D": "--method=pconv --perturb_law=bernoulli --perturb=0.3 --noperturb_first",
    "particle cramer beta 0": "--method=particle --energy=cramer --beta=0",
    "particle cramer l2": "--method=particle --energy=cramer --stabilizer=l2 --beta=0.1",
    "ces best": "--method=ces --selection=best",
    "ces mean": "--method=ces --selection=mean",
    "express": "--method=express",
    "brc one-stage": "--method=brc --inner_steps=0",
    "brc inner 3": "--method=brc --inner_steps=3",
    "brc inner 3 D 1e-4": "--method=brc --inner_steps=3 --d_lr=1e-4",
}
IMAGE_FLAGS = "--width=16 --kimg=128 --tick_kimg=32 --eval_metrics=fd_fashion_10k --eval_every_kimg=1000"
IMAGE_DATA = ("fashion_mnist_10k",)

IMAGE_COMPARISONS = [
    *((arm, "gan") for arm in IMAGE_ARMS if arm != "gan"),
    ("pconv uniform 0.5", "dropout in D"),
    ("particle cramer l2", "particle cramer beta 0"),
    ("ces best", "ces mean"),
]

# (the method's arm, what it must beat)
COMPARISONS = [
    ("ces best", "gan"),
    ("ces best", "gan least_squares"),
    ("ces best", "gan hinge"),
    ("ces best", "ces mean"),
    ("ces best", "ces homogeneous"),
    ("ces best", "ces random"),
    ("ces per_sample", "ces mean"),
    ("ces normalized best", "ces best"),
    ("particle cramer l2", "particle cramer beta 0"),
    ("particle cramer repulsive", "particle cramer beta 0"),
    ("particle cramer proximal", "particle cramer beta 0"),
    ("particle cramer noise", "particle cramer beta 0"),
    ("particle mmd l2", "particle mmd beta 0"),
    ("particle eieg l2", "particle eieg beta 0"),
    ("particle cramer l2", "gan"),
    ("express", "gan"),
    ("brc", "gan"),
    ("brc", "gan n_dis 10"),
    ("brc", "brc c = 0"),
    ("brc one-stage", "gan"),
    ("brc D 1e-4", "gan D 1e-4"),
    ("brc D 1e-4", "brc c = 0 D 1e-4"),
    ("brc D 1e-4", "gan"),
    ("ces mean", "gan"),
    ("ces mean", "gan least_squares"),
    ("ces mean", "gan hinge"),
    ("ces normalized mean", "ces mean"),
    ("ces worst", "ces mean"),
    ("ces max_norm", "ces mean"),
]
MEASURES = ("modes", "good", "kl")
IMAGE_MEASURES = ("fd_fashion_10k", "d_gap", "diversity")


def finished():
    """Returns {(dataset, arm, seed): line} of the runs that are done."""
    if not RESULTS.exists():
        return {}
    lines = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    return {(line["dataset"], line["arm"], line["seed"]): line for line in lines}


def run_one(dataset, arm, seed, extra=()):
    """Trains one arm and returns its line."""
    images = dataset in IMAGE_DATA
    own = f"{IMAGE_ARMS[arm]} {IMAGE_FLAGS}" if images else f"{ARMS[arm]} --tick_kimg=256"
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        flags = [*own.split(), *extra, f"--dataset={dataset}", f"--seed={seed}", "--threads=1"]
        command = [sys.executable, "train.py", *flags, f"--run_dir={run}"]
        began = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        line = {"dataset": dataset, "arm": arm, "seed": seed, "seconds": round(time.perf_counter() - began, 1)}
        line |= {"flags": " ".join(flags[:-1]), "exit": done.returncode}
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        if done.returncode == 1:  # it diverged: a result too
            return line | {"error": done.stderr.strip()}
        last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
        last["d_gap"] = last["d_train"] - last["d_heldout"]
        return line | {name: last[name] for name in ("step", "reals_read", *(IMAGE_MEASURES if images else MEASURES))}


def run(options):
    """Runs what is not done yet, in the order of ARMS, all seeds of an arm together."""
    done = finished()
    todo = [
        (dataset, arm, seed)
        for dataset in options.datasets
        for arm in (IMAGE_ARMS if dataset in IMAGE_DATA else ARMS)
        if not options.arms or arm in options.arms
        for seed in range(options.seeds)
        if (dataset, arm, seed) not in done
    ]
    print(f"{len(todo)} runs to do", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(run_one, *key) for key in todo]
        for future in concurrent.futures.as_completed(futures):
            line = future.result()
            with RESULTS.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(_told(line), flush=True)


def quick(options):
    """One arm of each method on the ring, 1,000 steps, two seeds; prints the lines and keeps nothing."""
    arms = ("gan", "particle cramer beta 0", "particle cramer l2", "ces best", "ces mean", "express", "brc")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for line in pool.map(lambda key: run_one("ring_r5", *key, ["--kimg=256"]), itertools.product(arms, (0, 1))):
            print(_told(line), flush=True)


def _told(line):
    values = " ".join(f"{name} {line[name]:.3g}" for name in (*MEASURES, *IMAGE_MEASURES) if line.get(name) is not None)
    return f"{line['dataset']} {line['arm']} seed {line['seed']}: {values or line.get('error')} ({line['seconds']} s)"


def paired(one, two, draws=10_000):
    """Compares paired values.

    Args:
        one, two: float[n], of the same seeds.
        draws: bootstrap resamples of the differences.

    Returns:
        (mean difference, lower and upper end of its 95 % bootstrap interval, seeds on which `one` is larger).
    """
    difference = np.asarray(one, float) - np.asarray(two, float)
    picks = np.random.default_rng(0).integers(0, len(difference), (draws, len(difference)))
    low, high = np.percentile(difference[picks].mean(axis=1), [2.5, 97.5])
    return difference.mean(), low, high, int((difference > 0).sum())


def report(options):
    """Writes docs/claims.md from the runs that are done."""
    done = finished()
    parts = [HEAD]
    for dataset in sorted({key[0] for key in done}):
        kind = Kind(*((IMAGE_ARMS, IMAGE_COMPARISONS, IMAGE_COLUMNS) if dataset in IMAGE_DATA else MIXTURE))
        runs = {
            arm: {seed: line for (d, a, seed), line in done.items() if (d, a) == (dataset, arm)} for arm in kind.arms
        }
        runs = {arm: lines for arm, lines in runs.items() if lines}
        parts += [f"\n## {dataset}\n", *_table_of_arms(runs, kind), "", *_table_of_comparisons(runs, kind)]
    REPORT.write_text("\n".join(parts) + "\n")
    print(REPORT)


HEAD = """# The methods against their baselines

Written by `python benchmarks/claims.py report` from `benchmarks/claims.jsonl`; every line there is one run, with its
flags. Runs of two arms are paired by seed. The interval is a 95 % bootstrap of the mean paired difference; a win is a
seed on which the method is better. Wall-clock ratios are of medians of whole runs on one thread each, start included,
on a machine that other work shared: take them as rough.

On Gaussian mixtures each arm trains the `mlp` network for 4,000 steps of 256 samples; it is measured on 2,500 samples
of the averaged generator: modes covered, share of good samples (within 3 standard deviations of a mode), and KL
divergence of the good ones over the modes from uniform (lower is better; without a good sample it counts as log K).

On images each arm trains `dcgan` of width 16 for 2,000 steps of 64; `fd_fashion_10k` (docs/metrics.md) and the
discriminator's gap, D(training images) - D(held-out images), are those of the last step; lower is better for both.
That is a short training of a small network: it compares beginnings."""


class Kind(typing.NamedTuple):
    """What differs between reports on mixtures and on images."""

    arms: dict
    comparisons: list
    columns: dict  # measure: (title, digits, whether more is better)


IMAGE_COLUMNS = {"fd_fashion_10k": ("fd_fashion_10k", 1, False), "d_gap": ("D's gap", 2, False)}
MIXTURE = (ARMS, COMPARISONS, {"modes": ("modes", 1, True), "good": ("good samples", 2, True), "kl": ("KL", 2, False)})


def _table_of_arms(runs, kind):
    titles = [title for title, *_ in kind.columns.values()]
    rows = [f"| arm | seeds | {' | '.join(titles)} | reals read | seconds |", "|---" * (len(titles) + 4) + "|"]
    for arm, lines in runs.items():
        good = [line for line in lines.values() if line["exit"] == 0]
        cells = [_spread([_value(line, name) for line in good]) if good else "-" for name in kind.columns]
        diverged = f" ({len(lines) - len(good)} diverged)" if len(good) < len(lines) else ""
        reals = f"{np.median([line['reals_read'] for line in good]) / 1e6:.2g} M" if good else "-"
        seconds = f"{np.median([line['seconds'] for line in lines.values()]):.0f}"
        rows.append(f"| {arm} | {len(lines)}{diverged} | {' | '.join(cells)} | {reals} | {seconds} |")
    return rows


def _table_of_comparisons(runs, kind):
    shown = dict(list(kind.columns.items())[:2])
    titles = [f"{title}: difference, wins" for title, *_ in shown.values()]
    rows = [f"| method | against | seeds | {' | '.join(titles)} | reals | seconds |", "|---" * (len(titles) + 5) + "|"]
    for one, two in kind.comparisons:
        seeds = sorted(runs.get(one, {}).keys() & runs.get(two, {}).keys())
        seeds = [seed for seed in seeds if runs[one][seed]["exit"] == runs[two][seed]["exit"] == 0]
        if len(seeds) < 3:
            continue
        cells = []
        for name, (_, digits, more) in shown.items():
            values = [[_value(runs[arm][seed], name) for seed in seeds] for arm in (one, two)]
            mean, low, high, _ = paired(*values)
            wins = sum((x > y) if more else (x < y) for x, y in zip(*values, strict=True))
            cells.append(f"{mean:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}], {wins}/{len(seeds)}")
        ratios = [
            np.median([runs[one][seed][name] for seed in seeds]) / np.median([runs[two][seed][name] for seed in seeds])
            for name in ("reals_read", "seconds")
        ]
        rows.append(f"| {one} | {two} | {len(seeds)} | {' | '.join(cells)} | {ratios[0]:.1f} x | {ratios[1]:.1f} x |")
    return rows


def _value(line, name):
    if line[name] is None:
        return float(np.log({"ring": 8, "ring_r5": 8, "ring_r8": 8, "grid": 25, "cube": 27}[line["dataset"]]))
    return line[name]


def _spread(values):
    return f"{np.mean(values):.2f} ± {np.std(values, ddof=1) if len(values) > 1 else 0:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1,000 steps, two seeds, in under 10 minutes")
    parser.add_argument("--jobs", type=int, default=2, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command")
    command = commands.add_parser("run")
    command.add_argument("--datasets", nargs="+", default=["ring_r5", "grid", "cube"])
    command.add_argument("--arms", nargs="+", choices=sorted({*ARMS, *IMAGE_ARMS}), metavar="ARM")
    command.add_argument("--seeds", type=int, default=10)
    command.add_argument("--jobs", type=int, default=1)
    command.set_defaults(body=run)
    commands.add_parser("report").set_defaults(body=report)
    options = parser.parse_args()
    if not (options.quick or options.command):
        parser.error("name run, report or --quick")
    (quick if options.quick else options.body)(options)


if __name__ == "__main__":
    main()
