"""What all networks share."""

import inspect

import keras

from tfgan_zoo import layers


class Configured:
    """Mixin: `get_config` from the constructor's signature, whose arguments are attributes of the same name."""

    def get_config(self):
        parameters = inspect.signature(type(self).__init__).parameters.values()
        names = [p.name for p in parameters if p.name != "self" and p.kind is not p.VAR_KEYWORD]
        return {**super().get_config(), "name": self.name, **{name: getattr(self, name) for name in names}}


class Network(Configured, keras.Model):
    """A network on a `trunk`, a `keras.Sequential`.

    A constructor ends with `self.build((None, *shape))`, so that all weights exist from then on.
    """

    def build(self, input_shape):
        self.trunk.build(input_shape)


class Discriminator(Network):
    """A network with a `head`, a dense layer, on top of `features`, which keeps the trunk's last dimension."""

    def build(self, input_shape):
        super().build(input_shape)
        self.head.build((None, self.trunk.output_shape[-1]))

    def call(self, images, training=False):
        return self.head(self.features(images, training=training))


def dense(units, spectral_norm=False, **kwargs):
    """Makes a `layers.SNDense` or a `keras.layers.Dense`."""
    return (layers.SNDense if spectral_norm else keras.layers.Dense)(units, **kwargs)


def batch_norm(name, dtype):
    """Makes a batch normalisation over the global batch, with the momentum that GAN code uses."""
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True, name=name, dtype=dtype)


def check_choice(argument, value, allowed):
    """Raises a ValueError unless `value` is one of the numbers `allowed`."""
    if value not in allowed:
        raise ValueError(f"{argument}={value!r}: choose from {', '.join(map(str, allowed))}")


def check_counts(**arguments):
    """Raises a ValueError unless every argument is a whole number of at least 1."""
    for argument, value in arguments.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{argument}={value!r}: expected a whole number of at least 1")
