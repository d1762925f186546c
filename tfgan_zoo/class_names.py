"""Classes by what people call them."""

import re
import unicodedata


def number_of(word, names):
    r"""Returns the number of the class that a word names; None if there is none, or more than one.

    Letters count and not how they are written: macOS has two characters for "ä". Where all classes are called by
    numbers, their values count: "3" is "03".

    Args:
        word: str, as the user wrote it.
        names: tuple of str, in the order of the labels.

    >>> number_of("shirt", ("coat", "shirt")), number_of("a\u0308", ("\u00e4", "b")), number_of("3", ("02", "03"))
    (1, 0, 1)
    >>> number_of("1", ("coat", "shirt"))
    """
    for same in (str, _composed, int if are_numbers((word, *names)) else str):
        found = [number for number, name in enumerate(names) if same(name) == same(word)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def are_numbers(names):
    """Returns whether there are names and all are whole numbers, so that a number is a name and no place among them.

    >>> are_numbers(("01", "12")), are_numbers(("1", "cat")), are_numbers(())
    (True, False, False)
    """
    return bool(names) and all(re.fullmatch("-?[0-9]{1,18}", name) for name in names)


def _composed(name):
    return unicodedata.normalize("NFC", name)
