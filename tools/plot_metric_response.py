"""Shows that the metrics that need no download see what they should: damage moves them, the more the worse.

    python tools/plot_metric_response.py fashion_mnist_10k    # writes docs/metric_response.png, prints the numbers
    python tools/plot_metric_response.py noto_emoji_64        # writes docs/metric_response_colour.png

Half of the training images (at most 4,000), damaged, against as many others: blur, noise, classes left out, copies of
few images in the place of all, and labels drawn anew, which only what goes class by class can see. An empty panel is a
metric that has nothing to measure there, or not at every strength: a class must have two fakes.
"""

import argparse
import pathlib

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfgan_zoo import data
from tfgan_zoo.evaluation import extractors
from tfgan_zoo.evaluation.metrics import frechet, kernel, prdc, wavelet
from tfgan_zoo.evaluation.statistics import Moments, Rows

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
MOST = 4000
_BATCH = 64


class Set:
    """Images with labels; what an extractor makes of them is kept, for a part of them too.

    Args:
        levels: uint8[N, H, W, C]; None of a set made by `part`.
        labels: int[N].
    """

    def __init__(self, levels, labels):
        self.levels, self.labels, self._rows = levels, labels, {}

    def rows(self, extractor):
        """Returns the features of all images."""
        if extractor not in self._rows:
            starts = range(0, len(self.levels), _BATCH)
            found = [EXTRACT[extractor](self.levels[start : start + _BATCH])["features"] for start in starts]
            self._rows[extractor] = np.concatenate(found)
        return self._rows[extractor]

    def part(self, items, labels=None):
        """Returns the set of some of the images, which may be repeated."""
        part = Set(None, self.labels[items] if labels is None else labels)
        part._rows = {extractor: self.rows(extractor)[items] for extractor in EXTRACT}
        return part

    def statistics(self, extractor, kind, label=None):
        """Returns what a metric is given of all images, or of those of a class."""
        rows, held = self.rows(extractor), kind()
        rows = rows if label is None else rows[self.labels == label]
        if len(rows):
            held.update(rows)
        return held.result()


EXTRACT = {}


def whole(function, extractor, kind, value="distance"):
    """Returns a function (reals, fakes) -> the value of a metric."""
    return lambda reals, fakes: function(*(one.statistics(extractor, kind) for one in (reals, fakes)))[value]


def per_class(function, extractor, kind):
    """Returns a function (reals, fakes) -> the mean over classes; None where a class has fewer than two fakes."""

    def mean(reals, fakes):
        classes = range(reals.labels.max() + 1)
        sets = [[one.statistics(extractor, kind, label) for label in classes] for one in (reals, fakes)]
        if min(one["count"] for one in sets[1]) < 2:
            return None
        return function(*sets[0], sets[1])["distance"]

    return mean


def metrics_on(name, extractor):
    """Returns {metric: a function (reals, fakes) -> its value} on one extractor's features."""
    return {
        f"fd_{name}": whole(frechet.frechet, extractor, Moments),
        f"kd_{name}": whole(kernel.kernel, extractor, Rows),
        f"coverage, prdc_{name}": whole(prdc.precision_recall, extractor, Rows, "coverage"),
        f"fd_{name}_per_class": per_class(frechet.frechet_per_class_of_rows, extractor, Rows),
        f"kd_{name}_per_class": per_class(kernel.kernel_per_class, extractor, Rows),
    }


def blur(levels, times):
    images = levels.astype("float32")
    for _ in range(times):
        for axis in (1, 2):
            images = (np.roll(images, 1, axis) + images + np.roll(images, -1, axis)) / 3
    return np.round(images).astype("uint8")


def noise(levels, strength):
    return np.clip(levels + strength * np.random.default_rng(0).normal(size=levels.shape), 0, 255).astype("uint8")


def damages(fakes):
    """Yields (what is done, {how much: the damaged set})."""
    levels, labels, num = fakes.levels, fakes.labels, len(fakes.labels)
    classes = labels.max() + 1
    yield "blur, times a 3 x 3 box", {0: fakes} | {n: Set(blur(levels, n), labels) for n in (1, 2, 3, 4)}
    yield "noise, deviation in levels", {0: fakes} | {n: Set(noise(levels, n), labels) for n in (8, 16, 32, 64)}
    left = {n: np.flatnonzero(labels < classes - n) for n in (0, 1, 3, 5, 7)}
    yield f"classes left out of {classes}, the last ones", {n: fakes.part(items) for n, items in left.items()}
    copies = {n: fakes.part(np.arange(num) % (num // n)) for n in (1, 2, 5, 10, 50)}
    yield "copies of each image, of fewer", copies
    rng = np.random.default_rng(0)
    drawn = {share: np.where(rng.random(num) < share, rng.permutation(labels), labels) for share in (0, 0.1, 0.3, 1)}
    yield "share of labels drawn anew", {share: fakes.part(np.arange(num), it) for share, it in drawn.items()}


def plot(reals, fakes, metrics, output):
    """Measures every damage by every metric, prints the numbers, and writes the figure."""
    columns = list(damages(fakes))
    figure = Figure(figsize=(3.2 * len(columns), 2.4 * len(metrics)), dpi=70, layout="constrained")
    panels = figure.subplots(len(metrics), len(columns))
    for column, (damage, sets) in enumerate(columns):
        for row, (name, metric) in enumerate(metrics.items()):
            values = [metric(reals, one) for one in sets.values()]
            known = [(strength, value) for strength, value in zip(sets, values, strict=True) if value is not None]
            panels[row][column].plot(*zip(*known, strict=True), marker="o")
            panels[row][column].axhline(0, color="grey", linewidth=0.5)
            panels[row][column].set(xlabel=damage, ylabel=name)
            panels[row][column].set_visible(len(known) == len(values))
            printed = " ".join("        -" if value is None else f"{value:9.4g}" for value in values)
            print(f"{damage:<40}{name:<24}{printed}", flush=True)
    FigureCanvasAgg(figure).print_png(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=("fashion_mnist_10k", "noto_emoji_64"))
    colour = parser.parse_args().dataset == "noto_emoji_64"
    source = data.load(parser.parse_args().dataset)
    half = min(source.num_train // 2, MOST)
    images, labels = source.reals(2 * half)
    levels = np.round((images + 1) * 127.5).astype("uint8")
    if colour:
        EXTRACT["lite0"] = extractors.get("lite0", "pil_bicubic", source.shape)
        metrics = metrics_on("lite0", "lite0")
    else:
        EXTRACT["fashion"] = extractors.get("fashion_cnn", "crop", source.shape)
        metrics = metrics_on("fashion", "fashion")
    EXTRACT["haar"] = extractors.get("haar_packets", None, source.shape)
    metrics["fwd"] = whole(wavelet.wavelet, "haar", Moments)
    fakes, reals = Set(levels[:half], labels[:half]), Set(levels[half:], labels[half:])
    plot(reals, fakes, metrics, DOCS / ("metric_response_colour.png" if colour else "metric_response.png"))


if __name__ == "__main__":
    main()
