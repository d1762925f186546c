"""One row for each field of a run's configuration: from it come the flag, its help, its checks and its history."""

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable
from typing import Any

from tfgan_zoo import image_sizes
from tfgan_zoo.choices import choose

# --help shows the rows in these groups, in this order.
GROUPS = {
    "common": "what a run usually says",
    "data": "the data",
    "networks": "the networks",
    "objective": "losses, penalties and optimisers",
    "augmentation": "augmentation and noise",
    "records": "records and metrics",
    "machine": "this machine",
}
MISSING = object()  # of a field that the network, or the run itself, fills

# the type of a value: (what it may be an instance of, how an error calls it)
_KINDS = {
    str: (str, "a word"),
    int: (int, "a whole number"),
    float: ((int, float), "a number"),
    bool: (bool, "true or false"),
    dict: (dict, "a dict"),
    tuple: (tuple, "a tuple"),
    image_sizes.ImageSize: (image_sizes.ImageSize, "a whole number, or two, height and width"),
}
_PLURALS = {str: "words", int: "whole numbers", float: "numbers"}


@dataclasses.dataclass(frozen=True)
class Row:
    """What is known of one field.

    Attributes:
        help: the flag's line in --help; empty for a field without a flag.
        group: a key of `GROUPS`.
        default: the value if nothing is said; `MISSING` if something else always says it.
        choices: the allowed words, or a function that returns them.
        low, high: the allowed range of a number, or of each of several.
        above: bool, whether `low` itself is not allowed.
        of: the field whose choice this one belongs to: it is forgotten where another choice is made.
        later: bool, whether there are configurations from before the field; they mean its default.
        quiet: bool, whether the default is no part of a digest, so that the field's coming has changed none.
        settled: bool, whether the machine or the moment decides it, so that a recipe leaves it out.
    """

    help: str
    group: str
    default: object = MISSING
    choices: tuple | Callable = ()
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    of: str | None = None
    later: bool = False
    quiet: bool = False
    settled: bool = False

    def check(self, name: str, value: Any) -> None:
        """Raises a ValueError, one line, if the value, or one of several, is not among the choices or in the range."""
        choices = self.choices() if callable(self.choices) else self.choices
        for item in value if isinstance(value, tuple) else (value,):
            if choices:
                choose(name, item, choices)
            if isinstance(item, int | float) and not isinstance(item, bool):
                self._check_range(name, item)

    def _check_range(self, name, number):
        inside = number > self.low if self.above else number >= self.low
        if inside and number <= self.high and math.isfinite(number):
            return
        least = f"{'above' if self.above else 'at least'} {self.low}"
        most = " and finite" if self.high == math.inf else f" and at most {self.high}"
        raise ValueError(f"{name}={number} must be {least}{most}")


def row(*args: Any, **kwargs: Any) -> Any:
    """Returns the field of a dataclass that has a `Row` of these arguments."""
    return dataclasses.field(metadata={"row": Row(*args, **kwargs)})


def rows(config_class: type) -> dict[str, Row]:
    """Returns {name: Row} of a dataclass whose fields are made by `row`."""
    return {field.name: field.metadata["row"] for field in dataclasses.fields(config_class)}


@functools.cache  # fields are few, and every value is looked at
def kind_of(field: dataclasses.Field) -> Any:
    """Returns (the type of a field's value, that of its items if it is a tuple, whether it may be None).

    >>> kind_of(next(f for f in dataclasses.fields(Row) if f.name == "of"))
    (<class 'str'>, None, True)
    """
    kinds = typing.get_args(field.type) if isinstance(field.type, types.UnionType) else (field.type,)
    kind, *others = (kind for kind in kinds if kind is not types.NoneType)
    if others:
        return image_sizes.ImageSize, None, types.NoneType in kinds
    items = next(iter(typing.get_args(kind)), None)
    return typing.get_origin(kind) or kind, items, types.NoneType in kinds


def check_kind(name: str, value: Any, kind: type, items: type | None = None) -> None:
    """Raises a ValueError, one line, unless a value is of a type, and its items of theirs."""
    words = _KINDS[kind][1]
    if items in _PLURALS:
        words += f" of {_PLURALS[items]}"
    good = _is(value, kind)
    if good and items in _KINDS:
        good = all(_is(item, items) for item in value)
    if not good:
        raise ValueError(f"{name}={list(value) if isinstance(value, tuple) else value!r} must be {words}")


def check_field(field: dataclasses.Field, value: Any) -> None:
    """Checks the type of a value, not its range.

    Args:
        field: one of `dataclasses.fields`.
        value: anything.

    Raises:
        ValueError: in one line, if it is not of the field's type.
    """
    kind, items, optional = kind_of(field)
    if value is not None or not optional:
        check_kind(field.name, value, kind, items)


def _is(value, kind):
    if kind is image_sizes.ImageSize:
        return image_sizes.is_one(value)
    return isinstance(value, _KINDS[kind][0]) and not (isinstance(value, bool) and kind is not bool)
