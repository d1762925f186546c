"""DCGAN, before TensorFlow starts."""

from tfgan_zoo.specs import Network

SPEC = Network(
    name="dcgan",
    summary="strided convolutions, 32 to 256 px (Radford et al. 2016)",
    generator="tfgan_zoo.networks.dcgan.dcgan:DCGANGenerator",
    discriminator="tfgan_zoo.networks.dcgan.dcgan:DCGANDiscriminator",
    implies={
        "latent_dim": 128,
        "normalization": "batch",
        "loss": "non_saturating",
        "g_lr": 2e-4,
        "d_lr": 2e-4,
        "beta_1": 0.5,
        "beta_2": 0.999,
    },
    sizes=(32, 64, 128),
    larger=(256,),
    grid=4,
    normalizations=("batch", "spectral", "none"),
)
