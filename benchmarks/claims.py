"""Each method against its baselines and controls, in paired runs.

    python benchmarks/claims.py run --datasets ring_r5 --jobs 2         # goes on where it was stopped
    python benchmarks/claims.py run --datasets fashion_mnist_10k        # the same on images
    python benchmarks/claims.py run --datasets fashion_mnist_500        # on few of them; needs `make data`
    python benchmarks/claims.py add runs/00007-gan-grid                 # a line of a run that is finished already
    python benchmarks/claims.py report                                  # writes docs/claims.md and the README's claims
    python benchmarks/claims.py report --check                          # exit status 1 if they are not up to date
    python benchmarks/claims.py --quick                                 # 1,000 steps, two seeds, kept nowhere

A run is `train.py` with one arm's flags, a data set and a seed, on one thread; what it ends with becomes one line of
benchmarks/claims.jsonl, whose `flags` repeat it. Runs are paired by seed: the same data in the same order. Equal
budgets are equal steps; the ratios of reals read and of time stand beside every comparison. claims_arms.py has the
arms, the cheapest first, and claims_report.py makes the page. It needs the extra `test`, for SciPy's distributions.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import claims_report
from claims_arms import IMAGES, MIXTURES, QUICK, SPLITS, kind

from tfgan_zoo.cli import train
from tfgan_zoo.settings import config as configs
from tfgan_zoo.settings.resolve import resolve

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "claims.jsonl"
NOTED = (
    "strength_",
    "selected_",
    "c_unclamped",
    "reconstruction",
    "health",
    "diversity",
)  # logs that explain an outcome


def finished():
    """Returns {(dataset, arm, seed): line} of the runs that are done."""
    if not RESULTS.exists():
        return {}
    lines = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    return {(line["dataset"], line["arm"], line["seed"]): line for line in lines}


def command_of(dataset, arm, seed, extra=()):
    """Returns (the script, the flags) of one run, but for its folder."""
    own = kind(dataset).arms[arm].split()
    script = own.pop(0) if own[0].endswith(".py") else "train.py"
    data = SPLITS.get(dataset, f"--dataset={dataset}").split()
    flags = [*own, *kind(dataset).flags.split(), *extra, *data, f"--seed={seed}", "--threads=1"]
    return script, flags


def run_one(dataset, arm, seed, extra=()):
    """Trains one arm and returns its line."""
    script, flags = command_of(dataset, arm, seed, extra)
    line = {"dataset": dataset, "arm": arm, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        command = [sys.executable, script, *flags, f"--run_dir={run}"]
        began = time.perf_counter()
        status, errors, cpu = _run(command)
        line |= {"seconds": round(time.perf_counter() - began, 1), "cpu_seconds": round(cpu, 1)}
        line |= {"flags": " ".join([*([] if script == "train.py" else [script]), *flags]), "exit": status}
        if status not in (0, 1) or "Traceback" in errors:
            raise RuntimeError(f"{' '.join(command)}: {errors}")
        if status == 1:  # it diverged: a result too
            return line | {"error": errors.strip()}
        return line | _outcome(run, dataset) | _separation(run, dataset)


def _outcome(run, dataset):
    """Returns what a line keeps of a run's last tick."""
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    last["d_gap"] = last["d_train"] - last["d_heldout"]
    noted = {name: value for name, value in last.items() if name.startswith(NOTED)}
    names = [name for name in ("step", "reals_read", *kind(dataset).measures) if name in last]
    return {name: last[name] for name in names} | noted


def _separation(run, dataset):
    """Returns how well D tells training images from held-out ones, whatever its scale; {} on mixtures."""
    if kind(dataset) is MIXTURES:
        return {}
    command = [sys.executable, "benchmarks/separation.py", str(run)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _run(command):
    """Runs a command; returns (exit status, what it wrote to stderr, seconds of processor time)."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)  # it is gone: Popen must not wait for it
        errors.seek(0)
        return process.returncode, errors.read(), usage.ru_utime + usage.ru_stime


def run(options):
    """Runs what is not done yet, in the order of the arms, all seeds of an arm together."""
    done = finished()
    todo = [
        (dataset, arm, seed)
        for dataset in options.datasets
        for arm in kind(dataset).arms
        if not options.arms or arm in options.arms
        for seed in range(options.seeds or kind(dataset).seeds)
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


def add(options):
    """Makes lines of finished runs that train.py made elsewhere: a run is a function of its configuration."""
    for run in options.runs:
        config = json.loads((run / "config.json").read_text())
        dataset, seed = config["dataset"], config["seed"]
        arm = next((arm for arm in kind(dataset).arms if _repeats(config, *command_of(dataset, arm, seed))), None)
        outcome = _outcome(run, dataset) | _separation(run, dataset)
        if arm is None or outcome["step"] * config["batch_size"] != config["kimg"] * 1000:
            sys.exit(f"{run}: it is no finished run of an arm")
        if (dataset, arm, seed) not in finished():
            flags = " ".join(command_of(dataset, arm, seed)[1])
            line = {"dataset": dataset, "arm": arm, "seed": seed, "flags": flags, "exit": 0} | outcome
            with RESULTS.open("a") as file:
                file.write(json.dumps(line) + "\n")
        print(f"{run}: {dataset} {arm} seed {seed}")
    return 0


def _repeats(config, script, flags):
    """Whether a run's configuration is that of train.py with these flags, but for what changes no weight."""
    values, given = train.COMMAND.parse(flags)
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    wanted = resolve(**{name: values[name] for name in given})
    wanted = dataclasses.replace(wanted, strategy="none", replicas=1, precision="float32", jit="off")
    wanted = json.loads(wanted.to_json())
    # A run that is older than an option did what was usual then.
    usual = configs.DEFAULTS | configs.before_later_fields(config)
    had = json.loads(json.dumps(usual | configs.former_penalties(config)))
    free = ("versions", "tick_kimg", "first_tick_kimg", "keep_checkpoints", "eval_metrics", "eval_every_kimg", "digest")
    return script == "train.py" and all(had[name] == wanted[name] for name in wanted if name not in free)


def quick(options):
    """A few arms of each method, short, with two seeds; prints the lines and their comparisons, and keeps nothing."""
    todo = [
        (dataset, arm, seed, shorter.split())
        for dataset, (arms, shorter) in QUICK.items()
        for arm in arms
        for seed in (0, 1)
    ]
    done = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for line in pool.map(lambda job: run_one(*job), todo):
            done[line["dataset"], line["arm"], line["seed"]] = line
            print(_told(line), flush=True)
    print("\n".join(claims_report.tables(done, least=2)))


def _told(line):
    names = [name for name in kind(line["dataset"]).measures if line.get(name) is not None]
    values = " ".join(f"{name} {line[name]:.3g}" for name in names)
    return f"{line['dataset']} {line['arm']} seed {line['seed']}: {values or line.get('error')} ({line['seconds']} s)"


def report(options):
    """Writes docs/claims.md and the claims of README and method pages from the runs that are done, or compares."""
    pages = claims_report.pages(finished())
    stale = [path for path, text in pages.items() if path.read_text() != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is not what benchmarks/claims.py report makes of the lines")
    if options.check:
        return bool(stale)
    for path in stale:
        path.write_text(pages[path])
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1,000 steps, two seeds, in under 10 minutes")
    parser.add_argument("--jobs", type=int, default=2, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command")
    command = commands.add_parser("run")
    command.add_argument("--datasets", nargs="+", default=["ring_r5", "grid", "cube"])
    command.add_argument("--arms", nargs="+", choices=sorted(MIXTURES.arms | IMAGES.arms), metavar="ARM")
    command.add_argument("--seeds", type=int, help="the first so many (default 10 on mixtures, 3 on images)")
    command.add_argument("--jobs", type=int, default=1)
    command.set_defaults(body=run)
    command = commands.add_parser("add", help="lines of runs that are finished already")
    command.add_argument("runs", nargs="+", type=pathlib.Path, metavar="RUN_DIR")
    command.set_defaults(body=add)
    command = commands.add_parser("report")
    command.add_argument("--check", action="store_true", help="write nothing; exit status 1 on a difference")
    command.set_defaults(body=report)
    options = parser.parse_args()
    if not (options.quick or options.command):
        parser.error("name run, report or --quick")
    return (quick if options.quick else options.body)(options)


if __name__ == "__main__":
    sys.exit(main())
