"""What the method and the network say of themselves before TensorFlow starts."""

from tfgan_zoo.specs import Method, Network, Option


def _refuse(choices):
    if choices.options.get("sigma") == 0:
        raise ValueError(f"sigma=0 leaves {choices.role}=instance_noise nothing to do; choose {choices.role}=gan")


METHOD = Method(
    name="instance_noise",
    summary="Gaussian noise on all that the discriminator sees (Arjovsky, Bottou 2017)",
    path="zoo_plugin.instance_noise:InstanceNoise",
    options={"sigma": Option(0.1, "the noise's standard deviation at the first step", low=0.0, high=10.0)},
    refuse=_refuse,
)

NETWORK = Network(
    name="resize",
    summary="enlarging, then convolving, 16 to 256 px (Odena et al. 2016)",
    generator="zoo_plugin.resize:ResizeGenerator",
    discriminator="zoo_plugin.resize:ResizeDiscriminator",
    implies={
        "latent_dim": 64,
        "normalization": "none",
        "loss": "smoothed",
        "g_lr": 2e-4,
        "d_lr": 2e-4,
        "beta_1": 0.5,
        "beta_2": 0.999,
    },
    sizes=(16, 32, 64, 128, 256),
)
