"""The run's folder: numbers, checks that leave nothing, records that survive a kill."""

import dataclasses
import json
import os
import threading

import pytest

from tfgan_zoo.training import run_directory
from tfgan_zoo.training.config import resolve
from tfgan_zoo.training.run_directory import RunDirectory, check_writable, write_atomically

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


def test_create_writes_the_configuration(tmp_path):
    run = RunDirectory.create(CONFIG, tmp_path / "mine")
    assert RunDirectory.is_run(run.path) and RunDirectory(run.path).config() == CONFIG
    assert everything(run.path) == ["config.json"]


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


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"method": "gan"}'])
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


def test_forget_after_needs_no_files(tmp_path):
    RunDirectory(tmp_path).forget_after(3)
    assert everything(tmp_path) == []


def test_names(tmp_path):
    run = RunDirectory(tmp_path)
    names = {"checkpoints", "samples", "reals.png", "metrics.jsonl", "timing.jsonl", "events", "log.txt"}
    paths = (run.checkpoints, run.samples, run.reals, run.metrics, run.timing, run.events, run.log_file)
    assert {path.name for path in paths} == names and run_directory.CONFIG == "config.json"
