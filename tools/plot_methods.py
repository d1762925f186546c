"""Draws docs/methods.png: 2,500 samples of the plain GAN and of methods on the grid of 25 Gaussians, from the presets.

python tools/plot_methods.py
"""

import pathlib

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import tfgan_zoo
from tfgan_zoo import data
from tfgan_zoo.evaluation.metrics.modes import count_modes

PRESETS = {"gan_grid": "plain GAN", "brc_grid": "brc", "express_grid": "express", "particle_grid": "particle"}
SAMPLES = 2500
PATH = pathlib.Path(__file__).resolve().parent.parent / "docs" / "methods.png"


def main():
    mixture = data.load("grid").mixture
    figure = Figure(figsize=(3 * len(PRESETS), 3.3), dpi=100, layout="constrained")
    for number, (preset, title) in enumerate(PRESETS.items(), start=1):
        points = tfgan_zoo.from_preset(preset).generate(SAMPLES, seed=0)
        modes = count_modes(points, mixture.centres, mixture.std)["modes"]
        axes = figure.add_subplot(1, len(PRESETS), number, aspect="equal", xlim=(-5.5, 5.5), ylim=(-5.5, 5.5))
        axes.scatter(*mixture.centres.T, s=60, facecolors="none", edgecolors="0.6")
        axes.scatter(*points.T, s=3, alpha=0.35)
        axes.set_title(f"{title}: {modes} of {len(mixture.centres)} modes")
        axes.set_xticks([])
        axes.set_yticks([])
        print(f"{preset}: {modes} modes")
    FigureCanvasAgg(figure).print_png(PATH)
    print(PATH)


if __name__ == "__main__":
    main()
