"""The Frechet wavelet distance: a Frechet distance without a network, and so without a network's taste."""

import numpy as np

from tfgan_zoo.evaluation.metrics import Protocol, of_files
from tfgan_zoo.evaluation.metrics.frechet import frechet_distance


def wavelet(reals, fakes):
    """{"distance"}: the mean over packets p of `frechet_distance` of their coefficients.

        1/P sum_p |m_p - m'_p|^2 + tr C_p + tr C'_p - 2 tr (C_p C'_p)^(1/2)

    Veeramacheneni, Wolter, Klein, Gall 2024, arXiv 2312.15289, eq. 5: of the Haar wavelet's packets of the fourth
    level. Every band of frequencies and every place counts as much as its energy.

    Args:
        reals: {"mean": float64[P, d], "cov": float64[P, d, d]} of the reals' packets.
        fakes: the same of the fakes.
    """
    moments = (reals["mean"], reals["cov"], fakes["mean"], fakes["cov"])
    distances = [frechet_distance((m, c), (n, d)) for m, c, n, d in zip(*moments, strict=True)]
    return {"distance": float(np.mean(distances))}


PROTOCOLS = {
    "fwd_10k": Protocol(
        metric="wavelet",
        function=wavelet,
        statistics="moments",
        summary="Frechet wavelet distance: packets of the Haar wavelet's fourth level (Veeramacheneni et al. 2024); no"
        " network",
        extractor="haar_packets",
        resize=None,
        fakes=10_000,
        reference="train",
        reals=10_000,
        better="lower",
    )
}
PROTOCOLS["fwd_all"] = of_files(PROTOCOLS["fwd_10k"], "fwd")
