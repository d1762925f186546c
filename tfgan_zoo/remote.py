"""What is elsewhere: presets by URL, kept in a cache, and the URLs of served models."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import tempfile
import urllib.parse
import urllib.request

_TIMEOUT = 30  # seconds without an answer
_MAX_BYTES = 2**31
_SERVER = r"(https?://[^/]+/v\d+/models/[^/]+|grpc://[^/]+/[^/]+)(/versions/\d+)?/?"


def is_remote(source):
    """Returns whether `source` is a URL of the kinds that `fetch` takes."""
    return re.match(r"(file|https?|hf)://", str(source)) is not None and not is_server(source)


def is_server(source):
    """Returns whether `source` is the URL of a model that TensorFlow Serving holds.

    >>> is_server("http://localhost:8501/v1/models/pconv"), is_server("grpc://localhost:8500/pconv"), is_server("pconv")
    (True, True, False)
    """
    return re.fullmatch(_SERVER, str(source)) is not None


def cache():
    """Returns the folder of downloads: `presets` in $TFGAN_ZOO_CACHE, else in ~/.cache/tfgan_zoo."""
    return pathlib.Path(os.environ.get("TFGAN_ZOO_CACHE") or "~/.cache/tfgan_zoo").expanduser() / "presets"


def fetch(url, names):
    """Brings the files of a folder here.

    Args:
        url: "file://FOLDER", which is used where it is; "https://HOST/FOLDER"; "hf://ORGANISATION/NAME", a model of
            the Hugging Face hub.
        names: the files wanted; the first is a JSON object whose "sha256" has the checksums of the others.

    Returns:
        The path of a folder that holds them. A download enters the cache whole, its checksums verified, or not at all.

    Raises:
        ValueError: in one line, if a file cannot be had or is not the one that the first file speaks of.

    >>> str(fetch("file:///a/folder", ()))
    '/a/folder'
    """
    parts = urllib.parse.urlparse(url)
    if parts.scheme == "file":
        return pathlib.Path(urllib.request.url2pathname(parts.path))
    if parts.scheme == "hf":
        base = f"https://huggingface.co/{parts.netloc}{parts.path}/resolve/main"
    else:
        base = url.rstrip("/")
    target = cache() / hashlib.sha256(base.encode()).hexdigest()[:32]
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=".writing-", dir=target.parent))
    try:
        for name in names:
            (temporary / name).write_bytes(_download(f"{base}/{name}", url))
        _verify(temporary, names, url)
        temporary.chmod(0o755)
        os.rename(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return target


def _download(address, url):
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer:
            content = answer.read(_MAX_BYTES + 1)
    except OSError as error:  # URLError and HTTPError among them
        getattr(error, "close", lambda: None)()
        raise ValueError(f"preset={url} cannot be had: {address}: {' '.join(str(error).split())}") from None
    if len(content) > _MAX_BYTES:
        raise ValueError(f"preset={url} cannot be had: {address} is larger than {_MAX_BYTES} bytes")
    return content


def _verify(folder, names, url):
    first, *others = names
    try:
        known = json.loads((folder / first).read_text())["sha256"]
        digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in others}
        wrong = [name for name in others if known[name] != digests[name]]
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"preset={url} is damaged: {first} has no checksums") from None
    if wrong:
        raise ValueError(f"preset={url} is damaged: the SHA-256 of {wrong[0]} is not the one in {first}")
