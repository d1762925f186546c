"""Statistics of real images on disk, so that a second evaluation does not compute them again."""

import hashlib
import os

import numpy as np

from tfgan_zoo.evaluation.files import json_bytes
from tfgan_zoo.files import cache_root, folder_in_making

_FORMAT = 1  # counted on when statistics of the same set are computed or stored in another way


def folder():
    """Returns where caches live: $TFGAN_ZOO_CACHE, else ~/.cache/tfgan_zoo."""
    return cache_root()


def key(**identity):
    """Returns the name of the statistics of one set: a SHA-256 of what they depend on.

    >>> key(dataset="ring", split="train") == key(split="train", dataset="ring")
    True
    """
    return hashlib.sha256(json_bytes(identity)).hexdigest()


def read(name):
    """Returns what `write` stored under a key, or None; a damaged file counts as none."""
    try:
        with np.load(_path(name), allow_pickle=False) as arrays:
            stored = dict(arrays)
        return stored | {"count": int(stored["count"])}
    except Exception:  # what damaged zips and headers make zipfile and NumPy raise, and empty files
        return None


def write(name, statistics):
    """Stores {name: array or number} under a key; a folder that cannot be written is no error, only slower."""
    path = _path(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with folder_in_making(path.parent, ".writing-") as writing:
            np.savez(writing / path.name, **statistics)
            os.replace(writing / path.name, path)
    except OSError:
        return


def _path(name):
    return folder() / f"statistics-{_FORMAT}" / f"{name}.npz"
