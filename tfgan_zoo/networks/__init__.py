"""Generators and discriminators. TensorFlow loads when the first of them is asked for.

The network `name` of the registry is the module `name` here, with the classes `NAMEGenerator` and
`NAMEDiscriminator`, which this package exports.
"""

import importlib

from tfgan_zoo import registry

_CLASSES = {f"{name.upper()}{role}": name for name in registry.NETWORKS for role in ("Generator", "Discriminator")}
__all__ = ["build", *_CLASSES]


def __getattr__(attribute):
    if attribute not in _CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")
    return getattr(importlib.import_module(f"{__name__}.{_CLASSES[attribute]}"), attribute)


def build(name, role, /, *, shape=None, **kwargs):
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
    if shape is not None and name == "mlp":
        kwargs["shape"] = shape
    elif shape is not None:
        if len(shape) != 3 or shape[0] != shape[1]:
            raise ValueError(f"shape={tuple(shape)}: {name} takes square images, (size, size, channels)")
        kwargs.update(image_size=shape[0], channels=shape[2])
    return __getattr__(f"{name.upper()}{role.capitalize()}")(**kwargs)
