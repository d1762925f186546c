"""`evaluate` and `validation_data=` of a GAN: its discriminator on reals that it was not trained on."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import random, specs
from tfgan_zoo.core import fit_data
from tfgan_zoo.untracked import Untracked

NAMES = ("d_real", "d_fake")


class HeldOut(keras.Model):
    """Base of `core.gan.GAN`: what Keras's `evaluate` measures."""

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, **kwargs: Any
    ) -> list[float] | dict[str, float]:
        """`keras.Model.evaluate` on held-out images: how real D finds them and as many samples, in inference mode.

        Sample i is the image of seed i, of the averaged generator; a conditional one makes it of real i's class.
        `d_real` far below the `d_real` of the training says that D knows the training images by heart.

        Args:
            x: as `fit` takes it; of an array, a last batch that is smaller is left out.
            y: int[N], the labels of an array of images; a conditional model needs labels.
            batch_size: int, of an array; 64 if None.
            **kwargs: those of `keras.Model.evaluate`.

        Returns:
            [d_real, d_fake], and one number for each of the `metrics` of `compile`; a dictionary with
            `return_dict=True`. Particle's d_real and d_fake are means of its witness function.

        Raises:
            ValueError: as `fit` does, for images or labels that are not as they should be.
        """
        if not kwargs.get("_use_cached_eval_dataset"):  # else `fit` prepared it
            x, y = self.held_out_data(x, y, batch_size), None
        for mean in self._judges.value:
            mean.reset_state()
        found = super().evaluate(x, y, **kwargs)
        if not self._comparisons.value:
            return found
        numbers = self._compared(x if kwargs.get("steps") is None else x.take(kwargs["steps"]))
        return found | numbers if isinstance(found, dict) else [*found, *numbers.values()]

    def test_on_batch(self, x: Any, y: Any = None, return_dict: bool = False) -> list[float] | dict[str, float]:
        """`keras.Model.test_on_batch`: what `evaluate` says of one batch."""
        return self.evaluate(x, y, batch_size=len(x), verbose=0, return_dict=return_dict)

    def prepare_judges(self, metrics: Sequence[str | Callable] | str = ()) -> None:
        """Makes the means of `evaluate`; `compile` calls it. They are not of the model's metrics, which are saved.

        Args:
            metrics: as `compile` takes them.
        """
        self._judges = Untracked([keras.metrics.Mean(name=name) for name in NAMES])
        found = {}
        for metric in [metrics] if isinstance(metrics, str) else metrics or ():
            if isinstance(metric, str):
                metric = specs.attribute("tfgan_zoo.evaluation.on_arrays:comparison")(metric, self.image_shape)
            if not callable(metric):
                raise ValueError(f"metrics={metric!r} must be names of metrics, or functions of (reals, fakes)")
            found[getattr(metric, "__name__", type(metric).__name__)] = metric
        self._comparisons = Untracked(found)

    @property
    def metric_names(self) -> list[str]:
        """Which of the metrics of `compile` were given by name: those that a file can keep."""
        return [name for name, metric in self._comparisons.value.items() if hasattr(metric, "better")]

    @property
    def directions(self) -> dict[str, str]:
        """{name: "min" or "max"} of the metrics of `compile` of which it is known."""
        known = {name: getattr(metric, "better", None) for name, metric in self._comparisons.value.items()}
        return {name: {"lower": "min", "higher": "max"}[better] for name, better in known.items() if better}

    def _compared(self, data):
        """Returns {name: number} of the metrics, on all images of `held_out_data` and as many samples."""
        reals, fakes = [], []
        for batch in data:
            labels = batch["labels"].numpy() if self.num_classes else None
            fakes.append(self.generate_from_latents(batch["latents"].numpy(), labels=labels))
            reals.append(self._in_users_range(batch["images"]).numpy())
        if not reals:
            raise ValueError("evaluate: metrics read the images again; give an array or a data set, no generator")
        reals, fakes = np.concatenate(reals), np.concatenate(fakes)
        return {name: float(metric(reals, fakes)) for name, metric in self._comparisons.value.items()}

    def test_step(self, data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Keras's: measures one batch of `held_out_data`."""
        labels = data.get("labels")
        fakes = self(data["latents"], labels)
        real, fake = (self.discriminator_outputs(images, labels) for images in (data["images"], fakes))
        d_real, _, d_fake = self.mean_scores(real, real, fake)
        rows = tf.shape(data["latents"])[0]
        for mean, value in zip(self._judges.value, (d_real, d_fake), strict=True):
            mean.update_state(value, sample_weight=rows)
        return {mean.name: mean.result() for mean in self._judges.value}

    def held_out_data(self, x: Any, y: Any = None, batch_size: int | None = None) -> tf.data.Dataset:
        """Returns a tf.data.Dataset of {"images": [B, ...], "latents": [B, d], "labels": [B]} of what `evaluate` takes.

        The latents are drawn here: compiled by XLA, a seed would draw others.

        Raises:
            ValueError: in one line, for images or labels that are not as they should be.
        """
        if x is None:
            raise ValueError("evaluate: x=None: give images, held out from the training")
        x = fit_data.as_dataset(x)
        if not isinstance(x, tf.data.Dataset):
            size = 64 if batch_size is None else batch_size
            fit_data.check_batch_size("evaluate", size)
            x = np.asarray(x)
            if not x.size:
                raise ValueError("evaluate: there are no images")
            items = (x,) if y is None else (x, np.asarray(y))
            if y is not None:
                fit_data.check_pairs("evaluate", *items)
            x = tf.data.Dataset.from_tensor_slices(items).batch(min(size, len(x)), drop_remainder=True)
        data = x.map(fit_data.named).map(self._one_row)
        first = next(iter(data.take(1)), None)
        if first is None:
            raise ValueError("evaluate: there are no images")
        fit_data.check_images(first["images"].numpy(), self.image_shape)
        if self.num_classes:
            if "labels" not in first:
                raise ValueError(f"evaluate: a model with num_classes={self.num_classes} needs labels too")
            fit_data.check_labels(first["labels"].numpy(), self.num_classes)
        return data.scan(tf.constant(0, tf.int64), self._with_latents)

    def _one_row(self, element):
        """Returns a batch whose images may stand side by side for several substeps, as one row of images."""
        images = element["images"]
        if images.shape.rank == len(self.image_shape) + 2:
            element = {name: tf.reshape(it, [-1, *it.shape[2:]]) for name, it in element.items()}
        return {name: element[name] for name in ("images", "labels") if name in element}

    def _with_latents(self, first, element):
        following = first + tf.shape(element["images"], tf.int64)[0]
        latents = random.latents_from_seeds(tf.range(first, following), self.latent_dim)
        return following, element | {"latents": latents}
