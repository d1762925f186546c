"""StyleGAN2's generator after Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN" (arXiv
1912.04958), in the sizes of Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data" (arXiv
2006.06676).

A mapping network makes w of z; every convolution scales its input channels by a linear function of w. Images are sums
of what 1 x 1 convolutions make of each resolution, doubled by [1, 3, 3, 1]. Noise of a learned strength, 0 at first,
goes into every 3 x 3 convolution: new noise in training, noise that is kept with the weights otherwise.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import image_sizes, layers, random
from tfgan_zoo.layers import resampling
from tfgan_zoo.layers.equalized import EqualizedDense, fan_in, unit_normal
from tfgan_zoo.layers.modulation import modulated_conv2d
from tfgan_zoo.networks import base
from tfgan_zoo.networks.stylegan2.spec import SPEC

_GAIN = math.sqrt(2.0)
_RATE = 0.01  # the mapping's rate multiplier
_AVERAGE_DECAY = 0.995


def channels_of(resolution: int, width: int) -> int:
    """Returns the channels at a resolution: `width` up to 32 px, then half as many with each doubling.

    >>> [channels_of(resolution, 512) for resolution in (4, 32, 64, 256)]
    [512, 512, 256, 64]
    """
    return max(min(32 * width // resolution, width), 1)


def activate(x: Any) -> tf.Tensor:
    """Leaky ReLU 0.2 that keeps the variance."""
    return tf.nn.leaky_relu(x, 0.2) * tf.cast(_GAIN, x.dtype)


def normalized(x: Any) -> tf.Tensor:
    """Scales rows to a mean square of 1."""
    return x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), axis=1, keepdims=True) + 1e-8)


class _Modulated(base.Configured, keras.layers.Layer):
    def build(self, input_shape):
        shape = (self.kernel_size, self.kernel_size, input_shape[-1], self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=unit_normal())
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        self.style.build((None, self.style_dim))

    def _convolved(self, x, w, **kwargs):
        kernel = tf.convert_to_tensor(self.kernel) / math.sqrt(fan_in(self.kernel))
        return modulated_conv2d(x, kernel, self.style(w), **kwargs)

    def _make_style(self, units):
        return EqualizedDense(units, bias_initializer="ones", name=f"{self.name}_style", dtype="float32")


@keras.saving.register_keras_serializable("tfgan_zoo")
class StyledConv(_Modulated):
    """A modulated 3 x 3 convolution, noise, a bias and leaky ReLU.

    Args:
        channels, filters: int, input and output channels.
        style_dim: int, length of w.
        size: int, pixels a side of what comes out; or (height, width).
        up: bool, whether that is twice what comes in.
    """

    kernel_size = 3

    def __init__(self, channels: int, filters: int, style_dim: int, size: int, up: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels, self.filters, self.style_dim, self.up = channels, filters, style_dim, up
        self.size = image_sizes.parse(size)
        self.style = self._make_style(channels)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.strength = self.add_weight(name="strength", shape=(), initializer="zeros")
        shape = (1, *image_sizes.sides(self.size), 1)
        self.noise = self.add_weight(name="noise", shape=shape, initializer=unit_normal(), trainable=False)

    def call(self, x: tf.Tensor, w: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
        """Returns float[N, H, W, filters]; noise float32[N, H, W, 1], None for that of the weights."""
        noise = tf.convert_to_tensor(self.noise) if noise is None else noise
        y = self._convolved(x, w, up=self.up)
        y += tf.cast(tf.cast(self.strength, tf.float32) * tf.cast(noise, tf.float32), y.dtype)
        return activate(y + tf.cast(self.bias, y.dtype))


@keras.saving.register_keras_serializable("tfgan_zoo")
class ToImage(_Modulated):
    """A modulated 1 x 1 convolution to the image's channels, not demodulated.

    Args:
        channels, filters: int, input and output channels.
        style_dim: int, length of w.
    """

    kernel_size = 1

    def __init__(self, channels: int, filters: int, style_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels, self.filters, self.style_dim = channels, filters, style_dim
        self.style = self._make_style(channels)

    def call(self, x: tf.Tensor, w: tf.Tensor) -> tf.Tensor:
        return tf.cast(self._convolved(x, w, demodulate=False), tf.float32) + tf.cast(self.bias, tf.float32)


@keras.saving.register_keras_serializable("tfgan_zoo")
class StyleGAN2Generator(base.Sized, base.Generator):
    """Latents to images by styles (Karras et al. 2020, arXiv 1912.04958); they leave a linear layer.

    Args:
        image_size: int, pixels a side: 32, 64, ... 512; or (height, width), see `specs.Network.layout`.
        channels: int, the image's channels.
        width: int, channels up to 32 px; they halve with each doubling above. 512 is published.
        latent_dim: int, length of the latents z and of w.
        num_classes: int, for labels by an embedding beside z; 0 for none.
        mapping_layers: int, dense layers from z to w: 2, or 8 in the paper.
        mixing: float in [0, 1], the share of fakes in training with two styles, one up to a random layer and one
            after it; None is 0.9, and 0 at 32 px.

    Raises:
        ValueError: for another image size, a size below 1, or a share out of its range.

    >>> import tensorflow as tf
    >>> from tfgan_zoo.networks import StyleGAN2Generator
    >>> generator = StyleGAN2Generator(width=4, latent_dim=8)
    >>> generator(tf.zeros((2, 8))).shape.as_list()
    [2, 32, 32, 1]
    >>> generator.styles(tf.zeros((2, 8))).shape.as_list()  # one for each layer
    [2, 8, 8]
    """

    SPEC = SPEC

    def __init__(
        self,
        image_size: int | str | Sequence[int] = 32,
        channels: int = 1,
        width: int = 512,
        latent_dim: int = 512,
        num_classes: int = 0,
        mapping_layers: int = 2,
        mixing: float | None = None,
        **kwargs: Any,
    ) -> None:
        base.check_counts(channels=channels, width=width, latent_dim=latent_dim, mapping_layers=mapping_layers)
        base.check_classes(num_classes)
        if mixing is not None and not (isinstance(mixing, int | float) and 0 <= mixing <= 1):
            raise ValueError(f"mixing={mixing!r} must be in [0, 1]")
        super().__init__(**kwargs)
        self.set_size(image_size, channels)
        self.width, self.latent_dim, self.num_classes = width, latent_dim, num_classes
        self.mapping_layers, self.mixing = mapping_layers, mixing
        self.mixing_share = (0.9 if self.level > 32 else 0.0) if mixing is None else mixing
        self.seed_generator = keras.random.SeedGenerator(name=f"{self.name}_noise")  # outside a `random.scope`
        self.embedding: Any = None
        if num_classes:
            self.embedding = EqualizedDense(latent_dim, name="embedding", dtype="float32")
        self.mapping = [
            EqualizedDense(latent_dim, multiplier=_RATE, name=f"mapping{i + 1}", dtype="float32")
            for i in range(mapping_layers)
        ]
        self.convolutions: list[StyledConv] = []
        self.to_images: list[ToImage] = []
        dtype, below = self.dtype_policy, channels_of(4, width)
        for size in (2**i for i in range(2, int(math.log2(self.level)) + 1)):  # of a square; of others its layers
            filters, own = channels_of(size, width), image_sizes.of([size * side // 4 for side in self.grid])
            if size > 4:
                self.convolutions.append(
                    StyledConv(below, filters, latent_dim, own, up=True, name=f"up{size}", dtype=dtype)
                )
            self.convolutions.append(StyledConv(filters, filters, latent_dim, own, name=f"conv{size}", dtype=dtype))
            self.to_images.append(ToImage(filters, channels, latent_dim, name=f"image{size}", dtype=dtype))
            below = filters
        every: list[keras.layers.Layer] = [*self.mapping, *self.convolutions, *self.to_images]
        for layer in every:
            setattr(self, layer.name, layer)  # a checkpoint does not look into lists
        self.build((None, latent_dim))

    @property
    def layer_count(self) -> int:
        """How many styles an image has."""
        return len(self.convolutions) + 1

    def build(self, input_shape: Any) -> None:
        self.map = self.add_weight(
            name="map", shape=(*self.grid, channels_of(4, self.width)), initializer=unit_normal(), trainable=True
        )
        self.average = self.add_weight(
            name="average",
            shape=(self.latent_dim,),
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="mean",  # of the replicas' means: that of the global batch
        )
        if self.num_classes:
            self.embedding.build((None, self.num_classes))
        for i, layer in enumerate(self.mapping):
            layer.build((None, self.latent_dim * (2 if self.num_classes and i == 0 else 1)))
        for layer in (*self.convolutions, *self.to_images):
            layer.build((None, None, None, layer.channels))
        self.built = True

    def call(self, latents: tf.Tensor, labels: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        return self.synthesize(self.styles(latents, labels, training), training)

    def truncated(self, latents: tf.Tensor, psi: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Returns images of styles nearer to their average: a + psi (w - a) (Karras et al. 2019, arXiv 1812.04948).

        Args:
            latents: float32[N, latent_dim], or styles float32[N, layers, latent_dim], which need no labels.
            psi: float, or float[N], in [0, 1].
            labels: int32[N] of a conditional network.
        """
        styles = self.styles(latents, labels) if len(latents.shape) == 2 else latents
        average = tf.convert_to_tensor(self.average)
        psi = tf.reshape(tf.cast(psi, tf.float32), (-1, 1, 1))
        return self.synthesize(average + psi * (styles - average))

    def styles(self, latents: tf.Tensor, labels: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        """Returns w, float32[N, layers, latent_dim]; in training with a second style in some, and the average moves."""
        self.check_labels(labels)
        w = self._mapped(latents, labels)
        styles = tf.stack([w] * self.layer_count, axis=1)
        if not training:
            return styles
        self.average.assign(_AVERAGE_DECAY * self.average + (1 - _AVERAGE_DECAY) * tf.reduce_mean(w, axis=0))
        if not self.mixing_share:
            return styles
        rows = tf.shape(w)[0] if w.shape[0] is None else w.shape[0]
        other = self._mapped(random.normal((rows, self.latent_dim), "mixing", self.seed_generator), labels)
        draws = random.uniform((rows, 2), "crossing", self.seed_generator)
        crossing = 1 + tf.floor(draws[:, :1] * (self.layer_count - 1))  # 1 ... layers - 1
        second = (tf.range(self.layer_count, dtype=tf.float32) >= crossing) & (draws[:, 1:] < self.mixing_share)
        return tf.where(second[:, :, None], other[:, None], styles)

    def latent_weights(self) -> np.ndarray:
        """Returns float32[latent_dim, d]: what all convolutions' scales are made of, as functions of w."""
        readers = [layer.style for layer in (*self.convolutions, *self.to_images)]
        return tf.concat([tf.convert_to_tensor(style.kernel) for style in readers], axis=1).numpy()

    def synthesize(self, styles: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns images float32[N, H, W, C] of styles float32[N, layers, latent_dim]."""
        rows = tf.shape(styles)[0] if styles.shape[0] is None else styles.shape[0]
        x = tf.tile(tf.cast(self.map, self.compute_dtype)[None], (rows, 1, 1, 1))
        images = None
        for i, layer in enumerate(self.convolutions):
            noise = None
            if training:
                noise = random.normal((rows, *layer.noise.shape[1:]), f"{layer.name}_noise", self.seed_generator)
            x = layer(x, styles[:, i], noise)
            if not layer.up:  # the last one of its resolution, whose image has the next one's style
                part = self.to_images[i // 2](x, styles[:, i + 1])
                images = part if images is None else resampling.upsample(images, 3) + part
        return images

    def _mapped(self, latents, labels):
        w = normalized(tf.cast(latents, tf.float32))
        if self.num_classes:
            rows = self.embedding(layers.one_hot(labels, self.num_classes))
            w = tf.concat([w, normalized(rows)], axis=1)
        for layer in self.mapping:
            w = activate(layer(w))
        return w
