"""Generators and discriminators, a folder for each architecture. TensorFlow loads when one is asked for."""

from tfgan_zoo import lazy

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
