"""Instance noise: a GAN whose discriminator sees everything through noise."""

import keras

from tfgan_zoo import random
from tfgan_zoo.core.gan import GAN


@keras.saving.register_keras_serializable("zoo_plugin")
class InstanceNoise(GAN):
    """Adds sigma * n, n ~ N(0, 1), to reals and fakes (Arjovsky, Bottou 2017, arXiv 1701.04862, section 3)."""

    def __init__(self, generator, discriminator, sigma=0.1, **kwargs):
        super().__init__(generator, discriminator, options={"sigma": float(sigma)}, **kwargs)
        self.sigma = float(sigma)

    def discriminate(self, images, batch, purpose, labels=None):
        with self.scope(batch, f"{purpose}/instance_noise"):
            noise = random.normal((batch.size, *self.image_shape), "noise")
        return super().discriminate(images + self.sigma * noise, batch, purpose, labels)
