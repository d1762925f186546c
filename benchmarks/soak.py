"""Whether a long run stays as small as it began: python benchmarks/soak.py [--plot=docs/soak.png], some minutes; Linux.

Starts train.py on a mixture with a checkpoint, a sheet, an evaluation and a line of every record each tick, reads its
memory, open files and threads from /proc as it goes, and prints them. A growth of the memory between a quarter of the
ticks and the end of more than --mib, or of files or threads at all, makes the exit status 1.
"""

import argparse
import os
import pathlib
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


def follow(process, run_dir):
    """Yields (tick, MiB, files, threads) of a run, once for each tick that is seen."""
    seen = 0
    while process.poll() is None:
        ticks = ticks_of(run_dir)
        if ticks > seen:
            seen = ticks
            try:
                yield (ticks, *reading(process.pid))
            except OSError:  # it ended in between
                return
        time.sleep(0.02)


def draw(rows, path):
    """Draws memory, open files and threads against the ticks."""
    ticks, *columns = zip(*rows, strict=True)
    figure = Figure(figsize=(7, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(3, 1, sharex=True)
    for axis, values, label in zip(axes, columns, ("resident MiB", "open files", "threads"), strict=True):
        axis.plot(ticks, values, linewidth=1)
        axis.set_ylim(0, 1.15 * max(values))
        axis.set_ylabel(label)
    axes[-1].set_xlabel("tick: a checkpoint, a sheet, an evaluation")
    figure.savefig(path, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=1000)
    parser.add_argument("--mib", type=float, default=16, help="the memory that may be gained after the first quarter")
    parser.add_argument("--plot", type=pathlib.Path, help="a picture of all readings, for instance docs/soak.png")
    parser.add_argument("flags", nargs="*", help="more flags of train.py, after --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run_dir = pathlib.Path(folder) / "soak"
        command = [sys.executable, "train.py", "--method=gan", "--dataset=ring", f"--batch_size={BATCH}"]
        command += [f"--tick_kimg={BATCH / 1000}", f"--kimg={options.ticks * BATCH / 1000}", "--threads=1"]
        command += ["--eval_metrics=modes_2500", f"--run_dir={run_dir}", *options.flags]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
            rows = list(follow(process, run_dir))
        if process.returncode:
            return process.returncode
    print("| tick | MiB | files | threads |\n|---|---|---|---|")
    shown = max(1, len(rows) // 10)
    for tick, *values in [*rows[::shown], rows[-1]]:
        print("| {} | {:.0f} | {} | {} |".format(tick, *values))
    if options.plot:
        draw(rows, options.plot)
    # Single readings jump by a checkpoint's buffers and files: medians of a tenth of the readings do not.
    tenth = max(1, len(rows) // 10)
    early, late = (
        [statistics.median(column) for column in zip(*part, strict=True)]
        for part in (rows[len(rows) // 4 :][:tenth], rows[-tenth:])
    )
    gains = [b - a for a, b in zip(early[1:], late[1:], strict=True)]
    print("\nFrom tick {:.0f} to {:.0f}: {:+.1f} MiB, {:+g} files, {:+g} threads".format(early[0], late[0], *gains))
    return int(gains[0] > options.mib or gains[1] > 0 or gains[2] > 0)


if __name__ == "__main__":
    sys.exit(main())
