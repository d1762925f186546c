"""What happens around the steps of a run: the progress bar, the records of a tick, the reasons to stop."""

import math
import resource
import signal
import sys
import time

import keras
from tqdm import tqdm

from tfgan_zoo.training import health
from tfgan_zoo.training.errors import Diverged, Interrupted


class Progress(keras.callbacks.Callback):
    """One bar over the whole run: images, images/s, time left, losses.

    Args:
        config: the run's `Config`.
        first_step: the step at which this process begins.
    """

    def __init__(self, config, first_step):
        super().__init__()
        self._batch_size = config.batch_size
        self._bar = tqdm(
            total=config.steps * config.batch_size,
            initial=first_step * config.batch_size,
            unit=" images",
            unit_scale=True,
            dynamic_ncols=True,
            file=sys.stdout,
            mininterval=0.5 if sys.stdout.isatty() else 10,
        )

    def write(self, line):
        """Prints a line above the bar."""
        self._bar.write(line)

    def on_train_batch_end(self, batch, logs=None):
        self._bar.set_postfix({name: f"{float(logs[name]):.3f}" for name in ("d_loss", "g_loss")}, refresh=False)
        self._bar.update(self._batch_size)

    def close(self):
        """Leaves the bar as it stands."""
        self._bar.close()


class Guard(keras.callbacks.Callback):
    """Stops a run at once when a loss is no longer a number, and after a checkpoint when a signal says so.

    It comes after `Ticks` in the list of callbacks.

    Args:
        checkpoints: the run's `Checkpoints`.
    """

    def __init__(self, checkpoints):
        super().__init__()
        self._checkpoints = checkpoints
        self._signal = None

    def __enter__(self):
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number, frame):
        self._signal = number

    def on_train_batch_end(self, batch, logs=None):
        broken = [name for name in self.model.log_names if not math.isfinite(logs[name])]  # the losses come first
        if broken:
            step = int(self.model.step.numpy())
            last = self._checkpoints.latest or "none yet"
            raise Diverged(f"{broken[0]} is no longer finite at step {step}; the last good checkpoint is {last}")
        if self._signal is not None and batch + 1 < self.params["steps"]:
            self._checkpoints.save()
            self._stop()

    def on_epoch_end(self, epoch, logs=None):
        # A signal in a tick's last step waits for the tick's records and checkpoint: a resumed run begins the next.
        if self._signal is not None:
            self._stop()

    def _stop(self):
        raise Interrupted(self._signal, int(self.model.step.numpy()))


class Ticks(keras.callbacks.Callback):
    """Writes the records of a tick: metrics, timing, the sample grid, then the checkpoint.

    Args:
        config: the run's `Config`.
        run: its `RunDirectory`.
        checkpoints: its `Checkpoints`.
        sheets: its `sheets.Sheets`.
        measures: functions without arguments that return {name: number or None} of the state as it is.
        evaluate: a function of the step that returns {metric: number or None}; see `best.Best`.
        write: a function that takes a line for the user.
    """

    def __init__(self, config, run, checkpoints, sheets, measures, evaluate, write):
        super().__init__()
        self._config, self._run, self._checkpoints = config, run, checkpoints
        self._sheets, self._measures, self._evaluate, self._write = sheets, measures, evaluate, write

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()
        self._first_step = int(self.model.step.numpy())

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self._began
        step = int(self.model.step.numpy())
        images = step * self._config.batch_size
        row = {"step": step, "kimg": images / 1000, "reals_read": images * self.model.reals_per_step}
        numbers = {name: float(value) for name, value in logs.items()}
        for measure in self._measures:
            numbers |= measure()
        evaluations = self._evaluate(step)
        row |= numbers | {"health": health.word(numbers)} | evaluations
        speed = (step - self._first_step) * self._config.batch_size / seconds
        self._run.append(self._run.metrics, row)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        clock = time.strftime("%Y-%m-%dT%H:%M:%S")
        self._run.append(
            self._run.timing, {"step": step, "images_per_second": speed, "memory_mb": memory, "clock": clock}
        )
        self._sheets.save_samples(step)
        self._checkpoints.save()
        modes = f"modes {row['modes']}  " if "modes" in row else ""
        scores = "".join(f"  {name} {value:.4g}" for name, value in evaluations.items() if value is not None)
        self._write(
            f"step {step:>7}  kimg {row['kimg']:>8.1f}  d_loss {row['d_loss']:.3f}  g_loss {row['g_loss']:.3f}  "
            f"{modes}{speed:.0f} images/s  {row['health']}{scores}"
        )
