"""An exported generator, read back for sampling."""

import pathlib

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo.core.sampler import Sampler
from tfgan_zoo.files import PathLike
from tfgan_zoo.serving.saved_model_writer import versions
from tfgan_zoo.tensorflow_errors import sentence


class SavedModelGenerator(Sampler):
    """Samples an exported SavedModel as one samples a `GAN`; see `core.sampler.Sampler`.

    Args:
        path: a version's folder, or the model's folder, of which the highest version is taken.

    Raises:
        ValueError: if there is no export of ours.

    >>> import tempfile, tfgan_zoo
    >>> from tfgan_zoo.networks import MLPDiscriminator, MLPGenerator
    >>> from tfgan_zoo.serving import SavedModelGenerator
    >>> gan = tfgan_zoo.GAN(MLPGenerator((2,), width=4), MLPDiscriminator((2,), width=4))
    >>> exported = SavedModelGenerator(tfgan_zoo.export(gan, tempfile.mkdtemp()))
    >>> bool((abs(exported.generate(3) - gan.generate(3)) < 1e-6).all())
    True
    """

    def __init__(self, path: PathLike) -> None:
        path = pathlib.Path(path)
        found = versions(path)
        if not (path / "saved_model.pb").is_file() and found:
            path = path / str(found[-1])
        try:
            self._loaded = tf.saved_model.load(str(path))
            self._generate = self._loaded.signatures["generate"]
            self._from_latents = self._loaded.signatures["serving_default"]
        except (OSError, KeyError, IndexError, ValueError, tf.errors.OpError) as error:
            reason = sentence(error)[:300]
            raise ValueError(f"model={path} is damaged, or no export of tfgan_zoo: {reason}") from None

    @property
    def latent_dim(self) -> int:
        """The dimension of the latents."""
        return self._from_latents.structured_input_signature[1]["latents"].shape[1]

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(H, W, C) of an image, (d,) of a mixture's point."""
        return tuple(self._from_latents.structured_outputs["images"].shape[1:])

    @property
    def num_classes(self) -> int:
        """How many classes a label can name; 0 for a model without labels."""
        drawn = self._loaded.signatures.get("draw_labels")
        return 0 if drawn is None else drawn.structured_outputs["one_hot"].shape[1]

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes are called, in the order of the labels; () if they have numbers alone."""
        if "class_names" not in self._loaded.signatures:
            return ()
        names = self._loaded.signatures["class_names"](seeds=tf.constant([0], tf.int64))["names"]
        return tuple(name.decode() for name in names.numpy()[0])

    def sample(self, latents: ArrayLike, labels: ArrayLike | None = None) -> tf.Tensor:
        """Returns images float32[N, H, W, C] in [0, 1] of latents[N, latent_dim], of classes labels int[N]."""
        named = {} if labels is None else {"labels": (labels, tf.int32)}
        return _run(self._from_latents, latents=(latents, tf.float32), **named)

    def images_of_chunk(self, seeds: ArrayLike, truncation: ArrayLike, labels: ArrayLike | None = None) -> np.ndarray:
        """Returns images of seeds int64[N], each truncated by float32[N], by the signature `generate`.

        Raises:
            ValueError: if there are more than the export takes at once.
        """
        named = {} if labels is None else {"labels": (labels, tf.int32)}
        return _run(self._generate, seeds=(seeds, tf.int64), truncation=(truncation, tf.float32), **named).numpy()


def _run(signature, **inputs):
    """Returns the images of {name: (value, dtype)}."""
    try:
        tensors = {name: tf.convert_to_tensor(value, dtype) for name, (value, dtype) in inputs.items()}
        return signature(**tensors)["images"]
    # What is no tensor, a wrong rank or a missing input is a TypeError or a ValueError.
    except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
        raise ValueError(f"the export refuses: {sentence(error)}") from None
