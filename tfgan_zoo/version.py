"""The version of the installed package, which stands in setup.cfg alone."""

from importlib import metadata

VERSION = metadata.version("tfgan-zoo")
