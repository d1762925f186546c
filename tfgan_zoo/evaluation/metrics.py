"""From gathered statistics to the values of a metric: one function each."""

import math

import numpy as np

from tfgan_zoo.evaluation import tfgan
from tfgan_zoo.evaluation.frechet import frechet_distance
from tfgan_zoo.evaluation.memorization import memorization
from tfgan_zoo.evaluation.modes import count_modes
from tfgan_zoo.evaluation.prdc import prdc

BLOCK = 1024  # rows of the kernel distance at most
SPLITS = 10  # of the classifier score
STACKS = 1000  # modes of stacked_fashion


def frechet(reals, fakes):
    """{"distance"} of two sets' moments; see `frechet.frechet_distance`."""
    pair = ((one["mean"], one["cov"]) for one in (reals, fakes))
    return {"distance": frechet_distance(*pair)}


def frechet_per_class(*sets):
    """{"distance", "class_0", ...}: the mean of `frechet` over classes, and each of them.

    Args:
        *sets: the moments of the reals of each class, and last a list of those of the fakes.
    """
    *reals, fakes = sets
    return _per_class("distance", [frechet(*pair)["distance"] for pair in zip(reals, fakes, strict=True)])


def accuracy(fakes):
    """{"accuracy", "class_0", ...}: the share of fakes whose largest logit is their label's; None for an absent class.

    Args:
        fakes: {"rows": logits[N, classes], "labels": int[N]}.
    """
    hits = fakes["rows"].argmax(axis=1) == fakes["labels"]
    of_classes = [hits[fakes["labels"] == label] for label in range(fakes["rows"].shape[1])]
    shares = [float(of_class.mean()) if len(of_class) else None for of_class in of_classes]
    return _per_class("accuracy", shares) | {"accuracy": float(hits.mean())}


def _per_class(name, values):
    known = [value for value in values if value is not None]
    return {name: float(np.mean(known))} | {f"class_{label}": value for label, value in enumerate(values)}


def kernel(reals, fakes):
    """{"distance"} of two sets' features: the mean of `tfgan.kernel_distance` over blocks.

    Each block stands for its whole set, so both sets are shuffled, with seed 0: a folder may be sorted by class. Block
    by block, double precision needs no second copy of 50,000 features.
    """
    sets = [reals["rows"], fakes["rows"]]
    count = math.ceil(max(map(len, sets)) / BLOCK)
    blocks = zip(*(_blocks(len(rows), count) for rows in sets), strict=True)
    distances = [tfgan.kernel_distance(sets[0][of_reals], sets[1][of_fakes]) for of_reals, of_fakes in blocks]
    return {"distance": float(np.mean(distances))}


def _blocks(num, count):
    """Shuffles the numbers below `num` and splits them into `count` parts, the longer ones last, as TF-GAN does."""
    sizes = np.full(count, num // count)
    sizes[count - num % count :] += 1
    return np.split(np.random.default_rng(0).permutation(num), np.cumsum(sizes)[:-1])


def classifier_score(fakes):
    """{"score", "score_std"}: mean and deviation of `tfgan.classifier_score` over ten splits of the logits."""
    splits = np.array_split(fakes["rows"], min(SPLITS, len(fakes["rows"])))
    scores = [tfgan.classifier_score(split) for split in splits]
    return {"score": float(np.mean(scores)), "score_std": float(np.std(scores))}


def precision_recall(reals, fakes):
    """{"precision", "recall", "density", "coverage"}; see `prdc.prdc`."""
    values = prdc(reals["rows"], fakes["rows"])
    return {name: values[name] for name in ("precision", "recall", "density", "coverage")}


def memorized(train, heldout, fakes):
    """See `memorization.memorization`; no more held-out images are taken than train."""
    return memorization(fakes["rows"], train["rows"], heldout["rows"][: len(train["rows"])])


def modes(centres, std, fakes):
    """{"modes", "good", "kl"} of a mixture's samples; see `modes.count_modes`."""
    return count_modes(fakes["rows"], centres, std)


def stacked_modes(fakes):
    """{"modes", "kl"} of stacks' classes, 0 to 999 each: how many occur, and KL of their histogram from uniform."""
    counts = np.bincount(fakes["rows"][:, 0].astype(int), minlength=STACKS)
    share = counts[counts > 0] / counts.sum()
    return {"modes": int(np.count_nonzero(counts)), "kl": float(np.sum(share * np.log(share)) + np.log(STACKS))}


# metric: (the kind of statistics it needs, its function of the reals', if any, and of the fakes')
METRICS = {
    "frechet": ("moments", frechet),
    "frechet_per_class": ("moments", frechet_per_class),
    "accuracy": ("logits", accuracy),
    "kernel": ("features", kernel),
    "prdc": ("features", precision_recall),
    "classifier_score": ("logits", classifier_score),
    "memorization": ("features", memorized),
    "modes": ("features", modes),
    "stacked_modes": ("features", stacked_modes),
}
