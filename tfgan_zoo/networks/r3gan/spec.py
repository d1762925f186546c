"""R3GAN, before TensorFlow starts."""

from tfgan_zoo.specs import Network

# The paper has those of 32, 64 and 256 px; those between and beyond are ours, larger with the pixels.
_GAMMA = {32: 0.05, 64: 2.0, 128: 15.0, 256: 150.0, 512: 600.0}


def _at(image_size, batch_size):
    if not SPEC.makes(image_size):  # which is refused elsewhere
        return {}
    level, _ = SPEC.layout(image_size)
    gamma, ema_kimg = _GAMMA[level], 5000.0 if level == 32 else 500.0
    schedule = (
        "g_lr=2e-4->5e-5",
        "d_lr=2e-4->5e-5",
        "beta_2=0.9->0.99",
        f"penalty_weight={gamma}->{gamma / 10:g}",
        f"ema_kimg=0->{ema_kimg:g}",
    )
    return {"penalty_weight": (gamma, gamma), "schedule": schedule}


SPEC = Network(
    name="r3gan",
    summary="residual blocks of grouped convolutions, no normalisation, 32 to 512 px (Huang et al. 2024)",
    generator="tfgan_zoo.networks.r3gan.r3gan:R3GANGenerator",
    discriminator="tfgan_zoo.networks.r3gan.r3gan:R3GANDiscriminator",
    implies={
        "latent_dim": 64,
        "normalization": "none",
        "loss": "relativistic",
        "penalty": ("r1", "r2"),
        "penalty_weight": (0.05, 0.05),
        "penalty_every": (1, 1),
        "g_lr": 2e-4,
        "d_lr": 2e-4,
        "beta_1": 0.0,
        "beta_2": 0.9,
        "ema_kimg": 0.0,
    },
    at=_at,
    sizes=(32, 64, 128, 256),
    larger=(512,),
    grid=4,
    normalizations=("none",),
    tanh=False,
    options={"blocks": ("generator", "discriminator")},
)
