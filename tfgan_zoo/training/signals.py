"""Signals while a run trains: one asks for a checkpoint and an end, a second one ends the process at once."""

import os
import select
import signal
import sys
import threading
import time

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE = 8  # seconds from SIGTERM or SIGHUP to the end of the process, whatever it is doing; Ctrl-C may be repeated


class Watch:
    """Notes the first signal of `SIGNALS`; of SIGTERM and SIGHUP the process is over `GRACE` seconds later.

    Python runs a signal's handler between two of its instructions, which may be far apart: a training step can take
    minutes. So a thread of its own looks at signals as they come. What the process writes is whole or removed by the
    next start, so it may end anywhere.

    A signal that was ignored before, as `nohup` has SIGHUP ignored, stays ignored.

    Args:
        last_words: a function without arguments that returns how the line on stderr ends if the process ends at once.

    Attributes:
        number: the signal's number; None if there was none.
    """

    def __init__(self, last_words):
        self.number = None
        self._last_words = last_words

    def __enter__(self):
        numbers = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        self._terminals = [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]
        self._before = {number: signal.signal(number, self._note) for number in numbers}
        self._reads, self._writes = os.pipe()
        os.set_blocking(self._writes, False)
        self._wakeup_before = signal.set_wakeup_fd(self._writes, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, args=(set(numbers),), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error):
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._writes)
        self._thread.join()
        os.close(self._reads)

    def _note(self, number, frame):
        self.number = self.number or number

    def _watch(self, numbers):
        first = end = None
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            ready, _, _ = select.select([self._reads], [], [], left)
            if not ready:
                self._end(first, f"{GRACE} s after {signal.Signals(first).name}")
            came = os.read(self._reads, 64)
            if not came:  # the other end is closed
                return
            for number in filter(numbers.__contains__, came):
                if number == signal.SIGHUP:  # no second signal: it comes twice where a shell ends with its terminal
                    self._leave_terminals()
                elif first is not None:
                    self._end(number, f"at once by {signal.Signals(number).name}")
                if first is None:
                    first, end = number, None if number == signal.SIGINT else time.monotonic() + GRACE

    def _leave_terminals(self):
        """Turns what is printed away from a terminal that has gone: a write to it is an error."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in self._terminals:
            os.dup2(nowhere, descriptor)
        os.close(nowhere)

    def _end(self, number, how):
        os.write(2, f"{os.path.basename(sys.argv[0])}: stopped {how}; {self._last_words()}\n".encode())
        os._exit(128 + number)
