"""What methods and networks say of themselves before TensorFlow starts: options, what they imply, what they refuse.

A specification stands beside the class that it describes (`spec.py` in the folder of a method or a network, or the
target of an installed package's entry point); `registry` finds it. The command line and the class check a choice by
the same function, so every rule stands once.
"""

import dataclasses
import importlib
import itertools
import math
from collections.abc import Callable, Mapping

from tfgan_zoo import image_sizes
from tfgan_zoo.choices import choose

_LEAST, _MOST = 2, 16  # pixels along the sides of the grid at which an image that is no square begins
_LARGEST = 1024


@dataclasses.dataclass(frozen=True)
class Option:
    """A choice that one method alone offers: a flag of train.py and an argument of the method's class.

    Attributes:
        default: its value if nothing is said; its type is the option's type.
        summary: a line for --help.
        choices: the allowed words, or a function that returns them; for a tuple those of its items. Empty for numbers
            and flags.
        low, high: the allowed range of a number.
    """

    default: object
    summary: str
    choices: tuple | Callable = ()
    low: float = -math.inf
    high: float = math.inf

    def check(self, name, value):
        """Raises a ValueError, one line, if `value` is not allowed for the option called `name`."""
        choices = self.choices() if callable(self.choices) else self.choices
        if choices:
            for word in value if isinstance(value, tuple) else (value,):
                choose(name, word, choices)
        elif not isinstance(value, bool) and not self.low <= value <= self.high:
            raise ValueError(f"{name}={value} must be in [{self.low}, {self.high}]")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choices:
    """What a user has chosen, as far as it is known: a model's class does not know what a run's configuration knows.

    Attributes:
        options: {name: value}, the method's own options and those of the method that it hosts.
        loss: str, or None where something else takes its place.
        penalties: tuple of str.
        n_dis: int, discriminator updates in a step.
        role: how an error calls the method: "method", or "host" of the data GAN of another method.
        batch_size, micro_batch, kimg, steps, perturb, network, normalization: as in a run's configuration; None if not
            known.
    """

    options: Mapping
    loss: str | None
    penalties: tuple = ()
    n_dis: int = 1
    role: str = "method"
    batch_size: int | None = None
    micro_batch: int | None = None
    kimg: float | None = None
    steps: int | None = None
    perturb: float | None = None
    network: str | None = None
    normalization: str | None = None


def nothing_to_refuse(choices):
    """The `refuse` of a method or a network without rules of its own."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Method:
    """A method, as a user may choose it.

    Attributes:
        name: str, the word after --method=.
        summary: a line for --list.
        path: "module:class" of the `core.gan.GAN`.
        options: {name: Option}, what the method alone offers.
        implies: fields of a run's configuration that follow from the choice.
        on: the same on one network alone, {network: fields}.
        replaces_loss: str, the option that stands in the place of a loss; None for a method that has one.
        hosts: str, the option that names the method of the data GAN; None for a method that hosts none.
        may_be_hosted: bool, whether it may be that data GAN.
        compares_sets: bool, whether its loss compares reals with fakes, and not each with a threshold.
        unrolls: function of the options -> bool, whether D moves within the generator's part of a step.
        phases: int, how many parts a run has; the length of a run of several shapes them all.
        fine_tuning: str, why a run cannot begin at trained weights; empty if it can.
        parts: "module:class" of the Keras classes that a saved model of the method holds beside networks and methods:
            others are not made from a file.
        health: function of a tick's numbers -> a word for a run that is not in trouble but not under way, or None.
        refuse: function of `Choices` that raises a ValueError, one line, for what does not go together.
    """

    name: str
    summary: str
    path: str
    options: Mapping = dataclasses.field(default_factory=dict)
    implies: Mapping = dataclasses.field(default_factory=dict)
    on: Mapping = dataclasses.field(default_factory=dict)
    replaces_loss: str | None = None
    hosts: str | None = None
    may_be_hosted: bool = True
    compares_sets: bool = False
    unrolls: Callable = lambda options: False
    phases: int = 1
    fine_tuning: str = ""
    parts: tuple[str, ...] = ()
    health: Callable = lambda numbers: None
    refuse: Callable = nothing_to_refuse

    def defaults(self, network):
        """Returns the fields of a run's configuration that the choice implies on a network."""
        return {**self.implies, **self.on.get(network, {})}

    def load(self):
        """Imports the class and returns it."""
        return attribute(self.path)

    def check(self, choices):
        """Raises a ValueError, one line, if the method does not take the `Choices`."""
        for name, option in self.options.items():
            if name in choices.options:
                option.check(name, choices.options[name])
        if self.hosts is None:  # what hosts another leaves the loss to it
            self._check_loss(choices)
        self.refuse(choices)

    def _check_loss(self, choices):
        if self.replaces_loss is None and choices.loss is None:
            raise ValueError(f"loss=None must be a word for {choices.role}={self.name}")
        if self.replaces_loss is not None and choices.loss is not None:
            instead = f"where {self.replaces_loss} takes its place"
            raise ValueError(f"loss={choices.loss} is not for {choices.role}={self.name}, {instead}")


def sides_and_channels(shape):
    """The arguments of a network that takes images of certain sizes: `image_size` and `channels`."""
    if len(shape) != 3:
        raise ValueError(f"shape={tuple(shape)}: images are needed, (height, width, channels)")
    return {"image_size": image_sizes.of(shape), "channels": shape[2]}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Network:
    """A pair of networks, a generator and a discriminator, as a user may choose it.

    Attributes:
        name: str, the word after --network=.
        summary: a line for --list.
        generator, discriminator: "module:class" of the `keras.Model`s.
        implies: fields of a run's configuration that follow from the choice.
        at: function of (image size, batch size) -> the same where a run has them.
        options: the fields of a configuration that are arguments of few networks, {name: roles that have it}.
        larger: image sizes that are made where they are asked for, and never chosen for somebody.
        grid: int, pixels a side of the feature maps at which images of `sizes` begin and which are doubled from there;
            then images that are no squares are made too, from other grids (`layout`). None where that cannot be.
        refuse: function of a run's configuration that raises a ValueError, one line, for what the network cannot do.
        sizes: the image sizes, ascending, in pixels a side; empty for any shape.
        vectors: bool, whether it makes points of mixtures too (then they leave G through a linear layer).
        tanh: bool, whether images leave the generator through tanh; else linearly, and a sample is clipped to [-1, 1].
        styles: bool, whether the generator has `styles` and `synthesize`, and truncates them itself (`truncated`).
        normalizations: what the discriminator can have.
        perturbs: bool, whether the discriminator has convolutions to perturb.
        labels: bool, whether both take labels.
        parts: "module:class" of the Keras classes that the configurations of the two hold, if any.
        arguments: function of a sample's shape -> the arguments of both classes that say it.
    """

    name: str
    summary: str
    generator: str
    discriminator: str
    implies: Mapping = dataclasses.field(default_factory=dict)
    at: Callable = lambda image_size, batch_size: {}
    options: Mapping = dataclasses.field(default_factory=dict)
    sizes: tuple[int, ...] = ()
    larger: tuple[int, ...] = ()
    grid: int | None = None
    refuse: Callable = nothing_to_refuse
    vectors: bool = False
    tanh: bool = True
    styles: bool = False
    normalizations: tuple[str, ...] = ("spectral", "none")
    perturbs: bool = True
    labels: bool = True
    parts: tuple[str, ...] = ()
    arguments: Callable = sides_and_channels

    @property
    def all_sizes(self):
        """Every image size, ascending."""
        return self.sizes + self.larger

    def layout(self, image_size):
        """Returns how an image size is made: (one of `all_sizes`, whose layers make it, (rows, columns) of its grid).

        A square has its own size and the usual grid. Other images have the layers of the largest square with which the
        shorter side of their grid is not shorter than usual; where there is none, those of the smallest square.

        Args:
            image_size: an int, or (height, width).

        Raises:
            ValueError: in one line with the sizes that are made, or are nearby, if this one is not.
        """
        found = self._layout(*image_sizes.sides(image_size))
        if found is None:
            raise ValueError(f"image_size={image_sizes.shown(image_size)}: {self.choices(image_size)}")
        return found

    def makes(self, image_size):
        """Returns whether images have this size: an int, or (height, width)."""
        return not self.sizes or self._layout(*image_sizes.sides(image_size)) is not None

    def choices(self, image_size):
        """Returns which image sizes are made, in words; for one that is no square, those nearby.

        >>> Network(name="", summary="", generator="", discriminator="", sizes=(32, 64), grid=4).choices((50, 31))
        'nearby are 48x32, 56x32, 48x24, 40x32'
        """
        if self.grid is None or not isinstance(image_size, tuple):
            return f"choose from {', '.join(map(str, self.all_sizes))}"
        step = self.sizes[0] // self.grid
        axes = [range(step * _LEAST, _LARGEST + 1, step) for _ in range(2)]
        near = sorted(itertools.product(*axes), key=lambda it: abs(it[0] - image_size[0]) + abs(it[1] - image_size[1]))
        made = (size for size in near if self._layout(*size))
        return f"nearby are {', '.join(image_sizes.shown(image_sizes.of(it)) for it in itertools.islice(made, 4))}"

    def _layout(self, height, width):
        if height == width:
            return (height, (self.grid, self.grid)) if height in self.all_sizes else None
        found = []
        for size in self.all_sizes if self.grid else ():
            factor = size // self.grid
            grid = height // factor, width // factor
            if height % factor == width % factor == 0 and min(grid) >= _LEAST and max(grid) <= _MOST:
                found.append((size, grid))
        usual = [entry for entry in found if min(entry[1]) >= self.grid]
        return usual[-1] if usual else next(iter(found), None)

    def defaults(self, image_size, batch_size):
        """Returns the fields of a run's configuration that the choice implies; the image size is None if not known."""
        return {**self.implies, **({} if image_size is None else self.at(image_size, batch_size))}

    def load(self, role):
        """Imports the class of a role, "generator" or "discriminator", and returns it."""
        return attribute({"generator": self.generator, "discriminator": self.discriminator}[role])


def attribute(path):
    """Imports what a "module:attribute" names.

    >>> attribute("math:tau") > 6
    True
    """
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)
