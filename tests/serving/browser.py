"""A headless Chromium, spoken to over the DevTools protocol's pipe: no driver, no port, no package."""

import base64
import contextlib
import functools
import http.server
import json
import os
import select
import shutil
import subprocess
import threading
import time

import pytest

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
def opened(profile, *flags):
    """Starts a browser with an empty profile folder; yields a `Page`."""
    to_browser, from_browser = os.pipe(), os.pipe()

    def take_pipes():  # Chromium reads 3 and writes 4; both copies first: a number may be 3 or 4 already
        kept = [os.dup(number) for number in (to_browser[0], from_browser[1])]
        kept = [os.fdopen(os.dup(number), closefd=False).fileno() if number in (3, 4) else number for number in kept]
        os.dup2(kept[0], 3)
        os.dup2(kept[1], 4)

    process = subprocess.Popen(
        [program(), *_FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"],
        preexec_fn=take_pipes,
        close_fds=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser[0])
    os.close(from_browser[1])
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
        (target,) = [t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"]
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

    def press(self, key):
        """Presses a key of the keyboard, such as "ArrowRight"."""
        codes = {"Enter": 13, "Tab": 9}
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=codes.get(key, 0), **text)

    def screenshot(self):
        """Returns the whole page as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"])


@contextlib.contextmanager
def served(folder):
    """Serves a folder as `python -m http.server` does; yields its URL."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
