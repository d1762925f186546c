"""The best-response constraint, before TensorFlow starts."""

from tfgan_zoo.specs import Method, Option

OPTIONS = {
    "inner_steps": Option(10, "temporary D steps before G's; 0 is the one-stage form", low=0, high=1000),
    "clamp": Option(0.1, "bound on |c|; 0: temporary steps alone; inf: no bound", low=0.0),
    "damping": Option(1e-10, "what is added to |df/dD|^2 in c", low=1e-10, high=1e10),
}


def _refuse(choices):
    role = choices.role
    if choices.options.get("inner_steps") != 0:
        return
    if choices.options.get("clamp") == 0:
        raise ValueError(f"inner_steps=0 with clamp=0 leaves {role}=brc nothing to do; raise one, or {role}=gan")
    if choices.loss == "wasserstein" and not choices.penalties:
        raise ValueError(
            f"inner_steps=0 leaves {role}=brc nothing to do for loss=wasserstein without a penalty, where c only "
            f"rescales G's gradient; raise it, or {role}=gan"
        )


SPEC = Method(
    name="brc",
    summary="best-response constraint: an implicit gradient for G (Liu et al. 2022)",
    path="tfgan_zoo.methods.brc.brc:BRC",
    implies={"n_dis": 1},
    on={"mlp": {"d_lr": 1e-4}},  # the authors' rate; at 1e-3 fewer modes, docs/claims.md
    options=OPTIONS,
    unrolls=lambda options: options.get("inner_steps", OPTIONS["inner_steps"].default) > 0,
    refuse=_refuse,
)
