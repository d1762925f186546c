"""Express Construction, before TensorFlow starts."""

import dataclasses

from tfgan_zoo import registry
from tfgan_zoo.specs import Method, Option


def _hosts():
    return tuple(name for name, method in registry.METHODS.items() if method.may_be_hosted)


OPTIONS = {
    "host": Option("gan", "the method of the data GAN", _hosts),
    "latent_share": Option(
        0.5, "the latent GAN's share of the steps; auto-encoder 0.1, data GAN the rest", low=0.0, high=0.9
    ),
    "encoder_latents": Option(False, "feed the data GAN the encoder's latents, not the latent GAN's"),
    "init_from_decoder": Option(False, "start the data GAN's generator at the decoder"),
}


def check_host(host: Method, encoder_latents: bool) -> None:
    """Raises a ValueError, one line, unless the method `host`, a `specs.Method`, may be the data GAN."""
    if not host.may_be_hosted:
        raise ValueError(f"host={host.name} must be another method than express")
    if encoder_latents and host.compares_sets:
        raise ValueError(
            f"encoder_latents=True is not for host={host.name}: it would compare reals with fakes made of the same"
            " reals"
        )


def _refuse(choices):
    host = registry.METHODS[choices.options.get("host", OPTIONS["host"].default)]
    if choices.steps is not None and choices.steps < SPEC.phases:
        raise ValueError(f"kimg={choices.kimg} is {choices.steps} steps; method=express needs 3, one for each phase")
    check_host(host, choices.options.get("encoder_latents", False))
    host.check(dataclasses.replace(choices, role="host"))


def _health(numbers):
    return "preparing" if numbers.get("phase", 2) < 2 else None


SPEC = Method(
    name="express",
    summary="an auto-encoder's latents, then the data, a GAN for each (Liu et al. 2022)",
    path="tfgan_zoo.methods.express.express:Express",
    options=OPTIONS,
    hosts="host",
    may_be_hosted=False,
    phases=3,
    fine_tuning="whose parts are trained one after the other",
    parts=(
        "tfgan_zoo.methods.express.express_generator:ExpressGenerator",
        "tfgan_zoo.methods.express.whitening:Whitening",
    ),
    health=_health,
    refuse=_refuse,
)
