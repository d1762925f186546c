"""Models that the tests of serving share: small, untrained, and with images that differ."""

import keras
import numpy as np

from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build


def make(name="dcgan", shape=(32, 32, 1), width=4, num_classes=0):
    keras.utils.set_random_seed(0)
    options = {"shape": shape, "width": width, "num_classes": num_classes}
    model = GAN(*(build(name, role, **options) for role in ("generator", "discriminator")))
    rng = np.random.default_rng(0)
    for weight in model.ema_generator.weights:
        values = rng.normal(0, 0.3, weight.shape)
        weight.assign(np.abs(values) + 0.2 if "variance" in weight.path else values)
    return model
