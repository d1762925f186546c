"""The files of onnxruntime-web, which run a generator in a browser: a pinned version, kept in the cache.

They are twice as large as the package, so `web_fetch` brings them where pages are exported.
"""

import hashlib
import io
import shutil
import tarfile

from tfgan_zoo.files import cache_root, folder_in_making, read_file

VERSION = "1.30.0"
ARCHIVE_SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
FETCH = "python -m tfgan_zoo.serving.web_fetch"
SCRIPT, PROGRAM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
_SHA256 = {
    SCRIPT: "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    PROGRAM: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
MOST_BYTES = 2**26


class RuntimeMissing(RuntimeError):
    """The files are not in the cache, or are not those that were pinned; the message is one line."""


def folder():
    """Returns the folder of the files, which may not be there yet."""
    return cache_root() / f"onnxruntime-web-{VERSION}"


def read():
    """Returns {name: bytes} of `SCRIPT` and `PROGRAM`, their checksums verified.

    Raises:
        RuntimeMissing: if one is not there, or is another.
    """
    contents = {}
    for name, digest in _SHA256.items():
        try:
            contents[name] = read_file(folder() / name, MOST_BYTES)
        except FileNotFoundError:
            raise RuntimeMissing(f"format=web needs onnxruntime-web {VERSION}, once: {FETCH}") from None
        except (OSError, ValueError) as error:
            raise RuntimeMissing(f"{folder() / name} cannot be read: {error}") from None
        if hashlib.sha256(contents[name]).hexdigest() != digest:
            raise RuntimeMissing(f"{folder() / name} is damaged: {FETCH} replaces it")
    return contents


def install(archive):
    """Puts the files of npm's archive into the cache, whole or not at all.

    Args:
        archive: bytes of onnxruntime-web-<VERSION>.tgz.

    Returns:
        The folder.

    Raises:
        ValueError: in one line, if it is another archive.
        OSError: if the cache cannot be written.
    """
    digest = hashlib.sha256(archive).hexdigest()
    if digest != ARCHIVE_SHA256:
        raise ValueError(f"the archive has SHA-256 {digest}; onnxruntime-web {VERSION} has {ARCHIVE_SHA256}")
    target = folder()
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        folder_in_making(target.parent, ".writing-onnxruntime-") as temporary,
        tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as packed,
    ):
        for name in _SHA256:
            (temporary / name).write_bytes(packed.extractfile(f"package/dist/{name}").read())
        temporary.chmod(0o755)
        if target.is_dir():  # it was looked at: it is damaged
            shutil.rmtree(target)
        temporary.rename(target)
    return target
