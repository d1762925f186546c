"""The data set in the package: the 10,000 images of Fashion-MNIST's test files (Xiao, Rasul, Vollgraf 2017)."""

import gzip
import pathlib

import numpy as np

from tfgan_zoo.data.dataset import Data
from tfgan_zoo.data.images import Images
from tfgan_zoo.files import read_known

_FOLDER = pathlib.Path(__file__).parent / "fashion_mnist_10k"
_SHA256 = {
    "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
}
_NATIVE = 28
_NUM_TRAIN = 9000
_LABELS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def load(name, data_dir, shape):
    """The source of `fashion_mnist_10k`, which needs no `data_dir`."""
    del data_dir
    # IDX: a header of four (images) or two (labels) 32-bit numbers, then bytes.
    images = _values("t10k-images-idx3-ubyte.gz", header=16).reshape(-1, _NATIVE, _NATIVE, 1)
    labels = _values("t10k-labels-idx1-ubyte.gz", header=8)
    return Data(
        name=name,
        description=(
            "Fashion-MNIST's 10,000 test images of clothes: the first 9,000 train, the last 1,000 are held out."
            " They are the held-out images of `fashion_mnist`: do not train on one and measure on the other."
        ),
        shape=shape,
        num_train=_NUM_TRAIN,
        num_heldout=len(images) - _NUM_TRAIN,
        num_classes=len(_LABELS),
        label_names=_LABELS,
        native=_NATIVE,
        source=Images(
            (images[:_NUM_TRAIN], labels[:_NUM_TRAIN]),
            (images[_NUM_TRAIN:], labels[_NUM_TRAIN:]),
            shape,
        ),
    )


def _values(filename, header):
    return np.frombuffer(gzip.decompress(read_known(_FOLDER / filename, _SHA256[filename])), np.uint8, offset=header)
