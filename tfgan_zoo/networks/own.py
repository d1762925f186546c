"""Any Keras network as a generator or a discriminator: functional, Sequential or subclassed."""

import inspect
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import layers, noise
from tfgan_zoo.networks import first_kernel

# Of subclassed networks that were wrapped here, by Keras's name: their copies are made by it.
_CLASSES: dict[str, type] = {}


class KerasNetwork(keras.Model):
    """A Keras network with what the training loop asks of a network: labels, `training`, and its shapes.

    Args:
        network: a Keras model. Two inputs, or a second argument of `call` named labels, make it conditional.
        num_classes: int, how many classes its labels name; None finds it out from a one-hot input or an `Embedding`.
        **kwargs: those of `keras.Model`.

    Raises:
        ValueError: in one line, if something cannot be known and is not given, or does not fit.
    """

    ROLE = ""

    def __init__(self, network: keras.Model, num_classes: int | None = None, **kwargs: Any) -> None:
        super().__init__(**({"dtype": "float32"} | kwargs))
        _CLASSES[keras.saving.get_registered_name(type(network))] = type(network)
        self.network = network
        self._by_training = "training" in inspect.signature(network.call).parameters
        inputs = _inputs(network)
        self._listed = inputs is not None
        if self._listed and len(inputs) > 2:
            raise ValueError(
                f"{self.ROLE}: {network.name} has {len(inputs)} inputs; one, or one and the labels, are read"
            )
        self._labels_at: Any = _place_of_labels(inputs) if self._listed else None
        self._conditional = self._labels_at is not None if self._listed else _reads_labels(network)
        self.num_classes = self._count_classes(inputs, num_classes) if self._conditional else 0
        batch = [kind for kind in layers.all_layers(network) if isinstance(kind, keras.layers.BatchNormalization)]
        self.normalization = "batch" if batch else None

    def call(self, x: Any, labels: tf.Tensor | None = None, training: bool = False) -> tf.Tensor:
        if self._conditional and labels is None:
            raise ValueError(f"labels=None: {self.name} is conditional and needs int32[N] in [0, {self.num_classes})")
        kwargs = {"training": training} if self._by_training else {}
        if not self._conditional:
            outputs = self.network(x, **kwargs)
        elif self._listed:
            inputs = [x]
            inputs.insert(self._labels_at, self._as_input(labels))
            outputs = self.network(inputs, **kwargs)
        else:
            outputs = self.network(x, labels, **kwargs)
        return tf.cast(outputs, tf.float32)

    def get_config(self) -> dict[str, Any]:
        try:
            network = keras.saving.serialize_keras_object(self.network)
        except NotImplementedError:
            name = type(self.network).__name__
            raise ValueError(
                f"{self.ROLE}: {name} needs a get_config with its arguments: it is copied and saved"
            ) from None
        return {"network": network, "num_classes": self.num_classes or None, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "KerasNetwork":
        network = keras.saving.deserialize_keras_object(config["network"], custom_objects=_CLASSES)
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # told where the first was made
            return cls(**{**config, "network": network})

    def _count_classes(self, inputs, given):
        if given:
            return int(given)
        if self._listed and _is_one_hot(inputs[self._labels_at]):
            return int(inputs[self._labels_at].shape[-1])
        known = {int(layer.input_dim) for layer in layers.all_layers(self.network) if _is_embedding(layer)}
        known |= {getattr(self.network, "num_classes", 0)} - {0}
        if len(known) == 1:
            return known.pop()
        raise ValueError(
            f"{self.ROLE}: how many classes {self.network.name} knows cannot be told from its inputs;"
            f" give {type(self).__name__}(network, num_classes=...)"
        )

    def _as_input(self, labels):
        """Returns labels int[N] as the network's input takes them: as they are, one in a row, or one-hot."""
        wanted = _inputs(self.network)[self._labels_at]
        if _is_one_hot(wanted):
            return tf.cast(layers.one_hot(labels, self.num_classes), wanted.dtype)
        labels = tf.cast(labels, wanted.dtype)
        return labels[:, None] if len(wanted.shape) == 2 else labels

    def _input_shape(self):
        """Returns the shape of an item of the input that is no label; None if it is not known."""
        inputs = _inputs(self.network)
        if inputs is None:
            return None
        return tuple(inputs[0 if self._labels_at != 0 else 1].shape[1:])

    def _output_shape(self, item):
        """Returns the shape of an item of the output; the weights exist from then on."""
        if self._listed:
            return tuple(self.network.outputs[0].shape[1:])
        labels = tf.zeros((1,), tf.int32) if self._conditional else None
        return tuple(self(tf.zeros((1, *item)), labels).shape[1:])


@keras.saving.register_keras_serializable("tfgan_zoo")
class KerasGenerator(KerasNetwork):
    """A Keras network as a generator; `GAN` and every method make one of a plain network by themselves.

    Args:
        network: latents[N, latent_dim] -> images[N, ...] in [-1, 1], with labels beside the latents or without.
        latent_dim: int; None takes the input's.
        num_classes: int; None finds it out, see `KerasNetwork`.

    Raises:
        ValueError: in one line, if one of them cannot be known and is not given.

    >>> import keras
    >>> from tfgan_zoo.networks import KerasGenerator
    >>> network = keras.Sequential([keras.Input((8,)), keras.layers.Dense(12, "tanh"), keras.layers.Reshape((2, 2, 3))])
    >>> generator = KerasGenerator(network)
    >>> generator.latent_dim, generator.image_shape, generator.num_classes
    (8, (2, 2, 3), 0)
    """

    ROLE = "generator"

    def __init__(
        self, network: keras.Model, latent_dim: int | None = None, num_classes: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(network, num_classes, **kwargs)
        shape = self._input_shape()
        if shape is not None and (len(shape) != 1 or shape[0] is None):
            raise ValueError(f"generator: {network.name} takes {_shown(shape)}, and latents are [N, latent_dim]")
        latent_dim = latent_dim or (shape[0] if shape else getattr(network, "latent_dim", None))
        if latent_dim is None:
            raise ValueError(
                f"generator: the latents of {network.name} are not known before it is called;"
                " give KerasGenerator(network, latent_dim=...)"
            )
        self.latent_dim = int(latent_dim)
        self.image_shape = self._output_shape((self.latent_dim,))
        if None in self.image_shape or not self.image_shape:
            raise ValueError(f"generator: {network.name} makes {_shown(self.image_shape)}; all sizes must be known")
        self.built = True
        ending = _last_activation(network)
        if len(self.image_shape) == 3 and ending not in (None, "tanh"):
            warnings.warn(
                f"generator: {network.name} ends in {ending}, and images are in [-1, 1]; end it in tanh", stacklevel=4
            )

    def latent_weights(self) -> np.ndarray:
        """Returns the kernel that reads the latents, float32[latent_dim, d]: as the network says, or found in it."""
        if hasattr(self.network, "latent_weights"):
            return self.network.latent_weights()
        return first_kernel.of(self.network, self.latent_dim, 1 if self._labels_at == 0 else 0)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"latent_dim": self.latent_dim}


@keras.saving.register_keras_serializable("tfgan_zoo")
class KerasDiscriminator(KerasNetwork):
    """A Keras network as a discriminator; `GAN` and every method make one of a plain network by themselves.

    Args:
        network: images[N, ...] -> logits[N, 1] (particle: features[N, d]; express's encoder: codes[N, d]), with labels
            beside the images or without.
        image_shape: what it takes, such as (H, W, C); None takes the input's.
        num_classes: int; None finds it out, see `KerasNetwork`.

    Raises:
        ValueError: in one line, if one of them cannot be known and is not given, or it gives no rows of numbers.

    >>> import keras
    >>> from tfgan_zoo.networks import KerasDiscriminator
    >>> network = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    >>> KerasDiscriminator(network).outputs
    1
    """

    ROLE = "discriminator"

    def __init__(
        self,
        network: keras.Model,
        image_shape: Sequence[int] | None = None,
        num_classes: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(network, num_classes, **kwargs)
        image_shape = image_shape or self._input_shape() or getattr(network, "image_shape", None)
        if image_shape is None:
            raise ValueError(
                f"discriminator: the images of {network.name} are not known before it is called;"
                " give KerasDiscriminator(network, image_shape=...)"
            )
        self.image_shape = tuple(image_shape)
        shape = self._output_shape(self.image_shape)
        if len(shape) != 1 or shape[0] is None:
            raise ValueError(
                f"discriminator: {network.name} gives {_shown(shape)}, and logits are [N, 1]; end it in a Dense layer"
            )
        self.outputs = shape[0]
        self.built = True
        if _last_activation(network) in ("sigmoid", "tanh", "softmax"):
            warnings.warn(
                f"discriminator: {network.name} ends in {_last_activation(network)}, and the losses take logits;"
                " leave it out",
                stacklevel=4,
            )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"image_shape": list(self.image_shape)}


def as_generator(network: keras.Model, num_classes: int | None = None) -> keras.Model:
    """Returns a generator with what the loop asks for: the network itself if it has it, else a `KerasGenerator`.

    Args:
        network: a Keras model.
        num_classes: int, used where the network's own cannot be known.
    """
    if isinstance(network, KerasNetwork) or (hasattr(network, "latent_dim") and hasattr(network, "image_shape")):
        return network
    return _wrapped(KerasGenerator, network, num_classes)


def as_discriminator(network: keras.Model, num_classes: int | None = None) -> keras.Model:
    """Returns a discriminator, or an encoder, as `as_generator` does: itself, or a `KerasDiscriminator`."""
    if isinstance(network, KerasNetwork) or hasattr(network, "num_classes") or hasattr(network, "normalization"):
        return network
    return _wrapped(KerasDiscriminator, network, num_classes)


def as_pair(generator: keras.Model, discriminator: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Returns both with what the loop asks for; one that does not tell its number of classes has the other's.

    Args:
        generator: a network as `as_generator` takes it.
        discriminator: one as `as_discriminator` takes it.
    """
    if hasattr(discriminator, "latent_dim") and not hasattr(generator, "latent_dim"):
        raise ValueError(f"generator={generator.name} and discriminator={discriminator.name} are the other way round")
    generator = as_generator(generator, getattr(discriminator, "num_classes", None))
    return generator, as_discriminator(discriminator, getattr(generator, "num_classes", None))


def perturb(network: keras.Model, rate: float, law: str = "uniform", first: bool = True) -> keras.Model:
    """Returns a network with the same weights whose 2-D convolutions perturb their input while it trains (PConv).

    Args:
        network: a discriminator: one of the zoo's, or a functional or Sequential Keras model with `Conv2D` layers.
        rate: float, the noise rate; see `layers.PerturbedConv2D`.
        law: str, one of `noise.DISTRIBUTIONS`.
        first: bool, whether the first convolution, which sees the image, perturbs it too.

    Returns:
        A new network of the same kind.

    Raises:
        ValueError: in one line, for a bad rate or law, a network without such convolutions, or a subclassed one.

    >>> import keras
    >>> from tfgan_zoo.networks import perturb
    >>> plain = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()])
    >>> type(perturb(plain, 0.5).layers[0]).__name__
    'PerturbedConv2D'
    """
    noise.check(law, rate)
    options = {"perturb": float(rate), "perturb_law": law}
    if "perturb" in network.get_config():
        noisy = network.__class__.from_config({**network.get_config(), **options, "perturb_first": first})
    elif _inputs(network) is None:
        raise ValueError(f"network: {network.name} is subclassed; take layers.PerturbedConv2D inside it")
    else:
        lowest = next((layer for layer in _leaves(network) if type(layer) is keras.layers.Conv2D), None)

        def convolution(layer):
            if type(layer) is keras.layers.Conv2D and (first or layer is not lowest):
                return layers.PerturbedConv2D.from_config({**layer.get_config(), **options})
            return layer.__class__.from_config(layer.get_config())

        noisy = keras.models.clone_model(network, clone_function=convolution)
    pairs = list(zip(_leaves(network), _leaves(noisy), strict=True))
    if not any(isinstance(new, layers.PerturbedConv2D | layers.PerturbedSNConv2D) for _, new in pairs):
        raise ValueError(f"network: {network.name} has no Conv2D to perturb")
    for old, new in pairs:
        for one, other in zip(_numbers(old), _numbers(new), strict=True):
            other.assign(one)
    return noisy


def _wrapped(wrapper, network, num_classes):
    role = wrapper.ROLE
    if not isinstance(network, keras.Model):
        raise ValueError(f"{role}={type(network).__name__} must be a Keras model")
    inputs = _inputs(network)
    conditional = _place_of_labels(inputs) is not None if inputs else _reads_labels(network)
    try:
        return wrapper(network)
    except ValueError:
        if conditional and num_classes:
            return wrapper(network, num_classes=num_classes)
        raise


def _inputs(network):
    """Returns the input tensors of a functional or a built Sequential model, else None."""
    if isinstance(network, keras.Sequential) and not network.built:
        raise ValueError(f"network: {network.name} has no keras.Input yet; begin it with one")
    inputs = getattr(network, "inputs", None)
    return list(inputs) if isinstance(inputs, list | tuple) else None


def _place_of_labels(inputs):
    """Returns which of two inputs has the labels: whole numbers, a name that says so, or the second; None of one."""
    if len(inputs) != 2:
        return None
    whole = [number for number, item in enumerate(inputs) if item.dtype.startswith(("int", "uint"))]
    named = [number for number, item in enumerate(inputs) if "label" in item.name or "class" in item.name]
    return next(iter(whole + named), 1)


def _is_one_hot(tensor):
    return len(tensor.shape) == 2 and tensor.shape[-1] not in (None, 1)


def _is_embedding(layer):
    return isinstance(layer, keras.layers.Embedding)


def _reads_labels(network):
    return "labels" in inspect.signature(network.call).parameters


def _last_activation(network):
    """Returns the name of the activation that a functional or Sequential model ends in; None if it is not known."""
    last = network.layers[-1] if _inputs(network) is not None and network.layers else None
    while last is not None and isinstance(last, keras.layers.Reshape | keras.layers.Flatten):
        previous = network.layers[: network.layers.index(last)]
        last = previous[-1] if previous else None
    if isinstance(last, keras.layers.ReLU | keras.layers.LeakyReLU | keras.layers.Softmax):
        return type(last).__name__.lower()
    return getattr(getattr(last, "activation", None), "__name__", None)


def _leaves(network):
    found = list(layers.all_layers(network))
    return [layer for layer in found if list(layers.all_layers(layer)) == [layer]]


def _numbers(layer):
    """Returns the weights of a layer but for the state of its own noise."""
    noise_state = getattr(getattr(layer, "seed_generator", None), "state", None)
    return [weight for weight in layer.weights if weight is not noise_state]


def _shown(shape):
    return f"[N, {', '.join(map(str, shape))}]"
