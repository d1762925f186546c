"""The picture files in a folder or a zip file: found, named and read, never extracted. Without TensorFlow."""

import contextlib
import dataclasses
import os
import pathlib
import stat
import zipfile

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
MAX_BYTES = 256 * 2**20  # of one file; a zip member is never inflated beyond it
_ENCRYPTED = 0x1  # a bit of a zip member's flags


@dataclasses.dataclass(frozen=True)
class Files:
    """What `scan` found.

    Attributes:
        path: the folder or zip file.
        names: tuple of str, the picture files' names below `path` with "/" between parts, sorted.
        problems: tuple of (name, reason), what could not be looked into, and class folders without pictures.
        others: tuple of str, the names of the files passed over for their suffixes, sorted.
        stamp: what changes when a file is changed: names, sizes and times.
        read: a function, index of a name -> its bytes; raises OSError or ValueError.
    """

    path: str
    names: tuple
    problems: tuple
    others: tuple
    stamp: tuple
    read: object = dataclasses.field(repr=False)


@contextlib.contextmanager
def scan(path, argument="dataset"):
    """Finds the picture files below `path`, at any depth; a symlink is followed, a loop of them once.

    Names that begin with a dot and __MACOSX are passed over, and so is every file whose suffix is not in `SUFFIXES`.

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


def shown(name):
    """Returns a file's name for a message of one line: control characters and undecodable bytes escaped."""
    return name if name.isprintable() else ascii(name)[1:-1]


def _folder(path):
    found, others, problems, folders, seen = {}, [], [], set(), set()

    def enter(folder, prefix):
        try:
            status = os.stat(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            problems.append((prefix or ".", f"cannot be read ({error.strerror})"))
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
            elif name.lower().endswith(SUFFIXES):
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
    problems += _empty_classes(names, folders)

    def read(index):
        file = pathlib.Path(found[names[index]])
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would keep us waiting
            raise ValueError("is no ordinary file")
        if status.st_size > MAX_BYTES:
            raise ValueError(f"has more than {MAX_BYTES >> 20} MiB")
        return file.read_bytes()

    return Files(path, names, tuple(problems), tuple(sorted(others)), (*stamp, tuple(problems)), read)


def _zip(path, archive, argument):
    members, others, folders = {}, [], set()
    for member in archive.infolist():
        name = member.filename.replace("\\", "/")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if any(_hidden(part) for part in parts):  # ".." too; nothing is ever extracted
            continue
        if name.endswith("/"):
            folders.add("/".join(parts) + "/")
        elif name.lower().endswith(SUFFIXES):
            if member.flag_bits & _ENCRYPTED:
                raise ValueError(f"{argument}={path} is encrypted ({shown(name)}): unpack it and give the folder")
            members["/".join(parts)] = member  # of two members of one name, the later one, as unpacking does
        else:
            others.append("/".join(parts))
    names = tuple(sorted(members))
    status = os.stat(path)
    problems = tuple(_empty_classes(names, folders))

    def read(index):
        with archive.open(members[names[index]]) as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"has more than {MAX_BYTES >> 20} MiB")
        return content

    stamp = (os.path.realpath(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return Files(path, names, problems, tuple(sorted(others)), stamp, read)


def _hidden(part):
    return part.startswith(".") or part == "__MACOSX"


def _depth(names):
    """Returns how many folders there are, one in the other, that hold everything."""
    parts = [name.split("/") for name in names]
    depth = 0
    while parts and all(len(part) > depth + 1 and part[depth] == parts[0][depth] for part in parts):
        depth += 1
    return depth


def _empty_classes(names, folders):
    """Finds the folders beside the class folders in which there is no picture, as problems."""
    label_names, _ = classes(names)
    if not label_names:
        return []
    depth = _depth(names)
    prefix = "/".join([*names[0].split("/")[:depth], ""]) if depth else ""
    beside = {folder[len(prefix) :].split("/")[0] for folder in folders if folder.startswith(prefix)} - {""}
    empty = sorted(beside - set(label_names))
    return [(f"{prefix}{name}/", "is a class folder without a picture") for name in empty]
