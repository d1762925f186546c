"""What TensorBoard shows of a run, by its step: numbers, sheets, and the settings by which runs are compared."""

import contextlib
import numbers
import pathlib

import numpy as np
import tensorflow as tf
from PIL import Image

from tfgan_zoo.settings import config as configs
from tfgan_zoo.tensorflow_errors import sentence
from tfgan_zoo.training.errors import RunError


class Events:
    """Writes event files into a folder, one each time that a run begins or goes on.

    Args:
        folder: the run's `events/`, made if it is missing; the plug-in calls the run as its folder is called.
        config: its `Config`, which the hparams plug-in shows.

    Raises:
        RunError: here, and where something is written, if the folder does not take it.

    >>> import contextlib, pathlib, tempfile
    >>> from tfgan_zoo.settings.resolve import resolve
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with contextlib.closing(Events(folder, resolve(method="gan", dataset="ring"))) as events:
    ...     events.write(16, {"g_loss": 0.7, "health": "ok"})
    >>> len(list(folder.glob("events.out.tfevents.*")))
    1
    """

    def __init__(self, folder, config):
        from tensorboard.plugins.hparams import api

        self._folder = folder
        with self._errors():
            self._writer = tf.summary.create_file_writer(str(folder))
        with self._errors(), self._writer.as_default(step=0):
            api.hparams(hyperparameters(config), trial_id=pathlib.Path(folder).absolute().parent.name)

    def write(self, step, row, group=""):
        """Writes the numbers of a row {name: value}, as "group/name" if there is a group; words and None are not."""
        with self._errors(), self._writer.as_default(step=step):
            for name, value in row.items():
                if isinstance(value, numbers.Real) and name != "step":
                    tf.summary.scalar(f"{group}/{name}" if group else name, float(value))
            self._writer.flush()

    def picture(self, step, name, path):
        """Writes a PNG file: a sheet of images, or a scatter plot of points."""
        with Image.open(path) as image:
            levels = np.atleast_3d(np.asarray(image))
        with self._errors(), self._writer.as_default(step=step):
            tf.summary.image(name, levels[None])
            self._writer.flush()

    def close(self):
        """Ends the file."""
        with self._errors():
            self._writer.close()

    @contextlib.contextmanager
    def _errors(self):
        try:
            yield
        except tf.errors.OpError as error:
            raise RunError(f"{self._folder} cannot be written: {sentence(error)}; --events=off writes none") from None


class NoEvents:
    """What stands in the place of `Events` where none are wanted."""

    def write(self, step, row, group=""):
        """Does nothing."""

    def picture(self, step, name, path):
        """Does nothing."""

    def close(self):
        """Does nothing."""


def of_run(run, config):
    """Returns the `Events` of a run, or `NoEvents` where the configuration says so."""
    return Events(run.events, config) if config.events == "on" else NoEvents()


def hyperparameters(config):
    """Returns {name: number, word or truth} of what somebody chose: lists are words, what is not said is left out."""
    chosen = {name: getattr(config, name) for name, row in configs.ROWS.items() if not row.settled} | config.options
    chosen.pop("options", None)
    plain = {name: _plain(value) for name, value in chosen.items()}
    return {name: value for name, value in plain.items() if value not in (None, "")}


def _plain(value):
    if value is None or isinstance(value, bool | int | float):
        return value
    text = ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return text.encode(errors="backslashreplace").decode()  # names of folders may hold bytes that are no text
