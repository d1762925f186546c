"""What follows a number gone wrong: a dump of the step, and with `--on_nan=rollback` a way back at half the rates."""

import io
import json

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.files import write_atomically
from tfgan_zoo.training.errors import Diverged, RunError

MOST = 8  # of a run: rates of 1/256 do not bring numbers back


class Rollbacks:
    """A run's ways back, kept in rollbacks.jsonl: the step that went wrong, and the tick that it went back to.

    Both rates of step t are those of the run times 2^-n, n the number of rollbacks that went back to t or before. So
    the file says the rate of every step, and a run that is killed, and goes on from whatever checkpoint, has the rates
    of one that was not. It goes back to the end of a tick (or to step 0): where a signal made a checkpoint, only the
    runs that it came to have one.

    Args:
        config: the run's `Config`.
        run: its `RunDirectory`.

    Raises:
        RunError: if the file is damaged.
    """

    def __init__(self, config, run):
        self._config, self._run = config, run
        self._rows = [row for _, row in run.rows(run.rollbacks)]
        self.targets = [row.get("to") for row in self._rows]
        lines = run.rollbacks.read_bytes().split(b"\n") if run.rollbacks.is_file() else []
        if len(self._rows) != len(list(filter(None, lines))) or not all(type(target) is int for target in self.targets):
            raise RunError(f"{run.rollbacks} is damaged: it says the rates of the run; put a copy of it there")

    @property
    def halved_at(self):
        """The steps from which on `build_model` halves the rates; it may grow. None if the run can have none."""
        return self.targets if self.targets or self._config.on_nan == "rollback" else None

    def follow(self, config):
        """Takes a configuration whose ticks are others."""
        self._config = config

    def before(self, step):
        """Returns how many rollbacks lie behind the state at a step."""
        return sum(target < step for target in self.targets)

    def go_back(self, model, checkpoints, error):
        """Brings a run that went wrong back to its last tick, and halves its rates from there on.

        Whenever the process is killed here, the next one either sees the step go wrong again, or the rollback done.

        Args:
            model: the `GAN` of the run; built with `halved_at`.
            checkpoints: its `Checkpoints`.
            error: the `Diverged`.

        Returns:
            A line for the user.

        Raises:
            Diverged: if the run stops all the same: as `on_nan` says, or since it went back `MOST` times.
        """
        if self._config.on_nan != "rollback":
            raise error
        if len(self.targets) >= MOST:
            raise Diverged(f"{error}; it went back {MOST} times, and no more is tried", error.step)
        ticks = self._config.ticks
        target = max((step for step in self._run.steps() if ticks.is_end(step)), default=None)
        if target is None:
            raise Diverged(f"{error}; on_nan=rollback goes back to the end of a tick, and there is none", error.step)
        checkpoints.restore(target)
        checkpoints.forget_after(target)
        self._rows.append({"step": error.step, "to": target})
        write_atomically(self._run.rollbacks, "".join(json.dumps(row) + "\n" for row in self._rows))
        self.targets.append(target)
        model.train_function = None  # the rates are in its graphs
        return f"{error}: back to step {target} at 2^-{len(self.targets)} of the rates, rollback {len(self.targets)}"


class Halved(keras.optimizers.schedules.LearningRateSchedule):
    """A factor of the rates: that of a schedule, times 2^-n at step t, n the number of `targets` that are not after t.

    Args:
        targets: list of int; what is added to it counts from the next graph on.
        schedule: a function of the step; None is 1 at all.

    >>> [float(Halved([4, 4, 8])(step)) for step in (3, 4, 8)]
    [1.0, 0.25, 0.125]
    """

    def __init__(self, targets, schedule=None):
        self.targets, self.schedule = targets, schedule

    def __call__(self, step):
        scale = tf.ones([]) if self.schedule is None else self.schedule(step)
        for target in self.targets:
            scale *= tf.where(tf.cast(step, tf.int64) >= target, 0.5, 1.0)
        return scale

    def get_config(self):
        return {"targets": list(self.targets), "schedule": keras.saving.serialize_keras_object(self.schedule)}


def dump(config, run, data, model, step, name):
    """Writes the batch of a step that went wrong, for whoever looks into it; says in words where.

    The batch follows from the seed and the step. What was before the step is in the last checkpoint: the run goes on
    from there, and is at the same step again with the same bits.

    Args:
        config, run, data, model: the run's.
        step: int, the steps with the one that went wrong.
        name: str, the first of its logs that is no number.
    """
    stream = data.train(config.batch_size, model.batches_per_step, config.seed, step - 1)
    batch = {part: value.numpy() for part, value in next(iter(stream)).items()}
    file = io.BytesIO()
    np.savez_compressed(file, step=step, log=name, **batch)
    path = run.diverged(step)
    try:
        write_atomically(path, file.getvalue())
    except OSError as error:
        return f"the step's batch cannot be written: {error.strerror}"
    return f"the step's batch is in {path}"
