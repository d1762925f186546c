"""Where the four commands begin: before anything large is imported, so that Ctrl-C is one line from then on.

They are scripts of the repository, `python train.py`, and words of the program that the package installs,
`tfgan-zoo train`.
"""

import contextlib
import importlib
import os
import signal
import sys
import threading
from importlib import metadata

PROGRAM = "tfgan-zoo"
SCRIPTS = ("train.py", "generate.py", "evaluate.py", "export.py")
_installed = False  # whether this process is the installed program


def called(script):
    """Returns what messages begin with: "train.py", or "tfgan-zoo train" where the installed program runs.

    >>> called("train.py")
    'train.py'
    """
    return f"{PROGRAM} {script.removesuffix('.py')}" if _installed else script


def typed(script):
    """Returns what a user types to start a command, without its flags.

    >>> typed("export.py")
    'python export.py'
    """
    return called(script) if _installed else f"python {script}"


def main():
    """The installed program: `tfgan-zoo train --method=pconv`."""
    global _installed
    _installed = True
    words = [script.removesuffix(".py") for script in SCRIPTS]
    usage = f"{PROGRAM} {'|'.join(words)} --flags; {PROGRAM} train --help tells those of train"
    word, sys.argv = (sys.argv[1] if len(sys.argv) > 1 else None), [called("train.py"), *sys.argv[2:]]
    if word in words:
        sys.argv[0] = called(f"{word}.py")
        run(word)
    if word in ("--help", "-h", "--version"):
        print(usage if word != "--version" else f"{PROGRAM} {metadata.version('tfgan-zoo')}")
        sys.exit(0)
    given = "no command is given" if word is None else f"command={ascii(word)[:60]} is unknown"
    print(f"{PROGRAM}: {given}; usage: {usage}", file=sys.stderr)
    sys.exit(2)


def run(command):
    """Imports `tfgan_zoo.cli.<command>`, runs its `main` and ends the process with the status that this returns."""
    with ending_at_once():
        main = importlib.import_module(f"tfgan_zoo.cli.{command}").main
    sys.exit(main())


@contextlib.contextmanager
def ending_at_once(stderr=2):
    """Lets Ctrl-C end the process with one line and status 130, while modules are imported and nothing is written yet.

    A KeyboardInterrupt inside an import would be a traceback of other people's modules, or be taken by one of them for
    a missing package.

    Args:
        stderr: int, the file descriptor for the line.
    """

    def end(number, frame):
        os.write(stderr, f"{os.path.basename(sys.argv[0])}: stopped by SIGINT\n".encode())
        os._exit(128 + signal.SIGINT)

    # Signals are the main thread's; and where Ctrl-C is ignored, as in a shell's background, it stays ignored.
    main_thread = threading.current_thread() is threading.main_thread()
    if not main_thread or signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        yield
        return
    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
