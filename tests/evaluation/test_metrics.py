"""The arithmetic against independent code: SciPy's matrix root, loops over kernels, the definitions."""

import numpy as np
import pytest
import scipy.linalg

from tfgan_zoo import data
from tfgan_zoo.evaluation import tfgan_metrics
from tfgan_zoo.evaluation.extractors import get
from tfgan_zoo.evaluation.metrics import classifier_score, frechet, kernel
from tfgan_zoo.evaluation.metrics.frechet import frechet_distance
from tfgan_zoo.evaluation.statistics import Moments


def features(seed, num=300, width=20, shift=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(num, width)) @ rng.normal(size=(width, width)) + shift


def moments(rows):
    held = Moments()
    for start in range(0, len(rows), 64):
        held.update(rows[start : start + 64])
    return held.result()


def frechet_by_scipy(one, two):
    """The textbook formula with a general matrix root, as the first public FID code has it."""
    cov_one, cov_two = np.cov(one, rowvar=False), np.cov(two, rowvar=False)
    root = scipy.linalg.sqrtm(cov_one @ cov_two)
    return np.sum((one.mean(0) - two.mean(0)) ** 2) + np.trace(cov_one + cov_two - 2 * np.real(root))


@pytest.mark.parametrize(("num", "width"), [(300, 20), (2000, 128)])
def test_frechet_agrees_with_scipy(num, width):
    one, two = features(0, num, width), features(1, num, width, shift=0.3)
    ours = frechet.frechet(moments(one), moments(two))["distance"]
    assert ours == pytest.approx(frechet_by_scipy(one, two), rel=1e-6)
    assert ours == pytest.approx(tfgan_metrics.frechet_distance(one, two), rel=1e-6)


def test_frechet_of_a_set_with_itself_is_zero():
    """Of one class too, in which a third of the features never vary and some hardly do."""
    clothes, labels = data.load("fashion_mnist_10k").reals(2000)
    rows = get("fashion_cnn", "crop", (32, 32, 1))(np.round((clothes + 1) * 127.5).astype("uint8"))["features"]
    for part in (rows, rows[labels == 9], rows[:100]):
        assert frechet.frechet(moments(part), moments(part))["distance"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("small", [1e-5, 1e-8, 1e-11, 0.0])
def test_frechet_counts_features_that_hardly_vary(small):
    """Of diagonal covariances a and b it is sum (sqrt a - sqrt b)^2, whatever the basis."""
    rng = np.random.default_rng(0)
    one, two = np.array([1.0, 3.0, *[small] * 20]), np.array([2.0, *[small] * 10, *[1.0] * 11])
    basis = np.linalg.qr(rng.normal(size=(22, 22)))[0]
    mean = np.zeros(22)
    sets = [{"mean": mean, "cov": basis * variances @ basis.T} for variances in (one, two)]
    expected = np.sum((np.sqrt(one) - np.sqrt(two)) ** 2)
    assert frechet.frechet(*sets)["distance"] == pytest.approx(expected, rel=1e-6)
    assert frechet.frechet(sets[0], sets[0])["distance"] == pytest.approx(0.0, abs=1e-9)


def test_frechet_refuses_sets_of_other_widths():
    with pytest.raises(ValueError, match="as many features as reals"):
        frechet_distance((np.zeros(2), np.eye(2)), (np.zeros(3), np.eye(3)))


def test_frechet_is_real_where_covariances_are_singular():
    one, two = features(0, 10, 40), features(1, 10, 40)  # ten rows span nine of forty dimensions
    ours = frechet.frechet(moments(one), moments(two))["distance"]
    assert isinstance(ours, float) and ours > 0
    assert ours == pytest.approx(frechet_by_scipy(one, two), rel=1e-4)


def kernel_by_loops(one, two):
    """The unbiased estimate, pair by pair."""

    def k(x, y):
        return (sum(x * y) / len(x) + 1) ** 3

    n, m = len(one), len(two)
    within = [
        sum(k(rows[i], rows[j]) for i in range(len(rows)) for j in range(len(rows)) if i != j)
        / (len(rows) * (len(rows) - 1))
        for rows in (one, two)
    ]
    return sum(within) - 2 * sum(k(x, y) for x in one for y in two) / (n * m)


def test_kernel_agrees_with_loops():
    one, two = features(0, 40, 5), features(1, 50, 5)
    scale = np.mean((one @ two.T / 5 + 1) ** 3)
    ours = kernel.kernel({"rows": one}, {"rows": two})["distance"]
    assert ours == pytest.approx(kernel_by_loops(one, two), abs=1e-6 * abs(scale))


@pytest.mark.parametrize(("num", "other"), [(3000, 2051), (700, 1030)])
def test_kernel_block_by_block_is_that_of_the_whole(num, other):
    """TF-GAN splits by itself, but holds a copy of all features in double precision."""
    one, two = features(0, num, 5), features(1, other, 5)
    shuffled = [np.random.default_rng(0).permutation(rows) for rows in (one, two)]
    ours = kernel.kernel({"rows": one}, {"rows": two})["distance"]
    assert ours == pytest.approx(tfgan_metrics.kernel_distance(*shuffled), rel=1e-9)


def test_kernel_does_not_depend_on_the_order_of_a_sorted_set():
    one, two = features(0, 3000, 5), features(1, 3000, 5)
    ours = kernel.kernel({"rows": one}, {"rows": two})["distance"]
    ordered = kernel.kernel({"rows": one[one[:, 0].argsort()]}, {"rows": two})["distance"]
    blocks_of_sorted = tfgan_metrics.kernel_distance(one[one[:, 0].argsort()], two)
    assert abs(ordered - ours) < 0.1 * abs(blocks_of_sorted - ours)


def test_classifier_score_is_the_mean_of_ten_splits():
    logits = np.random.default_rng(0).normal(size=(200, 10))

    def by_the_book(part):
        p = np.exp(part) / np.exp(part).sum(axis=1, keepdims=True)
        return np.exp(np.mean(np.sum(p * (np.log(p) - np.log(p.mean(axis=0))), axis=1)))

    scores = [by_the_book(part) for part in np.split(logits, 10)]
    ours = classifier_score.classifier_score({"rows": logits})
    assert ours["score"] == pytest.approx(np.mean(scores)) and ours["score_std"] == pytest.approx(np.std(scores))


@pytest.fixture(scope="module")
def clothes():
    """(uint8[2000, 32, 32, 1], their labels), and the features of 2,000 others."""
    images, labels = data.load("fashion_mnist_10k").reals(4000)
    levels = np.round((images + 1) * 127.5).astype("uint8")
    reference = get("fashion_cnn", "crop", (32, 32, 1))(levels[2000:])["features"]
    return levels[:2000], labels[:2000], moments(reference)


def distance(levels, reference):
    rows = get("fashion_cnn", "crop", (32, 32, 1))(levels)["features"]
    return frechet.frechet(reference, moments(rows))["distance"]


@pytest.mark.thorough
def test_frechet_grows_with_noise(clothes):
    levels, _, reference = clothes
    noise = np.random.default_rng(0).normal(size=levels.shape)
    damaged = [np.clip(levels + strength * noise, 0, 255).astype("uint8") for strength in (0, 10, 30, 60)]
    values = [distance(images, reference) for images in damaged]
    assert values == sorted(values) and values[-1] > 2 * values[0]


def test_frechet_grows_with_blur(clothes):
    levels, _, reference = clothes
    values, images = [], levels.astype("float64")
    for _ in range(4):
        values.append(distance(np.round(images).astype("uint8"), reference))
        images = (np.roll(images, 1, 1) + images + np.roll(images, -1, 1)) / 3
        images = (np.roll(images, 1, 2) + images + np.roll(images, -1, 2)) / 3
    assert values == sorted(values) and values[-1] > 2 * values[0]


def test_frechet_grows_with_every_class_that_is_missing(clothes):
    levels, labels, reference = clothes
    values = [distance(levels[labels >= dropped], reference) for dropped in (0, 2, 5, 8)]
    assert values == sorted(values) and values[-1] > 2 * values[0]
