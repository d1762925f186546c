"""Whether a long run stays as small as it began: python benchmarks/soak.py [--plot=docs/soak.png], some minutes; Linux.

Starts train.py on a mixture with a checkpoint, a sheet, an evaluation and a line of every record each tick, reads its
memory, open files and threads from /proc as it goes, and prints them. A growth of the memory between a quarter of the
ticks and the end of more than --mib, or of files or threads at all, makes the exit status 1. --workers=2 does so with
as many processes of one run (strategy=multiworker), --minutes=30 ends by SIGTERM, not at a tick.
"""

import argparse
import contextlib
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

ROOT = pathlib.Path(__file__).resolve().parent.parent
BATCH = 16


def reading(process):
    """Returns (resident MiB, open files, threads) of a process."""
    folder = pathlib.Path(f"/proc/{process}")
    pages = int((folder / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, len(os.listdir(folder / "fd")), len(os.listdir(folder / "task"))


def ticks_of(run_dir):
    """Returns the number of ticks that a run has behind it."""
    timing = run_dir / "timing.jsonl"
    return timing.read_bytes().count(b"\n") if timing.exists() else 0


def environments(count):
    """Returns the environment of each of several workers on this machine; of one the usual."""
    if count == 1:
        return [None]
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("localhost", 0))) for _ in range(count)]
        addresses = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    tasks = [{"cluster": {"worker": addresses}, "task": {"type": "worker", "index": i}} for i in range(count)]
    return [os.environ | {"TF_CONFIG": json.dumps(task)} for task in tasks]


def follow(processes, run_dir, seconds):
    """Yields (tick, readings) of a run's processes, once for each tick that is seen; ends it when its time is over."""
    seen, end = 0, time.monotonic() + seconds
    while all(process.poll() is None for process in processes):
        ticks = ticks_of(run_dir)
        if ticks > seen:
            seen = ticks
            try:
                yield ticks, [reading(process.pid) for process in processes]
            except OSError:  # it ended in between
                return
        if time.monotonic() > end:
            processes[-1].terminate()  # one of several: all of them end
            return
        time.sleep(0.02)


def draw(rows, path):
    """Draws memory, open files and threads of each process against the ticks."""
    ticks, readings = zip(*rows, strict=True)
    figure = Figure(figsize=(7, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(3, 1, sharex=True)
    for i, label in enumerate(("resident MiB", "open files", "threads")):
        for k in range(len(readings[0])):
            axes[i].plot(ticks, [values[k][i] for values in readings], linewidth=1, label=f"worker {k}")
        axes[i].set_ylim(0, 1.15 * max(one[i] for values in readings for one in values))
        axes[i].set_ylabel(label)
    if len(readings[0]) > 1:
        axes[0].legend()
    axes[-1].set_xlabel("tick: a checkpoint, a sheet, an evaluation")
    figure.savefig(path, dpi=100)


def gains(rows, worker):
    """Returns (MiB, files, threads) that a process gained after the first quarter.

    Single readings jump by a checkpoint's buffers and files: medians of a tenth of the readings do not.
    """
    readings = [values[worker] for _, values in rows]
    tenth = max(1, len(readings) // 10)
    early, late = (
        [statistics.median(column) for column in zip(*part, strict=True)]
        for part in (readings[len(readings) // 4 :][:tenth], readings[-tenth:])
    )
    return [b - a for a, b in zip(early, late, strict=True)]


def run(options, run_dir):
    """Returns the rows of a run, and whether its processes ended as they should."""
    command = [sys.executable, "train.py", "--method=gan", "--dataset=ring", f"--batch_size={BATCH}"]
    command += [f"--tick_kimg={BATCH / 1000}", f"--kimg={options.ticks * BATCH / 1000}", "--threads=1"]
    command += ["--eval_metrics=modes_2500", f"--run_dir={run_dir}", *options.flags]
    command += ["--strategy=multiworker"] if options.workers > 1 else []
    with contextlib.ExitStack() as stack:
        started = [
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
            for environment in environments(options.workers)
        ]
        for process in started:
            stack.enter_context(process)
        rows = list(follow(started, run_dir, 60 * options.minutes))
    return rows, all(process.returncode in (0, 143) for process in started)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="the time after which it is ended")
    parser.add_argument("--workers", type=int, default=1, help="the processes that train it together")
    parser.add_argument("--mib", type=float, default=16, help="the memory that may be gained after the first quarter")
    parser.add_argument("--plot", type=pathlib.Path, help="a picture of all readings, for instance docs/soak.png")
    parser.add_argument("flags", nargs="*", help="more flags of train.py, after --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows, well = run(options, pathlib.Path(folder) / "soak")
    if not well or not rows:
        return 2
    print("| tick | worker | MiB | files | threads |\n|---|---|---|---|---|")
    for tick, readings in [*rows[:: max(1, len(rows) // 10)], rows[-1]]:
        for worker, values in enumerate(readings):
            print("| {} | {} | {:.0f} | {} | {} |".format(tick, worker, *values))
    if options.plot:
        draw(rows, options.plot)
    print(f"\nFrom a quarter of {rows[-1][0]} ticks to the end:")
    found = [gains(rows, worker) for worker in range(options.workers)]
    for worker, gained in enumerate(found):
        print("worker {}: {:+.1f} MiB, {:+g} files, {:+g} threads".format(worker, *gained))
    return int(any(mib > options.mib or files > 0 or threads > 0 for mib, files, threads in found))


if __name__ == "__main__":
    sys.exit(main())
