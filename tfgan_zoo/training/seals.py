"""A checkpoint's files and their checksums, without TensorFlow.

    ckpt-<step>.index, ckpt-<step>.data-00000-of-00001   TensorFlow's
    ckpt-<step>.json                                     the seal: size and SHA-256 of these files
    damaged/                                             what was set aside

The seal is written last, when the files are on the disk: a checkpoint that fits its seal is whole. Those of earlier
versions have none, nor has one whose writer was killed.
"""

import hashlib
import json
import os
import re

from tfgan_zoo.files import read_json, write_atomically

DAMAGED = "damaged"
_CHUNK = 2**20


def steps(folder):
    """Returns the steps of which there is a checkpoint in a folder, a `pathlib.Path`, whole or not; ascending."""
    found = (re.fullmatch(r"ckpt-([0-9]{1,18})\.index", path.name) for path in folder.glob("ckpt-*.index"))
    return sorted(int(match[1]) for match in found if match)


def seal(folder, step):
    """Writes the seal of a checkpoint that TensorFlow has written, after what it seals is on the disk.

    Raises:
        OSError: if the disk does not take it.
    """
    sealed = {}
    for path in _files(folder, step):
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        sealed[path.name] = {"bytes": path.stat().st_size, "sha256": _sha256(path)}
    write_atomically(_seal(folder, step), json.dumps({"files": sealed}, indent=2) + "\n")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # the names too
    finally:
        os.close(descriptor)


def is_sealed(folder, step):
    """Returns whether a checkpoint has a seal that can be read."""
    return _sealed(folder, step) is not None


def damage(folder, step):
    """Returns what is wrong with a checkpoint, one line, or "" if it fits its seal; None if it has no seal.

    All its bytes are read: about a second for each GB that the system has in memory.
    """
    sealed = _sealed(folder, step)
    if sealed is None:
        return None
    for name, expected in sealed.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != expected["bytes"]:
            return f"{name} has {path.stat().st_size} bytes, not {expected['bytes']}"
        if _sha256(path) != expected["sha256"]:
            return f"the SHA-256 of {name} is not the one that was written"
    return ""


def delete(folder, step):
    """Deletes a checkpoint; a kill in between leaves files that `remove_leftovers` knows."""
    for path in (_seal(folder, step), *_files(folder, step)):
        path.unlink(missing_ok=True)


def set_aside(folder, step):
    """Moves a checkpoint into the folder `damaged` beside it, where nothing reads it."""
    (folder / DAMAGED).mkdir(exist_ok=True)
    for path in (*_files(folder, step), _seal(folder, step)):
        if path.exists():
            path.replace(folder / DAMAGED / path.name)


def remove_leftovers(folder):
    """Removes what killed writers left: temporary files, and parts of checkpoints that have no index."""
    for path in folder.glob("checkpoint.tmp*"):
        _remove(path)
    known = set(steps(folder))
    for path in folder.glob("ckpt-*"):
        match = re.fullmatch(r"ckpt-([0-9]{1,18})(_temp.*|\.data-.*|\.json|\.json\.tmp|\.index\.tmp.*)", path.name)
        if match and ("temp" in match[2] or "tmp" in match[2] or int(match[1]) not in known):
            _remove(path)


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        for inner in path.iterdir():
            _remove(inner)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _files(folder, step):
    """The index first: without it TensorFlow sees no checkpoint."""
    return [folder / f"ckpt-{step}.index", *sorted(folder.glob(f"ckpt-{step}.data-*"))]


def _seal(folder, step):
    return folder / f"ckpt-{step}.json"


def _sealed(folder, step):
    """Returns {file name: {"bytes", "sha256"}} of a seal; None if there is none, or it is damaged itself."""
    try:
        sealed = read_json(_seal(folder, step))["files"]
        names = sealed.keys()
        whole = all(isinstance(part["bytes"], int) and isinstance(part["sha256"], str) for part in sealed.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    ours = all(re.fullmatch(rf"ckpt-{step}\.(index|data-[0-9]+-of-[0-9]+)", name) for name in names)
    return sealed if whole and ours and len(names) > 1 else None


def _sha256(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
