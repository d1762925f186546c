"""HTTP servers of the tests, in threads of their own process."""

import contextlib
import http.server
import threading


@contextlib.contextmanager
def listening(handler):
    """Serves on a free port of 127.0.0.1 by a `http.server` handler class; yields the URL without a path."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
