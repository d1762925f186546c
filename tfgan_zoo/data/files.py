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
_UNUSABLE = "is a class without a picture that can be used"
MAX_BYTES = 256 * 2**20  # of one file; a zip member is never inflated beyond it
_ENCRYPTED, _UTF_8 = 0x1, 0x800  # bits of a zip member's flags


@dataclasses.dataclass(frozen=True)
class Files:
    """What `scan` found.

    Attributes:
        path: the folder or zip file.
        names: tuple of str, the picture files' names below `path` with "/" between parts, sorted.
        unread: tuple of (name, reason), what could not be looked into.
        empty: tuple of (name, reason), class folders without pictures.
        folders: frozenset of str, the names of all folders below `path`, each with "/" at its end.
        others: tuple of str, the names of the files passed over for their suffixes, sorted.
        labels: {name: int}, what a `LABELS` file says, empty if it says that there are none; None without such a file.
        stamp: what changes when a file is changed: names, sizes and times.
        read: a function, index of a name -> its bytes; raises OSError or ValueError.
    """

    path: str
    names: tuple
    unread: tuple
    empty: tuple
    folders: frozenset
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

    A folder that is there under its own name has no other: a symlink to it adds nothing.

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
        yield _folder(path, argument)
        return
    check_regular(argument, path)
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # on damaged files zipfile raises more than its BadZipFile
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ValueError(f"{argument}={path} is neither a folder nor a sound zip file ({reason})") from None
    with archive:
        yield _zip(path, archive, argument)


def classes(names, folders=()):
    """Returns (label names, a label for each of `names`): the names of the top-level folders, sorted.

    A folder that holds everything is looked through, as in a zip file of a folder, unless there is another one beside
    it. Where not every file lies in a folder, or all lie in one of those, there are no labels: ((), zeros).

    Args:
        names: the files' names.
        folders: the names of folders which are there, with a file in `names` or without.

    >>> classes(["all/cat/1.png", "all/dog/a/2.png", "all/cat/3.png"])
    (('cat', 'dog'), [0, 1, 0])
    >>> classes(["1.png", "cat/2.png"])
    ((), [0, 0])
    >>> classes(["cat/a/1.png", "cat/b/2.png"], ["cat/", "dog/"])
    ((), [0, 0])
    """
    depth = _depth(names, folders)
    parts = _parts(names)
    tops = [part[depth] for part in parts if len(part) > depth + 1]
    label_names = sorted(set(tops))
    if len(tops) < len(names) or len(label_names) < 2:
        return (), [0] * len(names)
    numbers = {top: number for number, top in enumerate(label_names)}
    return tuple(label_names), [numbers[top] for top in tops]


def labelled(found, names):
    """Returns (label names, a label for each of `names`), as `classes` does, or what the `LABELS` file of `Files` says.

    Raises:
        ValueError: in one line, if that file leaves one of `names` out.
    """
    if found.labels is None:
        return classes(names, found.folders)
    if not found.labels:
        return (), [0] * len(names)
    missing = next((name for name in names if name not in found.labels), None)
    if missing is not None:
        raise ValueError(f"dataset={found.path}: {LABELS} has no label for {shown(missing)}")
    numbers = {label: number for number, label in enumerate(sorted({str(found.labels[name]) for name in names}))}
    return tuple(numbers), [numbers[str(found.labels[name])] for name in names]


def emptied(found, names):
    """Returns the classes of `Files` of which none of `names` is left, as problems: (name, reason)."""
    label_names, labels = labelled(found, found.names)
    if not label_names:
        return []
    of_file = dict(zip(found.names, labels, strict=True))
    lost = sorted(set(labels) - {of_file[name] for name in names})
    where = "" if found.labels is None else f"{LABELS}: "
    return [(f"{where}{label_names[label]}", _UNUSABLE) for label in lost]


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


def _folder(path, argument):
    found, others, unread, folders, seen, suffixes = {}, {}, [], {}, {}, formats.suffixes()

    def enter(folder, prefix):
        try:
            status = os.stat(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            unread.append((prefix or ".", f"cannot be read ({error.strerror})"))
            folders[prefix] = None
            return
        known = seen.setdefault((status.st_dev, status.st_ino), prefix)
        if known != prefix:  # one folder under two names, or, where it lies in itself, a loop of symlinks
            folders.update({} if prefix.startswith(known) else {prefix: known})
            return
        folders[prefix] = None
        for entry in entries:
            if _hidden(entry.name):
                continue
            name = f"{prefix}{entry.name}"
            if os.path.isdir(entry.path):  # entry.is_dir() raises for a symlink to itself
                (linked if entry.is_symlink() else stack).append((entry.path, f"{name}/"))
            elif name.lower().endswith(suffixes) or (not _suffix(name) and _begins(entry.path)):
                found[name] = entry.path
            else:
                others[name] = entry.path

    stack, linked = [(path, "")], collections.deque()
    while stack or linked:  # folders under their own names first
        enter(*(stack.pop() if stack else linked.popleft()))
    names = tuple(sorted(found))
    stamp = [os.path.realpath(path)]
    for name in names:
        try:
            status = os.stat(found[name])
            stamp.append((name, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
        except OSError as error:
            stamp.append((name, error.errno))
    empty = tuple(_empty_classes(names, folders, others, dict(unread)))
    labels, passed = _labels(f"{argument}={path}", names, others, lambda name: _content(others[name]))

    def read(index):
        return _content(found[names[index]])

    stamp = (*stamp, (*unread, *empty), *_stamp(labels))
    return Files(path, names, tuple(unread), empty, frozenset(folders) - {""}, passed, labels, stamp, read)


def _content(path):
    file = pathlib.Path(path)
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):  # a pipe would keep us waiting
        raise ValueError("is no ordinary file")
    if status.st_size > MAX_BYTES:
        raise ValueError(f"has more than {MAX_BYTES >> 20} MiB")
    return file.read_bytes()


def _zip(path, archive, argument):
    members, others, folders, suffixes = {}, {}, set(), formats.suffixes()
    for member in archive.infolist():
        name = _inside(_name_of(member))
        if any(_hidden(part) for part in name.split("/")):
            continue
        if member.filename.endswith(("/", "\\")):
            folders.add(f"{name}/")
        elif name.lower().endswith(suffixes) or (not _suffix(name) and _begins_inside(archive, member)):
            if member.flag_bits & _ENCRYPTED:
                raise ValueError(f"{argument}={path} is encrypted ({shown(name)}): unpack it and give the folder")
            members[name] = member  # of two members of one name, the later one, as unpacking does
        else:
            others[name] = member
    names = tuple(sorted(members))
    status = os.stat(path)
    folders |= {"/".join(part[:depth]) + "/" for part in _parts((*names, *others)) for depth in range(1, len(part))}
    empty = tuple(_empty_classes(names, folders, others))

    def content(member):
        with archive.open(member) as stream:
            inflated = stream.read(MAX_BYTES + 1)
        if len(inflated) > MAX_BYTES:
            raise ValueError(f"has more than {MAX_BYTES >> 20} MiB")
        return inflated

    labels, passed = _labels(f"{argument}={path}", names, others, lambda name: content(others[name]))

    def read(index):
        return content(members[names[index]])

    stamp = (os.path.realpath(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns, *_stamp(labels))
    return Files(path, names, (), empty, frozenset(folders), passed, labels, stamp, read)


def _name_of(member):
    """Returns a zip member's name; one that is not marked as UTF-8 but can be it is: macOS writes such ones."""
    if not member.flag_bits & _UTF_8:
        with contextlib.suppress(UnicodeError):
            return member.filename.encode("cp437").decode()
    return member.filename


def _inside(name):
    """Returns the name of a file as it lies in a folder or zip file, whoever wrote it; nothing leads out of there.

    >>> _inside(".\\\\a\\\\1.png"), _inside("../../etc/1.png")
    ('a/1.png', 'etc/1.png')
    """
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", ".", ".."))


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
    """Returns ({name: label} of StyleGAN's `LABELS` beside the pictures' folders, the other files without them).

    The first is None if there is no such file. Of several, as in the folders of two parts, each labels what lies below
    it.
    """
    labels, used = {}, set()
    for at in sorted((it for it in others if it.split("/")[-1] == LABELS), key=len):
        prefix = at.removesuffix(LABELS)
        if not any(name.startswith(prefix) for name in names):
            continue
        try:
            rows = read_json(read(at), max_bytes=MAX_BYTES).get("labels", ())
            if rows == ():  # a file of this name that is something else
                continue
            if not (rows is None or (isinstance(rows, list) and all(map(_is_row, rows)))):
                raise ValueError("has labels that are no whole numbers from 0, each as [name, number]")
        except Exception as error:  # of the disk, of JSON, of what a damaged zip member makes its decompressor raise
            reason = " ".join(str(error).split())[:100]
            raise ValueError(f"{what}: {shown(at)} cannot be used ({reason})") from None
        labels |= {f"{prefix}{_inside(name)}": label for name, label in rows or ()}
        used.add(at)
    return (labels if used else None), tuple(sorted(set(others) - used))


def _is_row(row):
    """Returns whether an item of `LABELS` is [name, label]."""
    if not (isinstance(row, list) and len(row) == 2 and isinstance(row[0], str)):
        return False
    return isinstance(row[1], int) and not isinstance(row[1], bool) and row[1] >= 0


def _stamp(labels):
    """Returns what a `LABELS` file adds to a stamp: nothing where there is none."""
    return () if labels is None else (hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest(),)


def _parts(names):
    return [name.split("/") for name in names]


def _hidden(part):
    return part.startswith(".") or part == "__MACOSX"


def _depth(names, folders=()):
    """Returns how many folders there are, one in the other, that hold everything and have none beside them."""
    parts = _parts(names)
    depth = 0
    while parts and all(len(part) > depth + 1 and part[depth] == parts[0][depth] for part in parts):
        if _beside(names, folders, depth) - {parts[0][depth]}:  # no wrapper: the one class that has pictures
            break
        depth += 1
    return depth


def _empty_classes(names, folders, others, unread=()):
    """Finds the folders beside the class folders in which there is no picture, as problems.

    Args:
        names: of the pictures.
        folders: {name: the folder of which it is another name, or None}, or the names alone.
        others: names of other files.
        unread: names of folders that are problems already.
    """
    depth = _depth(names, folders)
    if not names or any(len(part) <= depth + 1 for part in _parts(names)):
        return []
    label_names = {part[depth] for part in _parts(names)}
    prefix = _prefix(names, depth)
    problems = []
    for folder in (f"{prefix}{name}/" for name in sorted(_beside(names, folders, depth) - label_names)):
        inside = passed_over([name for name in others if name.startswith(folder)])
        reason = EMPTY + (f", with {inside}" if inside else "")
        if isinstance(folders, dict) and folders.get(folder):
            reason = f"{EMPTY} of its own, another name of {shown(folders[folder])}"
        if folder not in unread:
            problems.append((folder, reason))
    return problems


def _prefix(names, depth):
    return "/".join([*names[0].split("/")[:depth], ""]) if depth else ""


def _beside(names, folders, depth):
    """Returns the names of all folders at a depth, below what holds everything down to there."""
    prefix = _prefix(names, depth)
    return {folder[len(prefix) :].split("/")[0] for folder in folders if folder.startswith(prefix)} - {""}
