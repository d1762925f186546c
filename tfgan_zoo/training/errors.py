"""Why a run ends before its end."""

import signal


class RunError(RuntimeError):
    """A run cannot go on; the message is one line for the user."""


class Diverged(RunError):
    """A loss is no longer a number."""


class Interrupted(RunError):
    """A signal stopped the run, after a checkpoint; `signal` is its number."""

    def __init__(self, number, step):
        super().__init__(f"stopped by {signal.Signals(number).name} at step {step}, its checkpoint written")
        self.signal = number
