"""One run's configuration: every choice, resolved once and written to the run directory."""

import dataclasses
import functools
import json
import math
import types
import typing

from tfgan_zoo import registry
from tfgan_zoo.data import names
from tfgan_zoo.evaluation import protocols

MAX_SEED = 2**31 - 1
STRATEGIES = ("auto", "none", "mirrored")
PRECISIONS = ("auto", "float32", "mixed_bfloat16")
JITS = ("auto", "on", "off")
LAWS = ("uniform", "gaussian", "bernoulli", "additive")
NORMALIZATIONS = ("batch", "spectral", "none")
LR_DECAYS = ("none", "linear")


@dataclasses.dataclass(frozen=True)
class Config:
    """All that is needed to repeat a run. `resolve` makes one; config.json in a run directory is one.

    Lengths are in thousands of images (kimg), counted as steps x batch_size; rates are per step.
    `options` are the method's own (`registry.METHODS[method].options`). `strategy`, `replicas`, `precision`, `jit` and
    `threads` begin as wishes and are settled by `devices.resolve`; a resumed run sets them again as they were written.
    A folder or zip file is written down with its absolute path, and its contents as `data_key`; of a conditional run
    `num_classes` is that of the data (`labelled`).
    """

    method: str
    dataset: str
    data_key: str | None
    data_dir: str | None
    split: str | None
    bad_images: str
    image_size: int | None
    channels: int | None
    conditional: bool
    num_classes: int | None
    network: str
    width: int | None
    latent_dim: int
    normalization: str | None
    loss: str | None
    penalty: str
    penalty_weight: float
    batch_size: int
    n_dis: int
    g_lr: float
    d_lr: float
    beta_1: float
    beta_2: float
    lr_decay: str
    ema_kimg: float
    augment: tuple[str, ...]
    ada_target: float | None
    ada_kimg: float | None
    perturb: float
    perturb_law: str
    perturb_first: bool
    options: dict
    kimg: float
    tick_kimg: float
    eval_metrics: tuple[str, ...]
    eval_every_kimg: float | None
    inception: str | None
    seed: int
    strategy: str
    replicas: int | None
    precision: str
    jit: str
    threads: int | None
    init_from: str | None
    versions: dict

    @property
    def data_arguments(self):
        """The arguments of `tfgan_zoo.data.load` that, after the name, tell the run's data."""
        return {
            "data_dir": self.data_dir,
            "image_size": self.image_size,
            "channels": self.channels,
            "split": self.split,
            "bad_images": self.bad_images,
            "key": self.data_key,
        }

    @property
    def shape(self):
        """(H, W, C) of the images, or (d,) of the mixture."""
        if self.image_size is None:
            return names.check(self.dataset)
        return (self.image_size, self.image_size, self.channels)

    @property
    def steps(self):
        """How many steps the run has."""
        return max(1, round(self.kimg * 1000 / self.batch_size))

    @property
    def steps_per_tick(self):
        """How many steps lie between two checkpoints."""
        return min(self.steps, max(1, round(self.tick_kimg * 1000 / self.batch_size)))

    def to_json(self):
        """Returns the configuration as JSON text, one key a line."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text):
        """Reads what `to_json` wrote, also before a field was added that has a default: the run had what that says.

        Raises:
            ValueError: in one line, if a key is missing or unknown, or a value is none that `resolve` would give.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("not a configuration, which is an object of names and values")
        values = {name: DEFAULTS[name] for name in LATER} | values
        expected = {field.name for field in dataclasses.fields(cls)}
        for what, names_ in (("missing", expected - set(values)), ("unknown", set(values) - expected)):
            if names_:
                raise ValueError(f"not a configuration of this version; {what}: {', '.join(sorted(names_))}")
        options = values["options"] if isinstance(values["options"], dict) else {}
        for table, name in ((values, "augment"), (values, "eval_metrics"), *((options, name) for name in options)):
            if isinstance(table[name], list):
                table[name] = tuple(table[name])
        config = cls(**values)
        check(config)
        return config


# What a run does when the user, the method, the loss, the network and the data set say nothing.
DEFAULTS = {
    "method": "pconv",
    "dataset": "fashion_mnist_10k",
    "data_key": None,
    "data_dir": None,
    "split": None,
    "bad_images": "error",
    "image_size": None,
    "channels": None,
    "conditional": False,
    "num_classes": None,
    "network": "dcgan",
    "width": None,
    "normalization": None,
    "penalty": "none",
    "penalty_weight": 0.0,
    "batch_size": 64,
    "n_dis": 1,
    "lr_decay": "none",
    "ema_kimg": 10.0,
    "augment": (),
    "ada_target": None,
    "ada_kimg": None,
    "perturb": 0.0,
    "perturb_law": "uniform",
    "perturb_first": True,
    "kimg": 1024.0,
    "tick_kimg": 16.0,
    "eval_metrics": (),
    "eval_every_kimg": None,
    "inception": None,
    "seed": 0,
    "strategy": "auto",
    "replicas": None,
    "precision": "auto",
    "jit": "auto",
    "threads": None,
    "init_from": None,
}

# Fields that came later: a run written before begins with their defaults.
LATER = ("conditional", "num_classes", *registry.ADA)

# Every method's own options, {name: (method, Option)}.
OPTIONS = {name: (method, option) for method, it in registry.METHODS.items() for name, option in it.options.items()}

# Methods that have something else in the place of a loss, {method: the option}; in `registry` their loss is None.
_INSTEAD_OF_LOSS = {"ces": "costs", "particle": "energy"}

_CHOICES = {
    "method": registry.METHODS,
    "network": registry.NETWORKS,
    "loss": registry.LOSSES,
    "penalty": registry.PENALTIES,
    "normalization": NORMALIZATIONS,
    "perturb_law": LAWS,
    "lr_decay": LR_DECAYS,
    "strategy": STRATEGIES,
    "precision": PRECISIONS,
    "jit": JITS,
    "bad_images": names.BAD_IMAGES,
}

# a field's type: (what a value may be an instance of, how an error calls it)
_KINDS = {
    str: (str, "a word"),
    int: (int, "a whole number"),
    float: ((int, float), "a number"),
    bool: (bool, "true or false"),
    dict: (dict, "a dict"),
    tuple: (tuple, "a tuple of words"),
}

# argument: (lowest, whether the lowest itself is allowed, highest)
_RANGES = {
    "image_size": (1, True, 1024),
    "channels": (1, True, 3),
    "num_classes": (1, True, 65536),
    "width": (1, True, 4096),
    "latent_dim": (1, True, 65536),
    "penalty_weight": (0, True, math.inf),
    "batch_size": (1, True, 65536),
    "n_dis": (1, True, 1000),
    "g_lr": (0, False, 1),
    "d_lr": (0, False, 1),
    "beta_1": (0, True, 0.999999),
    "beta_2": (0, True, 0.999999),
    "ema_kimg": (0, True, math.inf),
    "ada_target": (-1, True, 1),
    "ada_kimg": (0, False, 1e9),
    "perturb": (0, True, math.inf),
    "kimg": (0, False, 1e9),
    "tick_kimg": (0, False, 1e9),
    "eval_every_kimg": (0, False, 1e9),
    "seed": (0, True, MAX_SEED),
    "threads": (1, True, 1024),
}


def resolve(**given):
    """Completes what the user gave with what the choices imply, and checks it, without TensorFlow.

    Later tables win: the defaults, then those of the data set, the network, the loss, the penalty, the method, and the
    method on that network, then the user's own values.

    Args:
        **given: fields of `Config` and the method's options; a None counts as not given.

    Returns:
        A `Config`; strategy, replicas, precision, jit and threads are still wishes (see `devices.resolve`).

    Raises:
        ValueError: in one line that names the argument, the value and what is allowed.
        TypeError: for an unknown field.

    >>> resolve(method="pconv", batch_size=32).perturb
    0.5
    """
    given = {name: value for name, value in given.items() if value is not None}
    values = DEFAULTS | given
    asked = {name: values[name] for name in ("data_dir", "image_size", "channels", "split")}
    shape = names.check(values["dataset"], **asked)
    given |= {"dataset": names.absolute(values["dataset"]), "data_key": names.key(values["dataset"], shape)}
    values = DEFAULTS | names.source(values["dataset"]).defaults | given
    if len(shape) == 3:
        values |= {"image_size": shape[0], "channels": shape[2]}
    for table, argument in (
        (registry.NETWORKS, "network"),
        (registry.LOSSES, "loss"),
        (registry.PENALTIES, "penalty"),
    ):
        values |= table[registry.choose(argument, values[argument], table)].defaults | given
    registry.choose("method", values["method"], registry.METHODS)
    if "ada" in values["augment"]:
        values |= registry.ADA | given
    for method in owners(values["method"], given):
        values |= registry.METHODS[method].implies(values["network"]) | given
    values["options"] = method_options(
        values["method"], {name: values.pop(name) for name in given.keys() & OPTIONS.keys()}
    )
    config = Config(**{"versions": versions(), **values})
    check(config)
    return config


def labelled(config, data):
    """Returns the configuration with the number of classes of its data, if it is conditional.

    Args:
        config: a `Config`.
        data: its `tfgan_zoo.data.Data`.

    Raises:
        ValueError: in one line, if the data have no labels, or other classes than a run was begun with.
    """
    if not config.conditional:
        return config
    if not data.num_classes:
        raise ValueError(
            f"conditional=True: dataset={config.dataset} has no labels; pictures get them from folders, one a class"
        )
    if config.num_classes not in (None, data.num_classes):
        raise ValueError(f"num_classes={config.num_classes}: dataset={config.dataset} has {data.num_classes} classes")
    if config.eval_metrics:
        protocols.choose(config.eval_metrics, shape=config.shape, classes=data.num_classes)
    return dataclasses.replace(config, num_classes=data.num_classes)


def check(config):
    """Checks every value of a `Config`, and that they go together.

    Raises:
        ValueError: in one line that names the argument, the value and what is allowed.
    """
    _check_values(config)
    missing = method_options(config.method, config.options).keys() - config.options.keys()
    if missing:
        raise ValueError(f"options={config.options} lack {', '.join(sorted(missing))} of method={config.method}")
    _check_combinations(config)
    _check_network(config)


def method_options(method, given):
    """Completes and checks the options of a method, and of the one it hosts."""
    for name, value in given.items():
        if name not in OPTIONS:
            raise ValueError(f"{name}={value} is no method's option")
        _check_kind(name, value, type(OPTIONS[name][1].default))
    methods = owners(method, given)
    for name, value in given.items():
        owner, option = OPTIONS[name]
        if owner not in methods:
            raise ValueError(f"{name}={value} is an option of method={owner}, not of method={' host='.join(methods)}")
        option.check(name, value)
    allowed = {name: option for owner in methods for name, option in registry.METHODS[owner].options.items()}
    return {name: given.get(name, option.default) for name, option in allowed.items()}


def owners(method, options):
    """Returns the methods whose options a run has: its own and, for express, that of the data GAN."""
    option = registry.METHODS[method].options.get("host")
    if option is None:
        return (method,)
    host = options.get("host", option.default)
    option.check("host", host)
    return method, host


def versions():
    """Returns the versions of what decides a run's numbers."""
    import platform

    packages = ("tfgan-zoo", "tensorflow", "keras", "numpy")
    return {"python": platform.python_version()} | {name: _version(name) for name in packages}


@functools.cache  # it parses a file each time
def _version(package):
    from importlib import metadata

    return metadata.version(package)


def check_field(field, value):
    """Checks the kind of a value, not its range.

    Args:
        field: one of `dataclasses.fields(Config)`.
        value: anything.

    Raises:
        ValueError: in one line, if it is not of the field's type.
    """
    kinds = typing.get_args(field.type) if isinstance(field.type, types.UnionType) else (field.type,)
    if value is not None or types.NoneType not in kinds:
        _check_kind(field.name, value, typing.get_origin(kinds[0]) or kinds[0])


def _check_kind(name, value, kind):
    allowed, words = _KINDS[kind]
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{name}={value!r} must be {words}")


def _check_values(config):
    for field in dataclasses.fields(config):
        name, value = field.name, getattr(config, field.name)
        check_field(field, value)
        if value is None:
            continue
        if name in _CHOICES:
            registry.choose(name, value, _CHOICES[name])
        if name in _RANGES:
            low, inclusive, high = _RANGES[name]
            above = value >= low if inclusive else value > low
            if not (above and value <= high and math.isfinite(value)):
                least = f"at least {low}" if inclusive else f"above {low}"
                most = " and finite" if high == math.inf else f" and at most {high}"
                raise ValueError(f"{name}={value} must be {least}{most}")
    if config.eval_metrics:
        classes = config.num_classes if config.conditional else 0
        protocols.choose(config.eval_metrics, shape=config.shape, classes=classes)
    for name in ("eval_every_kimg", "inception"):
        value = getattr(config, name)
        if value is not None and not config.eval_metrics:
            raise ValueError(f"{name}={value} is of no use without --eval_metrics")
    for policy in config.augment:
        registry.choose("augment", policy, registry.AUGMENTATIONS)
    for name in registry.ADA:
        value = getattr(config, name)
        if (value is None) == ("ada" in config.augment):
            raise ValueError(f"{name}={value} goes with augment=ada, and only with it")


def _check_network(config):
    network = registry.NETWORKS[config.network]
    sizes = network.sizes
    if sizes and len(config.shape) == 1:
        raise ValueError(f"network={config.network} makes images; choose network=mlp for dataset={config.dataset}")
    if sizes and config.image_size not in sizes:
        allowed = ", ".join(map(str, sizes))
        raise ValueError(f"image_size={config.image_size} is not for network={config.network}; choose from {allowed}")
    if config.normalization not in network.normalizations:
        allowed = ", ".join(network.normalizations)
        raise ValueError(
            f"normalization={config.normalization} is not for network={config.network}; choose from {allowed}"
        )
    if config.augment and len(config.shape) == 1:
        raise ValueError(f"augment={','.join(config.augment)} is for images; dataset={config.dataset} has none")


def _check_objective(config, role):
    method, instead = config.method, _INSTEAD_OF_LOSS.get(config.method)
    if instead is None and config.loss is None:
        raise ValueError(f"loss=None must be a word for {role}={method}")
    if instead is not None and config.loss is not None:
        raise ValueError(f"loss={config.loss} is not for {role}={method}, where {instead} takes its place")
    if (config.penalty == "none") != (config.penalty_weight == 0):
        allowed = "0, as there is no penalty" if config.penalty == "none" else f"above 0 for penalty={config.penalty}"
        raise ValueError(f"penalty_weight={config.penalty_weight} must be {allowed}")
    if method != "particle":
        return
    if config.penalty != "none":
        raise ValueError(f"penalty={config.penalty} is for logits; {role}=particle has features, and a stabilizer")
    if config.batch_size < 2:
        raise ValueError(
            f"batch_size={config.batch_size} must be at least 2 for {role}=particle, which compares samples"
        )
    if config.options.get("encoder_latents"):
        raise ValueError(
            "encoder_latents=True is not for host=particle: it would compare reals with fakes made of the same reals"
        )
    if config.options.get("stabilizer") == "repulsive" and config.options.get("beta", 0) > 2:
        raise ValueError(f"beta={config.options['beta']} must be at most 2 for stabilizer=repulsive")


def _check_combinations(config):
    role = "method"  # how an error calls what the user has chosen
    if config.method == "express":
        role = "host"
        if config.steps < 3:
            raise ValueError(f"kimg={config.kimg} is {config.steps} steps; method=express needs 3, one for each phase")
        config = dataclasses.replace(config, method=owners(config.method, config.options)[1])  # what the host forbids
    _check_objective(config, role)
    if config.method == "ces":
        registry.check_costs(config.options.get("costs", OPTIONS["costs"][1].default), config.penalty)
    if config.perturb_law == "bernoulli" and config.perturb >= 1:
        raise ValueError(
            f"perturb={config.perturb} must be below 1 for perturb_law=bernoulli, a share of dropped inputs"
        )
    if config.method == "pconv" and config.perturb == 0:
        raise ValueError(f"perturb=0 leaves {role}=pconv nothing to do; choose a rate above 0, or {role}=gan")
    if config.perturb > 0 and config.network == "mlp":
        raise ValueError(
            f"network=mlp has no convolutions to perturb, as {role}={config.method} perturb={config.perturb} asks"
        )
    if config.penalty == "prox" and config.n_dis == 1 and not config.options.get("inner_steps"):
        raise ValueError("n_dis=1 leaves penalty=prox nothing to hold, as D starts at D0; choose n_dis=2 or more")
    if config.method == "brc" and config.options.get("inner_steps") == 0:
        if config.options.get("clamp") == 0:
            raise ValueError(f"inner_steps=0 with clamp=0 leaves {role}=brc nothing to do; raise one, or {role}=gan")
        if (config.loss, config.penalty) == ("wasserstein", "none"):
            raise ValueError(
                f"inner_steps=0 leaves {role}=brc nothing to do for loss=wasserstein without a penalty, where c only "
                f"rescales G's gradient; raise it, or {role}=gan"
            )
    if config.penalty == "wgan_gp" and config.normalization == "batch":
        raise ValueError(
            "normalization=batch ties the samples of a batch together, which penalty=wgan_gp forbids; "
            "choose normalization=none or spectral"
        )
