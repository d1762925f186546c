"""JSON from outside, with limits; folders in making, and what a killed maker leaves."""

import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfgan_zoo.files import append_line, folder_in_making, read_json, remove_abandoned, try_lock, write_atomically

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def message_of(source, **limits):
    with pytest.raises(ValueError) as caught:
        read_json(source, **limits)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 200
    return message


@given(st.dictionaries(st.text(), VALUES))
def test_json_comes_back(value):
    assert read_json(json.dumps(value)) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")) == value


@given(st.binary())
def test_any_bytes_are_an_object_or_one_line(content):
    try:
        assert isinstance(read_json(content), dict)
    except ValueError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("content", ["5", "null", "[]", '"word"', "true", "1" * 90, "[" + "1, " * 99 + "1]"])
def test_other_values_are_no_object(content):
    assert message_of(content).startswith("holds ")


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"a":['])
def test_deep_nesting_is_refused_without_recursion(opening):
    assert "64 brackets lie in one another" in message_of(opening * 100_000)


def test_depth_counts_brackets_outside_of_strings():
    assert read_json('{"a": "' + "[" * 1000 + '\\"{"}') == {"a": "[" * 1000 + '"{'}
    assert read_json('{"a": [' + "[]," * 1000 + "[]]}", max_depth=3)
    assert "more than 2" in message_of('{"a": [[]]}', max_depth=2)


@pytest.mark.parametrize("content", ['"' + '\\"' * 500_000, '"' + "\\" * 999_999, '{"a": "' * 100_000])
def test_a_string_without_an_end_is_gone_through_once(content):
    assert "is not JSON" in message_of(content)


def test_size_and_bytes():
    assert "larger than 10 bytes" in message_of(b'{"a": "0123456789"}', max_bytes=10)
    assert message_of(b'{"a": "\xff"}') == "is not JSON: byte 7 is not UTF-8"
    assert read_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}  # as some editors write it


def test_what_is_no_regular_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", pathlib.Path("/dev/zero"), tmp_path):
        assert message_of(path) == "is no regular file"
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "none")


def test_a_pipe_under_the_temporary_name_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "file.tmp")
    write_atomically(tmp_path / "file", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "whole"


def test_ctrl_c_leaves_the_file_of_before_and_no_other(tmp_path, monkeypatch):
    def stopped(descriptor):
        raise KeyboardInterrupt

    (tmp_path / "file").write_text("before")
    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "file", "half")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_a_line_is_appended_whole_or_not_at_all(tmp_path):
    path, soft_hard = tmp_path / "lines", resource.getrlimit(resource.RLIMIT_FSIZE)
    append_line(path, "first")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, soft_hard[1]))  # as if the disk were full
    try:
        for file in (path, tmp_path / "other"):
            with pytest.raises(OSError):
                append_line(file, "x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, soft_hard)
    assert path.read_text() == "first\n" and not (tmp_path / "other").exists()
    append_line(path, "second")
    assert path.read_text() == "first\nsecond\n"


def test_a_line_behind_half_a_line_is_one_of_its_own(tmp_path):
    (tmp_path / "lines").write_text('{"step": 1}\n{"st')
    append_line(tmp_path / "lines", '{"step": 2}')
    assert (tmp_path / "lines").read_text() == '{"step": 1}\n{"st\n{"step": 2}\n'


def test_names_that_are_no_text_are_written_as_escapes(tmp_path):
    name = os.fsdecode(b"b\xff\xc3\xb6")
    append_line(tmp_path / "lines", name)
    write_atomically(tmp_path / "text", name)
    assert (tmp_path / "lines").read_text("utf-8") == "b\\udcff\xf6\n"
    assert (tmp_path / "text").read_text("utf-8") == "b\\udcff\xf6"


# Folders in making


def test_a_folder_in_making_ends_under_its_name_or_not_at_all(tmp_path):
    with folder_in_making(tmp_path, "x.") as folder:
        (folder / "file").write_text("whole")
        folder.rename(tmp_path / "final")
    with pytest.raises(KeyError), folder_in_making(tmp_path, "x.") as folder:
        (folder / "file").write_text("half")
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["final"]


def test_what_a_dead_maker_left_goes_and_what_a_living_one_makes_stays(tmp_path):
    code = (
        "import os, signal, sys; from tfgan_zoo.files import folder_in_making\n"
        "with folder_in_making(sys.argv[1], 'x.') as path:\n"
        "    print(path, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    left = pathlib.Path(done.stdout.strip())
    assert left.is_dir()
    with folder_in_making(tmp_path, "y."):
        assert left.is_dir()  # another prefix
    with folder_in_making(tmp_path, "x.") as living:
        assert not left.exists()
        remove_abandoned(tmp_path, "x.")
        assert living.is_dir()


def test_files_and_folders_that_cannot_be_locked_go_after_a_day(tmp_path, monkeypatch):
    def no_locks(*args):
        raise OSError(95, "Operation not supported")

    (tmp_path / "x.file").touch()
    (tmp_path / "x.folder").mkdir()
    (tmp_path / "other").touch()
    monkeypatch.setattr("fcntl.flock", no_locks)
    remove_abandoned(tmp_path, "x.")
    assert len(list(tmp_path.iterdir())) == 3
    for name in ("x.file", "x.folder", "other"):
        os.utime(tmp_path / name, (time.time() - 90_000,) * 2)
    remove_abandoned(tmp_path, "x.")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_lock_is_held_once(tmp_path):
    with (tmp_path / "lock").open("w") as one, (tmp_path / "lock").open("w") as other:
        assert try_lock(one.fileno()) is True
        assert try_lock(other.fileno()) is False
    with (tmp_path / "lock").open("w") as other:
        assert try_lock(other.fileno()) is True
