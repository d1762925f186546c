"""The Frechet distance of two Gaussians, exact where covariances are nearly singular."""

import numpy as np

from tfgan_zoo.evaluation.metrics import of_files, on_fashion, on_given, on_inception, on_lite0
from tfgan_zoo.evaluation.per_class import class_by_class


def frechet_distance(reals, fakes):
    """The Frechet distance between two sets of features, as if both were Gaussian, from their moments.

        |m_r - m_f|^2 + tr C_r + tr C_f - 2 tr (C_r C_f)^(1/2),   m the means, C the unbiased covariances

    Heusel et al. 2017, arXiv 1706.08500. The last trace is the sum of the singular values of C_r^(1/2) C_f^(1/2): no
    imaginary part can appear, and features that hardly vary keep their share. TF-GAN's form takes no root of numbers
    below 1e-10, among them the squares of variances below 1e-5; on the features of one class of clothes that moves
    the sixth digit. The distance is biased upwards for few samples: compare at equal numbers only.

    Args:
        reals: (float64[d], float64[d, d]), mean and unbiased covariance of the reals' features.
        fakes: the same of the fakes.

    Returns:
        A float >= 0, computed in double precision.

    Raises:
        ValueError: if the shapes differ.

    Example:

    >>> import numpy as np
    >>> from tfgan_zoo.evaluation.metrics.frechet import frechet_distance
    >>> round(frechet_distance((np.zeros(2), np.eye(2)), (np.ones(2), 4 * np.eye(2))), 6)
    4.0
    """
    (real_mean, real_cov), (fake_mean, fake_cov) = ([np.asarray(x, "float64") for x in two] for two in (reals, fakes))
    if real_cov.shape != fake_cov.shape or real_mean.shape != fake_mean.shape:
        raise ValueError(f"fakes={fake_cov.shape} must have as many features as reals, {real_cov.shape}")
    trace = np.linalg.svd(_root(real_cov) @ _root(fake_cov), compute_uv=False).sum()
    distance = np.sum((real_mean - fake_mean) ** 2) + np.trace(real_cov) + np.trace(fake_cov) - 2 * trace
    return max(float(distance), 0.0)  # rounding may leave -1e-13


def _root(cov):
    """Returns the symmetric root of a covariance; what rounding made negative counts as 0."""
    values, vectors = np.linalg.eigh(cov)
    return vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T


def frechet(reals, fakes):
    """{"distance"} of two sets' moments; see `frechet_distance`."""
    pair = ((one["mean"], one["cov"]) for one in (reals, fakes))
    return {"distance": frechet_distance(*pair)}


def frechet_of_rows(reals, fakes):
    """{"distance"} of two sets' features: `frechet_distance` where there are fewer rows than features.

    With X the rows less their mean, C = X^T X / (n - 1), and the trace of the root is the sum of the singular values of
    X_r X_f^T / sqrt((n - 1) (m - 1)): a matrix of as many rows and columns as there are images.
    """
    rows = [np.asarray(one["rows"], "float64") for one in (reals, fakes)]
    means = [one.mean(axis=0) for one in rows]
    scaled = [(one - mean) / np.sqrt(max(len(one) - 1, 1)) for one, mean in zip(rows, means, strict=True)]
    trace = np.linalg.svd(scaled[0] @ scaled[1].T, compute_uv=False).sum()
    distance = np.sum((means[0] - means[1]) ** 2) + sum(np.sum(one**2) for one in scaled) - 2 * trace
    return {"distance": max(float(distance), 0.0)}


def frechet_per_class(*sets):
    """{"distance", "class_0", ...}: the mean of `frechet` over classes, and each of them; None of one without reals.

    Args:
        *sets: the moments of the reals of each class, and last a list of those of the fakes.
    """
    return class_by_class(frechet, *sets)


def frechet_per_class_of_rows(*sets):
    """As `frechet_per_class`, by `frechet_of_rows`; the sets are features."""
    return class_by_class(frechet_of_rows, *sets)


_FID = "Frechet distance of Inception's pool features (Heusel et al. 2017)"
_FASHION = "Frechet distance of the fashion classifier's features"
_LITE0 = "Frechet distance of EfficientNet-Lite0's features of RGB images"
_OF_MOMENTS = {"metric": "frechet", "function": frechet, "statistics": "moments"}

PROTOCOLS = {
    "fid_50k_train": on_inception(
        **_OF_MOMENTS,
        summary=f"{_FID}; the training images, at most 50,000",
        fakes=50_000,
        reference="train",
        reals=50_000,
    ),
    "fid_10k_test": on_inception(
        **_OF_MOMENTS,
        summary=f"{_FID}; the held-out images, at most 10,000",
        fakes=10_000,
        reference="heldout",
        reals=10_000,
    ),
    "fid_clean_50k": on_inception(
        **_OF_MOMENTS | {"resize": "pil_bicubic"},
        summary=f"{_FID}, resized as clean-fid does; all training images",
        fakes=50_000,
        reference="train",
        reals=None,
    ),
    "fd_fashion_10k": on_fashion(**_OF_MOMENTS, summary=f"{_FASHION}; no download"),
    "fd_fashion_per_class_1k": on_fashion(
        metric="frechet_per_class",
        function=frechet_per_class,
        statistics="moments",
        summary=f"{_FASHION}, class by class, and the mean: a conditional model's 1,000 fakes of a label against the"
        " 1,000 reals of that class",
        fakes=1000,
        labels="each",
        classes=10,
    ),
    "fd_lite0_10k": on_lite0(**_OF_MOMENTS, summary=f"{_LITE0}; the training images, at most 10,000; no download"),
    "fd_lite0_per_class_1k": on_lite0(
        metric="frechet_per_class",
        function=frechet_per_class_of_rows,
        statistics="features",
        summary=f"{_LITE0}, class by class, and the mean: a conditional model's 1,000 fakes of a label against the"
        " training images of that class, at most 1,000",
        fakes=1000,
        reals=1000,
        labels="each",
    ),
    "fd_given_10k": on_given(**_OF_MOMENTS, summary="Frechet distance of the features of --extractor"),
}
PROTOCOLS |= {
    "fid_all": of_files(PROTOCOLS["fid_50k_train"], "fid"),
    "fid_clean_all": of_files(PROTOCOLS["fid_clean_50k"], "fid_clean"),
    "fd_fashion_all": of_files(PROTOCOLS["fd_fashion_10k"], "fd_fashion"),
    "fd_lite0_all": of_files(PROTOCOLS["fd_lite0_10k"], "fd_lite0"),
    "fd_given_all": of_files(PROTOCOLS["fd_given_10k"], "fd_given"),
}
