"""What loads TensorFlow only when it is first used: a package's names, and `tf` itself.

A file whose functions take tensors, but whose first lines are read without TensorFlow (a loss, a penalty), says

    from tfgan_zoo.lazy import tf
"""

import importlib
import typing
from collections.abc import Callable

if typing.TYPE_CHECKING:
    import tensorflow as tf
else:

    class _TensorFlow:
        """Stands for the module `tensorflow`, which is imported with the first attribute that is asked for."""

        def __getattr__(self, name):
            return getattr(importlib.import_module("tensorflow"), name)

    tf = _TensorFlow()


def attributes(package: str, where: dict[str, str]) -> tuple[Callable[[str], typing.Any], Callable[[], list[str]]]:
    """Makes the `__getattr__` and the `__dir__` of a package whose names live in modules that load when asked for.

    Args:
        package: str, the package's `__name__`.
        where: {name: the module that has it, "package.module", or "package.module:attribute"; or the module that it
            is, "package.module:"}.

    Returns:
        The two functions.

    >>> find, names = attributes("shapes", {"Fraction": "fractions", "half": "fractions:Fraction"})
    >>> find("half")(1, 2), names()
    (Fraction(1, 2), ['Fraction', 'half'])
    """

    def find(name):
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        path, colon, attribute = where[name].partition(":")
        module = importlib.import_module(path)
        return module if colon and not attribute else getattr(module, attribute or name)

    return find, lambda: sorted(where)
