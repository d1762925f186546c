"""The residual SNGAN, before TensorFlow starts."""

from tfgan_zoo.specs import Network


def check_attention(attention, image_size):
    """Raises a ValueError, one line, unless both networks have a feature map of so many pixels a side, or for None."""
    sides = [side for side in (8, 16, 32, 64, 128) if side <= image_size // 2]
    if attention is not None and attention not in sides:
        raise ValueError(f"attention={attention} of image_size={image_size}: choose from {', '.join(map(str, sides))}")


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
    options={"attention": ("generator", "discriminator")},
    refuse=lambda config: check_attention(config.attention, config.image_size),
)
