"""The methods, a paper each. Importing this package registers every class with Keras."""

from tfgan_zoo.methods.brc import BRC
from tfgan_zoo.methods.ces import CES
from tfgan_zoo.methods.express import Express
from tfgan_zoo.methods.gan import GAN
from tfgan_zoo.methods.particle import Particle
from tfgan_zoo.methods.pconv import PConv

__all__ = ["BRC", "CES", "GAN", "Express", "PConv", "Particle"]
