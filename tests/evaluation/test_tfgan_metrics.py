"""TF-GAN loads on a TensorFlow without estimators, leaves no trace of how, and its metrics equal their definitions."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.evaluation import tfgan_metrics


def run(code, *flags):
    """Runs Python code in a fresh process; returns what it printed."""
    done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done


FIRST_LOAD = """
import sys, threading
import keras, numpy as np, tensorflow as tf
import tfgan_zoo.evaluation
from tfgan_zoo.evaluation import tfgan_metrics

assert "tensorflow_gan" not in sys.modules, "imported too early"
before = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
print("loading", file=sys.stderr, flush=True)
loaded, barrier = [], threading.Barrier(4)

def load():
    barrier.wait()
    loaded.append(tfgan_metrics.load())

threads = [threading.Thread(target=load) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
tfgan_metrics.kernel_distance(np.eye(4), np.ones((4, 4)))  # uses what TensorFlow deprecated
print("loaded", file=sys.stderr, flush=True)

assert len(loaded) == 4 and all(module is sys.modules["tensorflow_gan"] for module in loaded)
assert not hasattr(tf, "estimator") and not hasattr(tf.compat.v1, "estimator")
assert keras.__version__.startswith("3.") and tf.keras.__version__ == keras.__version__
assert isinstance(before, tf.keras.Model)
before.compile("sgd", "mse")
before.fit(np.zeros((4, 2)), np.zeros((4, 1)), verbose=0)
"""


@pytest.mark.thorough
def test_a_first_load_from_four_threads_is_quiet_and_leaves_keras_alone():
    done = run(FIRST_LOAD, "-W", "error")
    said = done.stderr.split("loading\n")[1].split("loaded\n")[0]
    assert "deprecat" not in said.lower()


def test_load_is_idempotent():
    assert tfgan_metrics.load() is tfgan_metrics.load()
    assert tfgan_metrics.load().__name__ == "tensorflow_gan"
    assert not hasattr(tf, "estimator")


def test_names_that_were_there_stay(monkeypatch):
    theirs = object()
    monkeypatch.setattr(tf, "estimator", theirs, raising=False)
    with tfgan_metrics._estimator_names():
        assert tf.estimator is theirs
        assert tf.compat.v1.estimator.tpu.TPUEstimator
    assert tf.estimator is theirs
    assert not hasattr(tf.compat.v1, "estimator")


def test_names_are_withdrawn_after_a_failed_import():
    with pytest.raises(ImportError), tfgan_metrics._estimator_names():
        raise ImportError
    assert not hasattr(tf, "estimator")
    assert not hasattr(tf.compat.v1, "estimator")


def features(rows, columns, seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(rows, columns)) @ rng.normal(size=(columns, columns)) + shift).astype(np.float32)


def frechet(reals, fakes):
    reals, fakes = reals.astype(np.float64), fakes.astype(np.float64)
    first, second = np.cov(reals, rowvar=False), np.cov(fakes, rowvar=False)
    root = np.sqrt(np.linalg.eigvals(first @ second).astype(complex)).real.sum()
    mean = reals.mean(axis=0) - fakes.mean(axis=0)
    return mean @ mean + np.trace(first) + np.trace(second) - 2 * root


@pytest.mark.parametrize("rows", [400, 5])
def test_frechet_distance_equals_numpy(rows):
    """With fewer rows than columns too, where the covariances are singular."""
    reals, fakes = features(rows, 8), features(rows, 8, seed=1, shift=0.5)
    np.testing.assert_allclose(tfgan_metrics.frechet_distance(reals, fakes), frechet(reals, fakes), rtol=1e-4)


def test_frechet_distance_of_shifted_copies():
    reals = features(100, 6)
    assert abs(tfgan_metrics.frechet_distance(reals, reals)) < 1e-6
    np.testing.assert_allclose(tfgan_metrics.frechet_distance(reals, reals.astype(np.float64) + 2.0), 24.0, rtol=1e-6)


def kernel(reals, fakes):
    reals, fakes = reals.astype(np.float64), fakes.astype(np.float64)

    def k(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3

    def off_diagonal(x):
        return (k(x, x).sum() - np.trace(k(x, x))) / (len(x) * (len(x) - 1))

    return off_diagonal(reals) + off_diagonal(fakes) - 2 * k(reals, fakes).mean()


def test_kernel_distance_equals_numpy():
    reals, fakes = features(70, 5), features(50, 5, seed=1, shift=0.5)
    np.testing.assert_allclose(tfgan_metrics.kernel_distance(reals, fakes), kernel(reals, fakes), rtol=1e-9)


def test_kernel_distance_of_many_is_the_mean_over_blocks():
    reals, fakes = features(2048, 3), features(2048, 3, seed=1, shift=0.2)
    blocks = [kernel(reals[rows], fakes[rows]) for rows in (slice(1024), slice(1024, 2048))]
    np.testing.assert_allclose(tfgan_metrics.kernel_distance(reals, fakes), np.mean(blocks), rtol=1e-9)


def test_classifier_score_equals_numpy():
    logits = 3 * features(50, 4)
    p = np.exp(logits.astype(np.float64))
    p /= p.sum(axis=1, keepdims=True)
    expected = np.exp(np.mean(np.sum(p * np.log(p / p.mean(axis=0)), axis=1)))
    np.testing.assert_allclose(tfgan_metrics.classifier_score(logits), expected, rtol=1e-9)


def test_classifier_score_of_certain_and_undecided_classifiers():
    np.testing.assert_allclose(tfgan_metrics.classifier_score(100 * np.eye(7)), 7.0)
    np.testing.assert_allclose(tfgan_metrics.classifier_score(np.zeros((20, 7))), 1.0)


def test_metrics_are_plain_floats():
    reals = features(10, 3)
    for value in (
        tfgan_metrics.frechet_distance(reals, reals),
        tfgan_metrics.kernel_distance(reals, reals),
        tfgan_metrics.classifier_score(reals),
    ):
        assert type(value) is float


@pytest.mark.parametrize("metric", [tfgan_metrics.frechet_distance, tfgan_metrics.kernel_distance])
def test_bad_features_are_refused(metric):
    good = features(10, 3)
    with pytest.raises(ValueError, match=r"fakes=\(10, 3, 1\) must be a matrix"):
        metric(good, good[:, :, None])
    with pytest.raises(ValueError, match=r"fakes=\(10, 2\) must have as many columns as reals, \(10, 3\)"):
        metric(good, good[:, :2])
    with pytest.raises(ValueError, match=r"reals=\(1, 3\) must have at least two rows"):
        metric(good[:1], good)


def test_image_grid_puts_images_side_by_side():
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
    grid = tfgan_metrics.image_grid(images, columns=3)
    assert grid.shape == (8, 15, 3)
    assert grid.dtype == np.uint8
    for index in range(6):
        row, column = divmod(index, 3)
        np.testing.assert_array_equal(grid[4 * row : 4 * row + 4, 5 * column : 5 * column + 5], images[index])


def test_image_grid_refuses_what_does_not_fill_it():
    with pytest.raises(ValueError, match=r"columns=4 must divide the number of images, 6"):
        tfgan_metrics.image_grid(np.zeros((6, 4, 4, 1)), columns=4)
    with pytest.raises(ValueError, match=r"columns=0"):
        tfgan_metrics.image_grid(np.zeros((6, 4, 4, 1)), columns=0)
    with pytest.raises(ValueError, match=r"images=\(6, 4, 4\) must be \[N, H, W, C\]"):
        tfgan_metrics.image_grid(np.zeros((6, 4, 4)), columns=3)
