"""The files of onnxruntime-web, which run a generator in a browser: a pinned version, kept in the cache.

They are four times as large as the package, so `web_fetch` brings them where pages are exported.
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
# The same with WebGPU.
GPU_SCRIPT, GPU_PROGRAM = "ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"
_SHA256 = {
    SCRIPT: "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    PROGRAM: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    GPU_SCRIPT: "0730816731ce2cdfb06f273da065d4a1c7091eb9d1756a83b2916c8a89d015e2",
    GPU_PROGRAM: "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da",
}
MOST_BYTES = 2**26


class RuntimeMissing(RuntimeError):
    """The files are not in the cache, or are not those that were pinned; the message is one line."""


def folder():
    """Returns the folder of the files, which may not be there yet."""
    return cache_root() / f"onnxruntime-web-{VERSION}"


def read(webgpu=False):
    """Returns {name: bytes} of `SCRIPT` and `PROGRAM`, their checksums verified.

    Args:
        webgpu: bool, whether those with WebGPU, `GPU_SCRIPT` and `GPU_PROGRAM`, are wanted too.

    Raises:
        RuntimeMissing: if one is not there, or is another.
    """
    contents = {}
    for name in (SCRIPT, PROGRAM, *((GPU_SCRIPT, GPU_PROGRAM) if webgpu else ())):
        try:
            contents[name] = read_file(folder() / name, MOST_BYTES)
        except FileNotFoundError:
            raise RuntimeMissing(f"format=web needs onnxruntime-web {VERSION}, once: {FETCH}") from None
        except (OSError, ValueError) as error:
            raise RuntimeMissing(f"{folder() / name} cannot be read: {error}") from None
        if hashlib.sha256(contents[name]).hexdigest() != _SHA256[name]:
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
