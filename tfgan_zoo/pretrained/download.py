"""Presets by URL, kept in a cache."""

import hashlib
import http.client
import os
import pathlib
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request

from tfgan_zoo import web
from tfgan_zoo.files import cache_root, folder_in_making
from tfgan_zoo.serving.addresses import is_server

_PART = r"(?=.{1,96}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"  # of a repository's name; no mark at its ends
_SECONDS, _SLOWEST = 60, 2**20  # a file has a minute, and a second for each MiB that it may have


def is_remote(source):
    """Returns whether `source` is a URL of the kinds that `fetch` takes."""
    return re.match(r"(file|https?|hf)://", str(source)) is not None and not is_server(source)


def hub():
    """Returns the address that hf:// stands for: $HF_ENDPOINT, as huggingface_hub takes it, else huggingface.co."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def repository(url, argument="preset"):
    """Returns which repository of the hub a URL names.

    Args:
        url: "hf://ORGANISATION/NAME".
        argument: str, what an error calls it.

    Raises:
        ValueError: in one line, if it names none, or one that the hub does not allow.

    >>> repository("hf://me/clothes")
    'me/clothes'
    """
    parts = str(url).removeprefix("hf://").split("/")
    allowed = all(re.fullmatch(_PART, part) and not re.search(r"--|\.\.", part) for part in parts)
    if not str(url).startswith("hf://") or len(parts) != 2 or not allowed:
        raise ValueError(f"{argument}={url} must be hf://ORGANISATION/NAME, each of A-Z a-z 0-9 . _ - and at most 96")
    return "/".join(parts)


def cache():
    """Returns the folder of downloads: `presets` in $TFGAN_ZOO_CACHE, else in ~/.cache/tfgan_zoo."""
    return cache_root() / "presets"


def fetch(url, files, verify):
    """Brings the files of a folder here.

    Args:
        url: "file://FOLDER", which is used where it is; "https://HOST/FOLDER"; "hf://ORGANISATION/NAME", a model of
            the Hugging Face hub.
        files: {name: the most bytes that it may have}, the files wanted.
        verify: a function that takes the folder of a download and raises an Exception if it is not as it should be.

    Returns:
        The path of a folder that holds them. A download enters the cache whole and verified, or not at all; of
        processes that fetch one URL at once, all take the first one's.

    Raises:
        ValueError: in one line, if a file is not available, `verify` refuses it, or the cache cannot be written.

    >>> str(fetch("file:///usr", {}, None))
    '/usr'
    """
    parts = urllib.parse.urlparse(url)
    if parts.scheme == "file":
        return _here(url, parts)
    target = _target(url)
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with folder_in_making(target.parent, ".writing-") as temporary:
            for name, most in files.items():
                (temporary / name).write_bytes(_download(f"{_base(url)}/{name}", url, most))
            _verify(verify, temporary, url)
            temporary.chmod(0o755)
            _enter(temporary, target)
    except OSError as error:  # of this disk: what a server does is told by `_download`
        raise ValueError(f"preset={url} cannot be kept in {cache()} ($TFGAN_ZOO_CACHE): {error.strerror}") from None
    return target


def _here(url, parts):
    """Returns the folder that a file: URL names on this machine."""
    if parts.netloc not in ("", "localhost"):
        raise ValueError(f"preset={url} names {parts.netloc} as a host; a folder is file:///FOLDER, from the root on")
    folder = pathlib.Path(urllib.request.url2pathname(parts.path))
    if not folder.is_dir():
        raise ValueError(f"preset={url} is not available: {folder} is no folder")
    return folder


def _enter(temporary, target):
    """Renames a whole download into its place, unless another process was faster: then that one's copy stands."""
    try:
        os.rename(temporary, target)
    except OSError:
        if not target.is_dir():
            raise


def forget(url):
    """Removes what `fetch` has kept of a URL; a file:// folder is left alone."""
    if urllib.parse.urlparse(url).scheme != "file":
        shutil.rmtree(_target(url), ignore_errors=True)


def _base(url):
    if str(url).startswith("hf://"):
        return f"{hub()}/{repository(url)}/resolve/main"
    return url.rstrip("/")


def _target(url):
    return cache() / hashlib.sha256(_base(url).encode()).hexdigest()[:32]


def _verify(verify, folder, url):
    try:
        verify(folder)
    except Exception as error:  # whatever the files hold
        raise ValueError(f"preset={url} is damaged: {' '.join(str(error).split())[:300]}") from None


def _download(address, url, most):
    try:
        return web.ask(address, _SECONDS + most / _SLOWEST, most)
    except (OSError, ValueError, http.client.HTTPException) as error:  # URLError and HTTPError among them
        getattr(error, "close", lambda: None)()
        reason = " ".join(str(getattr(error, "reason", "") or error).split())
        code = f"HTTP {error.code} " if isinstance(error, urllib.error.HTTPError) else ""
        raise ValueError(f"preset={url} is not available: {address}: {code}{reason[:200]}") from None
