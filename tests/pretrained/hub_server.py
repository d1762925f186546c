"""A small stand-in for the Hugging Face hub on loopback, asked by the real huggingface_hub.

What is the hub's own, as far as its client shows it: the paths, the JSON forms, large files by git LFS's batches, one
commit of lines of JSON, and the addresses from which files come. What is ours: all that stands behind them, in memory.
"""

import base64
import contextlib
import hashlib
import http.server
import json
import re

from tests import loopback

TOKEN = "hf_of_the_tests"


class Hub:
    """What is on the hub.

    Attributes:
        files: {repository: {name: bytes}}.
        asked: the (method, path) of all requests.
        large: {SHA-256: bytes} of what was sent for a commit to come.
        refused: a path's part, of which requests are answered with 403.
    """

    def __init__(self):
        self.files, self.asked, self.large = {}, [], {}
        self.refused = None


@contextlib.contextmanager
def running(hub):
    """Serves; yields the URL that HF_ENDPOINT takes."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            hub.asked.append(("GET", self.path))
            match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/main/([\w.]+)", self.path)
            content = hub.files.get(match[1], {}).get(match[2]) if match else None
            self._answer(404 if content is None else 200, content or b"")

        def do_PUT(self):
            hub.asked.append(("PUT", self.path))
            content = self._body()
            name = self.path.rsplit("/", 1)[1]
            right = hashlib.sha256(content).hexdigest() == name
            if right:
                hub.large[name] = content
            self._answer(200 if right else 400)

        def do_POST(self):
            hub.asked.append(("POST", self.path))
            body = self._body()
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._json(401, {"error": "Invalid username or password."})
            if hub.refused and hub.refused in self.path:
                return self._json(403, {"error": "You don't have the rights to write there"})
            path = self.path.split("?")[0]
            if path == "/api/repos/create":
                return self._create(json.loads(body))
            if path == "/api/validate-yaml":
                return self._validate(json.loads(body)["content"])
            if match := re.fullmatch(r"/api/models/(.+)/preupload/main", path):
                modes = [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith(".h5") else "regular",
                        "shouldIgnore": False,
                    }
                    for file in json.loads(body)["files"]
                ]
                return self._json(200, {"files": modes})
            if path.endswith(".git/info/lfs/objects/batch"):
                address = f"http://127.0.0.1:{self.server.server_port}/large/"
                objects = [
                    {**it, "actions": {"upload": {"href": address + it["oid"], "header": {}}}}
                    for it in json.loads(body)["objects"]
                ]
                return self._json(200, {"transfer": "basic", "objects": objects})
            if match := re.fullmatch(r"/api/models/(.+)/commit/main", path):
                return self._commit(match[1], [json.loads(line) for line in body.decode().splitlines()])
            self._json(404, {"error": f"no {path}"})

        def _create(self, asked):
            name = f"{asked['organization']}/{asked['name']}"
            there = name in hub.files
            hub.files.setdefault(name, {})
            self._json(409 if there else 200, {"url": f"http://127.0.0.1:{self.server.server_port}/{name}"})

        def _validate(self, content):
            front = re.match(r"---\n(.*?\n)---\n", content, re.DOTALL)
            errors = [] if front else [{"message": "no front matter"}]
            self._json(400 if errors else 200, {"errors": errors, "warnings": []})

        def _commit(self, repository, lines):
            assert lines[0]["key"] == "header"
            files = {}
            for line in lines[1:]:
                value = line["value"]
                if line["key"] == "file":
                    assert value["encoding"] == "base64"
                    files[value["path"]] = base64.b64decode(value["content"])
                else:
                    assert line["key"] == "lfsFile"
                    files[value["path"]] = hub.large[value["oid"]]
            hub.files[repository] |= files
            address = f"http://127.0.0.1:{self.server.server_port}/{repository}/commit/{'0' * 40}"
            self._json(200, {"commitUrl": address, "commitOid": "0" * 40, "success": True})

        def _body(self):
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _json(self, code, content):
            self._answer(code, json.dumps(content).encode())

        def _answer(self, code, content=b""):
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    with loopback.listening(Handler) as url:
        yield url
