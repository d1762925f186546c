"""Named metrics: a name is its protocol, so that two people who give it get the same number. No TensorFlow here."""

import functools
from collections.abc import Mapping
from importlib import metadata

from tfgan_zoo import registry
from tfgan_zoo.evaluation.metrics import Protocol

__all__ = ["PROTOCOLS", "Protocol", "check_count", "check_reals", "choose", "defaults"]


class Protocols(Mapping):
    """{name: Protocol} of all metrics, ours and those of installed packages, read when it is first looked at.

    Args:
        families: {family: {name: Protocol}, or one Protocol, which is then called as its family is}; see
            `registry.METRICS`.
    """

    def __init__(self, families):
        self._families = families

    def __getitem__(self, name):
        return self._found[name]

    def __iter__(self):
        return iter(self._found)

    def __len__(self):
        return len(self._found)

    @functools.cached_property
    def _found(self):
        found, owners = {}, {}
        for family, target in self._families.items():
            protocols = {family: target} if isinstance(target, Protocol) else target
            if not isinstance(protocols, Mapping) or not all(isinstance(it, Protocol) for it in protocols.values()):
                wanted = f"a Protocol or {{name: Protocol}}, not {type(target).__name__}"
                raise ValueError(f"metrics: {family} of {_owner(family)} must be {wanted}")
            for name, protocol in protocols.items():
                if name in found:
                    both = f"{_owner(owners[name])} and by {_owner(family)}"
                    raise ValueError(f"metrics: the name {name} is claimed by {both}; uninstall one")
                found[name], owners[name] = protocol, family
        return found


def _owner(family):
    """Returns the package that a family of metrics comes from."""
    points = metadata.entry_points(group="tfgan_zoo.metrics", name=family)
    return next((point.dist.name for point in points if point.dist), registry.OURS)


PROTOCOLS = Protocols(registry.METRICS)
RUN_STRIDE = 10_000_000  # seeds between two runs of evaluate.py: no protocol takes as many
LITE0_LEAST = 32  # pixels a side
HAAR_SIDE = 16  # pixels of a block of `wavelets.haar_packets`
SOME_CLASSES = 20  # of more, nobody wants 1,000 images each without having asked
OWN_DATA = ("train", "heldout", "both", "mixture")  # references that are the data set of the model


def choose(names, *, shape=None, endless=True, extractor=False, classes=None):
    """Looks metrics up, and checks that they go with what is measured.

    Args:
        names: iterable of str.
        shape: (H, W, C) of the images or (d,) of a mixture's points; None if it is not known yet.
        endless: bool, whether fakes come from a model, which has no "all".
        extractor: bool, whether the user gives an extractor.
        classes: int, how many classes a model can be asked for, 0 without labels; None if it is not known yet.

    Returns:
        {name: Protocol}, in the order of `names`.

    Raises:
        ValueError: in one line, for an unknown name or one that does not go with the images.

    >>> choose(["fd_fashion_10k"], shape=(32, 32, 1))["fd_fashion_10k"].fakes
    10000
    """
    if not names:
        raise ValueError(f"metrics= is empty; choose from {', '.join(PROTOCOLS)}")
    chosen = {name: PROTOCOLS[registry.choose("metrics", name, PROTOCOLS)] for name in names}
    for name, protocol in chosen.items():
        if endless and protocol.fakes is None:
            raise ValueError(f"metrics={name} is for two sets of images; a model has no end: name a count")
        if protocol.extractor == "given" and not extractor:
            raise ValueError(f"metrics={name} needs --extractor=PATH, a Keras model or a SavedModel")
        if protocol.labels and (classes == 0 or not endless):
            raise ValueError(f"metrics={name} is for conditional models: it asks for images of a class")
        if protocol.labels and classes is not None and protocol.classes not in (None, classes):
            raise ValueError(f"metrics={name} is for {protocol.classes} classes, not for {classes}")
        if shape is not None:
            _check_shape(name, protocol, shape)
    return chosen


def check_count(name, protocol, count):
    """Refuses fewer fakes than a protocol takes.

    Raises:
        ValueError: in one line.
    """
    if protocol.fakes is not None and count < protocol.fakes:
        raise ValueError(f"metrics={name} takes {protocol.fakes} fakes; there are {count}")
    if count < protocol.least:
        raise ValueError(f"metrics={name} takes at least {protocol.least} fakes; there are {count}")


def check_reals(name, protocol, split, count):
    """Refuses fewer reals of a split, "train" or "heldout", than a protocol takes.

    Raises:
        ValueError: in one line.
    """
    if not count:
        raise ValueError(f"metrics={name} compares with {split} images, of which there are none")
    if count < protocol.least:
        raise ValueError(f"metrics={name} takes at least {protocol.least} reals; there are {count}")


def defaults(dataset, shape, classes=0):
    """Returns the metrics that say most about a model of a data set, and need no download where that can be.

    Args:
        dataset: str, its name, or None.
        shape: (H, W, C) of the images or (d,) of a mixture's points.
        classes: int, how many classes the model can be asked for; 0 without labels.

    >>> defaults("ring", (2,))
    ('modes_2500',)
    """
    if len(shape) == 1:
        return ("modes_2500",)
    if dataset == "stacked_fashion":
        return ("modes_stacked_26k",)
    if dataset and dataset.split(":")[0] in ("fashion_mnist", "fashion_mnist_10k") and shape[2] == 1:
        plain = ("fd_fashion_10k", "kd_fashion_10k", "prdc_fashion_10k", "memorization_10k")
        return (*plain, "fd_fashion_per_class_1k", "accuracy_fashion_10k") if classes else plain
    if shape[2] not in (3, 4):
        return ("fid_50k_train", "prdc_10k", "memorization_10k")
    shipped = dataset == "noto_emoji_64"  # where other people's numbers are none to compare with
    lite0 = ("fd_lite0_10k", "kd_lite0_10k", "prdc_lite0_10k") if min(shape[:2]) >= LITE0_LEAST else ()
    of_classes = ("kd_lite0_per_class_1k",) if lite0 and 0 < classes <= SOME_CLASSES else ()
    wavelet = () if any(side % HAAR_SIDE for side in shape[:2]) else ("fwd_10k",)
    inception = () if shipped and lite0 else ("fid_50k_train", "prdc_10k")
    return (*inception, *lite0, *wavelet, "memorization_10k", *of_classes)


def _check_shape(name, protocol, shape):
    points = len(shape) == 1
    if points != (protocol.reference == "mixture"):
        kind = "mixtures" if protocol.reference == "mixture" else "images"
        raise ValueError(f"metrics={name} is for {kind}, not for what has the shape {tuple(shape)}")
    if protocol.resize == "channels" and tuple(shape) not in ((28, 28, 3), (32, 32, 3)):
        raise ValueError(f"metrics={name} is for three stacked images of 28 x 28 (or 32 x 32), not {tuple(shape)}")
    if protocol.extractor == "lite0" and (shape[2] not in (3, 4) or min(shape[:2]) < LITE0_LEAST):
        raise ValueError(
            f"metrics={name} is for RGB or RGBA images of at least {LITE0_LEAST} x {LITE0_LEAST}, not {tuple(shape)}"
        )
    if protocol.extractor == "haar_packets" and any(side % HAAR_SIDE for side in shape[:2]):
        raise ValueError(f"metrics={name} is for images whose sides are multiples of {HAAR_SIDE}, not {tuple(shape)}")
    if protocol.resize == "crop" and tuple(shape) not in ((28, 28, 1), (32, 32, 1)):
        raise ValueError(f"metrics={name} is for grey images of 28 x 28 (or 32 x 32 with a border), not {tuple(shape)}")
