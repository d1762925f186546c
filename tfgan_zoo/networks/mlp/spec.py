"""The dense networks, before TensorFlow starts."""

from tfgan_zoo.specs import Network

SPEC = Network(
    name="mlp",
    summary="dense layers, for mixtures and tiny images",
    generator="tfgan_zoo.networks.mlp.mlp:MLPGenerator",
    discriminator="tfgan_zoo.networks.mlp.mlp:MLPDiscriminator",
    implies={
        "latent_dim": 16,
        "normalization": "none",
        "loss": "non_saturating",
        "g_lr": 1e-3,
        "d_lr": 1e-3,
        "beta_1": 0.5,
        "beta_2": 0.999,
    },
    vectors=True,
    perturbs=False,
    arguments=lambda shape: {"shape": shape},
)
