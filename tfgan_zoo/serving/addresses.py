"""The URLs of served models, and the names under which they are served. No TensorFlow here."""

import pathlib
import re
import urllib.parse

_SERVER = r"(https?://[^/]+/v\d+/models/[^/]+|grpc://[^/]+/[^/]+)(/versions/\d+)?/?"


def is_server(source):
    """Returns whether `source` is the URL of a model that TensorFlow Serving holds.

    >>> is_server("http://localhost:8501/v1/models/pconv"), is_server("grpc://localhost:8500/pconv"), is_server("pconv")
    (True, True, False)
    """
    return re.fullmatch(_SERVER, str(source)) is not None


def check_server(url, argument):
    """Refuses the URL of a served model that no server could have.

    Args:
        url: str, for which `is_server` holds.
        argument: str, what the error calls it.

    Raises:
        ValueError: in one line, for a port that is none, a user's name before the host, a name with characters that
            end it or that a URL quotes, such as the ":predict" of a request, or a version of more than 64 bits.

    >>> check_server("http://localhost:8501/v1/models/pconv:predict", "model")
    Traceback (most recent call last):
    ...
    ValueError: model=http://localhost:8501/v1/models/pconv:predict must be http://HOST:8501/v1/models/NAME or \
grpc://HOST:8500/NAME, maybe with /versions/N
    """
    try:
        parts = urllib.parse.urlsplit(url)
        name, *version = parts.path.strip("/").rsplit("/versions/", 1)
        fits = parts.port != 0 and bool(parts.hostname) and "@" not in parts.netloc
        fits = fits and not parts.query and not parts.fragment and re.fullmatch(r"[!-~]+", url) is not None
        fits = fits and ":" not in name and all(int(number) < 2**63 for number in version)
    except ValueError:  # brackets without their end, a port that is no number
        fits = False
    if not fits:
        form = "http://HOST:8501/v1/models/NAME or grpc://HOST:8500/NAME"
        raise ValueError(f"{argument}={url} must be {form}, maybe with /versions/N")


def check_folder_of_versions(folder):
    """Refuses what is itself a version of an export: who loads it would not look at the versions in it.

    Raises:
        ValueError: in one line.

    >>> check_folder_of_versions("exports/pconv")
    """
    folder = pathlib.Path(folder)
    if (folder / "saved_model.pb").exists():
        raise ValueError(f"output={folder} is one version of an export; name the folder that holds it")


def served_name(folder):
    """Returns the name under which TensorFlow Serving finds the model in `folder`: the folder's own.

    Raises:
        ValueError: if it has characters that a URL or a configuration file would have to quote.

    >>> served_name("exports/pconv")
    'pconv'
    """
    name = pathlib.Path(folder).resolve().name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        allowed = "of A-Z a-z 0-9 . _ - only, a letter or number first"
        raise ValueError(f"output={folder}: its last part is the served model's name, {allowed}")
    return name
