"""An exported generator, read back for sampling."""

import pathlib

import numpy as np
import tensorflow as tf

from tfgan_zoo.serving.export import versions


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

    def sample(self, latents):
        """Returns images float32[N, H, W, C] in [0, 1] of latents[N, latent_dim]."""
        return self._from_latents(latents=tf.convert_to_tensor(latents, tf.float32))["images"]

    def generate(self, num, seed=0, truncation=1.0, batch_size=64):
        """Returns the images of seeds `seed`, `seed + 1`, ... as `GAN.generate` does."""
        for name, value in (("num", num), ("batch_size", batch_size)):
            if not value >= 1:
                raise ValueError(f"{name}={value} must be at least 1")
        if not 0 <= truncation <= 1:
            raise ValueError(f"truncation={truncation} must be in [0, 1]")
        seeds = np.arange(seed, seed + num, dtype="int64")
        parts = []
        for part in np.split(seeds, range(batch_size, num, batch_size)):
            scale = tf.fill([len(part)], tf.cast(truncation, tf.float32))
            parts.append(self._generate(seeds=tf.constant(part), truncation=scale)["images"].numpy())
        return np.concatenate(parts)
