"""Directions in which latents change images: closed forms, without labels and without training.

SeFa, Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs" (arXiv 2007.06600), eqs. 4 to 6: the
unit vectors n that change y = A n most, where y = A z + b is the first layer's output:

    n_1, ..., n_k = argmax sum over i of |A n_i|^2:   the eigenvectors of A^T A with the largest eigenvalues

GANSpace, Härkönen, Hertzmann, Lehtinen and Paris 2020, "GANSpace: Discovering Interpretable GAN Controls" (arXiv
2004.02546), section 2: the principal components of styles w; of a network without them, of its first features y, whose
coordinates x = V^T (y - mean) are carried over to z by least squares (eq. 3):

    U = argmin sum over j of |U x_j - z_j|^2
"""

import dataclasses
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfgan_zoo.choices import choose

KINDS = ("sefa", "pca")
_STYLES, _FEATURES = 10_000, 2000  # samples whose components are looked for


@dataclasses.dataclass(frozen=True)
class Directions:
    """What `of_model` finds.

    Attributes:
        vectors: float32[K, d], unit vectors, the strongest first; their largest entry is positive.
        scales: float32[K], the standard deviation of latents along each.
        shares: float32[K], each one's part of all that changes, |A n|^2 or variance: they sum up to 1 over all.
        styled: bool, whether they are directions of styles w; else of latents z.
    """

    vectors: np.ndarray
    scales: np.ndarray
    shares: np.ndarray
    styled: bool

    def moved(self, latents: np.ndarray, steps: Sequence[float]) -> np.ndarray:
        """Returns latents moved along each direction, of styles in all layers alike.

        Args:
            latents: float32[N, d], or styles float32[N, layers, d].
            steps: float[T], how far, in standard deviations.

        Returns:
            float32[N, K, T, ...].
        """
        ways = (self.scales[:, None] * self.vectors)[:, None] * np.asarray(steps)[:, None]  # [K, T, d]
        if latents.ndim == 3:
            ways = ways[:, :, None]
        with np.errstate(over="ignore"):  # who asks for the images is told what is no number
            return (latents[:, None, None] + ways).astype("float32")


def sefa(weights: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Finds the directions that a linear map changes most.

    Args:
        weights: float[latent_dim, d], A^T: y = z A^T + b.
        count: int in [1, latent_dim].

    Returns:
        (float64[count, latent_dim] unit vectors, float64[count] shares), the strongest first.

    >>> sefa(np.array([[0.0, 3.0], [1.0, 0.0]]), 2)
    (array([[1., 0.],
           [0., 1.]]), array([0.9, 0.1]))
    """
    weights = np.asarray(weights, "float64")
    values, vectors = np.linalg.eigh(weights @ weights.T)
    return _signed(vectors.T[::-1][:count]), _shares(values)[:count]


def principal_components(rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Finds the directions of the largest variance.

    Args:
        rows: float[N, d], N >= 2.
        count: int in [1, min(N - 1, d)].

    Returns:
        (float64[count, d] unit vectors, float64[count] shares, float64[N, count] coordinates of the centred rows).
    """
    rows = np.asarray(rows, "float64")
    rows = rows - rows.mean(axis=0)
    if rows.shape[1] <= len(rows):
        values, vectors = np.linalg.eigh(rows.T @ rows)
        vectors = vectors.T[::-1][:count]
    else:  # the same from the products of rows, of which there are fewer
        values, left = np.linalg.eigh(rows @ rows.T)
        vectors = left.T[::-1][:count] @ rows
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    vectors = _signed(vectors)
    return vectors, _shares(values)[:count], rows @ vectors.T


def carried_over(coordinates: np.ndarray, latents: np.ndarray) -> np.ndarray:
    """Finds the directions of latents z that belong to coordinates of features, by least squares (GANSpace, eq. 3).

    Args:
        coordinates: float[N, K], X, principal components': uncorrelated.
        latents: float[N, latent_dim], Z.

    Returns:
        float64[K, latent_dim], the rows of (X^T X)^-1 X^T Z as unit vectors.
    """
    found = np.linalg.lstsq(coordinates, np.asarray(latents, "float64"), rcond=None)[0]
    return _signed(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12))


def _count(count, most):
    if not isinstance(count, numbers.Integral) or not 1 <= count <= most:
        raise ValueError(f"directions={count} must be in [1, {most}], the latents' dimension")
    return int(count)


def of_model(model: Any, count: int, by: str = "sefa") -> "Directions":
    """Finds the directions of a GAN's averaged generator: in its styles w where it has them, else in z.

    Args:
        model: a `GAN`.
        count: int >= 1, how many.
        by: "sefa", of the weights that read latents, or "pca", of what samples look like to the network.

    Returns:
        `Directions`.

    Raises:
        ValueError: in one line, for an export or a served model, more directions than there are, or a network of
            which nobody knows which weights read its latents.

    >>> import tfgan_zoo
    >>> found = of_model(tfgan_zoo.from_preset("pconv_fashion_mnist_10k"), 3)
    >>> found.vectors.shape, found.styled
    ((3, 128), False)
    """
    network, styled = getattr(model, "sampler", None), model.style_shape is not None
    if network is None:
        raise ValueError("directions: an export or a served model does not show its weights; name a run or a preset")
    choose("by", by, KINDS)
    count = _count(count, model.latent_dim)
    if by == "sefa":
        vectors, shares = sefa(_weights(network), count)
    else:
        vectors, shares = _principal(model, network, count)
    scales = np.ones(count)
    if styled:
        scales = (_styles(model)[0] @ vectors.T).std(axis=0)
    vectors, scales, shares = (np.asarray(part, "float32") for part in (vectors, scales, shares))
    return Directions(vectors, scales, shares, styled)


def _weights(network):
    if hasattr(network, "latent_weights"):
        return network.latent_weights()
    from tfgan_zoo.networks import first_kernel

    return first_kernel.of(network, network.latent_dim)


def _principal(model, network, count):
    features, latents = _styles(model) if model.style_shape is not None else _features(model, network)
    vectors, shares, coordinates = principal_components(features, count)
    return (vectors if model.style_shape is not None else carried_over(coordinates, latents)), shares


def _styles(model):
    latents, labels = _drawn(model, _STYLES)
    return model.styles(latents, labels)[:, 0], latents


def _features(model, network):
    latents, labels = _drawn(model, _FEATURES)
    features = getattr(network, "latent_features", model.sample)  # images, where no layer is known to come first
    parts = [slice(start, start + 100) for start in range(0, len(latents), 100)]
    rows = [features(latents[part], None if labels is None else labels[part]) for part in parts]
    return np.concatenate([np.asarray(row).reshape(len(row), -1) for row in rows]), latents


def _drawn(model, count):
    draw = np.random.default_rng(0)
    latents = draw.standard_normal((count, model.latent_dim), "float32")
    return latents, draw.integers(model.num_classes, size=count, dtype="int32") if model.num_classes else None


def _signed(vectors):
    """Returns rows with their largest entry positive: an eigenvector has no sign of its own."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    return vectors * np.where(largest < 0, -1.0, 1.0)


def _shares(ascending):
    values = np.maximum(ascending[::-1], 0)
    return values / max(values.sum(), 1e-12)
