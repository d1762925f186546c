"""Generators and discriminators, a folder for each architecture. TensorFlow loads when one is asked for."""

from typing import TYPE_CHECKING

from tfgan_zoo import lazy

if TYPE_CHECKING:  # what `__getattr__` finds, for editors and type checkers
    from tfgan_zoo.networks.dcgan.dcgan import DCGANDiscriminator as DCGANDiscriminator
    from tfgan_zoo.networks.dcgan.dcgan import DCGANGenerator as DCGANGenerator
    from tfgan_zoo.networks.factory import build as build
    from tfgan_zoo.networks.mlp.mlp import MLPDiscriminator as MLPDiscriminator
    from tfgan_zoo.networks.mlp.mlp import MLPGenerator as MLPGenerator
    from tfgan_zoo.networks.own import KerasDiscriminator as KerasDiscriminator
    from tfgan_zoo.networks.own import KerasGenerator as KerasGenerator
    from tfgan_zoo.networks.own import perturb as perturb
    from tfgan_zoo.networks.r3gan.r3gan import R3GANDiscriminator as R3GANDiscriminator
    from tfgan_zoo.networks.r3gan.r3gan import R3GANGenerator as R3GANGenerator
    from tfgan_zoo.networks.sngan.sngan import SNGANDiscriminator as SNGANDiscriminator
    from tfgan_zoo.networks.sngan.sngan import SNGANGenerator as SNGANGenerator
    from tfgan_zoo.networks.stylegan2.discriminator import StyleGAN2Discriminator as StyleGAN2Discriminator
    from tfgan_zoo.networks.stylegan2.generator import StyleGAN2Generator as StyleGAN2Generator

_WHERE = {
    "DCGANDiscriminator": "tfgan_zoo.networks.dcgan.dcgan",
    "DCGANGenerator": "tfgan_zoo.networks.dcgan.dcgan",
    "KerasDiscriminator": "tfgan_zoo.networks.own",
    "KerasGenerator": "tfgan_zoo.networks.own",
    "MLPDiscriminator": "tfgan_zoo.networks.mlp.mlp",
    "MLPGenerator": "tfgan_zoo.networks.mlp.mlp",
    "R3GANDiscriminator": "tfgan_zoo.networks.r3gan.r3gan",
    "R3GANGenerator": "tfgan_zoo.networks.r3gan.r3gan",
    "SNGANDiscriminator": "tfgan_zoo.networks.sngan.sngan",
    "SNGANGenerator": "tfgan_zoo.networks.sngan.sngan",
    "StyleGAN2Discriminator": "tfgan_zoo.networks.stylegan2.discriminator",
    "StyleGAN2Generator": "tfgan_zoo.networks.stylegan2.generator",
    "build": "tfgan_zoo.networks.factory",
    "perturb": "tfgan_zoo.networks.own",
}
__all__ = sorted(_WHERE)
__getattr__, __dir__ = lazy.attributes(__name__, _WHERE)
