"""From a configuration to a compiled model."""

import dataclasses
import inspect

import keras

from tfgan_zoo import functions, networks, registry
from tfgan_zoo.training.rollbacks import Halved


def build_model(config, halved_at=None):
    """Builds and compiles the model of a configuration.

    Args:
        config: a `Config`; a conditional one has been `labelled`.
        halved_at: list of int, the steps from which on the learning rates are halved; see `rollbacks`.

    Returns:
        A compiled `GAN` of the class that `config.method` names; call this inside the strategy's scope.

    Raises:
        ValueError: in one line, as `described` does.
    """
    described(config)
    shared = {"shape": config.shape} | ({} if config.width is None else {"width": config.width})
    own = {"generator": {"latent_dim": config.latent_dim}, "discriminator": {"normalization": config.normalization}}
    for name, roles in registry.NETWORKS[config.network].options.items():
        if getattr(config, name) is not None:
            for role in roles:
                own[role][name] = getattr(config, name)
    own["encoder"] = own["discriminator"].copy()  # the same layers, never with noise or labels
    if config.conditional:
        for role in ("generator", "discriminator"):
            own[role]["num_classes"] = config.num_classes
    if registry.NETWORKS[config.network].perturbs:
        own["discriminator"] |= {name: getattr(config, name) for name in ("perturb", "perturb_law", "perturb_first")}

    def make(role, **kwargs):
        kind = "discriminator" if role == "encoder" else role
        return networks.build(config.network, kind, **(shared | own[role] | kwargs))

    assemble = registry.METHODS[config.method].load().assemble
    length = {"steps": config.steps} if "steps" in inspect.signature(assemble).parameters else {}
    model = assemble(
        make,
        **length,
        **config.options,
        loss=config.loss,
        penalty=config.penalty,
        penalty_weight=config.penalty_weight,
        penalty_every=config.penalty_every,
        n_dis=config.n_dis,
        ema_kimg=config.ema_kimg,
        augment=config.augment,
        **({"ada_target": config.ada_target, "ada_kimg": config.ada_kimg} if "ada" in config.augment else {}),
        perturb_generator=config.perturb_generator,
        **({"schedule": config.schedule, "schedule_steps": config.steps} if config.schedule else {}),
        seed=config.seed,
    )
    model.name_classes(config.class_names)
    model.ema_ramp = config.init_from is None  # else the average is the donor's
    model.freeze_discriminators(config.freeze_d)
    decay = None
    if config.lr_decay == "linear":
        decay = keras.optimizers.schedules.PolynomialDecay(1.0, config.steps, 0.0)
    if halved_at is not None:
        decay = Halved(halved_at, decay)
    model.compile(
        keras.optimizers.Adam(config.g_lr, config.beta_1, config.beta_2),
        keras.optimizers.Adam(config.d_lr, config.beta_1, config.beta_2),
        learning_rate_scale=decay,
        micro_batch=config.micro_batch,
        jit_compile=config.jit == "on",
    )
    return model


def described(config):
    """Returns a configuration that tells the architecture of networks that a function makes; any other as it is.

    Their normalization, and whether they have a width, is what it is, whatever a data set or a method implies.

    Args:
        config: a `Config`; a conditional one has been `labelled`.

    Raises:
        ValueError: in one line, if the function is not there or makes no networks that fit, or others than the run was
            begun with.
    """
    word = config.network
    if functions.spec(word) is None:
        return config
    from tfgan_zoo.networks import by_function

    width = config.width if by_function.takes(word, "width") else None
    key, normalization = by_function.described(
        word,
        image_shape=config.shape,
        latent_dim=config.latent_dim,
        num_classes=config.num_classes if config.conditional else 0,
        **({} if width is None else {"width": width}),
    )
    if config.network_key not in (None, key):
        raise ValueError(
            f"network={word} makes other layers than the run was begun with (architecture {config.network_key}, now"
            f" {key}); a run keeps them: give it back, or begin another run"
        )
    return dataclasses.replace(config, network_key=key, normalization=normalization, width=width)
