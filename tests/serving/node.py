"""Runs the page's JavaScript outside a browser, for the tests that need none."""

import json
import pathlib
import shutil
import subprocess

import pytest

import tfgan_zoo.serving

SITE = pathlib.Path(tfgan_zoo.serving.__file__).parent / "site"


def run(code, folder, value=None):
    """Returns what JavaScript's `code` makes of `value`; what crosses is JSON.

    Args:
        code: str, a module's text that imports from "./" and calls `answer` with its result.
        folder: an empty or used folder of the test's own.
        value: what the code finds under that name.
    """
    if shutil.which("node") is None:
        pytest.skip("no node, which runs the page's JavaScript")
    shutil.copytree(SITE, folder, dirs_exist_ok=True)
    (folder / "package.json").write_text('{"type": "module"}')
    head = (
        'import { readFileSync } from "node:fs";\n'
        'const value = JSON.parse(readFileSync(0, "utf8"));\n'
        "const answer = (result) => process.stdout.write(JSON.stringify(result));\n"
    )
    (folder / "main.js").write_text(head + code)
    done = subprocess.run(
        ["node", str(folder / "main.js")], input=json.dumps(value), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
