"""Signals in a process of their own: noted once, at once the second time, over when the time is up."""

import signal
import subprocess
import sys

import pytest

# Watches, raises the signals of its arguments, and tells what was noted. Where it waits, only the watch ends it.
CODE = """
import signal, sys
from tfgan_zoo.training import signals
signals.GRACE = 0.2
numbers = [signal.Signals[name] for name in sys.argv[1:] if name != "wait"]
with signals.Watch(lambda: "the last checkpoint is ckpt-7") as watch:
    for number in numbers:
        signal.raise_signal(number)
    while "wait" in sys.argv:
        sum(range(1000))
    print(watch.number)
print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
"""


def run(*words, prefix=()):
    done = subprocess.run([*prefix, sys.executable, "-c", CODE, *words], capture_output=True, text=True, timeout=60)
    assert done.stderr.count("\n") <= 1
    return done.returncode, done.stdout.split(), done.stderr


def test_nothing_comes():
    assert run() == (0, ["None", "True"], "")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_signal_is_noted(name):
    assert run(name) == (0, [str(int(signal.Signals[name])), "True"], "")


@pytest.mark.parametrize(
    ("names", "status"), [(("SIGINT", "SIGINT"), 130), (("SIGTERM", "SIGINT"), 130), (("SIGHUP", "SIGTERM"), 143)]
)
def test_the_second_ends_the_process_at_once(names, status):
    code, _, error = run(*names, "wait")
    assert code == status and f"stopped at once by {names[1]}; the last checkpoint is ckpt-7" in error


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_the_process_is_over_when_the_time_is_up(name, status):
    code, out, error = run(name, "wait")
    assert (code, out) == (status, []) and f"stopped 0.2 s after {name}; the last checkpoint is ckpt-7" in error


def test_a_shell_that_ends_with_its_terminal_sends_two():
    assert run("SIGHUP", "SIGHUP") == (0, ["1", "True"], "")


def test_what_is_ignored_stays_ignored():
    assert run("SIGHUP", prefix=["nohup"])[1] == ["None", "True"]
