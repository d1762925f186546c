"""What happens around the steps of a run: the progress bar, the records of a tick, the reasons to stop."""

import math
import resource
import signal
import sys
import time

import keras
from tqdm import tqdm

from tfgan_zoo import registry
from tfgan_zoo.training import health, signals
from tfgan_zoo.training.errors import Diverged, Interrupted

EVERY = 0.25  # seconds between two looks at what is on a device: each waits for it
TOGETHER = 8  # steps between two looks of workers, which do not share a clock


class NowAndThen:
    """Says whether it is time again."""

    def __init__(self):
        self._last = -math.inf

    def __call__(self, anyway=False):
        """Returns whether `EVERY` seconds have passed since it was last so, or `anyway`."""
        now = time.perf_counter()
        if not anyway and now - self._last < EVERY:
            return False
        self._last = now
        return True


class Progress(keras.callbacks.Callback):
    """One bar over the whole run: images, images/s, time left, losses.

    Args:
        config: the run's `Config`.
        first_step: the step at which this process begins.
    """

    def __init__(self, config, first_step):
        super().__init__()
        self._batch_size = config.batch_size
        self._due = NowAndThen()
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
        if self._due(batch + 1 == self.params["steps"]):
            losses = {name: f"{float(logs[name]):.3f}" for name in ("d_loss", "g_loss")}
            self._bar.set_postfix(losses, refresh=False)
        self._bar.update(self._batch_size)

    def follow(self, config):
        """Lets the bar end where a configuration says."""
        self._bar.total = config.steps * config.batch_size
        self._bar.refresh()

    def go_back(self, step):
        """Sets the bar to an earlier step."""
        self._bar.n = step * self._batch_size
        self._bar.refresh()

    def close(self):
        """Leaves the bar as it stands."""
        self._bar.close()


class Guard(keras.callbacks.Callback):
    """Stops a run that is broken, or that a signal asks to stop.

    Where a loss is no longer a number, nothing of it is written; a signal (see `signals`) waits for a checkpoint. It
    comes after `Ticks` in the list of callbacks. Several workers stop at the same step, whichever got the signal.

    Args:
        checkpoints: the run's `Checkpoints`.
        dump: a function of the model, the step that went wrong and its log, which keeps the step and says where; None.
    """

    def __init__(self, checkpoints, dump=None):
        super().__init__()
        self._checkpoints, self._dump = checkpoints, dump
        self._signals = signals.Watch(lambda: f"the last checkpoint is {checkpoints.latest or 'none yet'}")
        self._stopped_by = None
        self._due = NowAndThen()

    def __enter__(self):
        self._signals.__enter__()
        return self

    def __exit__(self, *error):
        self._signals.__exit__(*error)

    def on_train_begin(self, logs=None):
        self.model.wants_to_stop = lambda: self._signals.number is not None

    def on_train_batch_end(self, batch, logs=None):
        last = batch + 1 == self.params["steps"]
        if self.model.told_to_stop is None:
            self._stopped_by = self._signals.number
            if not self._due(last or self._stopped_by is not None):
                return
        elif last or batch % TOGETHER == 0:  # workers look at the same steps
            if self.model.told_to_stop > 0:
                self._stopped_by = self._signals.number or signal.SIGTERM
        else:
            return
        broken = self.model.broken()
        if broken:
            step, name = broken
            last = self._checkpoints.latest or "none yet"
            message = f"{name} is no longer finite at step {step}; the last good checkpoint is {last}"
            raise Diverged(message + (f"; {self._dump(self.model, step, name)}" if self._dump else ""), step)
        if self._stopped_by is not None and batch + 1 < self.params["steps"]:
            self._checkpoints.save()
            self._stop()

    def on_epoch_end(self, epoch, logs=None):
        # A signal in a tick's last step waits for the tick's records and checkpoint: a resumed run begins the next.
        if self.model.told_to_stop is None:
            self._stopped_by = self._signals.number
        if self._stopped_by is not None:
            self._stop()

    def _stop(self):
        raise Interrupted(self._stopped_by, int(self.model.step.numpy()))


class Ticks(keras.callbacks.Callback):
    """Writes the records of a tick: metrics, timing, the sample grid, then the checkpoint.

    Args:
        config: the run's `Config`.
        run: its `RunDirectory`.
        checkpoints: its `Checkpoints`.
        samples: its `sample_grids.SampleGrids`.
        events: its `events.Events`.
        measures: functions without arguments that return {name: number or None} of the state as it is.
        evaluate: a function of the step that returns {metric: number or None}; see `best_weights.BestWeights`.
        write: a function that takes a line for the user.
    """

    def __init__(self, config, run, checkpoints, samples, events, measures, evaluate, write):
        super().__init__()
        self._config, self._run, self._checkpoints, self._events = config, run, checkpoints, events
        self._samples, self._measures, self._evaluate, self._write = samples, measures, evaluate, write

    def _word(self, numbers):
        loss = registry.LOSSES.get(self._config.loss)
        return health.word(
            numbers,
            registry.METHODS[self._config.method],
            relative=loss is not None and loss.decides_at is None,
            step=self.model.judged_steps,
            logits=loss is not None,
        )

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()
        self._first_step = int(self.model.step.numpy())

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self._began
        step = int(self.model.step.numpy())
        images = step * self._config.batch_size
        row = {"step": step, "kimg": images / 1000, "reals_read": images * self.model.batches_per_step}
        numbers = {name: float(value) for name, value in logs.items()}
        for measure in self._measures:
            numbers |= measure()
        evaluations = self._evaluate(step)
        row |= numbers | {"health": self._word(numbers)} | evaluations
        speed = (step - self._first_step) * self._config.batch_size / seconds
        self._run.append(self._run.metrics, row)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        timing = {"step": step, "images_per_second": speed, "memory_mb": memory}
        self._run.append(self._run.timing, timing | {"clock": time.strftime("%Y-%m-%dT%H:%M:%S")})
        self._events.picture(step, "samples", self._samples.save_samples(step))
        for group, part in (("train", numbers), ("metrics", evaluations), ("timing", timing)):
            self._events.write(step, part, group)
        self._checkpoints.save()
        modes = f"modes {row['modes']}  " if "modes" in row else ""
        scores = "".join(f"  {name} {value:.4g}" for name, value in evaluations.items() if value is not None)
        self._write(
            f"step {step:>7}  kimg {row['kimg']:>8.1f}  d_loss {row['d_loss']:.3f}  g_loss {row['g_loss']:.3f}  "
            f"{modes}{speed:.0f} images/s  {row['health']}{scores}"
        )
