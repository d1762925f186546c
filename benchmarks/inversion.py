"""How near a model comes to given pictures: python benchmarks/inversion.py --model=pconv_fashion_mnist_10k.

Prints the PSNR, in dB, that `generate.py --invert` reaches on samples of the model itself (seeds from 1,000,000 on,
which are none of its starts) and on the first held-out images of the data that it was trained on.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from tfgan_zoo import data
from tfgan_zoo.cli.inverting import features_of
from tfgan_zoo.pretrained import loading
from tfgan_zoo.sharing import inversion

_FIRST_SEED = 1_000_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--num", type=int, default=16, help="pictures of each kind")
    parser.add_argument("--steps", type=int, default=inversion.STEPS)
    arguments = parser.parse_args()
    model, origin = loading.load(arguments.model), loading.origin(arguments.model)
    reals, _ = data.load(**{"name" if key == "dataset" else key: value for key, value in origin.items()}).reals(
        arguments.num, "heldout"
    )
    pictures = {"own samples": model.generate(arguments.num, _FIRST_SEED), "held-out images": (reals + 1) / 2}
    features = features_of(arguments.model, model.image_shape)
    for name, targets in pictures.items():
        found = [one.psnr for one in inversion.invert(model, targets, features, steps=arguments.steps)]
        low, middle, high = np.percentile(found, (0, 50, 100))
        print(f"{name}: {len(found)}, PSNR least {low:.1f}, median {middle:.1f}, most {high:.1f} dB", flush=True)


if __name__ == "__main__":
    main()
