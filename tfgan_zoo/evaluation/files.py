"""Sets of images in folders, zips and npz files, read as training reads them, but never resized. No TensorFlow."""

import dataclasses
import hashlib
import json
import math
import pathlib
import zipfile

import numpy as np

from tfgan_zoo import transparency
from tfgan_zoo.data import decode, files
from tfgan_zoo.files import check_regular

_DEFLATE = 1032  # one byte of a zip file becomes at most so many


class ImageFiles:
    """A set of images of one size, from a folder (any depth), a .zip, or a .npz with an array [N, H, W, C].

    Pictures are read by what reads those that train (`data.decode`): turned as EXIF says, on white where transparent,
    in sRGB, 8 bits; RGB unless all are grey. They are not scaled, for a metric is about images as they are: all must
    be of one size. Files that are no pictures by their suffixes are passed over, and counted in `others`.

    Args:
        argument: str, what the user called it: "fakes" or "reals".
        path: where it is.
        reading: a `decode.Reading`, how pictures are read.
        channels: int, 1, 3, or 4 for RGBA with its colours times alpha; None is RGB unless all are grey.

    Attributes:
        shape: (H, W, C).
        count: int, at least 2.
        others: str, what was passed over, by suffix; "" if nothing was.

    Raises:
        ValueError: in one line, if there are not two images, one cannot be used or a folder not be looked into, or two
            differ in size.
    """

    def __init__(self, argument, path, reading=decode.USUAL, channels=None):
        self.argument, self.path, self.others = argument, pathlib.Path(path), ""
        self._reading, self._channels, self._converted = reading, channels, False
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
            others = f" (passed over: {self.others})" if self.others else ""
            raise ValueError(f"{argument}={path} holds {self.count} image(s){others}; a metric needs at least 2")

    def batches(self, size=64):
        """Yields uint8[n, H, W, C], n at most `size`, in the order of the names."""
        if self._array is not None:
            parts = (self._array[start : start + size] for start in range(0, self.count, size))
            rgba = self.shape[2] == transparency.CHANNELS
            yield from map(transparency.premultiplied, parts) if rgba else parts
            return
        with files.scan(self.path, self.argument) as found:
            for start in range(0, self.count, size):
                names = found.names[start : start + size]
                yield np.stack([self._pixels(found, start + i, name) for i, name in enumerate(names)])

    def fingerprint(self):
        """Returns a SHA-256 of the contents, under which statistics are cached."""
        digest = hashlib.sha256(json_bytes(self.shape))
        if self._converted:  # pixels that depend on how they are read
            digest.update(json_bytes(dataclasses.asdict(self._reading)))
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
        sound = array is not None and array.ndim == 4 and array.shape[-1] in (1, 3, 4) and min(array.shape[1:]) > 0
        if not sound or array.dtype != np.uint8:
            found = "nothing called images" if array is None else f"{array.dtype}{list(array.shape)}"
            raise ValueError(
                f"{self.argument}={self.path} must hold `images`, uint8[N, H, W, C] with C 1, 3 or 4, not {found}"
            )
        return array

    def _survey(self):
        """Returns (how many images there are, their common shape)."""
        looks = []
        with files.scan(self.path, self.argument) as found:
            for name, problem in found.unread[:1]:
                raise self._bad(name, problem)
            self.others = files.passed_over(found.others)
            for i, name in enumerate(found.names):
                looks.append(self._use(decode.look, found, i, name))
                if looks[i].size != looks[0].size:
                    (width, height), (other, one) = looks[i].size, looks[0].size
                    first = files.shown(found.names[0])
                    raise self._bad(name, f"is {width} x {height}, {first} is {other} x {one}; all must be alike")
        if not looks:
            return 0, None
        self._converted = any(
            look.deep or look.turned or look.transparent or (look.profile == "apply" and not self._reading.no_icc)
            for look in looks
        )
        return len(looks), (*looks[0].size[::-1], self._channels or (1 if all(look.grey for look in looks) else 3))

    def _use(self, work, found, index, name):
        """Returns work(content) of a picture file; what goes wrong is one line that names it."""
        try:
            content = found.read(index)
        except Exception as error:  # of the disk, or what a damaged zip member makes its decompressor raise
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
            raise self._bad(name, f"cannot be read ({reason})") from None
        try:
            with decode.quietly():
                return work(content)
        except decode.BadImage as error:
            raise self._bad(name, error) from None

    def _pixels(self, found, index, name):
        pixels = self._use(lambda it: decode.whole(it, self.shape[2], self._reading), found, index, name)
        if pixels.shape != self.shape:  # EXIF data behind the pixels turn it
            raise self._bad(name, f"is {pixels.shape[1]} x {pixels.shape[0]} when it is turned; all must be alike")
        return pixels

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
