"""The noise of perturbed convolutions, as far as it is known without TensorFlow."""

import numbers

from tfgan_zoo.choices import choose

DISTRIBUTIONS = ("uniform", "gaussian", "bernoulli", "additive")


def check(law, rate):
    """Raises a ValueError, one line, for an unknown law, or a rate outside its law's range.

    >>> check("bernoulli", 1.0)
    Traceback (most recent call last):
    ...
    ValueError: perturb=1.0 must be at least 0 and below 1 for perturb_law=bernoulli
    """
    choose("perturb_law", law, DISTRIBUTIONS)
    if not isinstance(rate, numbers.Real) or not 0 <= rate < (1 if law == "bernoulli" else float("inf")):
        below = " and below 1" if law == "bernoulli" else " and finite"
        raise ValueError(f"perturb={rate!r} must be at least 0{below} for perturb_law={law}")
