"""Statistics gathered batch by batch equal those of the whole set."""

import weakref

import numpy as np
import pytest

from tfgan_zoo.evaluation.statistics import Moments, Rows, gather


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(1e4, 1.0, (103, 5))  # a mean that would swallow the covariance


def test_moments_are_numpys(rows):
    moments = Moments()
    for start in range(0, len(rows), 10):
        moments.update(rows[start : start + 10])
    result = moments.result()
    assert result["count"] == 103
    np.testing.assert_allclose(result["mean"], rows.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(result["cov"], np.cov(rows, rowvar=False), rtol=1e-9)


def test_moments_do_not_depend_on_the_batches(rows):
    results = []
    for size in (1, 103):
        moments = Moments()
        for start in range(0, len(rows), size):
            moments.update(rows[start : start + size])
        results.append(moments.result())
    np.testing.assert_allclose(results[0]["cov"], results[1]["cov"], rtol=1e-9)


def test_rows_keep_their_order(rows):
    held = Rows()
    held.update(rows[:50])
    held.update(rows[50:])
    np.testing.assert_array_equal(held.result()["rows"], rows.astype("float32"))


def test_gather_gives_each_wish_its_first_images_and_stops():
    read = []

    def batches():
        for start in range(0, 100, 10):
            read.append(start)
            yield np.arange(start, start + 10, dtype="float64")[:, None]

    wanted = {("same", "features", 7), ("same", "moments", 25), ("twice", "logits", 12)}
    seen = []
    extractors = {"same": lambda x: {"features": x}, "twice": lambda x: {"logits": 2 * x}}
    found = gather(batches(), extractors, wanted, seen.append)
    assert found["same", "features", 7]["rows"].ravel().tolist() == list(range(7))
    assert found["same", "moments", 25]["mean"] == 12
    assert found["twice", "logits", 12]["rows"].ravel().tolist() == [2 * i for i in range(12)]
    assert read == [0, 10, 20] and sum(seen) == 25


def test_gather_takes_all_without_a_count():
    batches = [np.ones((3, 2)), np.ones((2, 2))]
    assert (
        gather(batches, {"x": lambda x: {"features": x}}, {("x", "features", None)})["x", "features", None]["count"]
        == 5
    )


def test_an_extractor_runs_once_a_batch_for_all_its_metrics():
    calls = []

    def extractor(batch):
        calls.append(len(batch))
        return {"features": batch, "logits": batch}

    gather([np.ones((4, 1))] * 3, {"x": extractor}, {("x", "features", 12), ("x", "moments", 12), ("x", "logits", 5)})
    assert calls == [4, 4, 4]


def test_images_are_let_go_as_they_are_done():
    alive = []

    def batches():
        for _ in range(50):
            batch = np.zeros((10, 4))
            alive.append(weakref.ref(batch))
            yield batch
            assert sum(ref() is not None for ref in alive) <= 2

    gather(batches(), {"x": lambda x: {"features": x.copy()}}, {("x", "moments", 500)})
