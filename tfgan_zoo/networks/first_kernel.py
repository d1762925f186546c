"""Which weights of a Keras network read its latents."""

import keras
import numpy as np

_KEEPS_NUMBERS = (keras.layers.Reshape, keras.layers.Flatten, keras.layers.Dropout)


def of(network: keras.Model, latent_dim: int, place: int = 0) -> np.ndarray:
    """Finds the kernel of the first layer that reads the latents of a functional or Sequential network.

    Args:
        network: a Keras model.
        latent_dim: int, the latents' dimension.
        place: int, which of its inputs has them.

    Returns:
        float32[latent_dim, d], a NumPy array: A^T of the layer's y = A z + b.

    Raises:
        ValueError: in one line, if the network is subclassed, or another layer comes first.

    >>> network = keras.Sequential([keras.Input((8,)), keras.layers.Dense(12), keras.layers.Reshape((2, 2, 3))])
    >>> of(network, 8).shape
    (8, 12)
    """
    inputs = getattr(network, "inputs", None)
    found = None if not isinstance(inputs, list | tuple) else _reading(network, inputs[place], 0, latent_dim)
    if found is None:
        raise ValueError(
            f"generator: which layer of {network.name} reads the latents first cannot be told;"
            " give it latent_weights(), the kernel [latent_dim, d] of that layer"
        )
    return found


def _reading(network, tensor, first, latent_dim):
    """Returns the kernel that reads latents from the entry `first` of a tensor on, or None."""
    for layer in network.layers:
        for node in layer._inbound_nodes:
            sources = [source is tensor for source in node.input_tensors]
            if any(sources):
                return _of_layer(network, layer, node, sources.index(True), first, latent_dim)
    return None


def _of_layer(network, layer, node, place, first, latent_dim):
    if hasattr(layer, "kernel"):
        return _as_matrix(layer, first, latent_dim)
    if isinstance(layer, keras.Model):
        return _reading(layer, layer.inputs[place], first, latent_dim)
    if isinstance(layer, keras.layers.Concatenate):
        first += sum(source.shape[-1] for source in node.input_tensors[:place])
    elif not isinstance(layer, _KEEPS_NUMBERS):
        return None
    return _reading(network, node.outputs[0], first, latent_dim)


def _as_matrix(layer, first, latent_dim):
    """Returns a kernel's rows of the latents; of a convolution, which sees them on a map of 1 x 1, all positions'."""
    kernel = np.asarray(layer.kernel, "float32")
    turned = isinstance(layer, keras.layers.Conv1DTranspose | keras.layers.Conv2DTranspose)
    rows = np.moveaxis(kernel, -1 if turned else -2, 0)
    rows = rows.reshape(len(rows), -1)[first : first + latent_dim]
    return rows if len(rows) == latent_dim else None
