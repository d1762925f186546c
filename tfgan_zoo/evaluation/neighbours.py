"""Distances between rows, by a matrix product."""

import numpy as np

_ROUNDING = 1e-14  # of two squared lengths: what the product leaves between rows that are equal is a tenth of it


def squared_distances(one, two):
    """Returns |a - b|^2 of all pairs of rows.

    The rows are shifted by a common mean first: far from the origin, the product would lose small distances. What is no
    more than the product's rounding is 0, so that copies are as near to each other as they are.

    Args:
        one: float[N, d].
        two: float[M, d].

    Returns:
        float64[N, M], none below 0.

    >>> squared_distances(np.array([[1.0]]), np.array([[1.0], [4.0]]))
    array([[0., 9.]])
    """
    two = np.asarray(two, "float64")
    centre = two.mean(axis=0)
    one, two = np.asarray(one, "float64") - centre, two - centre
    lengths = np.sum(one**2, axis=1)[:, None] + np.sum(two**2, axis=1)
    squares = lengths - 2 * one @ two.T
    squares[squares <= _ROUNDING * lengths] = 0.0
    return squares
