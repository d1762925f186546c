"""Named metrics: a name is its protocol, so that two people who give it get the same number. No TensorFlow here."""

import dataclasses
import re

from tfgan_zoo import registry


@dataclasses.dataclass(frozen=True)
class Protocol:
    """What a metric's name stands for.

    Attributes:
        metric: a key of `metrics.METRICS`: the arithmetic.
        summary: str, a line.
        extractor: "inception", "fashion_cnn", "given" (the user's), or None for the pixels or points themselves.
        resize: "tf1_bilinear" or "pil_bicubic" to 299 x 299, "crop" of a border to 28 x 28, "channels" for that of
            each channel by itself, "area" to at most 32 x 32
            where pixels are compared, or None.
        fakes: int, how many; None takes all there are (two folders).
        reference: what they are held against: "train" or "heldout" of the model's own data set, "both",
            "fashion_mnist_10k" whatever the model was trained on, "mixture" (its centres), or "none".
        reals: int, the most that are taken of the reference, from its beginning; None takes all.
        better: "lower" or "higher".
        headline: the value that stands for the others where one must, as in choosing the best checkpoint.
        labels: what a conditional model is asked for: "each", `fakes` images of every class by itself, held against the
            reals of that class, of which there are at most `reals`; "drawn", each seed's own label, which the metric
            looks at; None for a metric that knows no labels.
    """

    metric: str
    summary: str
    extractor: str | None
    resize: str | None
    fakes: int | None
    reference: str
    reals: int | None
    better: str
    headline: str = "distance"
    labels: str | None = None


def _inception(metric, summary, fakes, reference, reals, better="lower", resize="tf1_bilinear", **kwargs):
    return Protocol(metric, summary, "inception", resize, fakes, reference, reals, better, **kwargs)


def _fashion(metric, summary, fakes=10_000, better="lower", **kwargs):
    return Protocol(metric, summary, "fashion_cnn", "crop", fakes, "fashion_mnist_10k", None, better, **kwargs)


def _given(metric, summary, better="lower", **kwargs):
    return Protocol(metric, summary, "given", None, 10_000, "train", 10_000, better, **kwargs)


_FID = "Frechet distance of Inception's pool features (Heusel et al. 2017)"
_KID = "kernel distance of Inception's pool features, blocks of at most 1,024 (Binkowski et al. 2018)"
_IS = "classifier score of Inception's logits, mean of ten splits (Salimans et al. 2016)"
_PRDC = "precision, recall, density, coverage with 5 neighbours (Naeem et al. 2020) on"
_SCORE, _COVERAGE = {"headline": "score"}, {"headline": "coverage"}

FASHION_CLASSES = 10

PROTOCOLS = {
    "fid_50k_train": _inception("frechet", f"{_FID}; the training images, at most 50,000", 50_000, "train", 50_000),
    "fid_10k_test": _inception("frechet", f"{_FID}; the held-out images, at most 10,000", 10_000, "heldout", 10_000),
    "fid_clean_50k": _inception(
        "frechet",
        f"{_FID}, resized as clean-fid does; all training images",
        50_000,
        "train",
        None,
        resize="pil_bicubic",
    ),
    "kid_50k": _inception("kernel", f"{_KID}; the training images, at most 50,000", 50_000, "train", 50_000),
    "is_50k": _inception("classifier_score", _IS, 50_000, "none", None, "higher", **_SCORE),
    "prdc_10k": _inception("prdc", f"{_PRDC} Inception's features", 10_000, "train", 10_000, "higher", **_COVERAGE),
    "fd_fashion_10k": _fashion("frechet", "Frechet distance of the fashion classifier's features; no download"),
    "kd_fashion_10k": _fashion("kernel", "kernel distance of the fashion classifier's features; no download"),
    "prdc_fashion_10k": _fashion("prdc", f"{_PRDC} the fashion classifier's features", better="higher", **_COVERAGE),
    "fd_fashion_per_class_1k": _fashion(
        "frechet_per_class",
        "Frechet distance of the fashion classifier's features, class by class, and the mean: a conditional model's"
        " 1,000 fakes of a label against the 1,000 reals of that class",
        fakes=1000,
        labels="each",
    ),
    "accuracy_fashion_10k": dataclasses.replace(
        _fashion("accuracy", "share of a conditional model's fakes that the fashion classifier gives their label"),
        reference="none",
        better="higher",
        headline="accuracy",
        labels="drawn",
    ),
    "fd_given_10k": _given("frechet", "Frechet distance of the features of --extractor"),
    "kd_given_10k": _given("kernel", "kernel distance of the features of --extractor"),
    "prdc_given_10k": _given("prdc", f"{_PRDC} the features of --extractor", "higher", **_COVERAGE),
    "modes_2500": Protocol(
        "modes", "modes that 2,500 samples of a mixture cover", None, None, 2500, "mixture", None, "higher", "modes"
    ),
    "modes_stacked_26k": Protocol(
        "stacked_modes",
        "modes of stacked_fashion, of 1,000, that 26,000 samples cover, by the fashion classifier on each channel",
        "fashion_cnn",
        "channels",
        26_000,
        "none",
        None,
        "higher",
        "modes",
    ),
    "memorization_10k": Protocol(
        "memorization",
        "distance of fakes to the nearest training image over that to the nearest held-out one, in pixels (below 1 is"
        " copying), and D(train) - D(held-out)",
        None,
        "area",
        10_000,
        "both",
        10_000,
        "higher",
        "nearest_ratio",
    ),
}

# For two sets of images: every image of both, the counts in the result. `is_all` needs one set.
_OF_ALL = ("fid", "fid_clean", "kid", "is", "prdc", "fd_fashion", "kd_fashion", "prdc_fashion", "fd_given", "kd_given")
for _base in (*_OF_ALL, "prdc_given"):
    _model = next(it for name, it in PROTOCOLS.items() if re.fullmatch(rf"{_base}_\d+k(_train)?", name))
    _reference = "train" if _model.reference == "fashion_mnist_10k" else _model.reference  # the user's reals
    _summary = f"as {_base}_*, on all images of two folders, zips or npz files"
    PROTOCOLS[f"{_base}_all"] = dataclasses.replace(
        _model, summary=_summary, fakes=None, reals=None, reference=_reference
    )


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
        if protocol.labels and classes not in (None, FASHION_CLASSES):
            raise ValueError(f"metrics={name} is for the {FASHION_CLASSES} classes of clothes, not for {classes}")
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
    return ("fid_50k_train", "prdc_10k", "memorization_10k")


def _check_shape(name, protocol, shape):
    points = len(shape) == 1
    if points != (protocol.reference == "mixture"):
        kind = "mixtures" if protocol.reference == "mixture" else "images"
        raise ValueError(f"metrics={name} is for {kind}, not for what has the shape {tuple(shape)}")
    if protocol.resize == "channels" and tuple(shape) not in ((28, 28, 3), (32, 32, 3)):
        raise ValueError(f"metrics={name} is for three stacked images of 28 x 28 (or 32 x 32), not {tuple(shape)}")
    if protocol.resize == "crop" and tuple(shape) not in ((28, 28, 1), (32, 32, 1)):
        raise ValueError(f"metrics={name} is for grey images of 28 x 28 (or 32 x 32 with a border), not {tuple(shape)}")
