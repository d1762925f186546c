"""The methods, a paper each. Importing this package registers every class with Keras, the networks' too."""

from tfgan_zoo.methods.brc import BRC
from tfgan_zoo.methods.ces import CES
from tfgan_zoo.methods.express import Express
from tfgan_zoo.methods.gan import GAN
from tfgan_zoo.methods.particle import Particle
from tfgan_zoo.methods.pconv import PConv
from tfgan_zoo.networks import dcgan, mlp, sngan  # noqa: F401 - registered by being imported

__all__ = ["BRC", "CES", "GAN", "Express", "PConv", "Particle"]
