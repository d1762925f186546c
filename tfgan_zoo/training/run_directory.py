"""The folder that a run owns: its configuration, checkpoints, samples and logs."""

import contextlib
import json
import os
import pathlib
import re
import socket

from tfgan_zoo.files import append_line, check_regular, check_writable, read_file, read_json, try_lock, write_atomically
from tfgan_zoo.settings.config import Config
from tfgan_zoo.training import seals

CONFIG = "config.json"
LOCK = "lock"
_MOST_BYTES = 2**20  # of config.json
_MOST_IN_LINE = 2**16  # of metrics.jsonl and timing.jsonl


class RunDirectory:
    """The names inside one run's folder, and what may be done with them.

    Args:
        path: the folder, as `create` made it.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.checkpoints = self.path / "checkpoints"
        self.samples = self.path / "samples"
        self.reals = self.path / "reals.png"
        self.best = self.path / "best.weights.h5"
        self._best_in_making = self.path / "writing.weights.h5"  # what versions before wrote first
        self.metrics = self.path / "metrics.jsonl"
        self.timing = self.path / "timing.jsonl"
        self.rollbacks = self.path / "rollbacks.jsonl"
        self.events = self.path / "events"
        self.log_file = self.path / "log.txt"
        self._locked = False

    @classmethod
    def create(cls, config, path=None, root="runs"):
        """Makes the folder and writes config.json into it.

        Args:
            config: a resolved `Config`.
            path: the folder to make; None takes the next free `<root>/<n>-<method>-<dataset>`.
            root: where numbered runs live.

        Returns:
            A `RunDirectory`.

        Raises:
            ValueError: if the folder cannot be written, already holds something else, or another process has just
                begun a run in it; nothing is left behind.
        """
        if path:
            cls.check(path)
            pathlib.Path(path).mkdir(parents=True, exist_ok=True)
        else:
            check_writable("run_dir", root)
            path = _claim(pathlib.Path(root), config)
        run = cls(path)
        with run.locked():
            if cls.is_run(path):
                raise ValueError(f"run_dir={path}: another process has just begun a run there; name another folder")
            run.write_config(config)
        return run

    @staticmethod
    def check(path):
        """Finds out, by doing it, whether a run can be made at `path`, and leaves nothing behind.

        Raises:
            ValueError: in one line, if it cannot.
        """
        path = pathlib.Path(path)
        killed = {LOCK, f"{CONFIG}.tmp"}  # all that there is of a run that was killed before it was one
        if os.path.exists(path) and (not path.is_dir() or any(entry.name not in killed for entry in path.iterdir())):
            raise ValueError(f"run_dir={path} exists and is no run: name a new folder, or one that holds a {CONFIG}")
        if os.path.islink(path) and not path.exists():
            raise ValueError(f"run_dir={path} is a link that leads nowhere")
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise ValueError(f"run_dir={path} must be UTF-8: TensorFlow writes to no other path") from None
        check_writable("run_dir", path)

    @staticmethod
    def is_run(path):
        """Returns whether `path` is the folder of a run."""
        return os.path.isfile(pathlib.Path(path) / CONFIG)  # False too of what no path can be

    @contextlib.contextmanager
    def locked(self):
        """Keeps every other process from writing into the folder while the context is open; it may be entered again.

        The lock is `flock` on a file in the folder. It ends with the process, however that ends. It holds between the
        processes of one machine, and between machines that share the folder where the network file system passes
        `flock` on: NFS since Linux 2.6.12 with its lock service running, unless mounted with local_lock or nolock;
        CephFS, GPFS; Lustre if mounted with -o flock. Where the file system has no locks, nothing keeps a second
        process away.

        Raises:
            ValueError: in one line, if the folder cannot be written, another process has the lock, or a file to be
                appended to is none.
        """
        if self._locked:
            yield
            return
        for file in (self.path / LOCK, self.log_file, self.metrics, self.timing, self.rollbacks):
            check_regular("run_dir", file)
        try:
            descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise ValueError(f"run_dir={self.path} cannot be written: {error.strerror}") from None
        with os.fdopen(descriptor, "r+", errors="replace") as file:
            if try_lock(descriptor) is False:
                holder = file.read(100).strip()
                known = holder.startswith("process ") and holder.isprintable()
                raise ValueError(f"run_dir={self.path} is being written by {holder if known else 'another process'}")
            file.truncate()
            file.write(f"process {os.getpid()} on {socket.gethostname()}")
            file.flush()
            self._locked = True
            try:
                yield
            finally:
                self._locked = False

    def remove_leftovers(self):
        """Removes the temporary files of a killed process; the caller has the lock."""
        for file in (self.path / CONFIG, self.metrics, self.timing, self.rollbacks, self.best):
            file.with_name(file.name + ".tmp").unlink(missing_ok=True)
        for file in self.path.glob(self.diverged("*").name + ".tmp"):
            file.unlink(missing_ok=True)
        self._best_in_making.unlink(missing_ok=True)
        seals.remove_leftovers(self.checkpoints)

    def steps(self):
        """Returns the steps of which checkpoints are kept, ascending."""
        return seals.steps(self.checkpoints)

    def config(self):
        """Reads the run's `Config`.

        Raises:
            ValueError: in one line, if config.json is missing, damaged or another version's.
        """
        try:
            return Config.from_json(read_file(self.path / CONFIG, _MOST_BYTES))
        except FileNotFoundError:
            raise ValueError(f"{self.path} is not a run: it holds no {CONFIG}") from None
        except (ValueError, TypeError) as error:  # a list where a word belongs cannot be looked up
            raise ValueError(f"{self.path / CONFIG} cannot be used: {error}") from None

    def write_config(self, config):
        """Writes config.json, which makes the folder a run."""
        write_atomically(self.path / CONFIG, config.to_json())

    def diverged(self, step):
        """The file that keeps the batch of a step whose loss was no number."""
        return self.path / f"diverged_step_{step}.npz"

    def log(self, line):
        """Appends a line to log.txt."""
        append_line(self.log_file, line)

    def append(self, file, row):
        """Appends `row`, a dict, to a .jsonl file as one line."""
        append_line(file, json.dumps(row))

    def rows(self, file):
        """Returns (line, row), bytes and dict, of each line of a .jsonl file that `append` wrote; of no others."""
        if not file.is_file():
            return []
        lines = file.read_bytes().split(b"\n")
        return [(line, row) for line in lines if (row := _row(line)) is not None]

    def forget_after(self, step):
        """Drops the metric lines of steps after `step`: a run killed behind its last checkpoint does them again.

        What is no line of a run, such as the half of one that a kill leaves, is dropped too.
        """
        for file in (self.metrics, self.timing):
            if file.is_file():
                lines = [line for line, row in self.rows(file) if row["step"] <= step]
                write_atomically(file, b"".join(line + b"\n" for line in lines))


def _claim(root, config):
    """Makes the folder of the next number; of two processes that want it, one takes the next but one."""
    name = config.dataset
    if pathlib.Path(name).is_absolute():  # a folder or zip file
        name = pathlib.Path(name).name.removesuffix(".zip")
    dataset = re.sub(r"[^A-Za-z0-9_.]+", "_", name).strip("_.")[:64] or "data"
    root.mkdir(parents=True, exist_ok=True)
    while True:
        taken = [int(match[1]) for entry in root.iterdir() if (match := re.match(r"([0-9]{5,9})-", entry.name))]
        path = root / f"{max(taken, default=-1) + 1:05d}-{config.method}-{dataset}"
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            return path


def _row(line):
    """Returns the dict of a line, or None if it is none that has a step."""
    try:
        row = read_json(line, max_bytes=_MOST_IN_LINE)
    except ValueError:
        return None
    step = row.get("step")
    return row if isinstance(step, int) and not isinstance(step, bool) else None
