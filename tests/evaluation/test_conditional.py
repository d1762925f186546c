"""Metrics of conditional models, on generators that are known: they serve real images of the asked class, or do not."""

import dataclasses
import re

import numpy as np
import pytest

from tfgan_zoo import data, random
from tfgan_zoo.core.sampler import Sampler
from tfgan_zoo.evaluation import protocols, sets
from tfgan_zoo.evaluation.evaluator import Evaluator
from tfgan_zoo.evaluation.metrics import accuracy

NUM = 150  # reals of a class, and fakes
NAMES = ("fd_fashion_per_class_1k", "accuracy_fashion_10k")


class Oracle(Sampler):
    """A conditional generator that serves real images of the asked class; seed s is the s-th of it.

    Args:
        served: a function from the asked labels to those that are served.
        first: int, the image of a class that seed 0 stands for.
    """

    num_classes, image_shape, latent_dim = 10, (32, 32, 1), 8

    def __init__(self, served=lambda labels: labels, first=0):
        images, labels = data.load("fashion_mnist_10k").reals(9000)
        self._of_class = [(images[labels == label] + 1) / 2 for label in range(10)]
        self._served, self._first = served, first
        self.asked = []

    def sample(self, latents, labels=None):
        raise NotImplementedError

    def generate(self, num, seed, batch_size, labels):
        labels = np.broadcast_to(labels, num)
        self.asked += zip(range(seed, seed + num), labels.tolist(), strict=True)
        indices = self._first + np.arange(seed, seed + num)
        pairs = zip(self._served(labels), indices, strict=True)
        return np.stack([self._of_class[label][index % len(self._of_class[label])] for label, index in pairs])


@pytest.fixture
def measure(tmp_path, monkeypatch):
    counts = {"fd_fashion_per_class_1k": NUM, "accuracy_fashion_10k": 10 * NUM}
    chosen = {
        name: dataclasses.replace(it, fakes=counts[name], reals=NUM)
        for name, it in protocols.choose(NAMES, shape=(32, 32, 1), classes=10).items()
    }
    evaluator = Evaluator(chosen, (32, 32, 1))

    def measure(model):
        results = evaluator.measure(sets.Fakes(model, seed=0, batch_size=NUM))
        assert [result["metric"] for result in results] == list(NAMES)
        return results

    return measure


def of_classes(result):
    return np.array([result["values"][f"class_{label}"] for label in range(10)])


def test_the_reals_themselves_are_at_no_distance(measure):
    distances, hits = measure(Oracle())
    assert of_classes(distances) == pytest.approx(np.zeros(10), abs=1e-6)
    assert distances["values"]["distance"] == pytest.approx(0.0, abs=1e-6)
    assert distances["reference"] == {"fashion_mnist_10k/all": 10 * NUM} and distances["fakes"] == 10 * NUM
    assert hits["values"]["accuracy"] > 0.9  # the classifier is right on 93 % of these images
    assert hits["reference"] == {} and hits["better"] == "higher"


@pytest.mark.thorough
def test_a_generator_that_ignores_labels_is_told(measure):
    """Its samples, taken together, are as good as the oracle's: only the labels tell."""
    mixed = np.random.default_rng(0)
    oracle, blind = (measure(Oracle(served, NUM)) for served in (lambda x: x, lambda x: mixed.integers(0, 10, len(x))))
    assert 0.05 < blind[1]["values"]["accuracy"] < 0.15 < 0.9 < oracle[1]["values"]["accuracy"]
    assert (of_classes(blind[0]) > 2 * of_classes(oracle[0])).all()


@pytest.mark.thorough
def test_a_confusion_of_two_classes_shows_in_these_two_alone(measure):
    swap = np.array([1, 0, *range(2, 10)])
    right, wrong = measure(Oracle(first=NUM)), measure(Oracle(lambda labels: swap[labels], NUM))
    np.testing.assert_allclose(of_classes(wrong[0])[2:], of_classes(right[0])[2:], rtol=1e-9)
    assert (of_classes(wrong[0])[:2] > 5 * of_classes(right[0])[:2]).all()
    assert (of_classes(wrong[1])[:2] < 0.1).all() and (of_classes(wrong[1])[2:] == of_classes(right[1])[2:]).all()
    assert wrong[0]["values"]["distance"] == pytest.approx(of_classes(wrong[0]).mean())


def test_each_class_is_asked_for_the_same_seeds_and_each_seed_for_its_own_label(measure):
    model = Oracle()
    measure(model)
    seeds = np.arange(10 * NUM)
    drawn = list(zip(seeds, random.labels_from_seeds(seeds, 10).numpy(), strict=True))
    each = [(seed, label) for label in range(10) for seed in range(NUM)]
    assert model.asked == drawn + each


def test_accuracy_by_hand():
    logits = np.eye(3)[[0, 1, 1, 0]]
    values = accuracy.accuracy({"rows": logits, "labels": np.array([0, 1, 0, 0])})
    assert values == {"accuracy": 0.75, "class_0": pytest.approx(2 / 3), "class_1": 1.0, "class_2": None}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": 0}, "is for conditional models"),
        ({"endless": False}, "is for conditional models"),
        ({"classes": 7}, "is for 10 classes, not for 7"),
        ({"shape": (32, 32, 3)}, "is for grey images"),
    ],
)
def test_what_has_no_labels_or_others_is_refused(name, options, words):
    with pytest.raises(ValueError, match=re.escape(f"metrics={name} {words}")):
        protocols.choose([name], **options)


def test_a_conditional_model_of_clothes_is_measured_by_its_labels_too():
    names = protocols.defaults("fashion_mnist_10k", (32, 32, 1), classes=10)
    assert set(NAMES) < set(names) and not set(NAMES) & set(protocols.defaults("fashion_mnist_10k", (32, 32, 1)))
    assert protocols.choose(names, shape=(32, 32, 1), classes=10)
