"""Perturbed convolutions in the discriminator."""

from typing import Any

import keras

from tfgan_zoo.core.gan import GAN
from tfgan_zoo.layers import all_layers
from tfgan_zoo.layers.perturbation import Perturbed
from tfgan_zoo.networks.own import as_pair


@keras.saving.register_keras_serializable("tfgan_zoo")
class PConv(GAN):
    """A GAN whose discriminator perturbs the input of every convolution in training.

    After Park, Yeo, Shin, "Generative Adversarial Network using Perturbed-Convolutions", arXiv 2101.10841. Each
    convolution of D computes, with fresh noise for reals and fakes,

        conv2d(perturb(x)),   for instance   perturb(x) = x * (1 + rate * u),   u ~ U(-1, 1) per element,

    which lowers the local Lipschitz value of D's features and keeps D from memorising the data. The noise law and
    its rate are our choice. The perturbation belongs to D's layers (`layers.PerturbedConv2D`), so it goes with every
    other method too; this class is the plain loop, and refuses a discriminator without it. D is noisy in its own steps
    alone, and the generator follows D's gradient without noise, but with `perturb_generator=True`.

    Args:
        generator: as in `GAN`.
        discriminator: a network with perturbed convolutions of a rate above 0.
        **kwargs: as in `GAN`.

    Raises:
        ValueError: if no layer of the discriminator perturbs.

    Example:

    >>> from tfgan_zoo.methods import PConv
    >>> from tfgan_zoo.networks import DCGANDiscriminator, DCGANGenerator
    >>> gan = PConv(DCGANGenerator(width=4), DCGANDiscriminator(width=4, perturb=0.5))
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, **kwargs: Any) -> None:
        generator, discriminator = as_pair(generator, discriminator)
        layers = all_layers(discriminator)
        if not any(isinstance(layer, Perturbed) and layer.perturb > 0 for layer in layers):
            raise ValueError(
                "discriminator: pconv needs perturbed convolutions; build it with perturb above 0, or take"
                " tfgan_zoo.perturb(discriminator, 0.5)"
            )
        super().__init__(generator, discriminator, **kwargs)
