"""Compares the metrics' arithmetic with torch-fidelity's, on the same features, in double precision.

    python tools/metrics_agreement.py ours features.npz         # in this project's environment: writes the features too
    python tools/metrics_agreement.py theirs features.npz       # in one with `pip install torch-fidelity`

The features are those of the embedded classifier on training and held-out clothes, 1,000 of each, the latter blurred.
torch-fidelity's kernel distance averages random subsets, so one block of all rows is compared.
"""

import argparse

import numpy as np


def write(path):
    """Writes two sets of features, float64[1000, 128]."""
    from tfgan_zoo import data
    from tfgan_zoo.evaluation import extractors

    clothes = data.load("fashion_mnist_10k")
    extract = extractors.get("fashion_cnn", "crop", (32, 32, 1))
    sets = {}
    for name, split in (("reals", "train"), ("fakes", "heldout")):
        levels = np.round((clothes.reals(1000, split)[0] + 1) * 127.5)
        if name == "fakes":
            levels = (levels + np.roll(levels, 1, 1)) / 2
        sets[name] = extract(levels.astype("uint8"))["features"].astype("float64")
    np.savez(path, **sets)


def ours(reals, fakes):
    """Frechet distance from streamed moments, kernel distance of one block."""
    from tfgan_zoo.evaluation import tfgan_metrics
    from tfgan_zoo.evaluation.metrics import frechet
    from tfgan_zoo.evaluation.statistics import Moments

    held = []
    for rows in (reals, fakes):
        held.append(Moments())
        for start in range(0, len(rows), 64):
            held[-1].update(rows[start : start + 64])
    return frechet.frechet(*(it.result() for it in held))["distance"], tfgan_metrics.kernel_distance(reals, fakes)


def theirs(reals, fakes):
    """The same by torch-fidelity."""
    from torch_fidelity.metric_fid import fid_statistics_to_metric
    from torch_fidelity.metric_kid import kernel_mmd

    def statistics(rows):
        return {"mu": rows.mean(axis=0), "sigma": np.cov(rows, rowvar=False)}

    fid = fid_statistics_to_metric(statistics(reals), statistics(fakes), verbose=False)
    return next(iter(fid.values())), kernel_mmd(reals, fakes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("whose", choices=["ours", "theirs"])
    parser.add_argument("features")
    options = parser.parse_args()
    if options.whose == "ours":
        write(options.features)
    with np.load(options.features) as sets:
        reals, fakes = sets["reals"], sets["fakes"]
    frechet, kernel = {"ours": ours, "theirs": theirs}[options.whose](reals, fakes)
    print(f"{options.whose:<8}frechet {frechet:.12g}   kernel {kernel:.12g}")
    print(f"        mean k(x, y) {np.mean((reals @ fakes.T / reals.shape[1] + 1) ** 3):.6g}")


if __name__ == "__main__":
    main()
