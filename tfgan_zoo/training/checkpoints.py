"""A run's whole state on disk: weights, both optimisers, averages, running means, step."""

import contextlib
import pathlib

import tensorflow as tf

from tfgan_zoo.training.errors import RunError

KEEP = 3


class Checkpoints:
    """One `tf.train.CheckpointManager` over everything a run needs to go on bit by bit.

    Keras's BackupAndRestore loses the optimisers of a GAN; `tf.train.Checkpoint` keeps them. It does not follow
    Keras metrics, so the running means are handed over one by one. Random draws and the data order are functions
    of the step (see `tfgan_zoo.random`), so nothing of them is stored.

    Args:
        model: a compiled `GAN`.
        folder: where the checkpoints live; the last `KEEP` are kept.

    Raises:
        RunError: if the folder holds checkpoints, but nothing that says which is the newest.
    """

    def __init__(self, model, folder):
        means = [variable.value for tracker in model.trackers for variable in tracker.variables]
        # Every replica's own: restored from the sum that TensorFlow would save, they would round differently.
        means, *others = map(list, zip(*(getattr(mean, "values", (mean,)) for mean in means), strict=True))
        self.model = model
        # The weights by themselves too: TensorFlow does not follow the networks that a model keeps in a list.
        weights = [weight.value for weight in model.weights]
        state = {"weights": weights, "means": means, "means_of_other_replicas": others}
        self._checkpoint = tf.train.Checkpoint(model=model, **state)
        written = list(pathlib.Path(folder).glob("ckpt-*.index"))
        with contextlib.suppress(ValueError):
            self._manager = tf.train.CheckpointManager(self._checkpoint, str(folder), KEEP)
            if self.latest or not written:
                return
        raise RunError(
            f"{folder}/checkpoint is missing or damaged; it should name the newest of {len(written)} checkpoints, "
            'as in model_checkpoint_path: "ckpt-100"'
        )

    @property
    def latest(self):
        """The newest checkpoint's path, or None."""
        return self._manager.latest_checkpoint

    def save(self):
        """Writes the state of this step; returns the checkpoint's path.

        Raises:
            RunError: if it cannot be written.
        """
        step = int(self.model.step.numpy())
        try:
            return self._manager.save(checkpoint_number=step)
        except (OSError, tf.errors.OpError) as error:
            raise RunError(f"the checkpoint of step {step} cannot be written: {' '.join(str(error).split())}") from None

    def restore(self, step=None):
        """Restores a checkpoint, and returns the step it was written at.

        Args:
            step: int, that of the checkpoint; None takes the newest, or leaves step 0 if there is none.

        Raises:
            RunError: if the checkpoint is damaged or does not fit the model.
        """
        path = self.latest if step is None else str(pathlib.Path(self._manager.directory) / f"ckpt-{step}")
        if path is None:
            return 0
        try:
            status = self._checkpoint.restore(path)
            status.assert_existing_objects_matched()
        except (AssertionError, ValueError, IndexError, tf.errors.OpError) as error:
            first = str(error).splitlines()[0]
            raise RunError(f"checkpoint {path} is damaged or not of this config.json: {first}") from None
        return int(self.model.step.numpy())
