"""A network by its name."""

from collections.abc import Sequence
from typing import Any

import keras

from tfgan_zoo import image_sizes, registry


def build(name: str, role: str, /, *, shape: Sequence[int] | None = None, **kwargs: Any) -> keras.Model:
    """Makes a network by its name.

    Args:
        name: str, one of `registry.NETWORKS`.
        role: "generator" or "discriminator".
        shape: what a sample looks like, (height, width, channels) or, for `mlp`, any shape. For the convolutional
            networks it stands for `image_size` and `channels`.
        **kwargs: the arguments of the network's class, `name` and `dtype` of Keras among them.

    Returns:
        The `keras.Model`, with all its weights.

    Raises:
        ValueError: for an unknown name or role, a shape that the network cannot have, or a bad argument.

    >>> from tfgan_zoo import networks
    >>> generator = networks.build("dcgan", "generator", shape=(32, 32, 1), width=4)
    >>> generator.image_shape
    (32, 32, 1)
    """
    registry.choose("network", name, registry.NETWORKS)
    registry.choose("role", role, ("generator", "discriminator"))
    spec = registry.NETWORKS[name]
    if shape is not None:
        kwargs |= spec.arguments(tuple(shape))
        if spec.sizes:
            spec.layout(image_sizes.of(shape))
    return spec.load(role)(**kwargs)
