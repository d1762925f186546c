"""The folder that a run owns: its configuration, checkpoints, samples and logs."""

import contextlib
import json
import os
import pathlib
import re
import tempfile

from tfgan_zoo.training.config import Config

CONFIG = "config.json"


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
        self.metrics = self.path / "metrics.jsonl"
        self.timing = self.path / "timing.jsonl"
        self.events = self.path / "events"
        self.log_file = self.path / "log.txt"

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
            ValueError: if the folder cannot be written, or already holds something else; nothing is left behind.
        """
        if path:
            cls.check(path)
            pathlib.Path(path).mkdir(parents=True, exist_ok=True)
        else:
            check_writable("run_dir", root)
            path = _claim(pathlib.Path(root), config)
        run = cls(path)
        run.write_config(config)
        return run

    @staticmethod
    def check(path):
        """Finds out, by doing it, whether a run can be made at `path`, and leaves nothing behind.

        Raises:
            ValueError: in one line, if it cannot.
        """
        path = pathlib.Path(path)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ValueError(f"run_dir={path} exists and is no run: name a new folder, or one that holds a {CONFIG}")
        check_writable("run_dir", path)

    @staticmethod
    def is_run(path):
        """Returns whether `path` is the folder of a run."""
        return (pathlib.Path(path) / CONFIG).is_file()

    def steps(self):
        """Returns the steps of which checkpoints are kept, ascending."""
        return sorted(int(path.stem.removeprefix("ckpt-")) for path in self.checkpoints.glob("ckpt-*.index"))

    def config(self):
        """Reads the run's `Config`.

        Raises:
            ValueError: in one line, if config.json is missing, damaged or another version's.
        """
        try:
            return Config.from_json((self.path / CONFIG).read_text())
        except FileNotFoundError:
            raise ValueError(f"{self.path} is not a run: it holds no {CONFIG}") from None
        except ValueError as error:
            raise ValueError(f"{self.path / CONFIG} cannot be used: {error}") from None

    def write_config(self, config):
        """Writes config.json, which makes the folder a run."""
        write_atomically(self.path / CONFIG, config.to_json())

    def log(self, line):
        """Appends a line to log.txt."""
        with self.log_file.open("a") as file:
            file.write(line + "\n")

    def append(self, file, row):
        """Appends `row`, a dict, to a .jsonl file as one line."""
        with file.open("a") as stream:
            stream.write(json.dumps(row) + "\n")

    def forget_after(self, step):
        """Drops the metric lines of steps after `step`: a run killed behind its last checkpoint does them again."""
        for file in (self.metrics, self.timing):
            if file.exists():
                lines = [line for line in file.read_text().splitlines() if _step_of(line) <= step]
                write_atomically(file, "".join(line + "\n" for line in lines))


def check_writable(argument, folder):
    """Finds out whether `folder` can be made and written, by writing (root may do less than its rights say).

    It writes where the first folder would be made, and leaves nothing behind.

    Args:
        argument: str, the argument that named the folder.
        folder: a path; it and its parents may be missing.

    Raises:
        ValueError: in one line, if it cannot.
    """
    folder = pathlib.Path(folder)
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.NamedTemporaryFile(dir=there, prefix=".probe-") as probe:
            probe.write(b"\0")
    except OSError as error:
        raise ValueError(f"{argument}={folder} cannot be written: {error.strerror}") from None


def write_atomically(path, content):
    """Writes text or bytes under a temporary name, then renames: a reader sees the old file or the new one."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _claim(root, config):
    """Makes the folder of the next number; of two processes that want it, one takes the next but one."""
    name = config.dataset
    if pathlib.Path(name).is_absolute():  # a folder or zip file
        name = pathlib.Path(name).name.removesuffix(".zip")
    dataset = re.sub(r"[^A-Za-z0-9_.]+", "_", name).strip("_.")[:64] or "data"
    root.mkdir(parents=True, exist_ok=True)
    while True:
        taken = [int(match[1]) for entry in root.iterdir() if (match := re.match(r"(\d{5})-", entry.name))]
        path = root / f"{max(taken, default=-1) + 1:05d}-{config.method}-{dataset}"
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            return path


def _step_of(line):
    try:
        return json.loads(line)["step"]
    except (json.JSONDecodeError, KeyError):
        return float("inf")  # the half-written last line of a killed run
