"""Sets of images in folders, zips and npz files, read as they are: nothing is resized or converted. No TensorFlow."""

import hashlib
import io
import json
import pathlib
import zipfile

import numpy as np
from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
MAX_PIXELS = 2**26  # of one image; checked before it is decoded
_CHANNELS = {"1": 1, "L": 1, "RGB": 3}


class ImageFiles:
    """A set of images of one size, from a folder (any depth), a .zip, or a .npz with an array [N, H, W, C].

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
        self._array = None
        if self.path.is_file() and self.path.suffix.lower() == ".npz":
            self._array = self._read_npz()
            self.shape, self.count = self._array.shape[1:], len(self._array)
            self._names = None
        else:
            self._names = self._list()
            self.count = len(self._names)
            self.shape = self._common_shape() if self._names else None
        if self.count < 2:
            raise ValueError(f"{argument}={path} holds {self.count} image(s); a metric needs at least 2")

    def batches(self, size=64):
        """Yields uint8[n, H, W, C], n at most `size`, in the order of the names."""
        for start in range(0, self.count, size):
            if self._array is not None:
                yield self._array[start : start + size]
            else:
                yield np.stack([self._pixels(name) for name in self._names[start : start + size]])

    def fingerprint(self):
        """Returns a SHA-256 of the contents, under which statistics are cached."""
        digest = hashlib.sha256(json_bytes(self.shape))
        if self._array is not None:
            digest.update(np.ascontiguousarray(self._array))
        else:
            for name in self._names:
                digest.update(hashlib.sha256(self._bytes(name)).digest())
        return digest.hexdigest()

    def _read_npz(self):
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                name = next((name for name in ("images", "arr_0") if name in arrays), None)
                array = None if name is None else arrays[name]
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(f"{self.argument}={self.path} is no readable npz file ({error})") from None
        if array is not None and array.ndim == 3:
            array = array[..., None]
        if array is None or array.ndim != 4 or array.shape[-1] not in (1, 3) or array.dtype != np.uint8:
            found = "nothing called images" if array is None else f"{array.dtype}{list(array.shape)}"
            raise ValueError(
                f"{self.argument}={self.path} must hold `images`, uint8[N, H, W, C] with C 1 or 3, not {found}"
            )
        return array

    def _list(self):
        if self.path.is_dir():
            found = [path for path in self.path.rglob("*") if path.is_file() and not path.name.startswith(".")]
            names = [path.relative_to(self.path).as_posix() for path in found]
        else:
            try:
                with zipfile.ZipFile(self.path) as archive:
                    names = [item.filename for item in archive.infolist() if not item.is_dir()]
            except (OSError, zipfile.BadZipFile) as error:
                raise ValueError(f"{self.argument}={self.path} is no folder, zip or npz of images ({error})") from None
        odd = next((name for name in sorted(names) if not name.lower().endswith(SUFFIXES)), None)
        if odd is not None:
            raise ValueError(f"{self.argument}={self.path}: {odd} is no image; allowed: {', '.join(SUFFIXES)}")
        return sorted(names)

    def _bytes(self, name):
        if self.path.is_dir():
            return (self.path / name).read_bytes()
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(name)

    def _open(self, name):
        try:
            image = Image.open(io.BytesIO(self._bytes(name)))
        except (OSError, RuntimeError, ValueError, zipfile.BadZipFile, Image.DecompressionBombError) as error:
            raise ValueError(f"{self.argument}={self.path}: {name} cannot be read as an image ({error})") from None
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(
                f"{self.argument}={self.path}: {name} has {image.width} x {image.height} pixels; at most {MAX_PIXELS}"
            )
        return image

    def _shape(self, name):
        image = self._open(name)
        channels = _CHANNELS.get(image.mode)
        if channels is None:
            raise ValueError(
                f"{self.argument}={self.path}: {name} is of Pillow's mode {image.mode}; grey or RGB of 8 bit is wanted"
            )
        return image.height, image.width, channels

    def _common_shape(self):
        first = self._shape(self._names[0])
        for name in self._names[1:]:
            shape = self._shape(name)
            if shape != first:
                raise ValueError(
                    f"{self.argument}={self.path}: {name} is {shape}, {self._names[0]} is {first}; all must be alike"
                )
        return first

    def _pixels(self, name):
        image = self._open(name)
        try:
            pixels = np.asarray(image.convert("RGB" if self.shape[2] == 3 else "L"))
        except (OSError, SyntaxError, ValueError) as error:
            raise ValueError(f"{self.argument}={self.path}: {name} is damaged ({error})") from None
        return pixels.reshape(self.shape)


def json_bytes(value):
    """Returns a value as bytes that do not depend on the order of its keys."""
    return json.dumps(value, sort_keys=True, default=list).encode()
