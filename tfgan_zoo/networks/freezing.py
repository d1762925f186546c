"""Layers of a discriminator that do not learn, for fine-tuning on few images."""

import keras


def freeze_lowest(network: keras.Model, count: int) -> None:
    """Stops the lowest layers of a discriminator, those next to the image, from learning (FreezeD).

    Mo, Cho and Shin 2020, "Freeze the Discriminator: a Simple Baseline for Fine-Tuning GANs", arXiv 2002.10964: what
    the lower layers of a trained D see is the same in other pictures, and few pictures are soon learned by heart.

    A layer is one of the trunk that has weights, a residual block as a whole; a normalisation goes with the layer below
    it, and normalises by its batch as before. The head always learns.

    Args:
        network: a discriminator; of one without a `trunk`, its own layers but the last count.
        count: int >= 0, how many; 0 changes nothing.

    Raises:
        ValueError: in one line, if there are fewer.

    >>> from tfgan_zoo.networks import DCGANDiscriminator
    >>> network = DCGANDiscriminator(width=4)
    >>> before = len(network.trainable_variables)
    >>> freeze_lowest(network, 2)
    >>> before - len(network.trainable_variables)
    5
    """
    groups = _groups(network)
    if count > len(groups):
        raise ValueError(f"freeze_d={count}: the discriminator has {len(groups)} layers below its head")
    for layer in (layer for group in groups[:count] for layer in group):
        for weight in layer.trainable_variables:  # one by one: a frozen layer normalises as in inference
            weight.trainable = False


def _groups(network):
    """Returns lists of layers, from the image up: one with weights, and the normalisations that follow it."""
    trunk = getattr(network, "trunk", None)
    found = []
    for layer in network.layers[:-1] if trunk is None else trunk.layers:
        if found and isinstance(layer, keras.layers.BatchNormalization):
            found[-1].append(layer)
        elif layer.weights:
            found.append([layer])
    return found
