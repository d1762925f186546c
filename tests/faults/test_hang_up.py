"""A terminal that goes away, as a closed laptop's does: a checkpoint, status 129, and the same bits in the end."""

import fcntl
import os
import pathlib
import pty
import subprocess
import sys
import termios

from tfgan_zoo.training import seals

ROOT = pathlib.Path(__file__).parent.parent.parent
FLAGS = ("--method=gan", "--dataset=ring", "--width=8", "--batch_size=8", "--threads=1", "--tick_kimg=0.08")


def test_a_run_whose_terminal_goes_away_writes_a_checkpoint(tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "train.py", *FLAGS, "--kimg=80", f"--run_dir={tmp_path / 'run'}"]

    def own_terminal():
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=own_terminal)
    os.close(theirs)
    seen = b""
    while b"step      20 " not in seen:
        seen += os.read(ours, 1024)
    os.close(ours)
    assert process.wait(timeout=120) == 129
    newest = seals.steps(tmp_path / "run" / "checkpoints")[-1]
    assert newest >= 20 and seals.damage(tmp_path / "run" / "checkpoints", newest) == ""
