"""The GAN that makes the codes of Express: what it needs that the host does not."""

from typing import Any

import keras

from tfgan_zoo import networks, registry
from tfgan_zoo.core.gan import GAN
from tfgan_zoo.objectives import penalties
from tfgan_zoo.specs import Choices

WIDTH, DEPTH = 512, 3  # of its networks
NO_MOMENTUM = {"beta_1": 0.0, "beta_2": 0.9}  # of Adam, as in SNGAN


def make_latent_gan(dim: int, num_classes: int, options: dict[str, Any]) -> GAN:
    """Makes the latent GAN of a run whose host has the `options`: a plain GAN, with the host's loss if it has one."""
    shared: dict[str, Any] = {name: options[name] for name in ("n_dis", "ema_kimg", "seed") if name in options}
    if options.get("loss") is not None:
        shared |= {"loss": options["loss"], **_penalty_options(options)}
    normalization = "none" if "wgan_gp" in penalties.names_of(options.get("penalty")) else "spectral"
    sizes: dict[str, Any] = {"shape": (dim,), "width": WIDTH, "depth": DEPTH, "num_classes": num_classes}
    return GAN(
        networks.build("mlp", "generator", latent_dim=dim, **sizes),
        networks.build("mlp", "discriminator", normalization=normalization, **sizes),
        **shared,
    )


def _penalty_options(options):
    """Returns the host's penalties, of D, that a plain GAN can have, with their weights and intervals, as arguments."""
    names = penalties.names_of(options.get("penalty"))
    weights = penalties.one_each("penalty_weight", options.get("penalty_weight"), names)
    every = penalties.one_each("penalty_every", options.get("penalty_every"), names)
    choices = Choices(options={}, loss=options["loss"], penalties=names, n_dis=options.get("n_dis", 1))
    kept = [row for row in zip(names, weights, every, strict=True) if _fits(registry.PENALTIES[row[0]], choices)]
    columns = ("penalty", "penalty_weight", "penalty_every")
    return {column: tuple(row[i] for row in kept) for i, column in enumerate(columns)}


def _fits(penalty, choices):
    try:
        penalty.check(choices, registry.METHODS["gan"])
    except ValueError:
        return False
    return not penalty.of_generator


def without_momentum(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Returns an optimiser like it with `NO_MOMENTUM`, if it is of Adam's kind; else itself."""
    config = optimizer.get_config()
    return type(optimizer).from_config(config | NO_MOMENTUM) if NO_MOMENTUM.keys() <= config.keys() else optimizer
