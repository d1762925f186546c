"""StyleGAN2, before TensorFlow starts."""

import math

from tfgan_zoo import image_sizes
from tfgan_zoo.specs import Network


def _at(image_size, batch_size):
    gamma = 0.0002 * math.prod(image_sizes.sides(image_size)) / batch_size
    level = SPEC.layout(image_size)[0] if SPEC.makes(image_size) else image_sizes.sides(image_size)[0]
    if level <= 32:  # as the authors do on CIFAR-10
        return {"penalty": ("r1",), "penalty_weight": (gamma,), "penalty_every": (16,)}
    return {"penalty_weight": (gamma, 2.0)}


def _refuse(config):
    group = next(size for size in (4, 2, 1) if config.batch_size % size == 0)
    if config.micro_batch is not None and config.micro_batch % group:
        raise ValueError(
            f"micro_batch={config.micro_batch} must be a multiple of {group} for network=stylegan2, whose discriminator"
            " compares as many neighbours in the batch"
        )


SPEC = Network(
    name="stylegan2",
    summary="styles that modulate convolutions, residual discriminator, 32 to 512 px (Karras et al. 2020)",
    generator="tfgan_zoo.networks.stylegan2.generator:StyleGAN2Generator",
    discriminator="tfgan_zoo.networks.stylegan2.discriminator:StyleGAN2Discriminator",
    implies={
        "latent_dim": 512,
        "normalization": "none",
        "loss": "non_saturating",
        "penalty": ("r1", "path_length"),
        "penalty_weight": (0.8192 / 64, 2.0),
        "penalty_every": (16, 4),
        "g_lr": 2e-3,  # 0.0025, of which lazy penalties leave 4 / 5 and 16 / 17
        "d_lr": 2.35e-3,
        "beta_1": 0.0,
        "beta_2": 0.99,
    },
    at=_at,
    sizes=(32, 64, 128, 256),
    larger=(512,),
    grid=4,
    normalizations=("none",),
    tanh=False,
    styles=True,
    refuse=_refuse,
    options={"mapping_layers": ("generator",), "mixing": ("generator",)},
)
