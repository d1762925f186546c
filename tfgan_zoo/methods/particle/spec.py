"""Particle-based distances, before TensorFlow starts."""

from collections.abc import Sequence

from tfgan_zoo import registry
from tfgan_zoo.specs import Method, Option

NEUTRAL = 2.0  # the beta at which `repulsive` cancels D's ascent
OPTIONS = {
    "energy": Option("cramer", "the distance", ("mmd", "mmd_rq", "cramer", "eieg")),
    "stabilizer": Option("l2", "what steadies D's ascent", ("l2", "repulsive", "proximal", "noise")),
    "beta": Option(0.1, "its weight; 0 switches it off", low=0.0, high=1000.0),
    "features": Option(16, "the discriminator's outputs", low=1, high=4096),
}


def refuse_micro_batch(size: int | None, penalties: Sequence[str]) -> None:
    """Refuses some rows at a time where a penalty's gradient goes through the features of all.

    Args:
        size: int, the rows of a micro batch; None for all.
        penalties: names of penalties.

    Raises:
        ValueError: in one line.

    >>> refuse_micro_batch(None, ["r1"])
    """
    of_d = [name for name in penalties if not registry.PENALTIES[name].of_generator]
    if size is not None and of_d:
        raise ValueError(
            f"micro_batch={size} does not go with penalty={','.join(of_d)} of method=particle, which compares"
            " every row with all others"
        )


def _goes(penalty):
    """Whether a penalty looks at no logits: one of gradients of the witness function, or of the generator."""
    return registry.PENALTIES[penalty].of_gradient or registry.PENALTIES[penalty].of_generator


def _refuse(choices):
    role, options = choices.role, choices.options
    for penalty in choices.penalties:
        if not _goes(penalty):
            able = ", ".join(filter(_goes, registry.PENALTIES))
            raise ValueError(f"penalty={penalty} is for logits; {role}=particle has features: choose from {able}")
    refuse_micro_batch(choices.micro_batch, choices.penalties)
    if choices.batch_size is not None and choices.batch_size < 2:
        raise ValueError(
            f"batch_size={choices.batch_size} must be at least 2 for {role}=particle, which compares samples"
        )
    if options.get("stabilizer") == "repulsive" and options.get("beta", 0) > NEUTRAL:
        raise ValueError(
            f"beta={options['beta']} must be at most {NEUTRAL:g} for stabilizer=repulsive: more cancels D's ascent"
        )


SPEC = Method(
    name="particle",
    summary="particle-based distances with a stabilizing term (Chen, Wu, Xiang 2023)",
    path="tfgan_zoo.methods.particle.particle:Particle",
    implies={"loss": None, "penalty": (), "normalization": "none", "beta_1": 0.0, "beta_2": 0.9},
    on={"dcgan": {"normalization": "spectral"}},  # on 60,000 images 119 in the place of 154
    replaces_loss="energy",
    compares_sets=True,
    options=OPTIONS,
    refuse=_refuse,
)
