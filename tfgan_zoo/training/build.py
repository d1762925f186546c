"""From a configuration to a compiled model."""

import inspect

import keras

from tfgan_zoo import networks, registry


def build_model(config):
    """Builds and compiles the model of a configuration.

    Args:
        config: a `Config`; a conditional one has been `labelled`.

    Returns:
        A compiled `GAN` of the class that `config.method` names; call this inside the strategy's scope.
    """
    shared = {"shape": config.shape} | ({} if config.width is None else {"width": config.width})
    own = {"generator": {"latent_dim": config.latent_dim}, "discriminator": {"normalization": config.normalization}}
    own["encoder"] = own["discriminator"].copy()  # the same layers, never with noise or labels
    if config.conditional:
        for role in ("generator", "discriminator"):
            own[role]["num_classes"] = config.num_classes
    if config.network != "mlp":  # which has no convolutions to perturb
        own["discriminator"] |= {name: getattr(config, name) for name in ("perturb", "perturb_law", "perturb_first")}

    def make(role, **kwargs):
        kind = "discriminator" if role == "encoder" else role
        return networks.build(config.network, kind, **(shared | own[role] | kwargs))

    assemble = registry.METHODS[config.method].load().assemble
    asked = {"steps": config.steps} if "steps" in inspect.signature(assemble).parameters else {}
    model = assemble(
        make,
        **asked,
        **config.options,
        loss=config.loss,
        penalty=config.penalty,
        penalty_weight=config.penalty_weight,
        n_dis=config.n_dis,
        ema_kimg=config.ema_kimg,
        augment=config.augment,
        **({"ada_target": config.ada_target, "ada_kimg": config.ada_kimg} if "ada" in config.augment else {}),
        seed=config.seed,
    )
    decay = None
    if config.lr_decay == "linear":
        decay = keras.optimizers.schedules.PolynomialDecay(1.0, config.steps, 0.0)
    model.compile(
        keras.optimizers.Adam(config.g_lr, config.beta_1, config.beta_2),
        keras.optimizers.Adam(config.d_lr, config.beta_1, config.beta_2),
        learning_rate_scale=decay,
        jit_compile=config.jit == "on",
    )
    return model
