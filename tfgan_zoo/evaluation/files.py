"""Sets of images in folders, zips and npz files, read as they are: nothing is resized or converted. No TensorFlow."""

import hashlib
import io
import json
import math
import pathlib
import zipfile

import numpy as np
from PIL import Image

from tfgan_zoo.data import decode, files
from tfgan_zoo.files import check_regular

MAX_PIXELS = 2**26  # of one image; checked before it is decoded
_DEFLATE = 1032  # one byte of a zip file becomes at most so many
_CHANNELS = {"1": 1, "L": 1, "RGB": 3}


class ImageFiles:
    """A set of images of one size, from a folder (any depth), a .zip, or a .npz with an array [N, H, W, C].

    Hidden files and what macOS adds to zips are passed over; any other file that is no image is refused.

    Args:
        argument: str, what the user called it: "fakes" or "reals".
        path: where it is.

    Attributes:
        shape: (H, W, C), C 1 or 3.
        count: int, at least 2.

    Raises:
        ValueError: in one line, if there are not two images, a file is none, or two differ in size or channels.
    """

    def __init__(self, argument, path):
        self.argument, self.path = argument, pathlib.Path(path)
        if not self.path.exists():
            raise ValueError(f"{argument}={path} does not exist; name a folder, a .zip or a .npz of images")
        if not self.path.is_dir():
            check_regular(argument, path)
        self._array = None
        if self.path.is_file() and self.path.suffix.lower() == ".npz":
            self._array = self._read_npz()
            self.shape, self.count = self._array.shape[1:], len(self._array)
        else:
            self.count, self.shape = self._survey()
        if self.count < 2:
            raise ValueError(f"{argument}={path} holds {self.count} image(s); a metric needs at least 2")

    def batches(self, size=64):
        """Yields uint8[n, H, W, C], n at most `size`, in the order of the names."""
        if self._array is not None:
            yield from (self._array[start : start + size] for start in range(0, self.count, size))
            return
        with files.scan(self.path, self.argument) as found:
            for start in range(0, self.count, size):
                names = found.names[start : start + size]
                yield np.stack([self._pixels(found, start + i, name) for i, name in enumerate(names)])

    def fingerprint(self):
        """Returns a SHA-256 of the contents, under which statistics are cached."""
        digest = hashlib.sha256(json_bytes(self.shape))
        if self._array is not None:
            digest.update(np.ascontiguousarray(self._array))
            return digest.hexdigest()
        with files.scan(self.path, self.argument) as found:
            for i in range(len(found.names)):
                digest.update(hashlib.sha256(found.read(i)).digest())
        return digest.hexdigest()

    def _read_npz(self):
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                name = next((name for name in ("images", "arr_0") if name in arrays), None)
                if name is not None:
                    _check_room(self.path, name)
                array = None if name is None else arrays[name]
        except Exception as error:  # what damaged zips and headers make zipfile and NumPy raise
            reason = " ".join(str(error).split())[:200]
            raise ValueError(f"{self.argument}={self.path} is no readable npz file ({reason})") from None
        if not isinstance(array, np.ndarray | None):
            array = None
        if array is not None and array.ndim == 3:
            array = array[..., None]
        if array is None or array.ndim != 4 or array.shape[-1] not in (1, 3) or array.dtype != np.uint8:
            found = "nothing called images" if array is None else f"{array.dtype}{list(array.shape)}"
            raise ValueError(
                f"{self.argument}={self.path} must hold `images`, uint8[N, H, W, C] with C 1 or 3, not {found}"
            )
        return array

    def _survey(self):
        """Returns (how many images there are, their common shape)."""
        first = None
        with files.scan(self.path, self.argument) as found:
            for name in found.others[:1]:
                raise self._bad(name, f"is no image; allowed: {', '.join(files.SUFFIXES)}")
            for i, name in enumerate(found.names):
                shape = self._shape(found, i, name)
                first = first or shape
                if shape != first:
                    raise self._bad(name, f"is {shape}, {files.shown(found.names[0])} is {first}; all must be alike")
            return len(found.names), first

    def _shape(self, found, index, name):
        with self._open(found, index, name) as image:
            channels = _CHANNELS.get(image.mode)
            if channels is None:
                raise self._bad(name, f"is of Pillow's mode {image.mode}; grey or RGB of 8 bit is wanted")
            return image.height, image.width, channels

    def _open(self, found, index, name):
        try:
            with decode.quietly():
                image = Image.open(io.BytesIO(found.read(index)))
        except Image.UnidentifiedImageError:  # whose text is an address in memory
            raise self._bad(name, "cannot be read as an image") from None
        except Exception as error:  # of the disk, or what a damaged zip member makes its decompressor raise
            raise self._bad(name, f"cannot be read as an image ({' '.join(str(error).split())})") from None
        if image.width * image.height > MAX_PIXELS:
            raise self._bad(name, f"has {image.width} x {image.height} pixels; at most {MAX_PIXELS}")
        return image

    def _pixels(self, found, index, name):
        with self._open(found, index, name) as image:
            try:
                pixels = np.asarray(image.convert("RGB" if self.shape[2] == 3 else "L"))
            except (OSError, SyntaxError, ValueError) as error:
                raise self._bad(name, f"is damaged ({error})") from None
        return pixels.reshape(self.shape)

    def _bad(self, name, problem):
        return ValueError(f"{self.argument}={self.path}: {files.shown(name)} {problem}")


def _check_room(path, name):
    """Raises a ValueError if an array of an npz file says that it is larger than what the file can hold."""
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(name if name in archive.namelist() else f"{name}.npy")
        with archive.open(member) as stream:
            major, _ = np.lib.format.read_magic(stream)
            read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
            shape, _, dtype = read(stream)
    size = math.prod(shape) * dtype.itemsize
    if not 0 <= size <= min(member.file_size, _DEFLATE * path.stat().st_size):
        raise ValueError(f"{name} of {size} bytes, which it does not hold")


def json_bytes(value):
    """Returns a value as bytes that do not depend on the order of its keys."""
    return json.dumps(value, sort_keys=True, default=list).encode()
