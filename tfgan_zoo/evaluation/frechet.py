"""The Frechet distance of two Gaussians, exact where covariances are nearly singular."""

import numpy as np


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
    >>> from tfgan_zoo.evaluation.frechet import frechet_distance
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
