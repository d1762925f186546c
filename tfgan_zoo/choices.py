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
    near = difflib.get_close_matches(str(value), names, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise ValueError(f"{argument}={value} is unknown{hint}; choose from {', '.join(names)}")
