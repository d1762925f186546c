"""Which cases of a test the quick run has: the others run in `make thorough`."""

import pytest


def thorough_but(*quick, of):
    """Returns all cases, tuples for several names, marked thorough but for the quick ones."""
    return [case if case in quick else _thorough(*case) if isinstance(case, tuple) else _thorough(case) for case in of]


def _thorough(*values):
    return pytest.param(*values, marks=pytest.mark.thorough)
