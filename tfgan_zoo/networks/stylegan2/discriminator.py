"""StyleGAN2's discriminator after Karras et al. 2020 (arXiv 1912.04958): residual, with the minibatch's deviation."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.layers import resampling
from tfgan_zoo.layers.equalized import EqualizedConv2D, EqualizedDense, unit_normal
from tfgan_zoo.networks import base
from tfgan_zoo.networks.stylegan2.generator import activate, channels_of
from tfgan_zoo.networks.stylegan2.spec import SPEC

_GROUP = 4  # rows whose deviation is one number


def minibatch_deviation(x: Any) -> tf.Tensor:
    """How much neighbours in the batch differ: a channel for a discriminator that looks for collapse.

    Karras et al. 2018, arXiv 1710.10196, section 3: the standard deviation over a group of 4 rows that follow each
    other, at every position and channel, and its mean over those. A batch that is no multiple of 4 has groups of 2, or
    of 1. Replicas whose rows are a multiple of 4 have the groups of the global batch.

    Args:
        x: float[N, H, W, C].

    Returns:
        float32[N, 1], alike for the rows of a group.

    >>> x = tf.reshape(tf.constant([1.0, 3.0, 1.0, 3.0, 7.0, 7.0, 7.0, 7.0]), (8, 1, 1, 1))
    >>> minibatch_deviation(x)[:, 0].numpy().round(3).tolist()
    [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    """
    x = tf.cast(x, tf.float32)
    rows = tf.shape(x)[0]
    group = tf.where(rows % _GROUP == 0, _GROUP, tf.where(rows % 2 == 0, 2, 1))
    groups = tf.reshape(x, tf.stack([rows // group, group, -1]))
    variances = tf.reduce_mean(tf.square(groups - tf.reduce_mean(groups, axis=1, keepdims=True)), axis=1)
    deviations = tf.reduce_mean(tf.sqrt(variances + 1e-8), axis=1)
    return tf.repeat(deviations, group)[:, None]


@keras.saving.register_keras_serializable("tfgan_zoo", "StyleGAN2ResidualDown")
class ResidualDown(base.Configured, keras.layers.Layer):
    """(conv(conv(x)) + conv1x1(x)) / sqrt(2) at half the resolution, with [1, 3, 3, 1] before what is strided.

    Args:
        channels, filters: int, input and output channels.
        perturb: float, the convolutions' noise rate; see `layers.PerturbedConv2D`.
        perturb_law: str, their noise law.
    """

    def __init__(
        self, channels: int, filters: int, perturb: float = 0.0, perturb_law: str = "uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.channels, self.filters, self.perturb, self.perturb_law = channels, filters, perturb, perturb_law
        self.conv1 = self._conv(channels, 3, "conv1", padding="same")
        self.conv2 = self._conv(filters, 3, "conv2", strides=2)
        self.shortcut = self._conv(filters, 1, "shortcut", use_bias=False)

    def _conv(self, filters, kernel_size, role, **kwargs):
        noise = {"perturb": self.perturb, "perturb_law": self.perturb_law}
        name = f"{self.name}_{role}"
        return EqualizedConv2D(filters, kernel_size, name=name, dtype=self.dtype_policy, **noise, **kwargs)

    def build(self, input_shape: Any) -> None:
        for layer in (self.conv1, self.conv2, self.shortcut):
            layer.build((None, None, None, self.channels))

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        y = activate(self.conv1(x, training=training))
        y = tf.pad(y, [[0, 0], [2, 2], [2, 2], [0, 0]])
        for _ in range(3):  # [1, 3, 3, 1] along both axes
            y = tf.nn.avg_pool2d(y, ksize=2, strides=1, padding="VALID")
        y = activate(self.conv2(y, training=training))
        return (y + self.shortcut(resampling.downsample(x, 3), training=training)) * tf.cast(math.sqrt(0.5), y.dtype)


@keras.saving.register_keras_serializable("tfgan_zoo")
class Activated(base.Configured, keras.layers.Layer):
    """A convolution or a dense layer, then the leaky ReLU that keeps the variance.

    Args:
        filters: int, output channels.
        kernel_size: int; 0 for a dense layer of a flattened input.
        perturb: float, the convolution's noise rate; see `layers.PerturbedConv2D`.
        perturb_law: str, its noise law.
    """

    def __init__(
        self, filters: int, kernel_size: int, perturb: float = 0.0, perturb_law: str = "uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.perturb, self.perturb_law = filters, kernel_size, perturb, perturb_law
        name, dtype = f"{self.name}_layer", self.dtype_policy
        if kernel_size:
            noise = {"perturb": perturb, "perturb_law": perturb_law}
            self.layer = EqualizedConv2D(filters, kernel_size, padding="same", name=name, dtype=dtype, **noise)
        else:
            self.layer = EqualizedDense(filters, name=name, dtype=dtype)

    def build(self, input_shape: Any) -> None:
        self.layer.build(input_shape)

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        return activate(self.layer(x, training=training) if self.kernel_size else self.layer(x))


@keras.saving.register_keras_serializable("tfgan_zoo")
class WithDeviation(keras.layers.Layer):
    """Adds the channel of `minibatch_deviation`."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        _, height, width, _ = x.shape
        deviation = minibatch_deviation(x)[:, None, None]
        return tf.concat([x, tf.cast(tf.tile(deviation, (1, height, width, 1)), x.dtype)], axis=3)


@keras.saving.register_keras_serializable("tfgan_zoo")
class StyleGAN2Discriminator(base.ImageDiscriminator):
    """Images to logits by residual blocks and the minibatch's deviation (Karras et al. 2020, arXiv 1912.04958).

    Args:
        image_size: int, pixels a side: 32, 64, ... 512; or (height, width), see `specs.Network.layout`.
        channels: int, the image's channels.
        width: int, channels up to 32 px; they halve with each doubling above. 512 is published.
        normalization: "none".
        perturb: float, the convolutions' noise rate, shortcuts included; see `layers.PerturbedConv2D`.
        perturb_law: str, their noise law.
        perturb_first: bool, whether the convolution that sees the image perturbs it too.
        outputs: int, logits per image.
        num_classes: int, for labels by projection; 0 for none.

    Raises:
        ValueError: for another image size, a size below 1, an unknown normalization or law, or a bad rate.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks import StyleGAN2Discriminator
    >>> discriminator = StyleGAN2Discriminator(channels=3, width=4, perturb=0.5)
    >>> discriminator.features(tf.zeros((2, 32, 32, 3))).shape.as_list()
    [2, 4]
    """

    SPEC = SPEC
    initializer = staticmethod(unit_normal)

    def __init__(
        self,
        image_size: int | str | Sequence[int] = 32,
        channels: int = 1,
        width: int = 512,
        normalization: str | None = None,
        perturb: float = 0.0,
        perturb_law: str = "uniform",
        perturb_first: bool = True,
        outputs: int = 1,
        num_classes: int = 0,
        **kwargs: Any,
    ) -> None:
        shared = (image_size, channels, width, normalization, perturb, perturb_law, perturb_first, outputs, num_classes)
        super().__init__(*shared, **kwargs)

    def make_head(self) -> keras.Layer:
        return EqualizedDense(self.outputs, name="head", dtype="float32")

    def projection_initializer(self) -> Any:
        return unit_normal(channels_of(4, self.width) ** -0.5)

    def make_trunk(self, spectral: bool) -> Any:
        dtype, noise = self.dtype_policy, (self.perturb, self.perturb_law)
        first = (self.perturb if self.perturb_first else 0.0, self.perturb_law)
        stack = [Activated(channels_of(self.level, self.width), 1, *first, name="input", dtype=dtype)]
        size = self.level
        while size > 4:
            widths = channels_of(size, self.width), channels_of(size // 2, self.width)
            stack.append(ResidualDown(*widths, *noise, name=f"block{size}", dtype=dtype))
            size //= 2
        deepest = channels_of(4, self.width)
        stack += [
            WithDeviation(name="deviation", dtype=dtype),
            Activated(deepest, 3, *noise, name="last", dtype=dtype),
            keras.layers.Flatten(dtype=dtype),
            Activated(deepest, 0, name="dense", dtype=dtype),
        ]
        return keras.Sequential(stack, name="trunk")

    def features(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns float32[N, width]: the dense layer below the head."""
        return tf.cast(self.trunk(images, training=training), tf.float32)
