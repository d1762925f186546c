"""What is elsewhere: presets by URL, kept in a cache, and the URLs of served models."""

import hashlib
import http.client
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


def served_name(folder):
    """Returns the name under which TensorFlow Serving finds the model in `folder`: the folder's own.

    Raises:
        ValueError: if it has characters that a URL or a configuration file would have to quote.

    >>> served_name("exports/pconv")
    'pconv'
    """
    name = pathlib.Path(folder).resolve().name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ValueError(f"output={folder}: its last part is the served model's name, of A-Z a-z 0-9 . _ - only")
    return name


def cache():
    """Returns the folder of downloads: `presets` in $TFGAN_ZOO_CACHE, else in ~/.cache/tfgan_zoo."""
    return pathlib.Path(os.environ.get("TFGAN_ZOO_CACHE") or "~/.cache/tfgan_zoo").expanduser() / "presets"


def fetch(url, names, verify):
    """Brings the files of a folder here.

    Args:
        url: "file://FOLDER", which is used where it is; "https://HOST/FOLDER"; "hf://ORGANISATION/NAME", a model of
            the Hugging Face hub.
        names: the files wanted.
        verify: a function that takes the folder of a download and raises an Exception if it is not as it should be.

    Returns:
        The path of a folder that holds them. A download enters the cache whole and verified, or not at all.

    Raises:
        ValueError: in one line, if a file cannot be had or `verify` refuses it.

    >>> str(fetch("file:///a/folder", (), None))
    '/a/folder'
    """
    parts = urllib.parse.urlparse(url)
    if parts.scheme == "file":
        return pathlib.Path(urllib.request.url2pathname(parts.path))
    target = _target(url)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=".writing-", dir=target.parent))
    try:
        for name in names:
            (temporary / name).write_bytes(_download(f"{_base(url)}/{name}", url))
        _verify(verify, temporary, url)
        temporary.chmod(0o755)
        os.rename(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return target


def forget(url):
    """Removes what `fetch` has kept of a URL; a file:// folder is left alone."""
    if urllib.parse.urlparse(url).scheme != "file":
        shutil.rmtree(_target(url), ignore_errors=True)


def _base(url):
    parts = urllib.parse.urlparse(url)
    if parts.scheme == "hf":
        return f"https://huggingface.co/{parts.netloc}{parts.path}/resolve/main"
    return url.rstrip("/")


def _target(url):
    return cache() / hashlib.sha256(_base(url).encode()).hexdigest()[:32]


def _verify(verify, folder, url):
    try:
        verify(folder)
    except Exception as error:  # whatever the files hold
        raise ValueError(f"preset={url} is damaged: {' '.join(str(error).split())[:300]}") from None


def _download(address, url):
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer:
            content = answer.read(_MAX_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:  # URLError and HTTPError among them
        getattr(error, "close", lambda: None)()
        raise ValueError(f"preset={url} cannot be had: {address}: {' '.join(str(error).split())}") from None
    if len(content) > _MAX_BYTES:
        raise ValueError(f"preset={url} cannot be had: {address} is larger than {_MAX_BYTES} bytes")
    return content
