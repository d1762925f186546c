"""A value for each class, and their mean."""

import numpy as np


def per_class(name, values):
    """Returns {name: the mean of those that are known, or None, "class_0": ..., ...}.

    >>> per_class("accuracy", [0.5, None, 1.0])
    {'accuracy': 0.75, 'class_0': 0.5, 'class_1': None, 'class_2': 1.0}
    """
    known = [value for value in values if value is not None]
    return {name: float(np.mean(known)) if known else None} | {
        f"class_{label}": value for label, value in enumerate(values)
    }


def class_by_class(function, *sets, fewest=1):
    """Returns `per_class` of the distance between each class's reals and fakes, None where there are too few reals.

    Args:
        function: (statistics of reals, of fakes) -> {"distance"}.
        *sets: the statistics of the reals of each class, and last a list of those of the fakes.
        fewest: int, how many reals a class must have.
    """
    *reals, fakes = sets
    pairs = zip(reals, fakes, strict=True)
    return per_class(
        "distance", [function(*pair)["distance"] if pair[0]["count"] >= fewest else None for pair in pairs]
    )
