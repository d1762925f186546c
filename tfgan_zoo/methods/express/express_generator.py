"""What Express samples with: two generators, one behind the other."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo.core.weights import apply


@keras.saving.register_keras_serializable("tfgan_zoo")
class ExpressGenerator(keras.Model):
    """z -> codes -> images: G2(unwhiten(G1(z))).

    Args:
        latent_generator: G1, latents[N, latent_dim] -> whitened codes[N, d], always in inference mode.
        whitening: the `Whitening` of the codes.
        image_generator: G2, codes[N, d] -> images[N, ...].

    >>> import numpy as np
    >>> from tfgan_zoo.methods.express.whitening import Whitening
    >>> from tfgan_zoo.methods.express.express_generator import ExpressGenerator
    >>> from tfgan_zoo.networks import MLPGenerator
    >>> generator = ExpressGenerator(MLPGenerator((3,), latent_dim=8), Whitening(3), MLPGenerator((2,), latent_dim=3))
    >>> generator.latent_dim, generator(np.zeros((5, 8))).shape.as_list()
    (8, [5, 2])
    """

    def __init__(
        self, latent_generator: keras.Model, whitening: keras.layers.Layer, image_generator: keras.Model, **kwargs: Any
    ) -> None:
        super().__init__(**({"dtype": "float32"} | kwargs))
        self.latent_generator, self.whitening, self.image_generator = latent_generator, whitening, image_generator
        self.latent_dim, self.image_shape = latent_generator.latent_dim, image_generator.image_shape
        self.built = True

    @property
    def num_classes(self) -> int:
        """How many classes G1 and G2 know; 0 for none."""
        return getattr(self.image_generator, "num_classes", 0)

    def codes(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Returns float32[N, d], what G2 takes, of latents[N, latent_dim]."""
        return self.whitening(apply(self.latent_generator, latents, labels, training=False))

    def latent_weights(self) -> np.ndarray:
        """Returns what G1's first layer reads latents with, as its network has it."""
        return self.latent_generator.latent_weights()

    def latent_features(self, latents: ArrayLike, labels: ArrayLike | None = None) -> tf.Tensor:
        """Returns the codes: the first features of which images are made."""
        return self.codes(latents, labels)

    def call(self, latents: tf.Tensor, labels: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        return apply(self.image_generator, self.codes(latents, labels), labels, training=training)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name} | serialized(self, "latent_generator", "whitening", "image_generator")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ExpressGenerator":
        return cls(**deserialized(config, "latent_generator", "whitening", "image_generator"))


def serialized(owner: Any, *parts: str) -> dict[str, Any]:
    """Returns {part: its Keras config} of an object's attributes."""
    return {part: keras.saving.serialize_keras_object(getattr(owner, part)) for part in parts}


def deserialized(config: dict[str, Any], *parts: str) -> dict[str, Any]:
    """Returns a config whose `parts` are objects again."""
    return config | {part: keras.saving.deserialize_keras_object(config[part]) for part in parts}
