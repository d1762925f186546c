"""What the offline metrics give for real images: the least that a perfect generator can reach, the most for accuracy.

    make data                        # the full Fashion-MNIST
    python tools/metric_floor.py

The fakes are training images of the full set: seed s of class c is the s-th of that class; the reference is the one in
the package, from the test images.
"""

import argparse

import numpy as np

from tfgan_zoo import data
from tfgan_zoo.core.sampler import Sampler
from tfgan_zoo.evaluation import protocols, sets
from tfgan_zoo.evaluation.evaluator import Evaluator

METRICS = ("fd_fashion_10k", "kd_fashion_10k", "prdc_fashion_10k", "fd_fashion_per_class_1k", "accuracy_fashion_10k")


class Reals(Sampler):
    """A conditional generator that has learnt everything."""

    num_classes, image_shape, latent_dim = 10, (32, 32, 1), 1

    def __init__(self):
        images, labels = data.load("fashion_mnist").reals(60_000)
        self._of_class = [images[labels == label] for label in range(self.num_classes)]

    def sample(self, latents, labels=None):
        raise NotImplementedError

    def generate(self, num, seed, batch_size, labels):
        rows = zip(np.broadcast_to(labels, num), np.arange(seed, seed + num), strict=True)
        return (np.stack([self._of_class[label][s % len(self._of_class[label])] for label, s in rows]) + 1) / 2


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    evaluator = Evaluator(protocols.choose(METRICS, shape=(32, 32, 1), classes=10), (32, 32, 1))
    for result in evaluator.measure(sets.Fakes(Reals(), batch_size=500)):
        print(result["metric"], *(f"{name} {value:.4f}" for name, value in result["values"].items()), sep="  ")


if __name__ == "__main__":
    main()
