"""Latents in files that NumPy reads, from others and for others. Nothing here needs TensorFlow."""

import io
import pathlib

import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo.files import PathLike, check_regular, write_atomically

MOST_BYTES = 2**30


def read(path: PathLike, argument: str = "latents") -> np.ndarray:
    """Reads latents from a .npy file that others may have written.

    Nothing in it is run, and nothing is allocated that the file does not hold.

    Args:
        path: the file, of at most 1 GiB.
        argument: str, what an error calls it.

    Returns:
        float32[N, d], or float32[N, layers, d] of a network with styles; N >= 1, all finite.

    Raises:
        ValueError: in one line, if it is missing or holds something else.

    >>> import tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "z.npy"
    >>> np.save(path, np.zeros((3, 128)))
    >>> read(path).shape, read(path).dtype.name
    ((3, 128), 'float32')
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise ValueError(f"{argument}={path} does not exist; name a .npy file")
    check_regular(argument, path, MOST_BYTES)
    try:
        stored = np.lib.format.open_memmap(
            path, mode="r"
        )  # refuses objects, and a shape that the file is too short for
    except Exception as error:  # what damaged headers make NumPy and the parser of its header raise
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{argument}={path} is no .npy file of numbers: {reason}") from None
    if stored.dtype.kind not in "fiu" or stored.ndim not in (2, 3) or not stored.size:
        found = f"{stored.dtype}{list(stored.shape)}"[:200]
        raise ValueError(f"{argument}={path} holds {found}; it must be float[N, latent_dim], N at least 1")
    with np.errstate(over="ignore"):
        latents = np.array(stored, "float32", order="C")
    rows = np.isfinite(latents).reshape(len(latents), -1).all(axis=1)
    if not rows.all():
        raise ValueError(f"{argument}={path}: row {np.flatnonzero(~rows)[0]} is no finite number")
    return latents


def write(path: PathLike, latents: ArrayLike) -> None:
    """Writes latents as a .npy file of float32, whole or not at all; its folder is made if it is missing.

    >>> import tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "z.npy"
    >>> write(path, np.zeros((3, 128)))
    >>> np.load(path).shape
    (3, 128)
    """
    path, content = pathlib.Path(path), io.BytesIO()
    np.lib.format.write_array(content, np.ascontiguousarray(latents, "float32"), allow_pickle=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content.getvalue())
