"""The residual SNGAN, before TensorFlow starts."""

import math
from collections.abc import Sequence

from tfgan_zoo import image_sizes
from tfgan_zoo.specs import Network


def check_attention(attention: int | None, image_size: int | str | Sequence[int]) -> None:
    """Raises a ValueError, one line, unless both networks have a feature map of so many pixels a side, or for None.

    Of what is no square it is the shorter side.
    """
    if attention is None:
        return
    level, grid = SPEC.layout(image_size)
    sides = [min(grid) * 2**i for i in range(1, int(math.log2(level)) - 2)]
    if attention not in sides:
        size = image_sizes.shown(image_size)
        raise ValueError(f"attention={attention} of image_size={size}: choose from {', '.join(map(str, sides))}")


SPEC = Network(
    name="sngan",
    summary="residual blocks with spectral normalisation, 32 to 256 px (Miyato et al. 2018)",
    generator="tfgan_zoo.networks.sngan.sngan:SNGANGenerator",
    discriminator="tfgan_zoo.networks.sngan.sngan:SNGANDiscriminator",
    implies={
        "latent_dim": 128,
        "normalization": "spectral",
        "loss": "hinge",
        "n_dis": 5,
        "g_lr": 2e-4,
        "d_lr": 2e-4,
        "beta_1": 0.0,
        "beta_2": 0.9,
        "lr_decay": "linear",
    },
    sizes=(32, 64, 128),
    larger=(256,),
    grid=4,
    options={"attention": ("generator", "discriminator")},
    refuse=lambda config: check_attention(config.attention, config.image_size),
)
