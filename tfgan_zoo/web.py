"""HTTP with limits: a deadline for the whole answer, a number of bytes, and redirects that lead nowhere else."""

import http.client
import io
import time
import urllib.error
import urllib.parse
import urllib.request

_SILENCE = 30  # seconds without a byte
_PIECE = 2**16
# Where a host keeps its files: a redirect from the first may lead to what ends in one of the others.
FILE_HOSTS = {"huggingface.co": (".huggingface.co", ".hf.co")}


class TooLarge(OSError):
    """An answer of more bytes than allowed."""


class TooSlow(TimeoutError):
    """An answer that was not whole in time."""


def ask(url, seconds, most, body=None, headers=None):
    """Sends one request, GET without a body and POST with one, and reads the whole answer.

    A redirect is followed to the same host and port, from http to https too but never back, and from the hosts in
    `FILE_HOSTS` to their file hosts by https; never to another protocol (ftp:, file:).

    Args:
        url: str, http:// or https://.
        seconds: float, in which the answer must be whole, its head and its redirects included.
        most: int, the bytes that it may have; reading stops there.
        body: bytes to send, or None.
        headers: {name: value}, or None.

    Returns:
        The answer's bytes.

    Raises:
        urllib.error.HTTPError: for a status that is no success; its body is not read.
        TooLarge, TooSlow, OSError, http.client.HTTPException: if there is no such answer.
    """
    until = time.monotonic() + seconds
    with _opener(until).open(
        urllib.request.Request(url, body, headers or {}), timeout=min(seconds, _SILENCE)
    ) as answer:
        return read(answer, most)


def read(answer, most):
    """Returns all of an open answer's bytes, at most `most`.

    Raises:
        TooLarge: if there are more.
        TooSlow, OSError, http.client.HTTPException: if they do not come.
    """
    content, left = bytearray(), answer.length  # None if the server does not say how long it is
    if left is not None and left > most:
        raise TooLarge(f"an answer of {left} bytes, more than {most}")
    while left != 0:
        piece = answer.read1(_PIECE if left is None else min(left, _PIECE))
        if not piece and left is not None:
            raise http.client.IncompleteRead(bytes(content[:_PIECE]), left)
        if not piece:
            break
        content += piece
        left = None if left is None else left - len(piece)
        if len(content) > most:
            raise TooLarge(f"an answer of more than {most} bytes")
    return bytes(content)


class _Timed(io.RawIOBase):
    """What a socket receives, until a moment: a socket's own timeout is for each piece and not for their sum."""

    def __init__(self, sock, until):
        self._sock, self._until = sock, until
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self):
        return True

    def readinto(self, buffer):
        left = self._until - time.monotonic()
        if left <= 0:
            raise TooSlow("the answer was not whole in time")
        self._sock.settimeout(min(left, _SILENCE))
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            raise TooSlow("the answer was not whole in time") from None

    def close(self):
        self._raw.close()
        super().close()


def _connection(kind, until):
    """Returns the class of connections of a kind whose answers, heads included, end in time."""

    class Answer(http.client.HTTPResponse):
        def __init__(self, sock, *args, **kwargs):
            super().__init__(sock, *args, **kwargs)
            self.fp.close()
            self.fp = io.BufferedReader(_Timed(sock, until))

    return type("Connection", (kind,), {"response_class": Answer})


def _opener(until):
    """Makes an opener of http and https alone; urllib's own opens ftp:, file: and data: too."""
    plain, secret = (_connection(kind, until) for kind in (http.client.HTTPConnection, http.client.HTTPSConnection))

    class Http(urllib.request.HTTPHandler):
        def http_open(self, request):
            return self.do_open(plain, request)

    class Https(urllib.request.HTTPSHandler):
        def https_open(self, request):
            return self.do_open(secret, request, context=self._context)

    opener = urllib.request.OpenerDirector()
    handlers = (urllib.request.ProxyHandler, Http, Https, urllib.request.HTTPErrorProcessor)
    for handler in (*handlers, urllib.request.HTTPDefaultErrorHandler, _Redirects, urllib.request.UnknownHandler):
        opener.add_handler(handler())
    return opener


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, answer, code, reason, headers, url):
        if not may_redirect(request.full_url, url):
            answer.close()
            raise urllib.error.URLError(f"it redirects to {url}, where it may not")
        return super().redirect_request(request, answer, code, reason, headers, url)


def may_redirect(old, new):
    """Returns whether an answer from the URL `old` may come from `new` instead.

    >>> may_redirect("https://huggingface.co/a/b", "https://cas-bridge.xethub.hf.co/c")
    True
    >>> may_redirect("https://host/a", "https://other/a"), may_redirect("https://host/a", "http://host/a")
    (False, False)
    """
    old, new = urllib.parse.urlsplit(old), urllib.parse.urlsplit(new)
    if new.scheme not in ("http", "https") or (old.scheme, new.scheme) == ("https", "http"):
        return False
    try:
        same_port = old.port == new.port
    except ValueError:
        return False
    if old.hostname == new.hostname:
        return same_port if old.scheme == new.scheme else new.port in (None, 443)
    hosts = FILE_HOSTS.get(old.hostname, ())
    of_hub = new.hostname in FILE_HOSTS or (new.hostname or "").endswith(hosts or ("\0",))
    return bool(hosts) and of_hub and new.scheme == "https" and new.port in (None, 443)
