"""A small classifier of clothes: the feature extractor of the metrics that need no download."""

import functools
import json
import pathlib

import keras

from tfgan_zoo.files import read_known

_FOLDER = pathlib.Path(__file__).parent / "weights"
WEIGHTS, CARD = _FOLDER / "fashion_cnn.weights.h5", _FOLDER / "fashion_cnn.json"
SIZE = 28
FEATURES = 128
CLASSES = 10


def build():
    """Returns the network, fresh: images float[N, 28, 28, 1] in [0, 1] -> {"features": [N, 128], "logits": [N, 10]}.

    Five 3 x 3 convolutions with batch normalisation, a dense layer whose ReLU outputs are the features, dropout (in
    training), and a dense layer for the logits.

    >>> build().count_params()
    235178
    """
    images = keras.Input((SIZE, SIZE, 1))
    x = keras.layers.Rescaling(2.0, -1.0)(images)
    for filters, strides, pool in ((32, 1, False), (32, 1, True), (64, 1, False), (64, 1, True), (64, 2, False)):
        x = keras.layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
        x = keras.layers.MaxPooling2D()(x) if pool else x
    features = keras.layers.Dense(FEATURES, activation="relu", name="features")(keras.layers.Flatten()(x))
    logits = keras.layers.Dense(CLASSES, name="logits")(keras.layers.Dropout(0.4)(features))
    return keras.Model(images, {"features": features, "logits": logits}, name="fashion_cnn")


def card():
    """Returns what is known of the weights in the package: training data, seed, test accuracy, SHA-256."""
    return json.loads(CARD.read_text())


@functools.cache
def load():
    """Returns the trained network, its weights verified.

    `tools/train_fashion_cnn.py` made them from the 60,000 training images of Fashion-MNIST.

    Raises:
        ValueError: if the file is damaged.

    >>> load()(keras.ops.zeros((2, 28, 28, 1)))["features"].shape
    TensorShape([2, 128])
    """
    read_known(WEIGHTS, card()["sha256"])
    network = build()
    network.load_weights(WEIGHTS)
    network.trainable = False
    return network
