"""Shows that the offline metrics see what they should: damaged images are further away, the more the worse.

    python tools/plot_metric_response.py        # writes docs/metric_response.png, prints the numbers

4,000 embedded images, damaged, against 4,000 others: blur, noise, dropped classes, for fd_fashion and kd_fashion and
the coverage of prdc_fashion.
"""

import argparse
import pathlib

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfgan_zoo import data
from tfgan_zoo.evaluation import extractors
from tfgan_zoo.evaluation.metrics import frechet, kernel, prdc
from tfgan_zoo.evaluation.statistics import Moments

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "docs" / "metric_response.png"
HALF = 4000


def blur(levels, times):
    images = levels.astype("float64")
    for _ in range(times):
        for axis in (1, 2):
            images = (np.roll(images, 1, axis) + images + np.roll(images, -1, axis)) / 3
    return np.round(images).astype("uint8")


def noise(levels, strength):
    return np.clip(levels + strength * np.random.default_rng(0).normal(size=levels.shape), 0, 255).astype("uint8")


def measure(levels, reals):
    rows = EXTRACT(levels)["features"]
    held = [Moments(), Moments()]
    held[0].update(reals)
    held[1].update(rows)
    return {
        "Frechet distance": frechet.frechet(held[0].result(), held[1].result())["distance"],
        "kernel distance": kernel.kernel({"rows": reals}, {"rows": rows})["distance"],
        "coverage": prdc.precision_recall({"rows": reals}, {"rows": rows})["coverage"],
    }


EXTRACT = extractors.get("fashion_cnn", "crop", (32, 32, 1))


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    images, labels = data.load("fashion_mnist_10k").reals(2 * HALF)
    levels = np.round((images + 1) * 127.5).astype("uint8")
    fakes, classes, reals = levels[:HALF], labels[:HALF], EXTRACT(levels[HALF:])["features"]
    damages = {
        "blur, times a 3 x 3 box": {times: blur(fakes, times) for times in range(5)},
        "noise, standard deviation in levels": {strength: noise(fakes, strength) for strength in (0, 8, 16, 32, 64)},
        "classes left out of ten": {dropped: fakes[classes >= dropped] for dropped in (0, 1, 3, 5, 7)},
    }
    figure = Figure(figsize=(12, 9), dpi=80, layout="constrained")
    panels = figure.subplots(3, 3)
    for column, (damage, sets) in enumerate(damages.items()):
        found = {strength: measure(images, reals) for strength, images in sets.items()}
        for row, name in enumerate(("Frechet distance", "kernel distance", "coverage")):
            values = [values[name] for values in found.values()]
            panels[row][column].plot(list(found), values, marker="o")
            panels[row][column].set(xlabel=damage, ylabel=name, ylim=(0, None))
            print(f"{damage:<38}{name:<18}" + " ".join(f"{value:9.3f}" for value in values))
    FigureCanvasAgg(figure).print_png(OUTPUT)


if __name__ == "__main__":
    main()
