"""A value for each class, and their mean."""

import numpy as np


def per_class(name, values):
    """Returns {name: the mean of those that are known, "class_0": ..., ...}.

    >>> per_class("accuracy", [0.5, None, 1.0])
    {'accuracy': 0.75, 'class_0': 0.5, 'class_1': None, 'class_2': 1.0}
    """
    known = [value for value in values if value is not None]
    return {name: float(np.mean(known))} | {f"class_{label}": value for label, value in enumerate(values)}
