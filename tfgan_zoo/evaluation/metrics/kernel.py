"""The kernel distance of two sets of features, unbiased."""

import dataclasses
import math

import numpy as np

from tfgan_zoo.evaluation import tfgan_metrics
from tfgan_zoo.evaluation.metrics import of_files, on_fashion, on_given, on_inception, on_lite0
from tfgan_zoo.evaluation.per_class import class_by_class

BLOCK = 1024  # rows at most


def kernel(reals, fakes):
    """{"distance"} of two sets' features: the mean of `tfgan_metrics.kernel_distance` over blocks.

    Each block stands for its whole set, so both sets are shuffled, with seed 0: a folder may be sorted by class. Block
    by block, double precision needs no second copy of 50,000 features.

    Raises:
        ValueError: if a set has fewer than two rows for each block.
    """
    sets = [reals["rows"], fakes["rows"]]
    count = math.ceil(max(map(len, sets)) / BLOCK)
    if min(map(len, sets)) < _least(max(map(len, sets))):
        raise ValueError(f"reals={len(sets[0])} and fakes={len(sets[1])} images must be at least {2 * count} each")
    blocks = zip(*(_blocks(len(rows), count) for rows in sets), strict=True)
    distances = [tfgan_metrics.kernel_distance(sets[0][of_reals], sets[1][of_fakes]) for of_reals, of_fakes in blocks]
    return {"distance": float(np.mean(distances))}


def kernel_per_class(*sets):
    """{"distance", "class_0", ...}: the mean of `kernel` over classes, and each of them; None of one of fewer than two.

    Args:
        *sets: the features of the reals of each class, and last a list of those of the fakes.
    """
    return class_by_class(kernel, *sets, fewest=2)


def _least(num):
    """Returns how many rows the smaller set must have beside one of `num`: two a block."""
    return 2 * math.ceil(num / BLOCK)


def _blocks(num, count):
    """Shuffles the numbers below `num` and splits them into `count` parts, the longer ones last, as TF-GAN does."""
    sizes = np.full(count, num // count)
    sizes[count - num % count :] += 1
    return np.split(np.random.default_rng(0).permutation(num), np.cumsum(sizes)[:-1])


_KID = "kernel distance of Inception's pool features, blocks of at most 1,024 (Binkowski et al. 2018)"
_LITE0 = "kernel distance of EfficientNet-Lite0's features of RGB images"
_OF_ROWS = {"metric": "kernel", "function": kernel, "statistics": "features", "least": _least(10_000)}

PROTOCOLS = {
    "kid_50k": on_inception(
        **_OF_ROWS | {"least": _least(50_000)},
        summary=f"{_KID}; the training images, at most 50,000",
        fakes=50_000,
        reference="train",
        reals=50_000,
    ),
    "kd_fashion_10k": on_fashion(
        **_OF_ROWS, summary="kernel distance of the fashion classifier's features; no download"
    ),
    "kd_lite0_10k": on_lite0(**_OF_ROWS, summary=f"{_LITE0}; the training images, at most 10,000; no download"),
    "kd_lite0_per_class_1k": on_lite0(
        metric="kernel_per_class",
        function=kernel_per_class,
        statistics="features",
        summary=f"{_LITE0}, class by class, and the mean: a conditional model's 1,000 fakes of a label against the"
        " training images of that class, at most 1,000",
        fakes=1000,
        reals=1000,
        labels="each",
    ),
    "kd_given_10k": on_given(**_OF_ROWS, summary="kernel distance of the features of --extractor"),
}
PROTOCOLS |= {
    name: dataclasses.replace(of_files(PROTOCOLS[like], name.removesuffix("_all")), least=2)
    for name, like in (
        ("kid_all", "kid_50k"),
        ("kd_fashion_all", "kd_fashion_10k"),
        ("kd_lite0_all", "kd_lite0_10k"),
        ("kd_given_all", "kd_given_10k"),
    )
}
