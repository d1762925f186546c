"""A run's whole state on disk: weights, both optimisers, averages, running means, step."""

import pathlib

import tensorflow as tf

from tfgan_zoo.core import former
from tfgan_zoo.core.gan import GAN
from tfgan_zoo.files import write_atomically
from tfgan_zoo.layers import all_layers
from tfgan_zoo.settings.ticks import Grid
from tfgan_zoo.tensorflow_errors import sentence
from tfgan_zoo.training import seals
from tfgan_zoo.training.errors import RunError

LAYOUT = 2  # of the list of weights; a checkpoint that does not say has the layout of `core.former`


class Checkpoints:
    """One `tf.train.Checkpoint` over everything a run needs to go on bit by bit, with checksums (see `seals`).

    Keras's BackupAndRestore loses the optimisers of a GAN; `tf.train.Checkpoint` keeps them. It does not follow
    Keras metrics, so the running means are handed over one by one. Random draws and the data order are functions
    of the step (see `tfgan_zoo.random`), so nothing of them is stored.

    What is on disk tells which checkpoint is the newest, not TensorFlow's file `checkpoint`, which is written for
    TensorFlow's own tools: a process may be killed before it is written.

    Args:
        model: a compiled `GAN`.
        folder: where the checkpoints live.
        ticks: a `settings.ticks.Grid`; the last checkpoint at a tick's end is kept, however many signals came since.
        keep: int, how many of the last are kept; None keeps all.
    """

    def __init__(self, model, folder, ticks=None, keep=3):
        means = [variable.value for tracker in model.trackers for variable in tracker.variables]
        # All replicas have the same; restored from the sum that TensorFlow would save, they would round differently.
        self._copies = [getattr(mean, "values", (mean,)) for mean in means]
        self.model = model
        self._means = {"means": [first for first, *_ in self._copies]}
        # The weights by themselves too: TensorFlow does not follow the networks that a model keeps in a list.
        weights = [weight.value for weight in model.weights]
        layout = tf.Variable(LAYOUT, trainable=False)
        self._checkpoint = tf.train.Checkpoint(model=model, weights=weights, layout=layout, **self._means)
        self._folder, self._keep = pathlib.Path(folder), keep
        self._ticks = ticks or Grid(1)

    def follow(self, config):
        """Takes a configuration whose ticks are others."""
        self._ticks = config.ticks

    @property
    def latest(self):
        """The newest checkpoint's path, or None."""
        return self._path(max(seals.steps(self._folder), default=None))

    def save(self):
        """Writes the state of this step; returns the checkpoint's path.

        Raises:
            RunError: if it cannot be written; what was written of it is gone then.
        """
        step = int(self.model.step.numpy())
        try:
            self._folder.mkdir(exist_ok=True)  # in a run's folder, which may have been moved away
            seals.delete(self._folder, step)
            self._checkpoint.write(self._path(step))
            self._complete(step)
        except (OSError, tf.errors.OpError) as error:
            if not seals.is_sealed(self._folder, step):
                seals.delete(self._folder, step)
            raise RunError(f"the checkpoint of step {step} cannot be written: {sentence(error)}") from None
        return self._path(step)

    def _complete(self, step):
        """Seals a checkpoint that TensorFlow has written, and lets go of those that it makes too old."""
        if not seals.is_sealed(self._folder, step):
            seals.seal(self._folder, step)
        steps = seals.steps(self._folder)
        kept = {*steps[-(self._keep or len(steps)) :], *[step for step in steps if self._ticks.is_end(step)][-1:]}
        for old in sorted({*steps} - kept):
            seals.delete(self._folder, old)
        self._name_newest()

    def restore(self, step=None):
        """Restores a checkpoint, and returns the step it was written at.

        Args:
            step: int, that of the checkpoint; None takes the newest whole one, or leaves step 0 if there is none.

        Raises:
            RunError: if the checkpoint is damaged or does not fit the model.
        """
        if step is None:
            step = newest(self._folder)[0]
            if step is None:
                return 0
        else:
            damage = _damage(self._folder, step)
            if damage:
                raise RunError(f"checkpoint {self._path(step)} is damaged: {damage}")
        try:
            status = self._of_layout(self._path(step)).read(self._path(step))
            status.assert_existing_objects_matched()
        except (AssertionError, ValueError, IndexError, tf.errors.OpError) as error:
            first = sentence(str(error).splitlines()[0])
            raise RunError(f"checkpoint {self._path(step)} is damaged or not of this config.json: {first}") from None
        for first, *others in self._copies:
            for other in others:
                other.assign(first)
        return int(self.model.step.numpy())

    def _of_layout(self, path):
        """Returns the `tf.train.Checkpoint` that reads a file, which may be older than today's layout."""
        if any(name.startswith("layout/") for name, _ in tf.train.list_variables(path)):
            return self._checkpoint
        parts = [layer for layer in all_layers(self.model) if isinstance(layer, GAN)]
        return tf.train.Checkpoint(model=self.model, weights=former.weights(self.model, parts), **self._means)

    def forget_after(self, step):
        """Deletes the checkpoints of later steps."""
        for later in seals.steps(self._folder):
            if later > step:
                seals.delete(self._folder, later)
        self._name_newest()

    def tidy(self):
        """Moves the damaged checkpoints that are newer than the newest whole one into the folder `damaged`.

        The newest whole one is then as `save` leaves it: its writer may have been killed before it was done.

        Returns:
            A line for each damaged one.

        Raises:
            RunError: if all are damaged.
            OSError: if the folder cannot be written.
        """
        step, damaged = newest(self._folder)
        for number in damaged:
            seals.set_aside(self._folder, number)
        if step is not None:
            self._complete(step)
        elif damaged:
            self._name_newest()
        begin = "step 0" if step is None else f"ckpt-{step}"
        return [
            f"ckpt-{number} is damaged ({damage}): set aside in {self._folder / seals.DAMAGED}, going on from {begin}"
            for number, damage in damaged.items()
        ]

    def _name_newest(self):
        """Writes the file that `tf.train.latest_checkpoint` reads, a CheckpointState in protobuf's text format."""
        names = [f"ckpt-{step}" for step in seals.steps(self._folder)]
        if not names:
            (self._folder / "checkpoint").unlink(missing_ok=True)
            return
        lines = [f'model_checkpoint_path: "{name}"\n' for name in names[-1:]]
        lines += [f'all_model_checkpoint_paths: "{name}"\n' for name in names]
        write_atomically(self._folder / "checkpoint", "".join(lines))

    def _path(self, step):
        return None if step is None else str(self._folder / f"ckpt-{step}")


def newest(folder):
    """Finds the newest whole checkpoint in a folder, a `pathlib.Path`.

    Returns:
        (its step, {step: what is wrong} of the damaged ones that are newer). The step is None if none was ever
        completed: there is no checkpoint, or one that has no seal and cannot be read.

    Raises:
        RunError: if all are damaged.
    """
    damaged = {}
    for step in reversed(seals.steps(folder)):
        damage = _damage(folder, step)
        if not damage:
            return step, damaged
        damaged[step] = damage
    if len(damaged) > 1 or any(seals.is_sealed(folder, step) for step in damaged):
        step = max(damaged)
        raise RunError(
            f"{folder}/ckpt-{step} is damaged ({damaged[step]}) and no whole checkpoint is left: put a copy of one"
            " there, or remove them all to begin again at step 0"
        )
    return None, damaged


def _damage(folder, step):
    """Returns what is wrong with a checkpoint, or "" if nothing is."""
    damage = seals.damage(folder, step)
    return _unreadable(str(folder / f"ckpt-{step}")) if damage is None else damage


def _unreadable(path):
    """Returns why a checkpoint cannot be read to its end, or "" if it can: TensorFlow checks a CRC of each tensor."""
    try:
        reader = tf.train.load_checkpoint(path)
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except (tf.errors.OpError, ValueError, IndexError, RuntimeError) as error:
        return sentence(error)[:200] or type(error).__name__
    return ""
