"""Training images on disk, decoded once: an ArrayRecord file of pixels and an index, in a folder named by its key.

    <cache>/<key>/images.array_record   a record an image: its uint8[H, W, C] pixels
    <cache>/<key>/index.json            shape, labels, label names, what was left out; checksums of all of it

A folder appears under its key when it is complete, by a rename, and is never changed; it may be deleted at any time.
A process reads all of it once, when it opens it first, and makes it again if a checksum is wrong: a power cut or a bad
disk costs one decoding. That takes some three seconds for a GB that the system has in memory, or as long as the disk.
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
import zlib

import numpy as np
from array_record.python import array_record_module
from tqdm import tqdm

from tfgan_zoo.files import cache_root, folder_in_making, read_json, remove_abandoned, write_atomically

FORMAT = 2  # of the pixels and of the folder: a change in `decode.fit` counts too
RECORDS, INDEX = "images.array_record", "index.json"
_INCOMPLETE = ".incomplete-"
_CHUNK = 1024
_MOST_BYTES = 2**30  # of an index: some 20 bytes an image
_verified = {}  # folder: what `_stamp` said when its checksums were right


def root():
    """Returns where caches live: $TFGAN_ZOO_CACHE, else ~/.cache/tfgan_zoo."""
    return cache_root()


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
    """Returns the `Cache` of a key, or None if there is none that is whole; of a damaged one a line on stderr tells."""
    folder = root() / key
    if not folder.exists():
        return None
    try:
        return _open(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        print(f"the cache {folder} is damaged or of an earlier version ({reason}): made again", file=sys.stderr)
        return None


def _open(folder):
    """Returns the `Cache` in a folder.

    Raises:
        ValueError, OSError, KeyError, TypeError, AttributeError, OverflowError: if it is damaged.
    """
    index = read_json(folder / INDEX, max_bytes=_MOST_BYTES)
    if index.pop("sha256", None) != _checksum(index):
        raise ValueError(f"the SHA-256 of {INDEX} is not the one in it")
    labels = np.array(index["labels"], np.int32)
    cache = Cache(folder, tuple(index["shape"]), labels, tuple(index["label_names"]), index["bad"], index["about"])
    stamp = _stamp(folder)
    if _verified.get(folder) != stamp:
        _verify(cache, index["crc32"])
        _verified[folder] = stamp
    return cache


def _verify(cache, checksums):
    """Reads all images.

    Raises:
        ValueError: if there are other images than `checksums`, the CRC-32 of each, or labels.
    """
    num, size = len(checksums), int(np.prod(cache.shape))
    if len(cache) != num:
        raise ValueError(f"{len(cache)} labels of {num} images")
    try:
        records = array_record_module.ArrayRecordReader(str(cache.folder / RECORDS))
        if records.num_records() != num:
            raise ValueError(f"{records.num_records()} records of {num} images")
        for first in range(0, num, _CHUNK):
            found = records.read(first, min(first + _CHUNK, num))
            for number, pixels in enumerate(found, start=first):
                if len(pixels) != size or zlib.crc32(pixels) != checksums[number]:
                    raise ValueError(f"the checksum of image {number} is wrong")
    except (RuntimeError, IndexError) as error:  # ArrayRecord's
        raise ValueError(str(error)) from None


def _stamp(folder):
    return [(status.st_ino, status.st_size, status.st_mtime_ns) for status in map(os.stat, _parts(folder))]


def _parts(folder):
    return folder / RECORDS, folder / INDEX


def _checksum(value):
    """Returns the SHA-256 of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


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
    with contextlib.ExitStack() as stack:
        with _writing():
            root().mkdir(parents=True, exist_ok=True)
            remove_leftovers()
            folder = stack.enter_context(folder_in_making(root(), f"{key}{_INCOMPLETE}"))
            writer = array_record_module.ArrayRecordWriter(str(folder / RECORDS), "group_size:1,uncompressed")
        checksums = []
        for pixels in items:
            with _writing():
                content = pixels.tobytes()
                writer.write(content)
                checksums.append(zlib.crc32(content))
        with _writing():
            writer.close()
            index = finish() | {"shape": list(shape), "crc32": checksums}
            index = json.loads(json.dumps(index))  # lists for tuples, as they will be read
            write_atomically(folder / INDEX, json.dumps(index | {"sha256": _checksum(index)}))
            _settle(folder, root() / key)
    return find(key)


def remove_leftovers():
    """Removes what killed processes left in the cache."""
    for path in root().iterdir():
        if _INCOMPLETE in path.name or (path.name.startswith("survey-") and path.suffix != ".json"):
            remove_abandoned(root(), path.name)


def remember(name, value):
    """Keeps a JSON value under a name."""
    with _writing():
        root().mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=root(), prefix=f"{name}.", delete=False) as file:
            json.dump({"value": value, "sha256": _checksum(value)}, file)
        os.replace(file.name, root() / f"{name}.json")


def recall(name):
    """Returns what `remember` kept, or None if that is nothing, or damaged."""
    try:
        kept = read_json(root() / f"{name}.json")
    except (OSError, ValueError):
        return None
    return kept.get("value") if kept.get("sha256") == _checksum(kept.get("value")) else None


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
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        _open(final)
        return  # another process was faster: its cache is as good
    shutil.rmtree(final, ignore_errors=True)  # damaged
    with contextlib.suppress(OSError):  # another process again
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
