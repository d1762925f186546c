"""The methods, a paper each. Importing this package registers every class with Keras."""

from tfgan_zoo.methods.gan import GAN
from tfgan_zoo.methods.pconv import PConv

__all__ = ["GAN", "PConv"]
