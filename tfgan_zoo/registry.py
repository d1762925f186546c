"""The names that a user can choose from, known without importing TensorFlow.

The command line checks names and prints `--list` from these tables; `load` imports what a name stands for.
A new method is one file in `tfgan_zoo/methods/` and one line here.
"""

import dataclasses
import difflib
import importlib
import math


@dataclasses.dataclass(frozen=True)
class Option:
    """A choice that one method alone offers: a flag of train.py and an argument of the method's class.

    Attributes:
        default: its value if nothing is said; its type is the option's type.
        summary: a line for --help.
        choices: the allowed words; for a tuple those of its items. Empty for numbers and flags.
        low, high: the allowed range of a number.
    """

    default: object
    summary: str
    choices: tuple = ()
    low: float = -math.inf
    high: float = math.inf

    def check(self, name, value):
        """Raises a ValueError, one line, if `value` is not allowed for the option called `name`."""
        if self.choices:
            for word in value if isinstance(value, tuple) else (value,):
                choose(name, word, self.choices)
        elif not isinstance(value, bool) and not self.low <= value <= self.high:
            raise ValueError(f"{name}={value} must be in [{self.low}, {self.high}]")


@dataclasses.dataclass(frozen=True)
class Entry:
    """What stands behind a name.

    Attributes:
        summary: a line for `--list`.
        path: "module:attribute" to import; empty where there is nothing to import.
        defaults: fields of a run's configuration that the choice implies.
        on: the same of a method on one network alone, {network: fields}.
        sizes: the image sizes a network makes; empty for any shape, mixtures too.
        normalizations: what a network's discriminator can have.
        options: what a method alone offers, {name: Option}.
    """

    summary: str
    path: str = ""
    defaults: dict = dataclasses.field(default_factory=dict)
    on: dict = dataclasses.field(default_factory=dict)
    sizes: tuple[int, ...] = ()
    normalizations: tuple[str, ...] = ("spectral", "none")
    options: dict = dataclasses.field(default_factory=dict)

    def implies(self, network):
        """Returns the fields of a run's configuration that the choice implies on a network."""
        return self.defaults | self.on.get(network, {})

    def load(self):
        """Imports the module and returns the attribute."""
        module, attribute = self.path.split(":")
        return getattr(importlib.import_module(module), attribute)


COSTS = ("non_saturating", "least_squares", "hinge", "wasserstein")
METHODS = {
    "gan": Entry("the plain GAN, baseline of every method (Goodfellow et al. 2014)", "tfgan_zoo.methods.gan:GAN"),
    "pconv": Entry(
        "perturbed convolutions in the discriminator (Park, Yeo, Shin 2021)",
        "tfgan_zoo.methods.pconv:PConv",
        {"perturb": 0.5},
    ),
    "ces": Entry(
        "an ensemble of costs with gradient selecting (Liu et al. 2023)",
        "tfgan_zoo.methods.ces:CES",
        {"loss": None},  # the costs are the losses
        options={
            "costs": Option(("non_saturating", "least_squares", "hinge"), "the discriminators' losses", COSTS),
            "selection": Option(
                "mean",
                "whose gradient G follows",
                ("mean", "best", "worst", "random", "max_norm", "min_norm", "per_sample"),
            ),
            "normalize": Option(False, "rescale the selected gradient to the ensemble's mean norm"),
            "shared_trunk": Option(False, "one trunk with a head for each cost, not whole discriminators"),
        },
    ),
    "particle": Entry(
        "particle-based distances with a stabilizing term (Chen, Wu, Xiang 2023)",
        "tfgan_zoo.methods.particle:Particle",
        {"loss": None, "normalization": "none", "beta_1": 0.0, "beta_2": 0.9},  # the energy is the loss
        options={
            "energy": Option("cramer", "the distance", ("mmd", "mmd_rq", "cramer", "eieg")),
            "stabilizer": Option("l2", "what steadies D's ascent", ("l2", "repulsive", "proximal", "noise")),
            "beta": Option(0.1, "its weight; 0 switches it off", low=0.0, high=1000.0),
            "features": Option(16, "the discriminator's outputs", low=1, high=4096),
        },
    ),
    "express": Entry(
        "an auto-encoder's latents, then the data, a GAN for each (Liu et al. 2022)",
        "tfgan_zoo.methods.express:Express",
        options={
            "host": Option("gan", "the method of the data GAN", ("gan", "pconv", "ces", "particle", "brc")),
            "latent_share": Option(
                0.5, "the latent GAN's share of the steps; auto-encoder 0.1, data GAN the rest", low=0.0, high=0.9
            ),
            "encoder_latents": Option(False, "feed the data GAN the encoder's latents, not the latent GAN's"),
            "init_from_decoder": Option(False, "start the data GAN's generator at the decoder"),
        },
    ),
    "brc": Entry(
        "best-response constraint: an implicit gradient for G (Liu et al. 2022)",
        "tfgan_zoo.methods.brc:BRC",
        {"n_dis": 1},
        {"mlp": {"d_lr": 1e-4}},  # the authors' rate; at 1e-3 fewer modes, docs/claims.md
        options={
            "inner_steps": Option(10, "temporary D steps before G's; 0 is the one-stage form", low=0, high=1000),
            "clamp": Option(0.1, "bound on |c|; 0: temporary steps alone; inf: no bound", low=0.0),
            "damping": Option(1e-10, "what is added to |df/dD|^2 in c", low=1e-10, high=1e10),
        },
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
    "prox": Entry(
        "|D - D0|^2, from the weights at the start of a step (Farnia, Ozdaglar 2020)",
        defaults={"penalty_weight": 0.01, "n_dis": 5},
    ),
}

AUGMENTATIONS = ("color", "translation", "cutout", "ada")  # DiffAugment's three, and ADA
ADA = {"ada_target": 0.6, "ada_kimg": 500.0}  # what "ada" implies: the paper's values

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


def check_costs(costs, penalty):
    """Checks that the costs of CES and a penalty go together.

    Raises:
        ValueError: in one line, if there are no costs, or the penalty is not for them.
    """
    if not costs:
        raise ValueError(f"costs= is empty; name at least one of {', '.join(COSTS)}")
    if penalty in ("lecam", "prox"):
        raise ValueError(f"penalty={penalty} keeps a state of one discriminator; method=ces takes none, r1 or wgan_gp")
    if "wasserstein" in costs and penalty != "wgan_gp":
        raise ValueError(f"penalty={penalty}: the cost wasserstein needs penalty=wgan_gp, which acts on it alone")
    if "wasserstein" not in costs and penalty == "wgan_gp":
        raise ValueError(f"penalty=wgan_gp acts on the cost wasserstein, which costs={','.join(costs)} leaves out")
