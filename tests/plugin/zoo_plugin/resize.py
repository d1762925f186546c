"""A generator that enlarges and then convolves, and a discriminator that convolves with a stride."""

import math

import keras
import tensorflow as tf

from tfgan_zoo import layers
from tfgan_zoo.networks import base


@keras.saving.register_keras_serializable("zoo_plugin")
class ResizeGenerator(base.Generator):
    """Nearest-neighbour enlarging and convolution leave no checkerboard (Odena et al. 2016, distill.pub)."""

    def __init__(self, image_size=32, channels=1, width=16, latent_dim=64, num_classes=0, **kwargs):
        super().__init__(**kwargs)
        self.image_size, self.channels, self.width = image_size, channels, width
        self.latent_dim, self.num_classes, self.image_shape = (
            latent_dim,
            num_classes,
            (image_size, image_size, channels),
        )
        stack = [keras.layers.Dense(16 * width, name="project"), keras.layers.Reshape((4, 4, width))]
        for i in range(int(math.log2(image_size)) - 2):
            stack += [keras.layers.UpSampling2D(), keras.layers.Conv2D(width, 3, padding="same", name=f"conv{i + 1}")]
            stack += [base.batch_norm(f"norm{i + 1}", self.dtype_policy, num_classes), keras.layers.ReLU()]
        stack += [keras.layers.Conv2D(channels, 3, padding="same", activation="tanh", name="output", dtype="float32")]
        self.trunk = base.conditional_trunk(stack, latent_dim, num_classes)
        self.build((None, latent_dim))


@keras.saving.register_keras_serializable("zoo_plugin")
class ResizeDiscriminator(base.Discriminator):
    """Strided convolutions, perturbed if asked, and a dense head."""

    def __init__(
        self,
        image_size=32,
        channels=1,
        width=16,
        normalization="none",
        perturb=0.0,
        perturb_law="uniform",
        perturb_first=True,
        outputs=1,
        num_classes=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_size, self.channels, self.width = image_size, channels, width
        self.image_shape = (image_size, image_size, channels)
        self.normalization, self.outputs, self.num_classes = normalization, outputs, num_classes
        self.perturb, self.perturb_law, self.perturb_first = perturb, perturb_law, perturb_first
        stack = []
        for i in range(int(math.log2(image_size)) - 2):
            rate, spectral = perturb if i or perturb_first else 0.0, normalization == "spectral"
            noise = {"perturb": rate, "perturb_law": perturb_law, "spectral_norm": spectral}
            stack += [layers.conv2d(width, 4, strides=2, padding="same", name=f"conv{i + 1}", **noise)]
            stack += [keras.layers.LeakyReLU(0.2)]
        self.trunk = keras.Sequential([*stack, keras.layers.Flatten()], name="trunk")
        self.head = base.dense(outputs, normalization == "spectral", name="head", dtype="float32")
        self.build((None, image_size, image_size, channels))

    def features(self, images, training=False):
        """Returns float32[N, d]: the last convolution's output, flattened."""
        return tf.cast(self.trunk(images, training=training), tf.float32)
