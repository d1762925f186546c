"""What all networks share."""

import inspect
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import image_sizes, layers
from tfgan_zoo.choices import choose


class Configured:
    """Mixin: `get_config` from the constructor's signature, whose arguments are attributes of the same name."""

    name: str  # Keras's

    def get_config(self) -> dict[str, Any]:
        parameters = inspect.signature(type(self).__init__).parameters.values()
        names = [p.name for p in parameters if p.name != "self" and p.kind is not p.VAR_KEYWORD]
        values = {name: getattr(self, name) for name in names}
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        own: Any = super()  # that of the Keras class beside it
        return {**own.get_config(), "name": self.name, **values}


def check_data_format() -> None:
    """Raises a ValueError, one line, where Keras is set to images with their channels first: layers would read H as C.

    >>> check_data_format()
    """
    found = keras.config.image_data_format()
    if found != "channels_last":
        remedy = "keras.config.set_image_data_format('channels_last')"
        raise ValueError(f"image_data_format={found} of Keras must be channels_last, as images here are: {remedy}")


class Network(Configured, keras.Model):
    """A network on a `trunk`, a `keras.Sequential`, with `num_classes`, 0 if it takes no labels.

    A constructor ends with `self.build((None, *shape))`, so that all weights exist from then on.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        check_data_format()
        super().__init__(*args, **kwargs)

    def build(self, input_shape: Any) -> None:
        self.trunk.dtype_policy = self.dtype_policy  # Keras gives it that of the process
        self.trunk.build(input_shape)

    def check_labels(self, labels: tf.Tensor | None) -> None:
        """Raises a ValueError if the network needs labels and is called without."""
        if self.num_classes and labels is None:
            raise ValueError(f"labels=None: {self.name} is conditional and needs int32[N] in [0, {self.num_classes})")


class Sized:
    """Mixin of what makes or takes images of certain sizes. A subclass has `SPEC`, its `specs.Network`."""

    SPEC: Any = None

    def set_size(self, image_size: int | str | Sequence[int], channels: int) -> None:
        """Sets `image_size`, `channels` and `image_shape`; `level` and `grid` say how that size is made (`layout`).

        Raises:
            ValueError: in one line, for a size that is not made.
        """
        self.image_size, self.channels = image_sizes.parse(image_size), channels
        self.level, self.grid = self.SPEC.layout(self.image_size)
        self.image_shape = (*image_sizes.sides(self.image_size), channels)


class Generator(Network):
    """A network whose trunk, if it is conditional, is that of `conditional_trunk`.

    Attributes:
        FIRST: str, the name of the trunk's layer whose kernel reads the latents.
        FEATURES: str, that of the first layer whose output is no linear function of them.
    """

    FIRST: str | None = None
    FEATURES: str | None = None

    def call(self, latents: tf.Tensor, labels: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        return self.trunk(self.trunk_inputs(latents, labels), training=training)

    def trunk_inputs(self, latents: tf.Tensor, labels: tf.Tensor | None) -> Any:
        """Returns what the trunk takes of latents[N, latent_dim] and labels int32[N]."""
        self.check_labels(labels)
        return [latents, labels] if self.num_classes else latents

    def latent_weights(self) -> np.ndarray:
        """Returns A^T, float32[latent_dim, d], of the first layer's y = A z + b: what `sharing` finds directions in."""
        return self.trunk.get_layer(self.FIRST).kernel.numpy()[: self.latent_dim]

    def latent_features(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Returns float[N, ...], the network's first features of latents[N, latent_dim], in inference mode."""
        inputs = self.trunk.inputs if self.num_classes else self.trunk.inputs[:1]
        early = keras.Model(inputs[0] if len(inputs) == 1 else inputs, self.trunk.get_layer(self.FEATURES).output)
        return early(self.trunk_inputs(latents, labels), training=False)


class Discriminator(Network):
    """A network with a `head`, a dense layer, on top of `features`, which keeps the trunk's last dimension.

    If it is conditional, every class adds a projection of the features h of its own (Miyato and Koyama 2018, "cGANs
    with Projection Discriminator", arXiv 1802.05637, eq. 4), one for each output:

        D(x, y) = W h(x) + b + V[y] h(x)
    """

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        size = self.trunk.output_shape[-1]
        self.head.build((None, size))
        self.project: Any = None
        if self.num_classes:
            self.project = dense(
                self.outputs * size,
                self.normalization == "spectral",
                use_bias=False,
                kernel_initializer=self.projection_initializer(),
                name="project",
                dtype="float32",
            )
            self.project.build((None, self.num_classes))

    def projection_initializer(self) -> Any:
        """Returns the initializer of the classes' vectors: the head's kernel has it too."""
        return self.head.kernel_initializer.clone()

    def call(self, images: tf.Tensor, labels: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        self.check_labels(labels)
        features = self.features(images, training=training)
        outputs = self.head(features)
        if self.num_classes:
            rows = self.project(layers.one_hot(labels, self.num_classes))
            rows = tf.reshape(rows, (-1, self.outputs, features.shape[-1]))
            outputs += tf.einsum("nd,nod->no", features, rows)
        return outputs


class ImageDiscriminator(Sized, Discriminator):
    """A discriminator of images, with the constructor that all of ours share.

    A subclass has `SPEC`, its `specs.Network`, and makes its parts: `make_trunk`, and `initializer` for the head.

    Args:
        image_size: int, pixels a side, or (height, width), one of the network's sizes.
        channels: int, the image's channels.
        width: int, the unit of the channels of the convolutions.
        normalization: str, one of the network's; None is the first that it names.
        perturb: float, the convolutions' noise rate; see `layers.PerturbedConv2D`.
        perturb_law: str, their noise law.
        perturb_first: bool, whether the convolution that sees the image perturbs it too.
        outputs: int, logits per image.
        num_classes: int, for labels by projection; 0 for none.

    Raises:
        ValueError: for another image size, a size below 1, an unknown normalization or law, or a bad rate.
    """

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
        **kwargs: Any,
    ) -> None:
        check_counts(channels=channels, width=width, outputs=outputs)
        check_classes(num_classes)
        normalization = self.SPEC.normalizations[0] if normalization is None else normalization
        choose("normalization", normalization, self.SPEC.normalizations)
        super().__init__(**kwargs)
        self.set_size(image_size, channels)
        self.width, self.outputs = width, outputs
        self.normalization, self.perturb, self.perturb_law = normalization, perturb, perturb_law
        self.perturb_first, self.num_classes = perturb_first, num_classes
        self.trunk = self.make_trunk(normalization == "spectral")
        self.head = self.make_head()
        self.build((None, *self.image_shape))

    def make_trunk(self, spectral: bool) -> Any:
        """Returns the layers below the head as one `keras.Sequential`, spectrally normalised or not."""
        raise NotImplementedError

    def make_head(self) -> keras.Layer:
        """Returns the layer from features to outputs."""
        spectral = self.normalization == "spectral"
        return dense(self.outputs, spectral, kernel_initializer=self.initializer(), name="head", dtype="float32")

    @staticmethod
    def initializer() -> Any:
        """Returns the initializer of the head's kernel."""
        raise NotImplementedError


def conditional_trunk(stack: Any, size: int, num_classes: int) -> keras.Model:
    """Makes a trunk of layers, of which those with `num_classes` get the labels too.

    Args:
        stack: the layers, in order.
        size: int, length of the input vectors.
        num_classes: int; 0 makes a plain `keras.Sequential`.

    Returns:
        A Keras model of vectors[N, size], or of [vectors[N, size], labels int32[N]].
    """
    if not num_classes:
        return keras.Sequential(stack, name="trunk")
    x = inputs = keras.Input((size,), name="inputs")
    labels = keras.Input((), dtype="int32", name="labels")
    for layer in stack:
        if getattr(layer, "num_classes", 0):
            layer.build(x.shape)
            x = layer(x, labels)
        else:
            x = layer(x)
    return keras.Model([inputs, labels], x, name="trunk")


def dense(units: int, spectral_norm: bool = False, **kwargs: Any) -> keras.Layer:
    """Makes a `layers.SNDense` or a `keras.layers.Dense`."""
    return (layers.SNDense if spectral_norm else keras.layers.Dense)(units, **kwargs)


def batch_norm(name: str, dtype: Any, num_classes: int = 0) -> keras.Layer:
    """Makes a batch normalisation over the global batch, with the momentum that GAN code uses; maybe conditional."""
    kwargs = {"momentum": 0.9, "epsilon": 1e-5, "synchronized": True, "name": name, "dtype": dtype}
    if num_classes:
        return layers.ConditionalBatchNormalization(num_classes, **kwargs)
    return keras.layers.BatchNormalization(**kwargs)


def check_classes(num_classes: int) -> None:
    """Raises a ValueError unless it is a whole number of at least 0."""
    if not isinstance(num_classes, int) or num_classes < 0:
        raise ValueError(f"num_classes={num_classes!r}: expected a whole number, 0 for a network without labels")


def check_counts(**arguments: Any) -> None:
    """Raises a ValueError unless every argument is a whole number of at least 1."""
    for argument, value in arguments.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{argument}={value!r}: expected a whole number of at least 1")
