"""R3GAN after Huang, Gokaslan, Kuleshov and Tompkin 2024, "The GAN is dead; long live the GAN! A Modern Baseline GAN"
(arXiv 2501.05441).

Both networks are stages of residual blocks without normalisation, one stage a resolution from 4 px up. G begins at a
learned 4 x 4 map, scaled channel by channel by a linear function of z; D ends mirrored, with a 4 x 4 filter a channel
and a linear head. Between stages a [1, 2, 1] filter resamples, and a 1 x 1 convolution where the widths differ.

A block is x + conv1x1(act(conv3x3(act(conv1x1(x))))), twice as wide inside, the 3 x 3 convolution in groups of 16
channels. Its last kernel begins at 0, so that a fresh block is the identity; the first two have the gain
sqrt(2 / 1.04) L^(-1/4) of L blocks in the network, as in Fixup (Zhang et al. 2019, arXiv 1901.09321). All other
kernels keep the variance.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import layers
from tfgan_zoo.layers import resampling
from tfgan_zoo.networks import base
from tfgan_zoo.networks.r3gan.spec import SPEC

_EXPANSION, _GROUP, _SLOPE = 2, 16, 0.2
_BOXES = 2  # the filter [1, 2, 1]


def widths(image_size: int, width: int) -> list[int]:
    """Returns the channels at 4 px, 8 px, ... `image_size`: `width` up to 32 px, then half as many with each doubling.

    >>> widths(256, 768)
    [768, 768, 768, 768, 384, 192, 96]
    """
    stages = int(math.log2(image_size)) - 1
    return [max(width >> max(stage - 3, 0), 1) for stage in range(stages)]


def _normal(gain=1.0):
    return keras.initializers.VarianceScaling(gain**2, mode="fan_in", distribution="untruncated_normal")


def _pointwise(filters, name, dtype):
    return keras.layers.Conv2D(filters, 1, use_bias=False, kernel_initializer=_normal(), name=name, dtype=dtype)


@keras.saving.register_keras_serializable("tfgan_zoo")
class ResidualBlock(base.Configured, keras.layers.Layer):
    """x + conv1x1(act(conv3x3(act(conv1x1(x))))), the identity at first (Huang et al. 2024, section 3.2).

    Args:
        filters: int, channels of input and output.
        total: int, blocks in the network, L.
        perturb: float, the convolutions' noise rate; see `layers.PerturbedConv2D`.
        perturb_law: str, their noise law.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks.r3gan.r3gan import ResidualBlock
    >>> x = tf.random.normal((2, 4, 4, 16))
    >>> bool(tf.reduce_all(ResidualBlock(16, total=8, name="block")(x) == x))
    True
    """

    def __init__(
        self, filters: int, total: int, perturb: float = 0.0, perturb_law: str = "uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.total, self.perturb, self.perturb_law = filters, total, perturb, perturb_law
        inside = _EXPANSION * filters
        gain = math.sqrt(2 / (1 + _SLOPE**2)) * total**-0.25
        self.reach = self._conv(inside, 1, _normal(gain), "reach")
        self.mix = self._conv(inside, 3, _normal(gain), "mix", groups=inside // math.gcd(_GROUP, inside))
        self.back = self._conv(filters, 1, "zeros", "back", use_bias=False)

    def _conv(self, filters, kernel_size, initializer, role, **kwargs):
        return layers.conv2d(
            filters,
            kernel_size,
            padding="same",
            kernel_initializer=initializer,
            perturb=self.perturb,
            perturb_law=self.perturb_law,
            name=f"{self.name}_{role}",
            dtype=self.dtype_policy,
            **kwargs,
        )

    def build(self, input_shape: Any) -> None:
        inside = (*input_shape[:-1], _EXPANSION * self.filters)
        for layer, shape in ((self.reach, input_shape), (self.mix, inside), (self.back, inside)):
            layer.build(shape)

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        y = tf.nn.leaky_relu(self.reach(x, training=training), _SLOPE)
        y = tf.nn.leaky_relu(self.mix(y, training=training), _SLOPE)
        return x + self.back(y, training=training)


@keras.saving.register_keras_serializable("tfgan_zoo")
class Resampled(base.Configured, keras.layers.Layer):
    """Twice or half the resolution by the filter [1, 2, 1].

    Args:
        up: bool, whether twice.
    """

    def __init__(self, up: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.up = up

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return (resampling.upsample if self.up else resampling.downsample)(x, _BOXES)


@keras.saving.register_keras_serializable("tfgan_zoo")
class Basis(base.Configured, keras.layers.Layer):
    """A learned map whose channels a linear function of z scales; with labels, of z and the class's vector.

    Args:
        filters: int, channels.
        num_classes: int; 0 for no labels.
        grid: (rows, columns) of the map.
    """

    def __init__(self, filters: int, num_classes: int = 0, grid: Sequence[int] = (4, 4), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters, self.num_classes, self.grid = filters, num_classes, tuple(grid)
        self.scale = keras.layers.Dense(
            filters, use_bias=False, kernel_initializer=_normal(), name=f"{self.name}_scale", dtype=self.dtype_policy
        )

    def build(self, input_shape: Any) -> None:
        size = input_shape[-1]
        self.map = self.add_weight(name="map", shape=(*self.grid, self.filters), initializer=_unit_normal())
        if self.num_classes:
            self.classes = self.add_weight(name="classes", shape=(self.num_classes, size), initializer=_unit_normal())
        self.scale.build((None, size * (2 if self.num_classes else 1)))

    @property
    def kernel(self) -> Any:
        """What reads the latents, float[latent_dim, filters]; with labels, more rows below."""
        return self.scale.kernel

    def call(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        latents = tf.cast(latents, self.compute_dtype)
        if self.num_classes:
            rows = layers.one_hot(labels, self.num_classes, self.compute_dtype)
            latents = tf.concat([latents, rows @ tf.cast(self.classes, self.compute_dtype)], axis=1)
        return self.scale(latents)[:, None, None, :] * tf.cast(self.map, self.compute_dtype)


def _unit_normal():
    return keras.initializers.RandomNormal(stddev=1.0)


@keras.saving.register_keras_serializable("tfgan_zoo")
class R3GANGenerator(base.Sized, base.Generator):
    """Latents to images by residual blocks (Huang et al. 2024, arXiv 2501.05441); they leave a linear layer.

    Args:
        image_size: int, pixels a side: 32, 64, ... 512; or (height, width), see `specs.Network.layout`.
        channels: int, the image's channels.
        width: int, channels up to 32 px; they halve with each doubling above. 768 is published.
        latent_dim: int, length of the latents.
        num_classes: int, for labels by a vector a class beside z; 0 for none.
        blocks: int, residual blocks of a stage; 2 is published.

    Raises:
        ValueError: for another image size, or a size below 1.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks import R3GANGenerator
    >>> generator = R3GANGenerator(width=4)
    >>> generator(tf.zeros((2, 64))).shape.as_list()
    [2, 32, 32, 1]
    """

    SPEC = SPEC
    FIRST, FEATURES = "basis", "stage1_block1"

    def __init__(
        self,
        image_size: int | str | Sequence[int] = 32,
        channels: int = 1,
        width: int = 768,
        latent_dim: int = 64,
        num_classes: int = 0,
        blocks: int = 2,
        **kwargs: Any,
    ) -> None:
        base.check_counts(channels=channels, width=width, latent_dim=latent_dim, blocks=blocks)
        base.check_classes(num_classes)
        super().__init__(**kwargs)
        self.set_size(image_size, channels)
        self.width, self.latent_dim, self.num_classes, self.blocks = width, latent_dim, num_classes, blocks
        dtype, stages = self.dtype_policy, widths(self.level, width)
        stack = [Basis(stages[0], num_classes, self.grid, name="basis", dtype=dtype)]
        for i, filters in enumerate(stages):
            if i > 0 and filters != stages[i - 1]:  # before the resampling: the same, cheaper
                stack.append(_pointwise(filters, f"stage{i + 1}_width", dtype))
            if i > 0:
                stack.append(Resampled(True, name=f"stage{i + 1}_up", dtype=dtype))
            stack += [
                ResidualBlock(filters, len(stages) * blocks, name=f"stage{i + 1}_block{k + 1}", dtype=dtype)
                for k in range(blocks)
            ]
        self.trunk = base.conditional_trunk(
            [*stack, _pointwise(channels, "output", "float32")], latent_dim, num_classes
        )
        self.build((None, latent_dim))


@keras.saving.register_keras_serializable("tfgan_zoo")
class R3GANDiscriminator(base.ImageDiscriminator):
    """Images to logits by residual blocks (Huang et al. 2024, arXiv 2501.05441).

    The head has a bias, which is not in the paper, and classes are projections as everywhere here.

    Args:
        image_size: int, pixels a side: 32, 64, ... 512; or (height, width), see `specs.Network.layout`.
        channels: int, the image's channels.
        width: int, channels up to 32 px; they halve with each doubling above. 768 is published.
        normalization: "none".
        perturb: float, the convolutions' noise rate, the last filters included; see `layers.PerturbedConv2D`.
        perturb_law: str, their noise law.
        perturb_first: bool, whether the convolution that sees the image perturbs it too.
        outputs: int, logits per image.
        num_classes: int, for labels by projection; 0 for none.
        blocks: int, residual blocks of a stage; 2 is published.

    Raises:
        ValueError: for another image size, a size below 1, an unknown normalization or law, or a bad rate.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks import R3GANDiscriminator
    >>> discriminator = R3GANDiscriminator(channels=3, width=4, perturb=0.5)
    >>> discriminator.features(tf.zeros((2, 32, 32, 3))).shape.as_list()
    [2, 4]
    """

    SPEC = SPEC
    initializer = staticmethod(_normal)

    def __init__(
        self,
        image_size: int | str | Sequence[int] = 32,
        channels: int = 1,
        width: int = 768,
        normalization: str | None = None,
        perturb: float = 0.0,
        perturb_law: str = "uniform",
        perturb_first: bool = True,
        outputs: int = 1,
        num_classes: int = 0,
        blocks: int = 2,
        **kwargs: Any,
    ) -> None:
        base.check_counts(blocks=blocks)
        self.blocks = blocks  # which the trunk is made with
        shared = (image_size, channels, width, normalization, perturb, perturb_law, perturb_first, outputs, num_classes)
        super().__init__(*shared, **kwargs)

    def make_trunk(self, spectral: bool) -> Any:
        stages = widths(self.level, self.width)[::-1]
        stack = [self._conv(stages[0], 1, "input", perturb=self.perturb if self.perturb_first else 0.0)]
        for i, filters in enumerate(stages):
            if i > 0:
                stack.append(Resampled(False, name=f"stage{i + 1}_down", dtype=self.dtype_policy))
            if i > 0 and filters != stages[i - 1]:
                stack.append(self._conv(filters, 1, f"stage{i + 1}_width"))
            stack += [
                ResidualBlock(
                    filters,
                    len(stages) * self.blocks,
                    self.perturb,
                    self.perturb_law,
                    name=f"stage{i + 1}_block{k + 1}",
                    dtype=self.dtype_policy,
                )
                for k in range(self.blocks)
            ]
        stack.append(self._conv(stages[-1], self.grid, "basis", groups=stages[-1]))
        return keras.Sequential([*stack, keras.layers.Flatten(dtype=self.dtype_policy)], name="trunk")

    def _conv(self, filters, kernel_size, name, perturb=None, groups=1):
        return layers.conv2d(
            filters,
            kernel_size,
            use_bias=False,
            kernel_initializer=_normal(),
            perturb=self.perturb if perturb is None else perturb,
            perturb_law=self.perturb_law,
            groups=groups,
            name=name,
            dtype=self.dtype_policy,
        )

    def features(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns float32[N, width]: what the last filters, 4 x 4 of a square, leave of the last stage."""
        return tf.cast(self.trunk(images, training=training), tf.float32)
