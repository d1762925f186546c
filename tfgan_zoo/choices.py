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
    raise ValueError(f"{argument}={value} is unknown{hint(value, names)}; choose from {listed(names)}")


def hint(value, names):
    """Returns " (did you mean NAME?)" of the nearest name; "" if none is near.

    >>> hint("gan_rng", ["gan_ring", "brc_grid"])
    ' (did you mean gan_ring?)'
    """
    near = difflib.get_close_matches(str(value), names, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def listed(names):
    """Returns all names in one line; from a dozen on, those that go on alike after their first word share that.

    >>> listed(["hinge", "non_saturating"])
    'hinge, non_saturating'
    >>> listed([f"{method}_ring" for method in "abcdefghijkl"] + ["gan_grid"])
    '{a,b,c,d,e,f,g,h,i,j,k,l}_ring, gan_grid'
    """
    if len(names) < 12:
        return ", ".join(names)
    groups = {}
    for name in names:
        first, mark, rest = name.partition("_")
        groups.setdefault(mark + rest, []).append(first)
    lines = []
    for rest, firsts in groups.items():
        alike = rest and len(firsts) > 1
        lines += [f"{{{','.join(firsts)}}}{rest}"] if alike else [first + rest for first in firsts]
    return ", ".join(lines)
