"""Training images on disk, decoded once: an ArrayRecord file of pixels and an index, in a folder named by its key.

    <cache>/<key>/images.array_record   a record an image: its uint8[H, W, C] pixels
    <cache>/<key>/index.json            shape, labels, label names, what was left out

A folder appears under its key when it is complete, by a rename, and is never changed; it may be deleted at any time.
Nothing here needs TensorFlow.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile

import numpy as np
from array_record.python import array_record_module
from tqdm import tqdm

FORMAT = 2  # of the pixels and of the folder: a change in `decode.fit` counts too
RECORDS, INDEX = "images.array_record", "index.json"
_CHUNK = 1024


def root():
    """Returns where caches live: $TFGAN_ZOO_CACHE, else ~/.cache/tfgan_zoo."""
    return pathlib.Path(os.environ.get("TFGAN_ZOO_CACHE") or "~/.cache/tfgan_zoo").expanduser()


def digest(*parts):
    """Returns 32 hexadecimal digits of a SHA-256 of JSON values."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@dataclasses.dataclass(frozen=True)
class Cache:
    """The images of one key.

    Attributes:
        folder: where they are.
        shape: (H, W, C).
        labels: int32[N]; zeros if there are no labels.
        label_names: tuple of str; empty if there are no labels.
        bad: list of [name, reason]: what was left out.
        about: dict of JSON values that the writer added.
    """

    folder: pathlib.Path
    shape: tuple
    labels: np.ndarray = dataclasses.field(repr=False)
    label_names: tuple
    bad: list
    about: dict

    def __len__(self):
        return len(self.labels)

    def reader(self):
        """Returns a function: list of item numbers -> uint8[n, H, W, C]."""
        records = array_record_module.ArrayRecordReader(
            str(self.folder / RECORDS), "readahead_buffer_size:0"
        )  # which is for reading in order

        def read(items):
            return np.frombuffer(b"".join(records.read(items)), np.uint8).reshape(-1, *self.shape)

        return read

    def array(self, start, stop):
        """Returns uint8[stop - start, H, W, C], the items of a range."""
        read = self.reader()
        images = np.empty((stop - start, *self.shape), np.uint8)
        for first in range(start, stop, _CHUNK):
            items = range(first, min(first + _CHUNK, stop))
            images[first - start : first - start + len(items)] = read(list(items))
        return images


def find(key):
    """Returns the `Cache` of a key, or None if there is none that is whole."""
    folder = root() / key
    try:
        index = json.loads((folder / INDEX).read_text())
        if (folder / RECORDS).stat().st_size != index["bytes"]:
            return None
        labels = np.array(index["labels"], np.int32)
        names = tuple(index["label_names"])
        return Cache(folder, tuple(index["shape"]), labels, names, index["bad"], index["about"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(key, shape, items, finish):
    """Writes a cache, complete or not at all.

    Args:
        key: str, its name.
        shape: (H, W, C).
        items: iterable of uint8[H, W, C].
        finish: a function without arguments, called after the last item: {"labels", "label_names", "bad", "about"}.

    Returns:
        The `Cache`.

    Raises:
        ValueError: in one line, if the disk does not take it; and what `items` raises.
    """
    with _writing():
        root().mkdir(parents=True, exist_ok=True)
        folder = pathlib.Path(tempfile.mkdtemp(dir=root(), prefix=f"{key}.incomplete-"))
    try:
        with _writing():
            writer = array_record_module.ArrayRecordWriter(str(folder / RECORDS), "group_size:1,uncompressed")
        for pixels in items:
            with _writing():
                writer.write(pixels.tobytes())
        with _writing():
            writer.close()
            index = finish() | {"shape": shape, "bytes": (folder / RECORDS).stat().st_size}
            (folder / INDEX).write_text(json.dumps(index))
            _settle(folder, root() / key)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return find(key)


def remember(name, value):
    """Keeps a JSON value under a name."""
    with _writing():
        root().mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=root(), prefix=f"{name}.", delete=False) as file:
            json.dump(value, file)
        os.replace(file.name, root() / f"{name}.json")


def recall(name):
    """Returns what `remember` kept, or None."""
    try:
        return json.loads((root() / f"{name}.json").read_text())
    except (OSError, ValueError):
        return None


def progress(items, total, what):
    """Shows a bar on stderr while `items` are gone through, if that takes longer than a second."""
    terminal = sys.stderr.isatty()
    return tqdm(
        items,
        total=total,
        desc=what,
        unit=" images",
        leave=False,
        delay=1,
        mininterval=0.1 if terminal else 10,
        dynamic_ncols=True,
    )


def _settle(folder, final):
    if find(final.name) is None:
        shutil.rmtree(final, ignore_errors=True)  # damaged
        with contextlib.suppress(OSError):  # another process was faster: its cache is as good
            folder.rename(final)
    if find(final.name) is None:
        raise OSError(f"{final} is in the way")


@contextlib.contextmanager
def _writing():
    try:
        yield
    except (OSError, RuntimeError) as error:  # ArrayRecord raises the latter
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        raise ValueError(f"the cache {root()} cannot be written ({reason}): point $TFGAN_ZOO_CACHE elsewhere") from None
