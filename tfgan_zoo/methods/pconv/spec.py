"""Perturbed convolutions, before TensorFlow starts."""

from tfgan_zoo.specs import Method


def _refuse(choices):
    if choices.perturb == 0:
        role = choices.role
        raise ValueError(f"perturb=0 leaves {role}=pconv nothing to do; choose a rate above 0, or {role}=gan")


SPEC = Method(
    name="pconv",
    summary="perturbed convolutions in the discriminator (Park, Yeo, Shin 2021)",
    path="tfgan_zoo.methods.pconv.pconv:PConv",
    implies={"perturb": 0.5},
    refuse=_refuse,
)
