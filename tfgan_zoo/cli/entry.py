"""Where the four commands begin: before anything large is imported, so that Ctrl-C is one line from then on."""

import contextlib
import importlib
import os
import signal
import sys
import threading


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
