"""The metrics: a file a family, with its arithmetic on NumPy arrays and the named protocols that use it.

Every module here has `PROTOCOLS`, {name: Protocol}; `evaluation.protocols` finds them all, and those of installed
packages, whose entry points of the group `tfgan_zoo.metrics` name a `Protocol` (the entry point's name is then the
metric's) or such a dictionary:

    [project.entry-points."tfgan_zoo.metrics"]
    brightness_1k = "my_package.brightness:PROTOCOL"

The names are read without TensorFlow: a module here, or a package's, imports it inside its functions.
"""

import dataclasses
import functools
from collections.abc import Callable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Protocol:
    """What a metric's name stands for.

    Attributes:
        metric: str, the word for the arithmetic, which results carry.
        summary: str, a line.
        function: the arithmetic: a function of the statistics of each set of reals, if any, and last of the fakes, that
            returns {name: float, int or None}. The `reference` says which sets of reals there are.
        statistics: str, what `function` is given of each set: "moments" {"mean", "cov", "count"}, "features" or
            "logits" {"rows": float32[N, d], "count"}; of a class without reals {"count": 0}.
        extractor: "inception", "fashion_cnn", "lite0", "haar_packets", "given" (the user's), or None for the pixels or
            points themselves.
        resize: "tf1_bilinear" or "pil_bicubic" to the pixels that the network takes, "crop" of a border to 28 x 28,
            "channels" for that of each channel by itself, "area" to at most 32 x 32 where pixels are compared, or None.
        fakes: int, how many; None takes all there are (two folders).
        reference: what they are held against: "train" or "heldout" of the model's own data set, "both" (training and
            held-out images, two sets), "fashion_mnist_10k" whatever the model was trained on, "mixture" (its centres
            float[K, d] and its deviation), or "none".
        reals: int, the most that are taken of the reference, from its beginning; None takes all.
        least: int, how many images a set must have for its arithmetic.
        better: "lower" or "higher".
        headline: the value that stands for the others where one must, as in choosing the best checkpoint.
        labels: what a conditional model is asked for: "each", `fakes` images of every class by itself, held against the
            reals of that class, of which there are at most `reals`, the fakes' statistics a list; "drawn", each seed's
            own label, which `function` finds beside the rows; None for a metric that knows no labels.
        classes: int, how many classes a metric with `labels` is for; None for any number, which "each" can take only
            from the model's own data, "train".
        discriminator: bool, whether a model's discriminator is asked too: D(train) - D(held-out), as `d_gap`.
    """

    metric: str
    summary: str
    function: Callable
    statistics: str
    extractor: str | None
    resize: str | None
    fakes: int | None
    reference: str
    reals: int | None
    better: str
    least: int = 1
    headline: str = "distance"
    labels: str | None = None
    classes: int | None = None
    discriminator: bool = False

    def __post_init__(self):
        for name, allowed in _ALLOWED.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}={getattr(self, name)} must be one of {', '.join(map(str, allowed))}")
        if self.labels == "each" and self.classes is None and self.reference != "train":
            raise ValueError(f"classes=None must be a number for labels=each and reference={self.reference}")

    def record(self) -> dict:
        """Returns what a result says of the protocol: what makes its number, as JSON."""
        return {name: getattr(self, name) for name in _RECORDED}


_ALLOWED = {
    "statistics": ("moments", "features", "logits"),
    "extractor": ("inception", "fashion_cnn", "lite0", "haar_packets", "given", None),
    "reference": ("train", "heldout", "both", "fashion_mnist_10k", "mixture", "none"),
    "better": ("lower", "higher"),
    "labels": ("each", "drawn", None),
}
_RECORDED = ("metric", "extractor", "resize", "fakes", "reference", "reals", "better", "headline", "labels")

# Protocols that differ in few things are made by one of these; `function`, `statistics` and so on are added.
on_inception = functools.partial(Protocol, extractor="inception", resize="tf1_bilinear", better="lower")
on_fashion = functools.partial(
    Protocol,
    extractor="fashion_cnn",
    resize="crop",
    fakes=10_000,
    reference="fashion_mnist_10k",
    reals=None,
    better="lower",
)
on_lite0 = functools.partial(
    Protocol,
    extractor="lite0",
    resize="pil_bicubic",
    fakes=10_000,
    reference="train",
    reals=10_000,
    better="lower",
)
on_given = functools.partial(
    Protocol, extractor="given", resize=None, fakes=10_000, reference="train", reals=10_000, better="lower"
)


def of_files(protocol, like):
    """Returns the same protocol for two sets of images: every image of both, the counts in the result.

    Args:
        protocol: a `Protocol` on a model's fakes.
        like: str, what the summary calls it.
    """
    reference = "train" if protocol.reference == "fashion_mnist_10k" else protocol.reference  # the user's reals
    summary = f"as {like}_*, on all images of two folders, zips or npz files"
    return dataclasses.replace(protocol, summary=summary, fakes=None, reals=None, reference=reference)
