"""Files from outside and files for outside: checks before work begins, JSON with limits, writes that are whole.

Nothing here needs TensorFlow.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import tempfile
import time

PathLike = str | os.PathLike[str]
_WORDS = {dict: "an object of names and values", list: "a list"}
# A bracket inside a string is no bracket. Possessive, so that a string without an end is gone through once.
_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_DAY = 24 * 3600


def cache_root():
    """Returns the folder of what is kept between processes: $TFGAN_ZOO_CACHE, else ~/.cache/tfgan_zoo."""
    return pathlib.Path(os.environ.get("TFGAN_ZOO_CACHE") or "~/.cache/tfgan_zoo").expanduser()


def check_writable(argument, folder):
    """Finds out whether `folder` can be made and written, by writing (root may do less than its rights say).

    It writes where the first folder would be made, and leaves nothing behind.

    Args:
        argument: str, the argument that named the folder.
        folder: a path; it and its parents may be missing.

    Raises:
        ValueError: in one line, if it cannot.
    """
    folder = pathlib.Path(folder)
    try:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".probe-") as probe:
            probe.write(b"\0")
    except OSError as error:
        raise ValueError(f"{argument}={folder} cannot be written: {error.strerror}") from None


def check_replaceable(argument, folder):
    """Refuses an empty folder in whose place no whole one can be put: it would have to be removed.

    Args:
        argument: str, the argument that named the folder.
        folder: a path; it may be missing.

    Raises:
        ValueError: in one line, for the folder in which this process is, and for a mount point.

    >>> check_replaceable("output", "a/new/one")
    """
    path = pathlib.Path(folder).resolve()
    here = path == pathlib.Path.cwd()
    if here or os.path.ismount(path):
        place = "where you are" if here else "a mount point"
        raise ValueError(f"{argument}={folder} is {place}, which no whole folder can replace; name one inside it")


def check_regular(argument, path, most=None):
    """Refuses what is no regular file: a pipe or a device would be read for ever, a folder not at all.

    Args:
        argument: str, what the error calls the path.
        path: a path; a missing one is left to who opens it.
        most: int, the bytes that it may have; None for any number.

    Raises:
        ValueError: in one line, if it is something else, or larger.

    >>> check_regular("recipe", "/dev/null")
    Traceback (most recent call last):
    ...
    ValueError: recipe=/dev/null is no regular file
    """
    try:
        status = os.stat(path)
    except OSError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{argument}={path} is no regular file")
    if most is not None and status.st_size > most:
        raise ValueError(f"{argument}={path} is larger than {most} bytes")


def read_known(path, sha256, remedy="install tfgan_zoo again"):
    """Returns the bytes of a file whose SHA-256 must be the known one, such as one of the package's.

    Args:
        path: a `pathlib.Path`.
        sha256: str, hexadecimal.
        remedy: str, what the error says to do.

    Raises:
        ValueError: in one line, if it is missing or another file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): {remedy}") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise ValueError(f"{path} is damaged (SHA-256 {digest}, not {sha256}): {remedy}")
    return content


def write_atomically(path, content):
    """Writes text or bytes under a temporary name, then renames: a reader sees the old file or the new one.

    Names of files in a text may hold bytes that are no text, which are written as escapes.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.unlink(missing_ok=True)  # a named pipe under its name would wait for a reader
        with temporary.open("xb") as file:
            file.write(content.encode(errors="backslashreplace") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # Ctrl-C among them
        temporary.unlink(missing_ok=True)
        raise


def append_line(path, line):
    """Appends a line to a text file: the whole line, or, on a full disk, none of it.

    It begins a line of its own, also behind the half of one that a kill has left. The text is UTF-8 in every locale;
    what is no text in names of files is written as escapes.
    """
    size = path.stat().st_size if path.exists() else None
    try:
        with path.open("ab+") as file:
            file.seek(-1 if size else 0, os.SEEK_END)
            half = b"\n" if size and file.read(1) != b"\n" else b""
            file.write(half + line.encode(errors="backslashreplace") + b"\n")
    except OSError:
        with contextlib.suppress(OSError):  # what is told is why the line could not be written
            if size is None:
                path.unlink(missing_ok=True)
            else:
                os.truncate(path, size)
        raise


def read_json(source, kind=dict, max_bytes=2**20, max_depth=64):
    """Reads JSON that others may have written: no file makes it run out of memory, wait for ever or recurse.

    Args:
        source: a `pathlib.Path`, or the content, bytes or text.
        kind: dict or list, what the value must be.
        max_bytes: int, the largest size, in bytes (of text: in characters).
        max_depth: int, how many lists and objects may lie in one another.

    Returns:
        The value.

    Raises:
        ValueError: in one line that begins with "is" or "holds", for the caller to put the file's name before it.
        OSError: if the file cannot be opened or read.

    >>> read_json(b'{"step": 4}')
    {'step': 4}
    >>> read_json(b"5")
    Traceback (most recent call last):
    ...
    ValueError: holds 5, not an object of names and values
    """
    content = source if isinstance(source, (bytes, str)) else read_file(source, max_bytes)
    if len(content) > max_bytes:
        raise ValueError(f"is larger than {max_bytes} bytes")
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        _check_depth(text, max_depth)
        value = json.loads(text)
    except UnicodeDecodeError as error:
        raise ValueError(f"is not JSON: byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(value, kind):
        raise ValueError(f"holds {_shown(value)}, not {_WORDS[kind]}")
    return value


def read_file(path, max_bytes):
    """Returns the bytes of a file, at most `max_bytes` and one, so that a caller sees that it has more.

    Raises:
        ValueError: "is no regular file", of a device, a named pipe or a folder.
        OSError: if it cannot be opened or read.
    """
    # A named pipe would wait for a writer, and some devices have no end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("is no regular file")
    with open(descriptor, "rb") as file:
        return file.read(max_bytes + 1)


def _check_depth(text, max_depth):
    depth = 0
    for match in _BRACKETS.finditer(text):
        if match[0] in ("[", "{"):
            depth += 1
            if depth > max_depth:
                raise ValueError(f"is not JSON of ours: more than {max_depth} brackets lie in one another")
        elif match[0] in ("]", "}"):
            depth -= 1


def _shown(value):
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


@contextlib.contextmanager
def folder_in_making(parent, prefix):
    """Makes a folder in which something is written that is renamed when it is whole.

    While the context is open the folder is locked; folders of that prefix whose makers are dead are removed first, and
    this one at the end, if it is still there under its name.

    Args:
        parent: the folder to make it in; it must exist.
        prefix: str, how its name begins.

    Yields:
        Its path.
    """
    remove_abandoned(parent, prefix)
    while True:
        path = pathlib.Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
        with contextlib.suppress(OSError):  # taken for abandoned and removed before it could be locked
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            if try_lock(descriptor) is not False and path.exists():
                break
            os.close(descriptor)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def remove_abandoned(parent, prefix):
    """Removes what a killed process left in `parent` under names that begin with `prefix`.

    A folder is abandoned if nobody holds its lock. A file, and a folder where the file system locks none (some network
    file systems), is abandoned if it is older than a day.
    """
    for path in pathlib.Path(parent).iterdir():
        if path.name.startswith(prefix):
            with contextlib.suppress(OSError):
                _remove_abandoned(path)


def _remove_abandoned(path):
    old = time.time() - path.lstat().st_mtime > _DAY
    if path.is_symlink() or not path.is_dir():
        if old:
            path.unlink()
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        locked = try_lock(descriptor)
        if locked or (locked is None and old):
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)


def try_lock(descriptor):
    """Locks an open file or folder, until it is closed or the process ends, however it ends.

    Returns:
        True; False if another holds the lock; None if the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
