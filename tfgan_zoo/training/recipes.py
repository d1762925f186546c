"""Recipes: whole configurations by name, from which anybody repeats a run. No TensorFlow here.

A recipe is a JSON file: "about", a sentence on what it trains and what came out; "note", if something is unusual, why;
then the fields of a run's `Config` but for those that the machine or the moment decide.
"""

import dataclasses
import json
import os
import pathlib

from tfgan_zoo import registry
from tfgan_zoo.training import config as configs

_PACKAGE = pathlib.Path(__file__).resolve().parent.parent
# Installed, the recipes are in the package; in a checkout they stand beside it.
FOLDER = next((path for path in (_PACKAGE / "recipes", _PACKAGE.parent / "recipes") if path.is_dir()), _PACKAGE)
WORDS = ("about", "note")
# Where the data are and what they hold, how many devices there are, and what is installed.
ELSEWHERE = ("data_key", "data_dir", "num_classes", "replicas", "versions")
FIELDS = {field.name: field for field in dataclasses.fields(configs.Config) if field.name not in ELSEWHERE}

# Choices that imply other fields, in an order in which one may imply a later one: {the choice: its table}.
_TABLES = {
    "network": registry.NETWORKS,
    "method": registry.METHODS,  # and, for express, its host
    "loss": registry.LOSSES,
    "penalty": registry.PENALTIES,
}


def names():
    """Returns the names of the recipes that ship with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def read(recipe):
    """Reads a recipe.

    Args:
        recipe: a name of `names()`, or the path of a JSON file; a run's config.json is one.

    Returns:
        A dict of some or all of `FIELDS`, of their types, tuples where JSON has lists; and of `WORDS`.

    Raises:
        ValueError: in one line, if there is no such recipe, or it is none.

    >>> read("gan_ring")["dataset"]
    'ring'
    """
    path = pathlib.Path(recipe)
    if path.suffix != ".json" and os.sep not in recipe:
        path = FOLDER / f"{registry.choose('recipe', recipe, names())}.json"
    try:
        values = json.loads(path.read_text())
    except OSError as error:
        raise ValueError(f"recipe={recipe} cannot be read: {error.strerror}") from None
    except ValueError as error:  # not JSON, or not UTF-8
        raise ValueError(f"recipe={recipe} is not JSON: {error}") from None
    try:
        return _checked(values)
    except ValueError as error:
        raise ValueError(f"recipe={recipe}: {error}") from None


def settings(recipe, given):
    """Returns what `config.resolve` takes: what a recipe says, and what the user says instead.

    Another method, host, network, loss or penalty than the recipe's takes its place together with what follows from
    it; with the method or the host its options go.

    Args:
        recipe: what `read` returned.
        given: the user's own values, {name of a field or of an option: value}.

    >>> settings(read("pconv_fashion_mnist"), {"method": "gan", "seed": 1})["seed"]
    1
    """
    values = {name: recipe[name] for name in FIELDS if recipe.get(name) is not None}
    options = values.pop("options", {})
    network = values.get("network", configs.DEFAULTS["network"])
    usual = configs.DEFAULTS
    if network in registry.NETWORKS:  # `config.resolve` refuses another
        usual = usual | registry.NETWORKS[network].defaults
    before, now = values | options, values | options | given
    for choice in _TABLES:
        old, new = _chosen(choice, before), _chosen(choice, now)
        if new == old:
            continue
        implied, other = (_implied(choice, names_, network) for names_ in (old, new))
        for name in implied.keys() | other.keys():
            if name in values and values[name] == implied.get(name, usual.get(name)):
                del values[name]
                now[name] = given.get(name, other.get(name, usual.get(name)))
        if choice == "method":  # what stays is express's own, whatever its host
            options = {name: it for name, it in options.items() if configs.OPTIONS[name][0] == old[0] == new[0]}
        if choice == "penalty":  # a weight is of no other penalty
            values.pop("penalty_weight", None)
    if "ada" not in given.get("augment", ("ada",)):
        values = {name: value for name, value in values.items() if name not in registry.ADA}
    return values | options | given


def _chosen(choice, values):
    """Returns the names that `values` choose: of one thing, but for express, which has a host."""
    name = values.get(choice)
    return configs.owners(name, values) if choice == "method" and name in registry.METHODS else (name,)


def _implied(choice, names_, network):
    """Returns the fields that names of a choice imply, a later name's winning."""
    entries = [_TABLES[choice][name] for name in names_ if name in _TABLES[choice]]
    return {field: value for entry in entries for field, value in entry.implies(network).items()}


def complete(recipe):
    """Returns all of `FIELDS`: those of a recipe, and for what is newer than it the value that changes nothing."""
    values = {name: recipe.get(name, configs.DEFAULTS.get(name)) for name in FIELDS}
    return values | {"options": configs.method_options(values["method"], values["options"] or {})}


def to_json(values, about, note=None):
    """Returns a recipe as JSON text.

    Args:
        values: dict that has all of `FIELDS`; what else it has is left out.
        about: str, the sentence.
        note: str, what a reader should know beside it; None leaves it out.
    """
    words = {"about": about} | ({"note": note} if note else {})
    return json.dumps(words | {name: values[name] for name in FIELDS}, indent=2, ensure_ascii=False) + "\n"


def sentence(values, outcome=None):
    """Returns what a recipe says about itself.

    Args:
        values: dict that has all of `FIELDS`.
        outcome: str, what came out; None if nobody has run it.

    >>> sentence(read("cifar10_sngan")).endswith("not run by us.")
    True
    """
    steps = round(values["kimg"] * 1000 / values["batch_size"])
    return (
        f"Trains {values['method']} (network {values['network']}) on {values['dataset']} for {values['kimg']:,g} kimg,"
        f" {steps:,} steps of {values['batch_size']}; {outcome or 'not run by us'}."
    )


def _checked(values):
    if not isinstance(values, dict):
        raise ValueError("not an object of names and values")
    unknown = values.keys() - FIELDS.keys() - set(WORDS) - set(ELSEWHERE)
    if unknown:
        raise ValueError(f"no fields of a configuration: {', '.join(sorted(unknown))}")
    options = values.get("options", {})
    for table in (values, options if isinstance(options, dict) else {}):
        table |= {name: tuple(value) for name, value in table.items() if isinstance(value, list)}
    for name, value in values.items():
        if name in FIELDS:
            configs.check_field(FIELDS[name], value)
        if isinstance(value, tuple) and not all(isinstance(word, str) for word in value):
            raise ValueError(f"{name}={list(value)} must be words")
    for name in values.get("options", {}):
        if name not in configs.OPTIONS:
            raise ValueError(f"options: {name} is no method's option")
    for name in WORDS:
        if not isinstance(values.get(name, ""), str):
            raise ValueError(f"{name}={values[name]!r} must be a sentence")
    return values
