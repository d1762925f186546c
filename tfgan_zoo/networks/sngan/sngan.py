"""Residual SNGAN after Miyato, Kataoka, Koyama and Yoshida 2018, "Spectral Normalization for Generative Adversarial
Networks" (arXiv 1802.05957).

32 px is the CIFAR-10 network of the paper's appendix (table 4) and 128 px its ImageNet network; 64 px is the latter
less one block, and 256 px with one more, as in common code. Residual blocks have pre-activations, nearest-neighbour
upsampling, average pooling and 1 x 1 shortcuts; the discriminator's first block is the optimised one, and its features
are summed over the positions. Kernels are Glorot uniform, with gain sqrt(2) inside the residual branch.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import image_sizes, layers
from tfgan_zoo.networks import base
from tfgan_zoo.networks.sngan.attention import Attention
from tfgan_zoo.networks.sngan.spec import SPEC, check_attention

# Channels in units of `width`, by `level`. Generator: of the projected map, 4 x 4 of a square, then of each doubling
# block. Discriminator: of each block, of which the first so many halve the resolution.
_GENERATOR = {32: (4, 4, 4, 4), 64: (16, 8, 4, 2, 1), 128: (16, 16, 8, 4, 2, 1), 256: (16, 16, 8, 8, 4, 2, 1)}
_DISCRIMINATOR = {32: (2, 2, 2, 2), 64: (1, 2, 4, 8, 16), 128: (1, 2, 4, 8, 16, 16), 256: (1, 2, 4, 8, 8, 16, 16)}
_HALVING = {32: 2, 64: 5, 128: 5, 256: 6}


def _glorot(gain=1.0):
    return keras.initializers.VarianceScaling(gain**2, mode="fan_avg", distribution="uniform")


@keras.saving.register_keras_serializable("tfgan_zoo")
class ResidualUp(base.Configured, keras.layers.Layer):
    """The generator's block: twice the resolution, `filters` channels (Miyato et al. 2018, appendix).

    Args:
        filters: int, output channels.
        num_classes: int, for labels by conditional batch normalisation; 0 for none.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks.sngan.sngan import ResidualUp
    >>> ResidualUp(8, name="block")(tf.zeros((2, 4, 4, 16))).shape.as_list()
    [2, 8, 8, 8]
    """

    def __init__(self, filters: int, num_classes: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters, self.num_classes = filters, num_classes
        name, dtype = self.name, self.dtype_policy
        conv = functools.partial(keras.layers.Conv2D, filters, padding="same", dtype=dtype)
        self.norm1 = base.batch_norm(f"{name}_norm1", dtype, num_classes)
        self.conv1 = conv(kernel_size=3, kernel_initializer=_glorot(2**0.5), name=f"{name}_conv1")
        self.norm2 = base.batch_norm(f"{name}_norm2", dtype, num_classes)
        self.conv2 = conv(kernel_size=3, kernel_initializer=_glorot(2**0.5), name=f"{name}_conv2")
        self.shortcut = conv(kernel_size=1, kernel_initializer=_glorot(), name=f"{name}_shortcut")
        self.upsample = keras.layers.UpSampling2D(name=f"{name}_upsample", dtype=dtype)

    def build(self, input_shape: Any) -> None:
        hidden = (*input_shape[:-1], self.filters)
        for layer, shape in [
            (self.norm1, input_shape),
            (self.conv1, input_shape),
            (self.norm2, hidden),
            (self.conv2, hidden),
            (self.shortcut, input_shape),
        ]:
            layer.build(shape)

    def call(self, x: tf.Tensor, labels: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        given = (labels,) if self.num_classes else ()
        y = self.conv1(self._doubled(tf.nn.relu(self.norm1(x, *given, training=training))))
        y = self.conv2(tf.nn.relu(self.norm2(y, *given, training=training)))
        return y + self._doubled(self.shortcut(x))  # a 1 x 1 convolution before the upsampling: the same, cheaper

    def _doubled(self, x):
        _, height, width, channels = x.shape
        # The upsampling forgets the static sizes, without which LiteRT has no convolution.
        return tf.reshape(self.upsample(x), (-1, 2 * height, 2 * width, channels))


@keras.saving.register_keras_serializable("tfgan_zoo")
class ResidualDown(base.Configured, keras.layers.Layer):
    """The discriminator's block (Miyato et al. 2018, appendix).

    Args:
        hidden: int, channels between its two convolutions: in the first block `filters`, elsewhere the input's.
        filters: int, output channels.
        halve: bool, whether to halve the resolution.
        first: bool, whether the block sees the image: no activation in front, and the shortcut pools first.
        spectral_norm: bool, for all its convolutions.
        perturb: float, their noise rate; see `layers.PerturbedConv2D`.
        perturb_law: str, their noise law.
        perturb_input: bool, whether the convolutions that see the block's input perturb it.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks.sngan.sngan import ResidualDown
    >>> ResidualDown(4, 8, halve=True, name="block")(tf.zeros((2, 8, 8, 4))).shape.as_list()
    [2, 4, 4, 8]
    """

    def __init__(
        self,
        hidden: int,
        filters: int,
        halve: bool = False,
        first: bool = False,
        spectral_norm: bool = False,
        perturb: float = 0.0,
        perturb_law: str = "uniform",
        perturb_input: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.hidden, self.filters, self.halve, self.first = hidden, filters, halve, first
        self.spectral_norm, self.perturb, self.perturb_law = spectral_norm, perturb, perturb_law
        self.perturb_input = perturb_input
        outer = perturb if perturb_input else 0.0
        self.conv1 = self._conv(hidden, 3, 2**0.5, "conv1", outer)
        self.conv2 = self._conv(filters, 3, 2**0.5, "conv2", perturb)
        resized = halve or first or hidden != filters
        self.shortcut = self._conv(filters, 1, 1.0, "shortcut", outer) if resized else None

    def build(self, input_shape: Any) -> None:
        self.conv1.build(input_shape)
        self.conv2.build((*input_shape[:-1], self.hidden))
        if self.shortcut is not None:
            self.shortcut.build(input_shape)

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        y = self.conv1(x if self.first else tf.nn.relu(x), training=training)
        y = self._pooled(self.conv2(tf.nn.relu(y), training=training))
        if self.shortcut is None:
            return y + x
        if self.first:
            return y + self.shortcut(self._pooled(x), training=training)
        return y + self._pooled(self.shortcut(x, training=training))

    def _pooled(self, x):
        return tf.nn.avg_pool2d(x, ksize=2, strides=2, padding="VALID") if self.halve else x

    def _conv(self, filters, kernel_size, gain, role, perturb):
        return layers.conv2d(
            filters,
            kernel_size,
            padding="same",
            kernel_initializer=_glorot(gain),
            spectral_norm=self.spectral_norm,
            perturb=perturb,
            perturb_law=self.perturb_law,
            name=f"{self.name}_{role}",
            dtype=self.dtype_policy,
        )


@keras.saving.register_keras_serializable("tfgan_zoo")
class SNGANGenerator(base.Sized, base.Generator):
    """Latents to images by residual blocks (Miyato et al. 2018, arXiv 1802.05957).

    Args:
        image_size: int, pixels a side: 32, 64, 128 or 256; or (height, width), see `specs.Network.layout`.
        channels: int, the image's channels.
        width: int, the unit of the channels: 64 gives the published network. At 32 px all blocks have 4 width
            channels; at 64 px and above the block nearest the image has width, the deepest 16 width.
        latent_dim: int, length of the latents.
        num_classes: int, for labels by conditional batch normalisation (all but the last, as the blocks have it);
            0 for none.
        attention: int, pixels along the shorter side of the feature maps that get self-attention (Zhang et al. 2019,
            arXiv 1805.08318), or None.

    Raises:
        ValueError: for another image size or attention, or a size below 1.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks import SNGANGenerator
    >>> generator = SNGANGenerator(channels=3, width=2)
    >>> generator(tf.zeros((2, 128))).shape.as_list()
    [2, 32, 32, 3]
    """

    SPEC = SPEC
    FIRST, FEATURES = "project", "block1"

    def __init__(
        self,
        image_size: int | str | Sequence[int] = 32,
        channels: int = 1,
        width: int = 64,
        latent_dim: int = 128,
        num_classes: int = 0,
        attention: int | None = None,
        **kwargs: Any,
    ) -> None:
        check_attention(attention, image_sizes.parse(image_size))
        base.check_counts(channels=channels, width=width, latent_dim=latent_dim)
        base.check_classes(num_classes)
        super().__init__(**kwargs)
        self.set_size(image_size, channels)
        self.num_classes, self.attention, self.width, self.latent_dim = num_classes, attention, width, latent_dim
        dtype, (rows, columns) = self.dtype_policy, self.grid
        deepest, *blocks = (width * unit for unit in _GENERATOR[self.level])
        project = keras.layers.Dense(
            rows * columns * deepest, kernel_initializer=_glorot(), name="project", dtype=dtype
        )
        stack = []  # the layers are made in their order: each draws its seed then
        for i, filters in enumerate(blocks):
            stack.append(ResidualUp(filters, num_classes, name=f"block{i + 1}", dtype=dtype))
            if 2 * min(self.grid) * 2**i == attention:
                stack.append(Attention(perturb=None, name="attention", dtype=dtype))
        self.trunk = base.conditional_trunk(
            [
                project,
                keras.layers.Reshape((rows, columns, deepest), name="reshape", dtype=dtype),
                *stack,
                base.batch_norm("norm", dtype),
                keras.layers.ReLU(name="relu", dtype=dtype),
                keras.layers.Conv2D(
                    channels,
                    3,
                    padding="same",
                    activation="tanh",
                    kernel_initializer=_glorot(),
                    name="output",
                    dtype="float32",
                ),
            ],
            latent_dim,
            num_classes,
        )
        self.build((None, latent_dim))


@keras.saving.register_keras_serializable("tfgan_zoo")
class SNGANDiscriminator(base.ImageDiscriminator):
    """Images to logits by residual blocks (Miyato et al. 2018, arXiv 1802.05957).

    Args:
        image_size: int, pixels a side: 32, 64, 128 or 256; or (height, width), see `specs.Network.layout`.
        channels: int, the image's channels.
        width: int, the unit of the channels: 64 gives the published network. At 32 px all blocks have 2 width
            channels; at 64 px and above the block nearest the image has width, the deepest 16 width.
        normalization: "spectral", in every layer, or "none".
        perturb: float, the convolutions' noise rate, shortcuts included; see `layers.PerturbedConv2D`.
        perturb_law: str, their noise law.
        perturb_first: bool, whether the two convolutions that see the image perturb it too.
        outputs: int, logits per image.
        num_classes: int, for labels by projection; 0 for none.
        attention: int, pixels along the shorter side of the feature maps that get self-attention, or None.

    Raises:
        ValueError: for another image size or attention, a size below 1, an unknown normalization or law, or a bad rate.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks import SNGANDiscriminator
    >>> discriminator = SNGANDiscriminator(channels=3, width=4, perturb=0.5)
    >>> discriminator(tf.zeros((2, 32, 32, 3))).shape.as_list()
    [2, 1]
    >>> discriminator.features(tf.zeros((2, 32, 32, 3))).shape.as_list()
    [2, 8]
    """

    SPEC = SPEC
    initializer = staticmethod(_glorot)

    def __init__(
        self,
        image_size: int | str | Sequence[int] = 32,
        channels: int = 1,
        width: int = 64,
        normalization: str | None = None,
        perturb: float = 0.0,
        perturb_law: str = "uniform",
        perturb_first: bool = True,
        outputs: int = 1,
        num_classes: int = 0,
        attention: int | None = None,
        **kwargs: Any,
    ) -> None:
        check_attention(attention, image_sizes.parse(image_size))
        self.attention = attention  # which the trunk is made with
        shared = (image_size, channels, width, normalization, perturb, perturb_law, perturb_first, outputs, num_classes)
        super().__init__(*shared, **kwargs)

    def make_trunk(self, spectral: bool) -> Any:
        widths = [self.width * unit for unit in _DISCRIMINATOR[self.level]]
        blocks = [
            ResidualDown(
                widths[max(i - 1, 0)],
                filters,
                halve=i < _HALVING[self.level],
                first=i == 0,
                spectral_norm=spectral,
                perturb=self.perturb,
                perturb_law=self.perturb_law,
                perturb_input=i > 0 or self.perturb_first,
                name=f"block{i + 1}",
                dtype=self.dtype_policy,
            )
            for i, filters in enumerate(widths)
        ]
        if self.attention is not None:
            layer = Attention(spectral, self.perturb, self.perturb_law, name="attention", dtype=self.dtype_policy)
            blocks.insert(int(math.log2(min(self.image_shape[:2]) // self.attention)), layer)
        return keras.Sequential(blocks, name="trunk")

    def features(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns float32[N, d]: the last block's activations, summed over the positions."""
        maps = tf.nn.relu(self.trunk(images, training=training))
        return tf.reduce_sum(tf.cast(maps, tf.float32), axis=(1, 2))
