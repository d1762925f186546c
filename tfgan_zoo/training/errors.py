"""Why a run ends before its end."""

import signal


class RunError(RuntimeError):
    """A run cannot go on; the message is one line for the user."""


class Diverged(RunError):
    """A loss is no longer a number; `step` counts the steps with the one that did it."""

    def __init__(self, message, step):
        super().__init__(message)
        self.step = step


class Interrupted(RunError):
    """A signal stopped the run, after a checkpoint; `signal` is its number."""

    def __init__(self, number, step):
        super().__init__(f"stopped by {signal.Signals(number).name} at step {step}, its checkpoint written")
        self.signal = number
