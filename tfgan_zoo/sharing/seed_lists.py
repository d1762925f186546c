"""Seeds as people write them: "0-9,42". Nothing here needs TensorFlow."""

import re

import numpy as np

MOST = 10**7  # seeds that are kept as a list
_WORD = re.compile(r"(-?[0-9]{1,19})(?:-(-?[0-9]{1,19}))?")


def parse(words: str, argument: str = "seeds", most: int = MOST) -> np.ndarray:
    """Reads a list of numbers and of ranges, both ends among them, in the order they are written.

    Args:
        words: list of str, such as ["0-9", "42"]; a number may be negative, as in "-3--1".
        argument: str, what an error calls them.
        most: int, how many numbers there may be.

    Returns:
        A NumPy array int64[N], N >= 1.

    Raises:
        ValueError: in one line, if a word is neither, a range runs downwards, or there are too many.

    >>> parse(["0-3", "42", "-2--1"])
    array([ 0,  1,  2,  3, 42, -2, -1])
    """
    if not words:
        raise ValueError(f"{argument}= names none; write them as 0-9,42")
    parts = [_range(word, argument) for word in words]
    count = sum(stop - start + 1 for start, stop in parts)
    if count > most:
        raise ValueError(f"{argument}={','.join(words)} are {count}, more than {most}")
    return np.concatenate([np.arange(stop - start + 1) + np.int64(start) for start, stop in parts]).astype("int64")


def _range(word, argument):
    match = _WORD.fullmatch(word)
    if match is None:
        raise ValueError(f"{argument}={word} must be whole numbers and ranges of them, as 0-9,42")
    start = int(match[1])
    stop = start if match[2] is None else int(match[2])
    if not -(2**63) <= min(start, stop) <= max(start, stop) < 2**63:
        raise ValueError(f"{argument}={word} must be 64-bit integers")
    if stop < start:
        raise ValueError(f"{argument}={word} must run upwards, as {stop}-{start}")
    return start, stop
