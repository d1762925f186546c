"""Draws what the methods do: docs/methods.png for the README, docs/methods/NAME.png for the page of each.

python tools/plot_methods.py

On mixtures 2,500 samples of the presets; of pconv what its layer makes of an embedded image, by an identity kernel.
"""

import pathlib

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import tfgan_zoo
from tfgan_zoo import data, layers, random
from tfgan_zoo.evaluation.metrics.modes import count_modes

TITLES = {"gan": "plain GAN"}  # the others' names are their titles
PICTURES = {
    "methods.png": ("gan_grid", "brc_grid", "express_grid", "particle_grid"),
    "methods/gan.png": ("gan_ring", "gan_grid"),
    "methods/ces.png": ("gan_grid", "ces_grid"),
    "methods/particle.png": ("gan_grid", "particle_grid"),
    "methods/express.png": ("gan_grid", "express_grid"),
    "methods/brc.png": ("gan_grid", "brc_grid"),
}
NOISE = (("uniform", 0.0), ("uniform", 0.2), ("uniform", 0.5), ("gaussian", 0.5), ("bernoulli", 0.5), ("additive", 0.5))
SAMPLES = 2500
DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"


def scattered(presets):
    """Returns a figure with a panel a preset: its samples, the mixture's modes, and how many of them it covers."""
    figure = Figure(figsize=(3 * len(presets), 3.3), dpi=100, layout="constrained")
    for number, preset in enumerate(presets, start=1):
        method, name = preset.split("_")
        mixture = data.load(name).mixture
        points = tfgan_zoo.from_preset(preset).generate(SAMPLES, seed=0)
        modes = count_modes(points, mixture.centres, mixture.std)["modes"]
        side = 1.4 * np.abs(mixture.centres).max()
        axes = figure.add_subplot(1, len(presets), number, aspect="equal", xlim=(-side, side), ylim=(-side, side))
        axes.scatter(*mixture.centres.T, s=60, facecolors="none", edgecolors="0.6")
        axes.scatter(*points.T, s=3, alpha=0.35)
        _titled(axes, f"{TITLES.get(method, method)}: {modes} of {len(mixture.centres)} modes")
        print(f"{preset}: {modes} modes")
    return figure


def perturbed():
    """Returns a figure of one image as a perturbed convolution sees it, a panel a law and rate."""
    images, _ = data.load("fashion_mnist_10k").reals(1)
    figure = Figure(figsize=(1.7 * len(NOISE), 2.1), dpi=100, layout="constrained")
    for number, (law, rate) in enumerate(NOISE, start=1):
        layer = layers.PerturbedConv2D(
            1, 1, perturb=rate, perturb_law=law, kernel_initializer="ones", use_bias=False, name="seen"
        )
        with random.scope(seed=0, step=0, purpose="reals"):
            seen = layer(images, training=True)
        axes = figure.add_subplot(1, len(NOISE), number)
        axes.imshow(seen[0, ..., 0], cmap="gray", vmin=-1.5, vmax=1.5)
        _titled(axes, f"{law} {rate}" if rate else "plain")
    return figure


def _titled(axes, title):
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])


def main():
    for name, presets in PICTURES.items():
        _write(scattered(presets), name)
    _write(perturbed(), "methods/pconv.png")


def _write(figure, name):
    FigureCanvasAgg(figure).print_png(DOCS / name)
    print(DOCS / name)


if __name__ == "__main__":
    main()
