"""One of several workers, as the variable TF_CONFIG says: trains cases of the array of replicas.

    python worker.py FOLDER METHOD ...

writes the weights after ten SGD steps of each method to FOLDER/<method>-<worker>.npz.
"""

import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from tests.core import replica_array
from tfgan_zoo.training import cluster, workers


def config_of(method):
    return replica_array.config_of(
        {
            "method": method,
            "loss": "non_saturating",
            "penalty": "r1" if method in ("gan", "ces") else "lecam" if method == "brc" else "none",
            "network": "dcgan batch" if method == "pconv" else "mlp",
            "augment": (),
            "conditional": False,
        }
    )


def main(folder, *methods):
    strategy = workers.strategy()
    for method in methods:
        model = replica_array.train(config_of(method), strategy, steps=10)
        weights = [weight.numpy() for weight in model.weights]
        np.savez(pathlib.Path(folder) / f"{method}-{cluster.cluster().index}.npz", *weights)
        keras.backend.clear_session()


if __name__ == "__main__":
    main(*sys.argv[1:])
