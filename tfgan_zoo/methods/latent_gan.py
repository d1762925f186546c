"""The GAN that makes the codes of Express: what it needs that the host does not."""

from tfgan_zoo import networks
from tfgan_zoo.methods.gan import GAN

WIDTH, DEPTH = 512, 3  # of its networks
NO_MOMENTUM = {"beta_1": 0.0, "beta_2": 0.9}  # of Adam, as in SNGAN


def make_latent_gan(dim, num_classes, options):
    """Makes the latent GAN of a run whose host has the `options`: a plain GAN, with the host's loss if it has one."""
    names = ["n_dis", "ema_kimg", "seed"]
    if options.get("loss") is not None:
        names.append("loss")
        if options.get("penalty") != "prox" or options.get("n_dis", 1) >= GAN.prox_from:
            names += ["penalty", "penalty_weight"]
    normalization = "none" if options.get("penalty") == "wgan_gp" else "spectral"
    sizes = {"shape": (dim,), "width": WIDTH, "depth": DEPTH, "num_classes": num_classes}
    return GAN(
        networks.build("mlp", "generator", latent_dim=dim, **sizes),
        networks.build("mlp", "discriminator", normalization=normalization, **sizes),
        **{name: options[name] for name in names if name in options},
    )


def without_momentum(optimizer):
    """Returns an optimiser like it with `NO_MOMENTUM`, if it is of Adam's kind; else itself."""
    config = optimizer.get_config()
    return type(optimizer).from_config(config | NO_MOMENTUM) if NO_MOMENTUM.keys() <= config.keys() else optimizer
