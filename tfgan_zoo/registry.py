"""The names that a user can choose from, ours and those of installed packages, known without importing TensorFlow.

Ours are found in their folders: a method is a package in `tfgan_zoo/methods/` whose module `spec` has a `SPEC`, a
network one in `tfgan_zoo/networks/`; a loss is a module with a `LOSS` in `tfgan_zoo/objectives/losses/`, a penalty one
with a `PENALTY` in `tfgan_zoo/objectives/penalties/`, a family of metrics one with `PROTOCOLS` in
`tfgan_zoo/evaluation/metrics/`. An installed package adds to them by an entry point of the group
`tfgan_zoo.methods`, `.networks`, `.losses`, `.penalties` or `.metrics`, whose name is the user's word and whose target
is the specification:

    [project.entry-points."tfgan_zoo.methods"]
    mine = "my_package.spec:SPEC"

A network is named by a word with a colon, too, a function of the user's that makes it: see `functions`.
"""

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from importlib import metadata

from tfgan_zoo import functions, specs
from tfgan_zoo.choices import choose

__all__ = ["LOSSES", "METHODS", "METRICS", "NETWORKS", "PENALTIES", "Table", "choose", "import_classes", "method_of"]
OURS = "tfgan_zoo"


class Table(Mapping):
    """{name: specification}, found when it is first looked at.

    Args:
        kind: str, the last word of the entry points' group.
        package: str, the package of ours to look through.
        module: str, the module of each sub-package that has the specification; empty where the package's own modules
            have it.
        attribute: str, what it is called there.
        type_path: "module:class" of a specification, or of the class that it must be made from; empty where whoever
            reads the table checks it.
        first: str, the name that a list begins with.
    """

    def __init__(self, kind, package, module, attribute, type_path, first):
        self.kind = kind
        self._package, self._module, self._attribute, self._first = package, module, attribute, first
        self._type_path = type_path

    def __getitem__(self, name):
        return self._found[name]

    def __iter__(self):
        return iter(self._found)

    def __len__(self):
        return len(self._found)

    def forget(self):
        """Lets the next look find what has been installed since."""
        self.__dict__.pop("_found", None)

    @functools.cached_property
    def _found(self):
        found = {name: (OURS, module) for name, module in self._of_ours()}
        for name, package, point in _entry_points(f"{OURS}.{self.kind}"):
            if name in found:
                raise ValueError(
                    f"{self.kind}: the name {name} is claimed by {found[name][0]} and by {package}; uninstall one"
                )
            found[name] = (package, point)
        names = sorted(found, key=lambda name: (name != self._first, name))
        return {name: self._load(name, *found[name]) for name in names}

    def _of_ours(self):
        """Yields (name, module) of what lies in our folders."""
        for entry in pkgutil.iter_modules(importlib.import_module(self._package).__path__):
            if entry.ispkg == bool(self._module) and not entry.name.startswith("_"):
                yield entry.name, ".".join(filter(None, (self._package, entry.name, self._module)))

    def _load(self, name, package, target):
        if package == OURS:
            return getattr(importlib.import_module(target), self._attribute)
        try:
            found = target.load()
        except (Exception, SystemExit) as error:  # whatever another package does when it is imported
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise ValueError(f"{self.kind}: {name} of the package {package} cannot be loaded ({reason})") from None
        expected = specs.attribute(self._type_path or "builtins:object")
        if not (isinstance(found, expected) or (isinstance(found, type) and issubclass(found, expected))):
            raise ValueError(f"{self.kind}: {name} of the package {package} is no {self._type_path.replace(':', '.')}")
        if self._type_path and found.name != name:
            raise ValueError(f"{self.kind}: {name} of the package {package} calls itself {found.name}; say it alike")
        return found


def _entry_points(group):
    """Yields (name, distribution, entry point), each once: a path that is searched twice shows a package twice."""
    seen = set()
    for point in metadata.entry_points(group=group):
        package = point.dist.name if point.dist else "?"
        if (point.name, package, point.value) not in seen:
            seen.add((point.name, package, point.value))
            yield point.name, package, point


class _Networks(Table):
    """The networks by their names; and any "module:function", which is not among the names."""

    def __getitem__(self, name):
        return functions.spec(name) or super().__getitem__(name)


METHODS = Table("methods", "tfgan_zoo.methods", "spec", "SPEC", "tfgan_zoo.specs:Method", "gan")
NETWORKS = _Networks("networks", "tfgan_zoo.networks", "spec", "SPEC", "tfgan_zoo.specs:Network", "mlp")
LOSSES = Table(
    "losses", "tfgan_zoo.objectives.losses", "", "LOSS", "tfgan_zoo.objectives.losses:Loss", "non_saturating"
)
PENALTIES = Table(
    "penalties", "tfgan_zoo.objectives.penalties", "", "PENALTY", "tfgan_zoo.objectives.penalties:Penalty", "r1"
)
METRICS = Table("metrics", "tfgan_zoo.evaluation.metrics", "", "PROTOCOLS", "", "frechet")  # a family each


def method_of(cls):
    """Returns the `specs.Method` of a class or of the nearest class that it is made from; None if there is none."""
    paths = {f"{parent.__module__}:{parent.__qualname__}": None for parent in cls.__mro__}
    by_path = {spec.path: spec for spec in METHODS.values()}
    return next((by_path[path] for path in paths if path in by_path), None)


def import_classes():
    """Imports the classes of all methods and networks, which registers them with Keras."""
    for spec in METHODS.values():
        spec.load()
    for spec in NETWORKS.values():
        spec.load("generator"), spec.load("discriminator")


AUGMENTATIONS = ("color", "translation", "cutout", "ada")  # DiffAugment's three, and ADA
ADA = {"ada_target": 0.6, "ada_kimg": 500.0}  # what "ada" implies: the paper's values
