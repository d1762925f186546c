"""An ensemble of costs, before TensorFlow starts."""

from tfgan_zoo import registry
from tfgan_zoo.specs import Method, Option

SELECTIONS = ("mean", "best", "worst", "random", "max_norm", "min_norm", "per_sample")
OPTIONS = {
    "costs": Option(
        ("non_saturating", "least_squares", "hinge"), "the discriminators' losses", lambda: tuple(registry.LOSSES)
    ),
    "selection": Option("mean", "whose gradient G follows", SELECTIONS),
    "normalize": Option(False, "rescale the selected gradient to the ensemble's mean norm"),
    "shared_trunk": Option(False, "one trunk with a head for each cost, not whole discriminators"),
}


def _refuse(choices):
    costs = choices.options.get("costs", OPTIONS["costs"].default)
    if not costs:
        raise ValueError(f"costs= is empty; name at least one of {', '.join(registry.LOSSES)}")
    able = [name for name, penalty in registry.PENALTIES.items() if penalty.of_generator or not penalty.keeps_state]
    for penalty in choices.penalties:
        if penalty not in able:
            raise ValueError(
                f"penalty={penalty} keeps a state of one discriminator; {choices.role}=ces takes none of those, but"
                f" {', '.join(able)}"
            )
    penalty = ",".join(choices.penalties) or "none"
    if "wasserstein" in costs and "wgan_gp" not in choices.penalties:
        raise ValueError(f"penalty={penalty}: the cost wasserstein needs penalty=wgan_gp, which acts on it alone")
    if "wasserstein" not in costs and "wgan_gp" in choices.penalties:
        raise ValueError(f"penalty=wgan_gp acts on the cost wasserstein, which costs={','.join(costs)} leaves out")


SPEC = Method(
    name="ces",
    summary="an ensemble of costs with gradient selecting (Liu et al. 2023)",
    path="tfgan_zoo.methods.ces.ces:CES",
    implies={"loss": None},
    replaces_loss="costs",
    options=OPTIONS,
    refuse=_refuse,
)
