"""What a user of Keras calls on any model, and finds on a GAN: `predict`, `summary`, `export`."""

import importlib
import pathlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo import random
from tfgan_zoo.choices import choose
from tfgan_zoo.core.sampler import Labels, checked_seeds, numbered
from tfgan_zoo.files import PathLike


class Notebook(keras.Model):
    """Base of `core.gan.GAN`: Keras's methods with a GAN's meaning."""

    def predict(self, x: ArrayLike, labels: Labels = None, batch_size: int | None = None, **kwargs: Any) -> np.ndarray:
        """`keras.Model.predict` of seeds or latents: the images that `generate` and an export make of them.

        Args:
            x: seeds int[N]; or latents float[N, latent_dim].
            labels: of a conditional model, the class of all images, an int or a name of `class_names`, or int[N];
                with seeds, None lets every seed draw its own.
            batch_size: int, images computed at once; 64 if None.
            **kwargs: `verbose` and `callbacks` of `keras.Model.predict`.

        Returns:
            float32[N, H, W, C] in [0, 1]; what is no image in data units.

        Raises:
            ValueError: in one line, for an x that is neither, or labels that are none of the model's.
        """
        given, x = x, np.asarray(x)
        seeds = x.ndim == 1 and x.dtype.kind in "iu"
        if not x.size or not (seeds or (x.ndim == 2 and x.shape[1] == self.latent_dim and x.dtype.kind == "f")):
            shown = type(given).__name__ if x.ndim == 0 else f"{x.dtype}{list(x.shape)}"
            raise ValueError(f"predict: x must be seeds int[N] or latents float[N, {self.latent_dim}], not {shown}")
        if not seeds and self.num_classes and labels is None:
            raise ValueError(f"predict: latents of a model with num_classes={self.num_classes} need labels=")
        x = checked_seeds(x) if seeds else self._checked_latents(x)
        drawn_for = x if seeds else np.arange(len(x))
        labels = random.seed_labels(numbered(labels, self), drawn_for, self.num_classes)
        # Drawn here: compiled by XLA, a seed would draw other latents.
        latents = random.latents_from_seeds(drawn_for, self.latent_dim) if seeds else x
        items = {"latents": latents} | ({} if labels is None else {"labels": labels})
        return super().predict(tf.data.Dataset.from_tensor_slices(items).batch(batch_size or 64), **kwargs)

    def predict_step(self, data: dict[str, tf.Tensor]) -> tf.Tensor:
        """Keras's: images of one batch of what `predict` makes."""
        return self.sample(data["latents"], data.get("labels"))

    def predict_on_batch(self, x: Any, labels: Labels = None) -> np.ndarray:
        """`keras.Model.predict_on_batch`: `predict` of one batch."""
        return self.predict(x, labels, batch_size=len(x), verbose=0)

    def summary(self, *args: Any, print_fn: Callable[[str], Any] | None = None, **kwargs: Any) -> None:
        """`keras.Model.summary`, and then which of the networks is which.

        Args:
            *args, **kwargs: those of Keras.
            print_fn: a function of a text; `print` if None.
        """
        super().summary(*args, **({} if print_fn is None else {"print_fn": print_fn}), **kwargs)
        for role, network in self.networks().items():
            what = f"{network.name}, {type(network).__name__}, {network.count_params():,} parameters"
            (print_fn or print)(f"{role}: {what}")

    def networks(self) -> dict:
        """Returns {role: network}, under the names that they have as attributes of the model."""
        return {name: it for name, it in vars(self).items() if isinstance(it, keras.layers.Layer)}

    def export(self, filepath: PathLike, format: str = "saved_model", **kwargs: Any) -> pathlib.Path:
        """Writes what export.py writes of the averaged generator, for TensorFlow Serving and others.

        Args:
            filepath: the folder that gets a subfolder a version; but for "saved_model", a file.
            format: str, "saved_model" (or Keras's word, "tf_saved_model"), "onnx", "litert" or "openvino".
            **kwargs: those of `tfgan_zoo.export`, for a SavedModel.

        Returns:
            The path of the new version's folder, or of the file.

        Raises:
            ValueError: as `tfgan_zoo.export` does, and for an unknown format.
        """
        choose("format", format.removeprefix("tf_"), ("saved_model", "onnx", "litert", "openvino"))
        if format.removeprefix("tf_") == "saved_model":
            return importlib.import_module("tfgan_zoo.serving.saved_model_writer").export(self, filepath, **kwargs)
        importlib.import_module("tfgan_zoo.serving.formats").export_format(self, format, filepath, **kwargs)
        return pathlib.Path(filepath)
