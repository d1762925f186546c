"""Real full disks, small file systems in memory: one line, no half-written result, a run that goes on to the bit."""

import contextlib
import os
import pathlib
import subprocess
import sys

import pytest

from tests.faults.test_kills import LENGTH, RING, ROOT, files, state

pytestmark = pytest.mark.slow

COMMANDS = {
    "generate": ("--model=pconv_fashion_mnist_10k", "--num=256"),
    "evaluate": ("--model=gan_ring", "--metrics=modes_2500", "--report"),
    "export": ("--model=gan_ring",),
}


@contextlib.contextmanager
def disk(folder, kib):
    """A file system of so many KiB; skips the test where none can be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def call(command, *flags):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / f"{command}.py"), *flags]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    run = tmp_path_factory.mktemp("straight") / "run"
    assert call("train", f"--run_dir={run}", "--method=gan", *RING, *LENGTH).returncode == 0
    return run


def one_line(done):
    assert done.returncode in (1, 2), (done.returncode, done.stderr)
    lines = [line for line in done.stderr.splitlines() if line.strip() and "images/s]" not in line]  # but for the bar
    assert len(lines) == 1, done.stderr


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_run_on_a_full_disk_goes_on_where_there_is_room(share, straight, tmp_path):
    size = sum(path.stat().st_size for path in straight.rglob("*") if path.is_file()) // 1024
    flags = ("--method=gan", *RING, *LENGTH)
    with disk(tmp_path / "disk", max(16, int(share * size))) as small:
        run = small / "run"
        done = call("train", f"--run_dir={run}", *flags)
        one_line(done)
        left = sorted(str(path) for path in run.rglob("*.tmp") if path.is_file())
        assert not left
        subprocess.run(["mount", "-o", "remount,size=100m", str(small)], check=True)
        done = call("train", f"--run_dir={run}", *flags)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert state(run) == state(straight)
        assert files(run) == files(straight)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_result_is_whole_or_not_there(command, tmp_path):
    ends = []
    for kib in (4, 12, 24, 10_000):  # of evaluate: no room, for the line, for the table too, for the report
        with disk(tmp_path / f"disk-{kib}", kib) as small:
            output = small / ("out.png" if command == "generate" else "out")
            done = call(command, f"--output={output}", *COMMANDS[command])
            ends.append(done.returncode)
            if done.returncode:
                one_line(done)
                for path in filter(pathlib.Path.is_file, small.rglob("*")):  # of evaluate, what was done is whole
                    end = {"metrics.jsonl": b"}\n", "metrics.md": b"|\n"}.get(path.name)
                    assert end and path.read_bytes().endswith(end), path
    assert ends[0] != 0 and ends[-1] == 0, ends  # the smallest has no room, the largest has


def test_a_disk_that_is_full_at_the_start_leaves_nothing(tmp_path):
    with disk(tmp_path / "disk", 8) as small:
        pathlib.Path(small / "filler").write_bytes(bytes(8192))
        one_line(call("train", f"--run_dir={small / 'run'}", "--method=gan", *RING, *LENGTH))
        assert [path.name for path in small.iterdir()] == ["filler"]
