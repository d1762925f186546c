"""What metrics need of a set of images, gathered batch by batch: the images themselves are never kept."""

import numpy as np


class Moments:
    """Mean and covariance of rows, whose number does not matter to memory; of several features each, one a set.

    Sums are kept in double precision about the first batch's mean, since a covariance is a small difference where the
    mean is large.

    >>> moments = Moments()
    >>> moments.update(np.array([[0.0, 1.0], [2.0, 5.0]]))
    >>> moments.result()["mean"], moments.result()["cov"][0, 1]
    (array([1., 3.]), np.float64(4.0))
    """

    def __init__(self):
        self._count = 0

    def update(self, rows):
        """Takes float[n, d], or float[n, P, d] of P sets of features."""
        rows = np.asarray(rows, "float64")
        if not self._count:
            self._about, self._sum, self._products = rows.mean(axis=0), 0.0, 0.0
        rows = rows - self._about
        self._count += len(rows)
        self._sum = self._sum + rows.sum(axis=0)
        sets = np.moveaxis(rows, 0, -2)
        self._products = self._products + np.swapaxes(sets, -1, -2) @ sets

    def result(self):
        """Returns {"count": int, "mean": float64[(P,) d], "cov": float64[(P,) d, d]}, the covariance unbiased.

        Of no rows, {"count": 0} alone.
        """
        if not self._count:
            return {"count": 0}
        mean = self._sum / self._count
        squares = mean[..., :, None] * mean[..., None, :]
        cov = (self._products - self._count * squares) / max(self._count - 1, 1)
        return {"count": self._count, "mean": mean + self._about, "cov": cov}


class Rows:
    """All rows, for metrics that compare them pair by pair."""

    def __init__(self):
        self._parts = []

    def update(self, rows):
        """Takes [n, d]."""
        self._parts.append(np.asarray(rows, "float32"))

    def result(self):
        """Returns {"count": int, "rows": float32[N, d]}; of no rows, {"count": 0} alone."""
        if not self._parts:
            return {"count": 0}
        rows = np.concatenate(self._parts)
        return {"count": len(rows), "rows": rows}


KINDS = {"moments": ("features", Moments), "features": ("features", Rows), "logits": ("logits", Rows)}


def gather(batches, extractors, wanted, progress=None):
    """Runs every extractor over a set once, and gathers what is wanted of it.

    Args:
        batches: iterable of uint8[n, H, W, C] (or float[n, d] points), at least as many as the longest request.
        extractors: {name: a function from a batch to {"features": [n, d], "logits": [n, k]}}.
        wanted: set of (extractor's name, kind out of `KINDS`, count); a count of None takes all there is.
        progress: a function that takes the number of images done, or None.

    Returns:
        {(name, kind, count): the kind's `result()`}.

    >>> request = ("pixels", "moments", 3)
    >>> gather([np.zeros((2, 1)), np.ones((2, 1))], {"pixels": lambda x: {"features": x}}, {request})[request]["count"]
    3
    """
    held = {request: KINDS[request[1]][1]() for request in wanted}
    longest = None if any(count is None for *_, count in wanted) else max((count for *_, count in wanted), default=0)
    done = 0
    for batch in batches:
        batch = batch if longest is None else batch[: longest - done]
        for name in {name for name, *_ in wanted}:
            outputs = None
            for request, statistic in held.items():
                left = len(batch) if request[2] is None else min(len(batch), request[2] - done)
                if request[0] == name and left > 0:
                    outputs = extractors[name](batch) if outputs is None else outputs
                    statistic.update(np.asarray(outputs[KINDS[request[1]][0]])[:left])
        done += len(batch)
        if progress is not None:
            progress(len(batch))
        if done == longest:
            break
    return {request: statistic.result() for request, statistic in held.items()}
