"""The run's folder: numbers, checks that leave nothing, records that survive a kill."""

import dataclasses
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tfgan_zoo.files import check_writable
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import run_directory
from tfgan_zoo.training.run_directory import RunDirectory, write_atomically

CONFIG = resolve(method="gan", dataset="ring")


def message_of(function, *args, **kwargs):
    with pytest.raises(ValueError) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert "\n" not in message
    return message


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# Making one


def test_runs_are_numbered_behind_the_highest(tmp_path):
    root = tmp_path / "deep" / "runs"
    assert RunDirectory.create(CONFIG, root=root).path.name == "00000-gan-ring"
    assert RunDirectory.create(resolve(), root=root).path.name == "00001-pconv-fashion_mnist_10k"
    (root / "00007-gan-ring").mkdir()
    (root / "notes-00099").mkdir()
    assert RunDirectory.create(CONFIG, root=root).path.name == "00008-gan-ring"


def test_numbers_of_six_digits_follow_those_of_five(tmp_path):
    for name in ("99999-x", "100000-y", "9" * 40 + "-z", "\u0663" * 5 + "-w"):
        (tmp_path / name).mkdir()
    assert RunDirectory.create(CONFIG, root=tmp_path).path.name == "100001-gan-ring"


def test_a_path_in_the_data_sets_name_makes_no_folders(tmp_path):
    config = dataclasses.replace(CONFIG, dataset="set/../config:1.0.0")
    assert RunDirectory.create(config, root=tmp_path).path == tmp_path / "00000-gan-set_.._config_1.0.0"


def test_runs_begun_at_once_get_folders_of_their_own(tmp_path):
    made, gate = [], threading.Barrier(8)

    def begin():
        gate.wait()
        made.append(RunDirectory.create(CONFIG, root=tmp_path / "runs").path.name)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [f"{number:05d}-gan-ring" for number in range(8)]


def test_a_name_that_is_too_long_is_told_by_its_argument():
    assert not RunDirectory.is_run("x" * 300)
    assert message_of(RunDirectory.check, "x" * 300) == f"run_dir={'x' * 300} cannot be written: File name too long"


def test_a_run_that_cannot_be_written_is_told_by_its_argument(tmp_path, monkeypatch):
    run, inner = RunDirectory.create(CONFIG, tmp_path / "run"), os.open

    def read_only(path, flags, *mode):
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return inner(path, flags, *mode)

    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(ValueError, match=f"run_dir={run.path} cannot be written: Read-only file system"), run.locked():
        pass


def test_a_link_to_nowhere_is_no_place_for_a_run(tmp_path):
    (tmp_path / "link").symlink_to("missing")
    assert "is a link that leads nowhere" in message_of(RunDirectory.create, CONFIG, tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_create_writes_the_configuration(tmp_path):
    run = RunDirectory.create(CONFIG, tmp_path / "mine")
    assert RunDirectory.is_run(run.path) and RunDirectory(run.path).config() == CONFIG
    assert everything(run.path) == ["config.json", "lock"]


@pytest.mark.parametrize("left", [["config.json.tmp"], ["lock"], ["config.json.tmp", "lock"]])
def test_a_start_that_was_killed_does_not_stand_in_the_way(left, tmp_path):
    for name in left:
        (tmp_path / name).write_text("{")
    RunDirectory.check(tmp_path)
    run = RunDirectory.create(CONFIG, tmp_path)
    assert run.config() == CONFIG
    with run.locked():
        run.remove_leftovers()
    assert everything(tmp_path) == ["config.json", "lock"]


def test_of_two_that_begin_a_run_in_one_folder_the_second_is_refused(tmp_path):
    RunDirectory.create(CONFIG, tmp_path / "mine")
    (tmp_path / "mine" / "config.json").rename(tmp_path / "config.json")
    RunDirectory.check(tmp_path / "mine")  # the second looks before the first one's configuration is there
    (tmp_path / "config.json").rename(tmp_path / "mine" / "config.json")
    inner, RunDirectory.check = RunDirectory.check, staticmethod(lambda path: None)
    try:
        assert "another process has just begun" in message_of(RunDirectory.create, CONFIG, tmp_path / "mine")
    finally:
        RunDirectory.check = inner


def test_one_process_writes_a_run(tmp_path):
    run = RunDirectory.create(CONFIG, tmp_path / "mine")
    code = (
        "import sys; from tfgan_zoo.training.run_directory import RunDirectory\n"
        "try:\n"
        "    with RunDirectory(sys.argv[1]).locked(): print('has it')\n"
        "except ValueError as error: print(error)"
    )

    def other():
        done = subprocess.run([sys.executable, "-c", code, str(run.path)], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    with run.locked():
        with run.locked():  # the same object may
            pass
        assert other() == f"run_dir={run.path} is being written by process {os.getpid()} on {socket.gethostname()}"
        assert "is being written" in message_of(RunDirectory(run.path).locked().__enter__)
        (run.path / "lock").write_bytes(b"\x1b[31m\xff\n")
        assert other() == f"run_dir={run.path} is being written by another process"
    assert other() == "has it"


@pytest.mark.parametrize("name", ["lock", "log.txt", "metrics.jsonl", "timing.jsonl", "rollbacks.jsonl"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(name, tmp_path):
    run = RunDirectory.create(CONFIG, tmp_path / "run")
    (run.path / name).unlink(missing_ok=True)
    os.mkfifo(run.path / name)
    message = message_of(RunDirectory(run.path).locked().__enter__)
    assert message == f"run_dir={run.path / name} is no regular file"


def test_a_dead_process_holds_no_lock(tmp_path):
    run = RunDirectory.create(CONFIG, tmp_path / "mine")
    code = (
        "import os, signal, sys; from tfgan_zoo.training.run_directory import RunDirectory\n"
        "with RunDirectory(sys.argv[1]).locked(): os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(run.path)], capture_output=True)
    assert done.returncode == -signal.SIGKILL
    with run.locked():
        assert (run.path / "lock").read_text() == f"process {os.getpid()} on {socket.gethostname()}"


def test_a_file_system_without_locks_keeps_nobody_away(tmp_path, monkeypatch):
    def no_locks(*args):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", no_locks)
    run = RunDirectory.create(CONFIG, tmp_path / "mine")
    with run.locked(), RunDirectory(run.path).locked():
        pass


def test_an_empty_folder_may_become_a_run(tmp_path):
    (tmp_path / "empty").mkdir()
    RunDirectory.check(tmp_path / "empty")
    assert everything(tmp_path) == ["empty"]
    RunDirectory.create(CONFIG, tmp_path / "empty")


@pytest.mark.parametrize("path", ["file", "file/run", "full", "/proc/run/deep"])
def test_what_cannot_be_a_run_is_refused_and_nothing_left(path, tmp_path):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("kept")
    before = everything(tmp_path)
    for function, arguments in ((RunDirectory.check, ()), (RunDirectory.create, (CONFIG,))):
        assert f"run_dir={tmp_path / path}" in message_of(function, *arguments, tmp_path / path)
    assert everything(tmp_path) == before
    assert (tmp_path / "full" / "thesis.tex").read_text() == "kept"


def test_the_check_leaves_nothing(tmp_path):
    check_writable("output", tmp_path / "a" / "b" / "c")
    assert everything(tmp_path) == []


def test_a_name_that_no_folder_can_have_is_refused(tmp_path):
    assert "output=" in message_of(check_writable, "output", tmp_path / ("x" * 300))


# Reading one


def test_a_folder_without_config_is_no_run(tmp_path):
    assert not RunDirectory.is_run(tmp_path)
    assert "is not a run" in message_of(RunDirectory(tmp_path).config)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"5", b"null", b"\xff\xfe", b'{"method": "gan"}', b"[" * 100_000, b'{"a":' * 100_000),
        json.dumps(dataclasses.asdict(CONFIG) | {"eval_metrics": [["ada"]]}).encode(),
        json.dumps(dataclasses.asdict(CONFIG) | {"method": ["gan"]}).encode(),
        json.dumps(dataclasses.asdict(CONFIG) | {"augment": [{}]}).encode(),
    ],
)
def test_damaged_config_names_the_file(content, tmp_path):
    (tmp_path / "config.json").write_bytes(content)
    assert str(tmp_path / "config.json") in message_of(RunDirectory(tmp_path).config)


# Writing


def test_write_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, "old")
    write_atomically(path, "new")
    assert path.read_text() == "new"

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"half")
    assert path.read_text() == "new"
    assert everything(tmp_path) == ["file"]


def test_append_and_log_add_lines(tmp_path):
    run = RunDirectory(tmp_path)
    run.append(run.metrics, {"step": 1, "d_loss": 0.1})
    run.append(run.metrics, {"step": 2, "d_loss": 1e-30})
    run.log("one")
    run.log("two")
    assert [json.loads(line) for line in run.metrics.read_text().splitlines()] == [
        {"step": 1, "d_loss": 0.1},
        {"step": 2, "d_loss": 1e-30},
    ]
    assert run.log_file.read_text() == "one\ntwo\n"


@pytest.mark.parametrize("tail", ["", '{"step": 4, "d_lo', '{"step": 4}', '{"step": 4}\n{"ste', "\n", '{"st'])
def test_forget_after_keeps_whole_lines_up_to_the_step(tail, tmp_path):
    run = RunDirectory(tmp_path)
    kept = '{"step": 1, "a": 0.1}\n{"step": 3, "a": 0.25}\n'
    run.metrics.write_text(kept + tail)
    run.timing.write_text(kept + '{"step": 5}\n')
    run.forget_after(3)
    assert run.metrics.read_text() == run.timing.read_text() == kept
    run.append(run.metrics, {"step": 4})
    assert run.metrics.read_text() == kept + '{"step": 4}\n'


ODD = [
    b"5",
    b"null",
    b"[]",
    b'{"step": null}',
    b'{"step": true}',
    b'{"step": "1"}',
    b"{}",
    b"\xff",
    b"[" * 10**5,
    b"\x00",
]


@pytest.mark.parametrize("odd", ODD)
def test_lines_that_no_run_writes_are_dropped(odd, tmp_path):
    run = RunDirectory(tmp_path)
    for file in (run.metrics, run.timing):
        file.write_bytes(odd + b'\n{"step": 1}\n' + odd + b'\n{"step": 2}\n{"step": 3}\n' + odd)
    assert [row for _, row in run.rows(run.metrics)] == [{"step": 1}, {"step": 2}, {"step": 3}]
    run.forget_after(2)
    assert run.metrics.read_bytes() == run.timing.read_bytes() == b'{"step": 1}\n{"step": 2}\n'


def test_odd_names_in_the_folder_of_checkpoints_are_passed_over(tmp_path):
    run = RunDirectory(tmp_path)
    run.checkpoints.mkdir()
    for name in ("ckpt-4.index", "ckpt-x.index", "ckpt-.index", "ckpt-10.index", "ckpt-1e3.index"):
        (run.checkpoints / name).touch()
    assert run.steps() == [4, 10]


def test_forget_after_needs_no_files(tmp_path):
    RunDirectory(tmp_path).forget_after(3)
    assert everything(tmp_path) == []


def test_names(tmp_path):
    run = RunDirectory(tmp_path)
    names = {"checkpoints", "samples", "reals.png", "metrics.jsonl", "timing.jsonl", "events", "log.txt"}
    paths = (run.checkpoints, run.samples, run.reals, run.metrics, run.timing, run.events, run.log_file)
    assert {path.name for path in paths} == names and run_directory.CONFIG == "config.json"
