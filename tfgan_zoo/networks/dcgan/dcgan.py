"""DCGAN after Radford, Metz and Chintala 2016, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks" (arXiv 1511.06434).

As published: strided convolutions in place of pooling, batch normalisation except where the image enters and
leaves, ReLU in the generator, leaky ReLU 0.2 in the discriminator, kernels drawn from N(0, 0.02^2). Kernels are
4 x 4, as in common code: with stride 2 every output pixel then gets equally many terms.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import layers
from tfgan_zoo.networks import base
from tfgan_zoo.networks.dcgan.spec import SPEC


def _widths(level, width):
    """Channels at half the image's resolution, at a quarter, ... down to the grid, which is 4 x 4 for `level` px."""
    return [width * 2**i for i in range(int(math.log2(level)) - 2)]


def _published_init():
    return keras.initializers.RandomNormal(stddev=0.02)


@keras.saving.register_keras_serializable("tfgan_zoo")
class DCGANGenerator(base.Sized, base.Generator):
    """Latents to images by transposed convolutions (Radford et al. 2016, arXiv 1511.06434).

    Args:
        image_size: int, pixels a side: 32, 64, 128 or 256; or (height, width), see `specs.Network.layout`.
        channels: int, the image's channels.
        width: int, channels at half the image's resolution; they double with every halving, down to 4 x 4.
        latent_dim: int, length of the latents.
        num_classes: int, for labels by conditional batch normalisation; 0 for none.

    Raises:
        ValueError: for another image size, or a size below 1.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks import DCGANGenerator
    >>> generator = DCGANGenerator(width=4)
    >>> generator(tf.zeros((2, 128))).shape.as_list()
    [2, 32, 32, 1]
    """

    SPEC = SPEC
    FIRST, FEATURES = "project", "project_relu"

    def __init__(
        self,
        image_size: int | str | Sequence[int] = 32,
        channels: int = 1,
        width: int = 64,
        latent_dim: int = 128,
        num_classes: int = 0,
        **kwargs: Any,
    ) -> None:
        base.check_counts(channels=channels, width=width, latent_dim=latent_dim)
        base.check_classes(num_classes)
        super().__init__(**kwargs)
        self.set_size(image_size, channels)
        self.num_classes, self.width, self.latent_dim = num_classes, width, latent_dim
        dtype = self.dtype_policy
        deconv = functools.partial(keras.layers.Conv2DTranspose, kernel_size=4, strides=2, padding="same")
        *widths, deepest = _widths(self.level, width)
        rows, columns = self.grid

        project = keras.layers.Dense(
            rows * columns * deepest, use_bias=False, kernel_initializer=_published_init(), name="project", dtype=dtype
        )
        stack = [
            project,
            keras.layers.Reshape((rows, columns, deepest), dtype=dtype),
            *_norm_relu("project", dtype, num_classes),
        ]
        for i, filters in enumerate(reversed(widths)):
            name = f"deconv{i + 1}"
            stack += [
                deconv(filters, use_bias=False, kernel_initializer=_published_init(), name=name, dtype=dtype),
                *_norm_relu(name, dtype, num_classes),
            ]
        stack += [
            deconv(channels, activation="tanh", kernel_initializer=_published_init(), name="output", dtype="float32")
        ]
        self.trunk = base.conditional_trunk(stack, latent_dim, num_classes)
        self.build((None, latent_dim))


def _norm_relu(name, dtype, num_classes):
    return [base.batch_norm(f"{name}_norm", dtype, num_classes), keras.layers.ReLU(name=f"{name}_relu", dtype=dtype)]


@keras.saving.register_keras_serializable("tfgan_zoo")
class DCGANDiscriminator(base.ImageDiscriminator):
    """Images to logits by strided convolutions (Radford et al. 2016, arXiv 1511.06434).

    Args:
        image_size: int, pixels a side: 32, 64, 128 or 256; or (height, width), see `specs.Network.layout`.
        channels: int, the image's channels.
        width: int, channels at half the image's resolution; they double with every halving, down to 4 x 4.
        normalization: "batch" as published, in every convolution but the first; "spectral" in every layer
            (Miyato et al. 2018, arXiv 1802.05957); or "none".
        perturb: float, the convolutions' noise rate; see `layers.PerturbedConv2D`.
        perturb_law: str, their noise law.
        perturb_first: bool, whether the convolution that sees the image perturbs it too.
        outputs: int, logits per image.
        num_classes: int, for labels by projection; 0 for none.

    Raises:
        ValueError: for another image size, a size below 1, an unknown normalization or law, or a bad rate.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks import DCGANDiscriminator
    >>> discriminator = DCGANDiscriminator(width=4, perturb=0.5)
    >>> discriminator(tf.zeros((2, 32, 32, 1))).shape.as_list()
    [2, 1]
    >>> discriminator.features(tf.zeros((2, 32, 32, 1))).shape.as_list()
    [2, 256]
    """

    SPEC = SPEC
    initializer = staticmethod(_published_init)

    def make_trunk(self, spectral: bool) -> Any:
        dtype, stack = self.dtype_policy, []
        for i, filters in enumerate(_widths(self.level, self.width)):
            name, batch = f"conv{i + 1}", self.normalization == "batch" and i > 0
            conv = layers.conv2d(
                filters,
                kernel_size=4,
                strides=2,
                padding="same",
                use_bias=not batch,
                kernel_initializer=_published_init(),
                spectral_norm=spectral,
                perturb=self.perturb if i > 0 or self.perturb_first else 0.0,
                perturb_law=self.perturb_law,
                name=name,
                dtype=dtype,
            )
            norm = [base.batch_norm(f"{name}_norm", dtype)] if batch else []
            stack += [conv, *norm, keras.layers.LeakyReLU(0.2, name=f"{name}_relu", dtype=dtype)]
        return keras.Sequential([*stack, keras.layers.Flatten(name="flatten", dtype=dtype)], name="trunk")

    def features(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns float32[N, d]: the last convolution's output on the grid, 4 x 4 of a square, flattened."""
        return tf.cast(self.trunk(images, training=training), tf.float32)
