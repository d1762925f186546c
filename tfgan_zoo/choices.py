"""Choosing from names: one line for a name that is unknown."""

import difflib


def choose(argument, value, names):
    """Returns `value` if it is one of `names`.

    Raises:
        ValueError: otherwise, in one line with the nearest name and the list.

    >>> choose("loss", "hing", ("hinge", "wasserstein"))
    Traceback (most recent call last):
    ...
    ValueError: loss=hing is unknown (did you mean hinge?); choose from hinge, wasserstein
    """
    if value in names:
        return value
    raise ValueError(f"{argument}={value} is unknown{hint(value, names)}; choose from {', '.join(names)}")


def hint(value, names):
    """Returns " (did you mean NAME?)" of the nearest name; "" if none is near.

    >>> hint("gan_rng", ["gan_ring", "brc_grid"])
    ' (did you mean gan_ring?)'
    """
    near = difflib.get_close_matches(str(value), names, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
