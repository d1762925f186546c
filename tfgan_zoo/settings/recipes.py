"""Recipes: what was asked of a run, by name, so that anybody repeats it. No TensorFlow here.

A recipe is a JSON file: "about", a sentence on what it trains and what came out; "note", if something is unusual, why;
then the words that were asked, fields of a run's `Config` and options of its method. What they imply is left out, and
stands in the config.json of a run. Such a config.json, and a recipe of before 0.1.0, which held everything, is a recipe
too: it is read as the fewest words that come to the same.
"""

import json
import os
import pathlib
from typing import Any

from tfgan_zoo.choices import choose
from tfgan_zoo.files import read_json
from tfgan_zoo.settings import checks, fields
from tfgan_zoo.settings import config as configs
from tfgan_zoo.settings.resolve import implied, with_tuples

_PACKAGE = pathlib.Path(__file__).resolve().parent.parent
# Installed, the recipes are in the package; in a checkout they stand beside it.
FOLDER = next((path for path in (_PACKAGE / "recipes", _PACKAGE.parent / "recipes") if path.is_dir()), _PACKAGE)
SENTENCES = ("about", "note")
FIELDS = {name: field for name, field in configs.FIELDS.items() if not configs.ROWS[name].settled}
_EVERYTHING = {name for name in FIELDS if not configs.ROWS[name].later}


def names() -> list[str]:
    """Returns the names of the recipes that ship with the package.

    >>> "pconv_fashion_mnist" in names()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def read(recipe: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Reads a recipe.

    Args:
        recipe: a name of `names()`, or the path of a JSON file; a run's config.json is one.

    Returns:
        (words, sentences): {name of a field or of an option: value}, tuples where JSON has lists, as `resolve` takes
        them; and {"about", "note"}, as far as they are there.

    Raises:
        ValueError: in one line, if there is no such recipe, or it is none.

    >>> read("gan_ring")[0]["dataset"]
    'ring'
    """
    path = pathlib.Path(recipe)
    if path.suffix != ".json" and os.sep not in recipe:
        path = FOLDER / f"{choose('recipe', recipe, names())}.json"
    try:
        values = read_json(path)
    except OSError as error:
        raise ValueError(f"recipe={recipe} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"recipe={recipe} {error}") from None
    try:
        return _checked(values)
    except ValueError as error:
        raise ValueError(f"recipe={recipe}: {error}") from None


def fewest_words(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the fewest words that imply a whole configuration.

    Args:
        values: {name: value} of all fields of a `Config` but those that a machine settles, and of all options.

    >>> fewest_words(implied({"method": "gan", "dataset": "ring", "d_lr": 1e-4}))
    {'method': 'gan', 'dataset': 'ring', 'd_lr': 0.0001}
    """
    values = dict(values)
    values |= values.pop("options", {})
    values = {name: value for name, value in values.items() if value is not None and name in _known()}
    words = dict(values)
    for name in reversed(values):  # what belongs to a choice before the choice
        if name not in ("method", "dataset"):
            fewer = {other: value for other, value in words.items() if other != name}
            if _comes_to(fewer, values):
                words = fewer
    return words


def to_json(words: dict[str, Any], about: str, note: str | None = None) -> str:
    """Returns a recipe as JSON text.

    Args:
        words: {name: value}.
        about: str, the sentence.
        note: str, what a reader should know beside it; None leaves it out.

    >>> print(to_json({"method": "gan"}, "Trains gan."), end="")
    {
      "about": "Trains gan.",
      "method": "gan"
    }
    """
    sentences = {"about": about} | ({"note": note} if note else {})
    return json.dumps(sentences | words, indent=2, ensure_ascii=False) + "\n"


def sentence(words: dict[str, Any], outcome: str | None = None) -> str:
    """Returns what a recipe says about itself.

    Args:
        words: {name: value}, as `read` returns them.
        outcome: str, what came out; None if nobody has run it.

    >>> sentence(read("cifar10_sngan")[0]).endswith("not run by us.")
    True
    """
    values = implied(words)
    steps = round(values["kimg"] * 1000 / values["batch_size"])
    return (
        f"Trains {values['method']} (network {values['network']}) on {values['dataset']} for {values['kimg']:,g} kimg,"
        f" {steps:,} steps of {values['batch_size']}; {outcome or 'not run by us'}."
    )


def _comes_to(words, values):
    """Returns whether words imply the values; words that do not go together, as a weight without a penalty, do not."""
    try:
        return _whole(words).items() >= values.items()
    except ValueError:
        return False


def _known():
    return FIELDS.keys() - {"options"} | checks.options().keys()


def _whole(words):
    """Returns all fields and options that words imply, but for what only the data know."""
    values = implied(words)
    options = values.pop("options")
    return values | checks.method_options(values["method"], options)


def _checked(values):
    sentences = {name: values.pop(name) for name in SENTENCES if name in values}
    for name, value in sentences.items():
        if not isinstance(value, str):
            raise ValueError(f"{name}={value!r} must be a sentence")
    values.pop("digest", None)
    values = {name: value for name, value in values.items() if name not in configs.FIELDS or name in FIELDS}
    whole = values.keys() >= _EVERYTHING
    options = values.pop("options", {})
    fields.check_kind("options", options, dict)
    unknown = values.keys() - _known()
    if unknown:
        raise ValueError(f"no fields of a configuration: {', '.join(sorted(unknown))}")
    for name in options:
        if name not in checks.options():
            raise ValueError(f"options: {name} is no method's option")
    values |= options
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    values = with_tuples(configs.former_penalties(values))
    if whole:  # a field that came later had its default, whatever is implied today
        former = configs.before_later_fields(values)
        values = {name: value for name, value in former.items() if name in FIELDS} | values
    for name, value in values.items():
        if name in FIELDS:
            fields.check_field(FIELDS[name], value)
        else:
            kind = type(checks.options()[name][1].default)
            fields.check_kind(name, value, kind, str if kind is tuple else None)
    return (fewest_words(values) if whole else values), sentences
