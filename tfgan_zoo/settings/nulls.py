"""What a run makes of the fields that are None: in config.json a bare null."""

import inspect
import re

from tfgan_zoo import registry
from tfgan_zoo.settings import config as configs

_WORDS = {
    "data_key": "none: only the pictures of a folder or a zip file have one",
    "data_dir": "the folder of TensorFlow Datasets' own choice",
    "image_size": "none: the data are points",
    "channels": "none: the data are points",
    "network_key": "none: the network has a name of ours",
    "num_classes": "none: the run is not conditional",
    "loss": "none: the method has something in its place",
    "ada_target": "none: augment has no ada",
    "ada_kimg": "none: augment has no ada",
    "budget": "none: kimg says the length",
    "images_per_second": "not measured",
    "first_tick_kimg": "none: ticks have one length from the start",
    "eval_every_kimg": "every tick",
    "inception": "the one at TF-Hub's URL",
    "devices": "all GPUs, or one CPU",
    "replicas": "what is found at the start",
    "threads": "the cores that are found at the start",
    "init_from": "none: weights begin at random",
}


def meanings(config: configs.Config) -> dict[str, str]:
    """Returns {field: what becomes of it} of the fields of a `Config` that are None; loads the networks' classes.

    >>> from tfgan_zoo.settings.resolve import resolve
    >>> meanings(resolve(method="gan", dataset="ring"))["image_size"]
    'none: the data are points'
    """
    return {name: _meaning(config, name) for name in configs.FIELDS if getattr(config, name) is None}


def lines(config: configs.Config) -> list[str]:
    """Returns a line for each thing that fields that are None become, for people."""
    grouped: dict[str, list[str]] = {}
    for name, meaning in meanings(config).items():
        grouped.setdefault(meaning, []).append(name)
    return [f"{', '.join(names)}: null is {meaning}" for meaning, names in grouped.items()]


def _meaning(config, name):
    if name == "split":
        return "train" if config.data_key is None and config.image_size else "all that is not held out"
    if name in ("eval_every_kimg", "inception") and not config.eval_metrics:
        return "none: there are no eval_metrics"
    return _WORDS[name] if name in _WORDS else _of_network(config, name)


def _of_network(config, name):
    """Says which number a network has of its own; both have it, or one."""
    network = registry.NETWORKS[config.network]
    roles = network.options.get(name, () if configs.ROWS[name].of else ("generator", "discriminator"))
    parameters = {role: inspect.signature(network.load(role)).parameters for role in roles}
    found = {role: known[name].default for role, known in parameters.items() if name in known}
    said = re.search(r"\(default (.*?)\)", configs.ROWS[name].help)
    if said and None in found.values():  # the class chooses by its size
        return said[1]
    if not found:
        return f"none: network={config.network} has no such number"
    if len(set(found.values())) == 1:
        found = {f"network={config.network}'s own": next(iter(found.values()))}
    return ", ".join(f"{'none' if value is None else value} ({role})" for role, value in found.items())
