"""The URLs of served models, and the names under which they are served. No TensorFlow here."""

import pathlib
import re

_SERVER = r"(https?://[^/]+/v\d+/models/[^/]+|grpc://[^/]+/[^/]+)(/versions/\d+)?/?"


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
