"""A headless Chromium, spoken to over the DevTools protocol's pipe: no driver, no port, no package."""

import base64
import contextlib
import fcntl
import functools
import http.server
import json
import os
import select
import shutil
import subprocess
import time

import pytest

from tests import loopback

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    "--window-size=1200,900",
)
_SECONDS = 120


def program():
    """Returns the path of a Chromium; a test that needs one is skipped where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium to look at the page with: apt-get install chromium")
    return found


@contextlib.contextmanager
def opened(profile, flags=()):
    """Starts a browser with an empty profile folder, and more flags; yields a `Page`."""
    to_browser, from_browser = os.pipe(), os.pipe()
    # Chromium reads 3 and writes 4, numbers that are taken here.
    theirs = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 10) for number in (to_browser[0], from_browser[1])]
    process = subprocess.Popen(
        [
            "bash",
            "-c",
            f'exec "$0" "$@" 3<&{theirs[0]} 4>&{theirs[1]}',
            program(),
            *_FLAGS,
            *flags,
            f"--user-data-dir={profile}",
        ],
        pass_fds=theirs,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for number in (*theirs, to_browser[0], from_browser[1]):
        os.close(number)
    try:
        yield Page(to_browser[1], from_browser[0])
    finally:
        process.kill()
        process.wait()
        os.close(to_browser[1])
        os.close(from_browser[0])


class Page:
    """One tab.

    Attributes:
        requests: the URLs that it asked for.
        errors: what it wrote to its console as errors, and exceptions that nobody caught.
    """

    def __init__(self, writing, reading):
        self._writing, self._reading, self._buffer, self._number = writing, reading, b"", 0
        self._session = None
        self.requests, self.errors = [], []
        target = self.call("Target.createTarget", url="about:blank")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """Calls a method of the protocol and returns its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        content = json.dumps(message).encode() + b"\0"
        while content:
            content = content[os.write(self._writing, content) :]
        until = time.monotonic() + _SECONDS
        while True:
            answer = self._next(until)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _next(self, until):
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._reading], [], [], max(until - time.monotonic(), 0))
            assert ready, "the browser does not answer"
            piece = os.read(self._reading, 2**20)
            assert piece, "the browser went away"
            self._buffer += piece
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def _note(self, event):
        name, about = event.get("method"), event.get("params", {})
        if name == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        if name == "Runtime.exceptionThrown":
            self.errors.append(about["exceptionDetails"].get("exception", {}).get("description", str(about)))
        if name == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.errors.append(f"{about['entry']['text']} {about['entry'].get('url', '')}")

    def go(self, url):
        """Opens a URL and waits until the page's document is there."""
        self.call("Page.navigate", url=url)
        self.wait(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    def run(self, expression):
        """Returns the value of a JavaScript expression, a promise's when it is kept."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, condition):
        """Waits until a JavaScript condition holds."""
        frames = "new Promise((done) => setTimeout(done, 20))"
        code = f"(async () => {{ while (!({condition})) await {frames}; return true; }})()"
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            result = self.call("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
            if "exceptionDetails" not in result:
                return
            if "context" not in json.dumps(result):  # it went where it was told to, and the question was lost
                raise AssertionError(result)
        raise AssertionError(f"not in {_SECONDS} s: {condition}; {self.errors}")

    def wait_here(self, condition):
        """Waits until a function of this process returns something, while the browser works."""
        until = time.monotonic() + _SECONDS
        while not condition():
            assert time.monotonic() < until, f"not in {_SECONDS} s; {self.errors}"
            self.run("new Promise((done) => setTimeout(done, 20))")

    def press(self, key):
        """Presses a key of the keyboard, such as "ArrowRight"."""
        codes = {"Enter": 13, "Tab": 9}
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=codes.get(key, 0), **text)

    def set(self, control, value):
        """Gives a control, by its id, a value as a user does."""
        element = f"document.getElementById({json.dumps(control)})"
        self.run(f"{element}.value = {json.dumps(value)}")
        for event in ("input", "change"):
            self.run(f"{element}.dispatchEvent(new Event('{event}', {{ bubbles: true }}))")

    def screenshot(self):
        """Returns the whole page as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"])


@contextlib.contextmanager
def served(folder):
    """Serves a folder as `python -m http.server` does; yields its URL."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with loopback.listening(functools.partial(Quiet, directory=str(folder))) as url:
        yield f"{url}/"
