"""Dense networks for mixtures of Gaussians, latent codes and tiny images."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import layers, registry
from tfgan_zoo.networks import base


def _hidden(width, depth, activation, dtype, spectral_norm=False):
    return [
        base.dense(width, spectral_norm, activation=activation, name=f"hidden{i + 1}", dtype=dtype)
        for i in range(depth)
    ]


def _check(shape, **counts):
    if not shape:
        raise ValueError(f"shape={shape!r}: expected at least one dimension")
    base.check_counts(**{f"shape[{i}]": size for i, size in enumerate(shape)}, **counts)


@keras.saving.register_keras_serializable("tfgan_zoo")
class MLPGenerator(base.Generator):
    """Latents through `depth` hidden dense layers to a sample.

    Vectors, such as points of a mixture, leave a linear layer in data units; arrays of two or more dimensions are
    images in [-1, 1] and leave through tanh.

    Args:
        shape: what a sample looks like: (dim,) for vectors, (height, width, channels) for images.
        latent_dim: int, length of the latents.
        width: int, units of a hidden layer.
        depth: int, number of hidden layers.
        activation: str, a Keras activation's name, for the hidden layers.
        num_classes: int, for labels, one-hot beside the latents (Mirza and Osindero 2014, arXiv 1411.1784); 0 for none.

    Raises:
        ValueError: for a size below 1.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks import MLPGenerator
    >>> generator = MLPGenerator(shape=(2,), latent_dim=16)
    >>> generator(tf.zeros((5, 16))).shape.as_list()
    [5, 2]
    """

    FIRST = FEATURES = "hidden1"

    def __init__(
        self,
        shape: Sequence[int],
        latent_dim: int = 128,
        width: int = 128,
        depth: int = 2,
        activation: str = "relu",
        num_classes: int = 0,
        **kwargs: Any,
    ) -> None:
        shape = tuple(shape)
        _check(shape, latent_dim=latent_dim, width=width, depth=depth)
        base.check_classes(num_classes)
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.shape = self.image_shape = shape
        self.latent_dim, self.width, self.depth, self.activation = latent_dim, width, depth, activation
        last = keras.layers.Dense(
            math.prod(shape), activation="tanh" if len(shape) > 1 else None, name="output", dtype="float32"
        )
        hidden = _hidden(width, depth, activation, self.dtype_policy)
        self.trunk = keras.Sequential([*hidden, last, keras.layers.Reshape(shape, dtype="float32")], name="trunk")
        self.build((None, latent_dim + num_classes))

    def trunk_inputs(self, latents: tf.Tensor, labels: tf.Tensor | None) -> Any:
        self.check_labels(labels)
        if self.num_classes:
            return tf.concat([latents, layers.one_hot(labels, self.num_classes, latents.dtype)], axis=1)
        return latents


@keras.saving.register_keras_serializable("tfgan_zoo")
class MLPDiscriminator(base.Discriminator):
    """A flattened sample through `depth` hidden dense layers to logits.

    Args:
        shape: what a sample looks like: (dim,) for vectors, (height, width, channels) for images.
        width: int, units of a hidden layer.
        depth: int, number of hidden layers.
        activation: str, a Keras activation's name, for the hidden layers.
        normalization: "none", or "spectral" in every layer (Miyato et al. 2018, arXiv 1802.05957).
        outputs: int, logits per sample.
        num_classes: int, for labels by projection; 0 for none.

    Raises:
        ValueError: for a size below 1 or an unknown normalization.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks import MLPDiscriminator
    >>> discriminator = MLPDiscriminator(shape=(2,))
    >>> discriminator(tf.zeros((5, 2))).shape.as_list()
    [5, 1]
    >>> discriminator.features(tf.zeros((5, 2))).shape.as_list()
    [5, 128]
    """

    def __init__(
        self,
        shape: Sequence[int],
        width: int = 128,
        depth: int = 2,
        activation: str = "relu",
        normalization: str = "none",
        outputs: int = 1,
        num_classes: int = 0,
        **kwargs: Any,
    ) -> None:
        shape = tuple(shape)
        _check(shape, width=width, depth=depth, outputs=outputs)
        base.check_classes(num_classes)
        registry.choose("normalization", normalization, ("none", "spectral"))
        super().__init__(**kwargs)
        self.shape = self.image_shape = shape
        self.width, self.depth, self.activation = width, depth, activation
        self.normalization, self.outputs, self.num_classes = normalization, outputs, num_classes
        spectral = normalization == "spectral"
        hidden = _hidden(width, depth, activation, self.dtype_policy, spectral)
        self.trunk = keras.Sequential([keras.layers.Flatten(dtype=self.dtype_policy), *hidden], name="trunk")
        self.head = base.dense(outputs, spectral, name="head", dtype="float32")
        self.build((None, *shape))

    def features(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns float32[N, width]: the last hidden layer."""
        return tf.cast(self.trunk(images, training=training), tf.float32)
