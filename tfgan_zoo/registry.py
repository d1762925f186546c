"""The names that a user can choose from, known without importing TensorFlow.

The command line checks names and prints `--list` from these tables; `load` imports what a name stands for.
A new method is one file in `tfgan_zoo/methods/` and one line here.
"""

import dataclasses
import difflib
import importlib


@dataclasses.dataclass(frozen=True)
class Entry:
    """What stands behind a name.

    Attributes:
        summary: a line for `--list`.
        path: "module:attribute" to import; empty where there is nothing to import.
        defaults: fields of a run's configuration that the choice implies.
        sizes: the image sizes a network makes; empty for any shape, mixtures too.
        normalizations: what a network's discriminator can have.
    """

    summary: str
    path: str = ""
    defaults: dict = dataclasses.field(default_factory=dict)
    sizes: tuple[int, ...] = ()
    normalizations: tuple[str, ...] = ("spectral", "none")

    def load(self):
        """Imports the module and returns the attribute."""
        module, attribute = self.path.split(":")
        return getattr(importlib.import_module(module), attribute)


METHODS = {
    "gan": Entry("the plain GAN, baseline of every method (Goodfellow et al. 2014)", "tfgan_zoo.methods.gan:GAN"),
    "pconv": Entry(
        "perturbed convolutions in the discriminator (Park, Yeo, Shin 2021)",
        "tfgan_zoo.methods.pconv:PConv",
        {"perturb": 0.5},
    ),
}

LOSSES = {
    "non_saturating": Entry("E softplus(-D(x)) + E softplus(D(G(z)))"),
    "least_squares": Entry("E (D(x) - 1)^2 / 2 + E D(G(z))^2 / 2"),
    "hinge": Entry("E relu(1 - D(x)) + E relu(1 + D(G(z)))"),
    "wasserstein": Entry("E D(G(z)) - E D(x), with a penalty", defaults={"penalty": "wgan_gp", "n_dis": 5}),
}

PENALTIES = {
    "none": Entry("no penalty"),
    "wgan_gp": Entry(
        "(|grad D| - 1)^2 between reals and fakes (Gulrajani et al. 2017)",
        defaults={"penalty_weight": 10.0, "normalization": "none"},
    ),
    "r1": Entry(
        "|grad D(x)|^2 / 2 on reals, every 16th step (Mescheder et al. 2018)", defaults={"penalty_weight": 1.0}
    ),
    "lecam": Entry("distance to the logits' running averages (Tseng et al. 2021)", defaults={"penalty_weight": 0.1}),
}

NETWORKS = {
    "mlp": Entry(
        "dense layers, for mixtures and tiny images",
        defaults={
            "latent_dim": 16,
            "normalization": "none",
            "loss": "non_saturating",
            "g_lr": 1e-3,
            "d_lr": 1e-3,
            "beta_1": 0.5,
            "beta_2": 0.999,
        },
    ),
    "dcgan": Entry(
        "strided convolutions, 32 to 128 px (Radford et al. 2016)",
        defaults={
            "latent_dim": 128,
            "normalization": "batch",
            "loss": "non_saturating",
            "g_lr": 2e-4,
            "d_lr": 2e-4,
            "beta_1": 0.5,
            "beta_2": 0.999,
        },
        sizes=(32, 64, 128),
        normalizations=("batch", "spectral", "none"),
    ),
    "sngan": Entry(
        "residual blocks with spectral normalisation, 32 to 128 px (Miyato et al. 2018)",
        defaults={
            "latent_dim": 128,
            "normalization": "spectral",
            "loss": "hinge",
            "n_dis": 5,
            "g_lr": 2e-4,
            "d_lr": 2e-4,
            "beta_1": 0.0,
            "beta_2": 0.9,
            "lr_decay": "linear",
        },
        sizes=(32, 64, 128),
    ),
}


def choose(argument, value, names):
    """Returns `value` if it is one of `names`.

    Raises:
        ValueError: otherwise, in one line with the nearest name and the list.
    """
    if value in names:
        return value
    near = difflib.get_close_matches(str(value), names, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise ValueError(f"{argument}={value} is unknown{hint}; choose from {', '.join(names)}")
