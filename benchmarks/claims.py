"""Each method against its baselines and controls, in paired runs.

    python benchmarks/claims.py run --datasets ring_r5 --seeds 10 --jobs 2     # goes on where it was stopped
    python benchmarks/claims.py report                                         # writes docs/claims.md

A run is `train.py` with one arm's flags, a data set and a seed, on one thread; what it ends with becomes one line of
benchmarks/claims.jsonl. Runs are paired by seed: the same data in the same order. Equal budgets are equal steps; the
ratios of reals read and of wall-clock stand beside every comparison. The cheapest arms come first.
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile
import time

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
}

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
]
MEASURES = {"modes": "modes covered", "good": "share of good samples", "kl": "KL over modes"}


def finished():
    """Returns {(dataset, arm, seed): line} of the runs that are done."""
    if not RESULTS.exists():
        return {}
    lines = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    return {(line["dataset"], line["arm"], line["seed"]): line for line in lines}


def run_one(dataset, arm, seed):
    """Trains one arm and returns its line."""
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        flags = [*ARMS[arm].split(), f"--dataset={dataset}", f"--seed={seed}", "--threads=1", "--tick_kimg=256"]
        command = [sys.executable, "train.py", *flags, f"--run_dir={run}"]
        began = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        line = {"dataset": dataset, "arm": arm, "seed": seed, "seconds": round(time.perf_counter() - began, 1)}
        line |= {"flags": " ".join(flags[:-2]), "exit": done.returncode}
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        if done.returncode == 1:  # it diverged: a result too
            return line | {"error": done.stderr.strip()}
        last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
        return line | {name: last[name] for name in ("step", "reals_read", *MEASURES)}


def run(options):
    """Runs what is not done yet, in the order of ARMS, all seeds of an arm together."""
    done = finished()
    arms = options.arms or list(ARMS)
    todo = [
        (dataset, arm, seed)
        for arm in ARMS
        if arm in arms
        for dataset in options.datasets
        for seed in range(options.seeds)
        if (dataset, arm, seed) not in done
    ]
    print(f"{len(todo)} runs to do")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(run_one, *key) for key in todo]
        for future in concurrent.futures.as_completed(futures):
            line = future.result()
            with RESULTS.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(f"{line['dataset']} {line['arm']} seed {line['seed']}: modes {line.get('modes')} {line['seconds']} s")


def paired(one, two, draws=10_000):
    """Compares paired values.

    Args:
        one, two: float[n], of the same seeds.
        draws: bootstrap resamples of the differences.

    Returns:
        (mean difference, lower and upper end of its 95 % bootstrap interval, wins of `one`).
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
        runs = {arm: {seed: line for (d, a, seed), line in done.items() if (d, a) == (dataset, arm)} for arm in ARMS}
        runs = {arm: lines for arm, lines in runs.items() if lines}
        parts += [f"\n## {dataset}\n", *_table_of_arms(runs), "", *_table_of_comparisons(runs)]
    REPORT.write_text("\n".join(parts) + "\n")
    print(REPORT)


HEAD = """# The methods against their baselines

Written by `python benchmarks/claims.py report` from `benchmarks/claims.jsonl`; every line there is one run, with its
flags. Each arm trains the `mlp` network on a Gaussian mixture for 4,000 steps of 256 samples, one seed a run; it is
measured on 2,500 samples of the averaged generator: modes covered, share of good samples (within 3 standard deviations
of a mode), and KL divergence of the good ones over the modes from uniform (lower is better; without a good sample it
counts as log K). Runs of two arms are paired by seed. The interval is a 95 % bootstrap of the mean paired difference.
Wall-clock ratios are of medians of whole runs on one thread each, start included, on a machine that other work shared:
take them as rough."""


def _table_of_arms(runs):
    rows = [
        "| arm | seeds | modes covered | good samples | KL | reals read | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm, lines in runs.items():
        good = [line for line in lines.values() if line["exit"] == 0]
        cells = [_spread([_value(line, name) for line in good]) for name in MEASURES] if good else ["-"] * 3
        diverged = f" ({len(lines) - len(good)} diverged)" if len(good) < len(lines) else ""
        reals = f"{np.median([line['reals_read'] for line in good]) / 1e6:.1f} M" if good else "-"
        seconds = f"{np.median([line['seconds'] for line in lines.values()]):.0f}"
        rows.append(f"| {arm} | {len(lines)}{diverged} | {' | '.join(cells)} | {reals} | {seconds} |")
    return rows


def _table_of_comparisons(runs):
    rows = [
        "| method | against | seeds | modes: difference, wins | good: difference, wins | reals | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for one, two in COMPARISONS:
        seeds = sorted(runs.get(one, {}).keys() & runs.get(two, {}).keys())
        seeds = [seed for seed in seeds if runs[one][seed]["exit"] == runs[two][seed]["exit"] == 0]
        if len(seeds) < 3:
            continue
        cells = []
        for name, digits in (("modes", 1), ("good", 2)):
            values = [[_value(runs[arm][seed], name) for seed in seeds] for arm in (one, two)]
            mean, low, high, wins = paired(*values)
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
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("run")
    command.add_argument("--datasets", nargs="+", default=["ring_r5", "grid", "cube"])
    command.add_argument("--arms", nargs="+", choices=list(ARMS))
    command.add_argument("--seeds", type=int, default=10)
    command.add_argument("--jobs", type=int, default=1)
    command.set_defaults(body=run)
    commands.add_parser("report").set_defaults(body=report)
    options = parser.parse_args()
    options.body(options)


if __name__ == "__main__":
    main()
