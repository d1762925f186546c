"""Lists of seeds as people write them."""

import numpy as np
import pytest

from tfgan_zoo.sharing import seed_lists


@pytest.mark.parametrize(
    ("words", "seeds"),
    [
        (["0-9", "42"], [*range(10), 42]),
        (["5"], [5]),
        (["7", "3-3", "7"], [7, 3, 7]),
        (["-3"], [-3]),
        (["-3--1", "-1-1"], [-3, -2, -1, -1, 0, 1]),
        ([f"{2**63 - 2}-{2**63 - 1}"], [2**63 - 2, 2**63 - 1]),
        ([str(-(2**63))], [-(2**63)]),
    ],
)
def test_numbers_and_ranges(words, seeds):
    found = seed_lists.parse(words)
    assert found.dtype == np.int64 and found.tolist() == seeds


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "seeds= names none"),
        ([""], "seeds= must be whole numbers"),
        (["1", ""], "seeds= must be whole numbers"),
        (["one"], "seeds=one must be whole numbers and ranges of them, as 0-9,42"),
        (["1.5"], "seeds=1.5 must be"),
        (["1-2-3"], "seeds=1-2-3 must be"),
        (["9-0"], "seeds=9-0 must run upwards, as 0-9"),
        (["٣"], "must be whole numbers"),
        ([str(2**63)], "must be 64-bit integers"),
        ([f"{-(2**63)}-{2**63 - 1}"], f"are {2**64}, more than 10000000"),
        (["9" * 5000], "must be whole numbers"),
    ],
)
def test_anything_else_is_one_line(words, message):
    with pytest.raises(ValueError) as error:
        seed_lists.parse(words)
    assert message in str(error.value) and "\n" not in str(error.value)
