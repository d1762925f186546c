"""An exported generator, read back for sampling."""

import pathlib

import numpy as np
import tensorflow as tf

from tfgan_zoo.serving import request
from tfgan_zoo.serving.export import versions
from tfgan_zoo.serving.transport import sentence


class SavedModelGenerator:
    """Samples an exported SavedModel as one samples a `GAN`.

    Args:
        path: a version's folder, or the model's folder, of which the highest version is taken.

    Raises:
        ValueError: if there is no export of ours.
    """

    def __init__(self, path):
        path = pathlib.Path(path)
        found = versions(path)
        if not (path / "saved_model.pb").is_file() and found:
            path = path / str(found[-1])
        try:
            self._loaded = tf.saved_model.load(str(path))
            self._generate = self._loaded.signatures["generate"]
            self._from_latents = self._loaded.signatures["serving_default"]
        except (OSError, KeyError, IndexError, ValueError, tf.errors.OpError) as error:
            reason = " ".join(str(error).split())[:300]
            raise ValueError(f"model={path} is damaged, or no export of tfgan_zoo: {reason}") from None

    @property
    def latent_dim(self):
        """The dimension of the latents."""
        return self._from_latents.structured_input_signature[1]["latents"].shape[1]

    @property
    def image_shape(self):
        """(H, W, C) of an image, (d,) of a mixture's point."""
        return tuple(self._from_latents.structured_outputs["images"].shape[1:])

    @property
    def num_classes(self):
        """How many classes a label can name; 0 for a model without labels."""
        drawn = self._loaded.signatures.get("draw_labels")
        return 0 if drawn is None else drawn.structured_outputs["one_hot"].shape[1]

    def sample(self, latents, labels=None):
        """Returns images float32[N, H, W, C] in [0, 1] of latents[N, latent_dim], of classes labels int[N]."""
        named = {} if labels is None else {"labels": tf.convert_to_tensor(labels, tf.int32)}
        return _run(self._from_latents, latents=tf.convert_to_tensor(latents, tf.float32), **named)

    def generate(self, num, seed=0, truncation=1.0, batch_size=64, labels=None):
        """Returns the images of seeds `seed`, `seed + 1`, ... as `GAN.generate` does.

        Raises:
            ValueError: if an argument is out of its range, or `batch_size` above what the export takes.
        """
        parts = []
        for inputs in request.of_seeds(num, seed, truncation, batch_size, labels, self.num_classes):
            parts.append(_run(self._generate, **{name: tf.constant(value) for name, value in inputs.items()}).numpy())
        return np.concatenate(parts)


def _run(signature, **inputs):
    try:
        return signature(**inputs)["images"]
    except (TypeError, tf.errors.InvalidArgumentError) as error:  # a wrong rank or a missing input is a TypeError
        raise ValueError(f"the export refuses: {sentence(error)}") from None
