"""Whether the values of a configuration are allowed, and go together. No TensorFlow here."""

import functools
import math
from typing import Any

from tfgan_zoo import image_sizes, noise, registry, schedules, specs
from tfgan_zoo.data import catalogue
from tfgan_zoo.evaluation import protocols
from tfgan_zoo.settings import budget, fields
from tfgan_zoo.settings import config as configs


def check(config: configs.Config) -> None:
    """Checks every value of a `Config`, and that they go together.

    Raises:
        ValueError: in one line that names the argument, the value and what is allowed.
    """
    for name, field in configs.FIELDS.items():
        value = getattr(config, name)
        fields.check_field(field, value)
        if value is not None:
            configs.ROWS[name].check(name, value)
    missing = method_options(config.method, config.options).keys() - config.options.keys()
    if missing:
        raise ValueError(f"options={config.options} lack {', '.join(sorted(missing))} of method={config.method}")
    catalogue.check_pictures(
        config.dataset, config.mirror, **{name: getattr(config, name) for name in catalogue.READING}
    )
    if config.channels == 4 and config.background != catalogue.READING["background"]:
        raise ValueError(f"background={config.background} is of no use with channels=4: what is transparent stays so")
    check_metrics(config)
    _check_records(config)
    _check_augmentation(config)
    _check_schedules(config)
    _check_combinations(config)
    _check_network(config)


@functools.cache
def options() -> dict[str, Any]:
    """Returns every method's own options, {name: (method, Option)}."""
    found: dict[str, Any] = {}
    for method, spec in registry.METHODS.items():
        for name, option in spec.options.items():
            if name in found or name in configs.FIELDS:
                owner = f"method={found[name][0]}" if name in found else "every method"
                raise ValueError(f"the option {name} of method={method} is one of {owner} already; rename it")
            found[name] = (method, option)
    return found


def method_options(method: str, given: dict[str, Any]) -> dict[str, Any]:
    """Completes and checks the options of a method, and of the one it hosts."""
    known = options()
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"{name}={value} is no method's option")
        kind = type(known[name][1].default)
        fields.check_kind(name, value, kind, str if kind is tuple else None)
    methods = owners(method, given)
    for name, value in given.items():
        owner, option = known[name]
        if owner not in methods:
            raise ValueError(f"{name}={value} is an option of method={owner}, not of method={' host='.join(methods)}")
        option.check(name, value)
    allowed = {name: option for owner in methods for name, option in registry.METHODS[owner].options.items()}
    return {name: given.get(name, option.default) for name, option in allowed.items()}


def owners(method: str, options: dict[str, Any]) -> tuple[str, ...]:
    """Returns the methods whose options a run has: its own and that of the data GAN, if it hosts one."""
    name = registry.METHODS[method].hosts
    if name is None:
        return (method,)
    option = registry.METHODS[method].options[name]
    host = options.get(name, option.default)
    option.check(name, host)
    return method, host


def check_metrics(config: configs.Config) -> None:
    """Checks the metrics to follow, with the classes that a conditional run is known to have."""
    if config.eval_metrics:
        classes = config.num_classes if config.conditional else 0
        try:
            protocols.choose(config.eval_metrics, shape=config.shape, classes=classes)
        except ValueError as error:
            raise ValueError(as_followed(error)) from None
    for name in ("eval_every_kimg", "inception"):
        value = getattr(config, name)
        if value is not None and not config.eval_metrics:
            raise ValueError(f"{name}={value} is of no use without --eval_metrics")


def as_followed(error: Exception) -> str:
    """Returns what an error says of a metric under the name of the flag that a run follows it by."""
    return str(error).replace("metrics=", "eval_metrics=", 1)


def follows_length(config: configs.Config) -> bool:
    """Returns whether what a run does at a step depends on how long it is."""
    scheduled = any(schedule.follows_length for schedule in schedules.parse_all(config.schedule).values())
    return config.lr_decay != "none" or scheduled or registry.METHODS[config.method].phases > 1


def _check_records(config):
    kept = config.keep_checkpoints
    if kept != "all" and not (kept.isascii() and kept.isdecimal() and int(kept[:6]) >= 1 and len(kept) <= 6):
        raise ValueError(f"keep_checkpoints={kept} must be a whole number from 1 to 999999, or all")
    if config.auto and config.budget is not None:
        raise ValueError(f"auto: budget={config.budget} chooses too, within its time; leave one of the two out")
    if config.auto and config.strategy == "multiworker":
        raise ValueError("auto does not work with strategy=multiworker, whose machines differ")
    if config.budget is None:
        return
    budget.seconds(config.budget)
    if follows_length(config):
        raise ValueError(
            f"budget={config.budget}: this run's method={config.method}, lr_decay={config.lr_decay} or schedule follow"
            " its length, which a budget does not know before the run begins; give --kimg"
        )
    if config.strategy == "multiworker":
        raise ValueError(f"budget={config.budget} does not work with strategy=multiworker, whose clocks differ")


def _check_augmentation(config):
    for name in registry.ADA:
        value = getattr(config, name)
        if (value is None) == ("ada" in config.augment):
            raise ValueError(f"{name}={value} goes with augment=ada, and only with it")
    if config.augment and len(config.shape) == 1:
        raise ValueError(f"augment={','.join(config.augment)} is for images; dataset={config.dataset} has none")


def _check_schedules(config):
    """Checks that what changes over the run is there, begins as its field says, and stays in its field's range."""
    for name, schedule in schedules.parse_all(config.schedule).items():
        for number in filter(None, schedule.values[1:]):  # 0 is no beginning of a learning rate, but may be its end
            configs.ROWS[name].check(f"schedule: {name}", number)
        value = getattr(config, name)
        if value is None or value == ():
            raise ValueError(f"schedule: {name} is of no use without {configs.ROWS[name].of}")
        if any(number != schedule.start for number in (value if isinstance(value, tuple) else (value,))):
            raise ValueError(f"schedule: {name} begins at {schedule.start}, and {name}={value}; leave one out")
        if name in ("g_lr", "d_lr") and config.lr_decay != "none":
            raise ValueError(f"schedule: {name} is of no use beside lr_decay={config.lr_decay}; choose lr_decay=none")


def _check_combinations(config):
    if config.micro_batch is not None and config.batch_size % config.micro_batch:
        raise ValueError(f"micro_batch={config.micro_batch} must divide batch_size={config.batch_size}")
    methods = [registry.METHODS[name] for name in owners(config.method, config.options)]
    choices = specs.Choices(
        options=config.options,
        loss=config.loss,
        penalties=config.penalty,
        n_dis=config.n_dis,
        batch_size=config.batch_size,
        micro_batch=config.micro_batch,
        kimg=config.kimg,
        steps=config.steps,
        perturb=config.perturb,
        network=config.network,
        normalization=config.normalization,
    )
    methods[0].check(choices)
    if config.freeze_d and config.init_from is None:
        raise ValueError(f"freeze_d={config.freeze_d} is for fine-tuning: it needs --init_from")
    if config.freeze_d and "prox" in config.penalty:
        raise ValueError(f"freeze_d={config.freeze_d} does not go with penalty=prox, which holds all of D's weights")
    _check_penalties(config, choices, methods[-1])
    noise.check(config.perturb_law, config.perturb)
    if config.on_nan == "rollback" and config.strategy == "multiworker":
        raise ValueError("on_nan=rollback does not work with strategy=multiworker; choose on_nan=stop")
    if config.precision == "auto" and config.strategy == "multiworker":
        raise ValueError(
            "precision=auto is measured, and workers could differ; with strategy=multiworker choose float32,"
            " mixed_bfloat16 or mixed_float16"
        )
    if config.perturb > 0 and not registry.NETWORKS[config.network].perturbs:
        raise ValueError(
            f"network={config.network} has no convolutions to perturb, as method={config.method}"
            f" perturb={config.perturb} asks; choose another network, or method=gan"
        )


def _check_penalties(config, choices, method):
    """Checks the penalties, each by its own rules, for the method of the data GAN."""
    names = config.penalty
    for field in ("penalty_weight", "penalty_every"):
        values = getattr(config, field)
        if len(values) != len(names):
            of = f"one for each of penalty={','.join(names)}" if names else "left out, as there is no penalty"
            raise ValueError(f"{field}={','.join(map(str, values))} must be {of}")
    for name, weight, every in zip(names, config.penalty_weight, config.penalty_every, strict=True):
        if not 0 < weight < math.inf:
            raise ValueError(f"penalty_weight={weight} must be above 0 and finite for penalty={name}")
        registry.PENALTIES[name](weight, every)  # refuses an interval that is not for it
        registry.PENALTIES[name].check(choices, method)
    if len(set(names)) < len(names):
        raise ValueError(f"penalty={','.join(names)} names one twice")


def _check_network(config):
    network = registry.NETWORKS[config.network]
    if not network.vectors and len(config.shape) == 1:
        able = ", ".join(name for name, other in registry.NETWORKS.items() if other.vectors)
        raise ValueError(f"network={config.network} makes images; choose network={able} for dataset={config.dataset}")
    if config.conditional and not network.labels:
        able = ", ".join(name for name, other in registry.NETWORKS.items() if other.labels)
        raise ValueError(f"conditional=True: network={config.network} takes no labels; choose from {able}")
    for name in {name for other in registry.NETWORKS.values() for name in other.options}:
        if getattr(config, name) is not None and name not in network.options:
            able = ", ".join(other.name for other in registry.NETWORKS.values() if name in other.options)
            raise ValueError(f"{name}={getattr(config, name)} is not for network={config.network}; choose from {able}")
    size = config.image_size
    if size is not None and not network.makes(size):
        shown = image_sizes.shown(size)
        raise ValueError(f"image_size={shown} is not for network={config.network}; {network.choices(size)}")
    network.refuse(config)
    allowed = network.normalizations
    if allowed and config.normalization not in allowed:
        raise ValueError(
            f"normalization={config.normalization} is not for network={config.network}; choose from"
            f" {', '.join(map(str, allowed))}"
        )
