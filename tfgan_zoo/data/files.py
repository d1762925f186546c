"""The picture files in a folder or a zip file: found, named and read, never extracted. Without TensorFlow."""

import collections
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import stat
import zipfile

from tfgan_zoo.data import formats
from tfgan_zoo.files import check_regular, read_json

LABELS = "dataset.json"  # of StyleGAN's tools, beside folders that are chunks, not classes
EMPTY = "is a class folder without a picture"
MAX_BYTES = 256 * 2**20  # of one file; a zip member is never inflated beyond it
_ENCRYPTED = 0x1  # a bit of a zip member's flags


@dataclasses.dataclass(frozen=True)
class Files:
    """What `scan` found.

    Attributes:
        path: the folder or zip file.
        names: tuple of str, the picture files' names below `path` with "/" between parts, sorted.
        unread: tuple of (name, reason), what could not be looked into.
        empty: tuple of (name, reason), class folders without pictures.
        others: tuple of str, the names of the files passed over for their suffixes, sorted.
        labels: {name: int}, what a `LABELS` file says, empty if it says that there are none; None without such a file.
        stamp: what changes when a file is changed: names, sizes and times.
        read: a function, index of a name -> its bytes; raises OSError or ValueError.
    """

    path: str
    names: tuple
    unread: tuple
    empty: tuple
    others: tuple
    labels: dict | None
    stamp: tuple
    read: object = dataclasses.field(repr=False)

    @property
    def problems(self):
        """What stands in the way of a data set with classes."""
        return self.unread + self.empty


@contextlib.contextmanager
def scan(path, argument="dataset"):
    """Finds the picture files below `path`, at any depth; a symlink is followed, a loop of them once.

    Names that begin with a dot and __MACOSX are passed over, and so is every file whose suffix is none of
    `formats.suffixes()`, and one without a suffix that does not begin as a picture does.

    Args:
        path: str, a folder or a zip file.
        argument: str, what an error calls `path`.

    Yields:
        `Files`, readable inside the context, from several threads.

    Raises:
        ValueError: in one line, if `path` is neither, or the zip file is encrypted or damaged.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise ValueError(f"{argument}={path} does not exist") from None
    except OSError as error:  # a folder above it may not be looked into, or a symlink leads to itself
        raise ValueError(f"{argument}={path} cannot be read ({error.strerror})") from None
    if stat.S_ISDIR(status.st_mode):
        yield _folder(path)
        return
    check_regular(argument, path)
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # on damaged files zipfile raises more than its BadZipFile
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ValueError(f"{argument}={path} is neither a folder nor a sound zip file ({reason})") from None
    with archive:
        yield _zip(path, archive, argument)


def classes(names):
    """Returns (label names, a label for each of `names`): the names of the top-level folders, sorted.

    A folder that holds everything is looked through, as in a zip file of a folder. Where not every file lies in a
    folder, there are no labels: ((), zeros).

    >>> classes(["all/cat/1.png", "all/dog/a/2.png", "all/cat/3.png"])
    (('cat', 'dog'), [0, 1, 0])
    >>> classes(["1.png", "cat/2.png"])
    ((), [0, 0])
    """
    depth = _depth(names)
    parts = [name.split("/") for name in names]
    if any(len(part) <= depth + 1 for part in parts):
        return (), [0] * len(names)
    tops = [part[depth] for part in parts]
    label_names = sorted(set(tops))
    numbers = {top: number for number, top in enumerate(label_names)}
    return tuple(label_names), [numbers[top] for top in tops]


def labelled(found, names):
    """Returns (label names, a label for each of `names`), as `classes` does, or what the `LABELS` file of `Files` says.

    Raises:
        ValueError: in one line, if that file leaves one of `names` out.
    """
    if found.labels is None:
        return classes(names)
    if not found.labels:
        return (), [0] * len(names)
    missing = next((name for name in names if name not in found.labels), None)
    if missing is not None:
        raise ValueError(f"dataset={found.path}: {LABELS} has no label for {shown(missing)}")
    numbers = {label: number for number, label in enumerate(sorted({str(found.labels[name]) for name in names}))}
    return tuple(numbers), [numbers[str(found.labels[name])] for name in names]


def passed_over(names):
    """Returns how many files of each suffix were passed over, for a message: the most first.

    >>> passed_over(["a.mov", "b/c.txt", "d.MOV", "LICENSE"])
    '2 .mov, 1 .txt, 1 without a suffix'
    """
    kinds = collections.Counter(_suffix(name) for name in names)
    ordered = sorted(kinds.items(), key=lambda it: (-it[1], it[0] or "without"))
    return ", ".join(f"{count} {shown(kind)[:20] or 'without a suffix'}{_hint(kind)}" for kind, count in ordered)


def _hint(suffix):
    package = formats.plugin(suffix)
    return f" (pip install {package} to read them)" if package else ""


def natural(name):
    """Returns a key that sorts names as people count: numbers in them by their value, and what is equal then by name.

    >>> sorted(["10", "b2", "2", "b10", "1"], key=natural)
    ['1', '2', '10', 'b2', 'b10']
    """
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if number % 2 else (-1, part) for number, part in enumerate(parts)], name


def shown(name):
    """Returns a file's name for a message of one line: control characters and undecodable bytes escaped."""
    return name if name.isprintable() else ascii(name)[1:-1]


def _folder(path):
    found, others, unread, folders, seen, suffixes = {}, [], [], set(), set(), formats.suffixes()

    def enter(folder, prefix):
        try:
            status = os.stat(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            unread.append((prefix or ".", f"cannot be read ({error.strerror})"))
            return
        if (status.st_dev, status.st_ino) in seen:  # a loop of symlinks, or one folder under two names
            return
        seen.add((status.st_dev, status.st_ino))
        folders.add(prefix)
        for entry in entries:
            if _hidden(entry.name):
                continue
            name = f"{prefix}{entry.name}"
            if os.path.isdir(entry.path):  # entry.is_dir() raises for a symlink to itself
                stack.append((entry.path, f"{name}/"))
            elif name.lower().endswith(suffixes) or (not _suffix(name) and _begins(entry.path)):
                found[name] = entry.path
            else:
                others.append(name)

    stack = [(path, "")]
    while stack:
        enter(*stack.pop())
    names = tuple(sorted(found))
    stamp = [os.path.realpath(path)]
    for name in names:
        try:
            status = os.stat(found[name])
            stamp.append((name, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
        except OSError as error:
            stamp.append((name, error.errno))
    empty = tuple(_empty_classes(names, folders, others))
    labels, others = _labels(f"dataset={path}", names, others, lambda name: pathlib.Path(path, name).read_bytes())

    def read(index):
        file = pathlib.Path(found[names[index]])
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would keep us waiting
            raise ValueError("is no ordinary file")
        if status.st_size > MAX_BYTES:
            raise ValueError(f"has more than {MAX_BYTES >> 20} MiB")
        return file.read_bytes()

    stamp = (*stamp, (*unread, *empty), *_stamp(labels))
    return Files(path, names, tuple(unread), empty, tuple(sorted(others)), labels, stamp, read)


def _zip(path, archive, argument):
    members, others, folders, suffixes = {}, [], set(), formats.suffixes()
    for member in archive.infolist():
        name = member.filename.replace("\\", "/")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if any(_hidden(part) for part in parts):  # ".." too; nothing is ever extracted
            continue
        if name.endswith("/"):
            folders.add("/".join(parts) + "/")
        elif name.lower().endswith(suffixes) or (not _suffix(name) and _begins_inside(archive, member)):
            if member.flag_bits & _ENCRYPTED:
                raise ValueError(f"{argument}={path} is encrypted ({shown(name)}): unpack it and give the folder")
            members["/".join(parts)] = member  # of two members of one name, the later one, as unpacking does
        else:
            others.append("/".join(parts))
    names = tuple(sorted(members))
    status = os.stat(path)
    folders |= {"/".join(part[:depth]) + "/" for part in _parts(others) for depth in range(1, len(part))}
    empty = tuple(_empty_classes(names, folders, others))

    def inside(name):
        with archive.open(next(it for it in archive.infolist() if it.filename.replace("\\", "/") == name)) as stream:
            return stream.read(MAX_BYTES + 1)

    labels, others = _labels(f"{argument}={path}", names, others, inside)

    def read(index):
        with archive.open(members[names[index]]) as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"has more than {MAX_BYTES >> 20} MiB")
        return content

    stamp = (os.path.realpath(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns, *_stamp(labels))
    return Files(path, names, (), empty, tuple(sorted(others)), labels, stamp, read)


def _suffix(name):
    return os.path.splitext(name)[1].lower()


def _begins(path):
    """Returns whether an ordinary file begins as a picture does."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return formats.begins(file.read(16))
    except OSError:
        return False


def _begins_inside(archive, member):
    try:
        with archive.open(member) as stream:
            return formats.begins(stream.read(16))
    except Exception:  # on damaged or encrypted members zipfile and its decompressors raise what they like
        return False


def _labels(what, names, others, read):
    """Returns ({name: label} of StyleGAN's `LABELS` beside the pictures' folders, the other files without it).

    The first is None if there is no such file.
    """
    at = next((it for it in sorted(others, key=len) if it.split("/")[-1] == LABELS), None)
    if at is None or not names:
        return None, others
    prefix = at.removesuffix(LABELS)
    if not all(name.startswith(prefix) for name in names):
        return None, others
    try:
        rows = read_json(read(at), max_bytes=MAX_BYTES).get("labels", ())
        if rows == ():  # a file of this name that is something else
            return None, others
        labels = {f"{prefix}{name}": label for name, label in rows or ()}
        if all(isinstance(label, int) and not isinstance(label, bool) and label >= 0 for label in labels.values()):
            return labels, [name for name in others if name != at]
        raise ValueError("has labels that are no whole numbers from 0")
    except Exception as error:  # of the disk, of JSON, of what a damaged zip member makes its decompressor raise
        raise ValueError(f"{what}: {shown(at)} cannot be used ({' '.join(str(error).split())[:100]})") from None


def _stamp(labels):
    """Returns what a `LABELS` file adds to a stamp: nothing where there is none."""
    return () if labels is None else (hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest(),)


def _parts(names):
    return [name.split("/") for name in names]


def _hidden(part):
    return part.startswith(".") or part == "__MACOSX"


def _depth(names):
    """Returns how many folders there are, one in the other, that hold everything."""
    parts = [name.split("/") for name in names]
    depth = 0
    while parts and all(len(part) > depth + 1 and part[depth] == parts[0][depth] for part in parts):
        depth += 1
    return depth


def _empty_classes(names, folders, others):
    """Finds the folders beside the class folders in which there is no picture, as problems."""
    if not names:
        return []
    depth = _depth(names)
    while depth and _beside(names, folders, depth - 1) - {
        names[0].split("/")[depth - 1]
    }:  # no wrapper: the one class that has pictures
        depth -= 1
    if any(len(part) <= depth + 1 for part in _parts(names)):
        return []
    label_names = {part[depth] for part in _parts(names)}
    prefix = "/".join([*names[0].split("/")[:depth], ""]) if depth else ""
    beside = _beside(names, folders, depth)
    problems = []
    for folder in (f"{prefix}{name}/" for name in sorted(beside - label_names)):
        inside = passed_over([name for name in others if name.startswith(folder)])
        problems.append((folder, EMPTY + (f", with {inside}" if inside else "")))
    return problems


def _beside(names, folders, depth):
    """Returns the names of all folders at a depth, below what holds everything down to there."""
    prefix = "/".join([*names[0].split("/")[:depth], ""]) if depth else ""
    return {folder[len(prefix) :].split("/")[0] for folder in folders if folder.startswith(prefix)} - {""}
