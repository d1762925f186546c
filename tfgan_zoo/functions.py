"""Networks that a function of the user's makes, before TensorFlow starts: --network=my_module:build."""

import dataclasses
import functools
import importlib
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping

from tfgan_zoo import specs

_WORD = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Function(specs.Network):
    """The `specs.Network` of a word with a colon: a module, and in it a function that makes both networks.

    The module is looked for where Python looks, and in the working directory last. `networks.by_function` calls it.
    """

    generator: str = ""
    discriminator: str = ""
    vectors: bool = True
    normalizations: tuple[str, ...] = ()
    options: Mapping = dataclasses.field(default_factory=lambda: {"latent_dim": ("generator", "discriminator")})
    arguments: Callable = lambda shape: {"image_shape": shape}

    def load(self, role):
        """Returns a function that makes the network of a role."""
        return functools.partial(specs.attribute("tfgan_zoo.networks.by_function:build"), self.name, role)


@functools.cache
def spec(word):
    """Returns the `Function` of a word such as "my_module:build"; None of any other word.

    >>> spec("my_module:build").name, spec("dcgan")
    ('my_module:build', None)
    """
    if not isinstance(word, str) or not _WORD.fullmatch(word):
        return None
    return Function(
        name=word,
        summary="networks of a function",
        implies={
            "latent_dim": 128,
            "loss": "non_saturating",
            "g_lr": 2e-4,
            "d_lr": 2e-4,
            "beta_1": 0.5,
            "beta_2": 0.999,
        },
        refuse=lambda config: check(word),
    )


def check(word):
    """Raises a ValueError, one line, if the module of a word is nowhere; nothing of it runs, but of its packages."""
    module = _WORD.fullmatch(word)[1]
    _look_here_too()
    try:
        found = module in sys.modules or importlib.util.find_spec(module) is not None
    except ImportError:  # a package on the way is none
        found = False
    except (Exception, SystemExit) as error:  # a package on the way runs when a module in it is looked for
        raise ValueError(f"network={word}: {module} cannot be imported ({_sentence(error)})") from None
    if not found:
        hint = f"; of a file {module}, write {word.replace('.py:', ':')}" if module.endswith(".py") else ""
        raise ValueError(
            f"network={word}: there is no module {module} in {os.getcwd()} or where Python looks (PYTHONPATH){hint}"
        )


def load(word):
    """Imports the module of a word, and returns the function.

    Raises:
        ValueError: in one line, if the module cannot be imported or has no such function.
    """
    check(word)
    module, name = _WORD.fullmatch(word).groups()
    try:
        function = getattr(importlib.import_module(module), name, None)
    except (Exception, SystemExit) as error:  # whatever the user's module does
        raise ValueError(f"network={word}: {module} cannot be imported ({_sentence(error)})") from None
    if not callable(function):
        raise ValueError(f"network={word}: the module {module} has no function {name}")
    return function


def call(word, function, **arguments):
    """Calls the function of a word; returns what it returns.

    Raises:
        ValueError: in one line with the place, if it raises anything.
    """
    try:
        return function(**arguments)
    except (Exception, SystemExit) as error:  # whatever the user's function does
        shown = ", ".join(f"{name}={value}" for name, value in arguments.items())
        raise ValueError(f"network={word}: {function.__name__}({shown}) raised {_sentence(error)}") from None


def _look_here_too():
    """Lets Python look for modules in the working directory, after all other places."""
    here = os.getcwd()
    if not {"", here} & {*sys.path}:
        sys.path.append(here)
        importlib.invalidate_caches()


def _sentence(error):
    """Returns an error's kind, text and place in one line."""
    text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    last = traceback.extract_tb(error.__traceback__)[-1]
    if isinstance(error, SyntaxError) or last.filename == __file__:  # says it itself; or the call is wrong
        return text
    return f"{text}, {os.path.basename(last.filename)}:{last.lineno}"
