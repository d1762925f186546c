"""Brings the files of onnxruntime-web, with which an exported page runs its generator, into the cache.

    python tools/fetch_onnxruntime_web.py [--archive=onnxruntime-web-1.30.0.tgz]

It loads the pinned version of the npm package, 33 MB, and keeps two of its files, 14 MB, if the package's SHA-256 is
the known one. Without a network, name the archive that `npm pack onnxruntime-web@1.30.0` made elsewhere.
"""

import argparse
import http.client
import pathlib
import sys

from tfgan_zoo import web
from tfgan_zoo.files import read_file
from tfgan_zoo.serving import web_runtime

_SECONDS = 600


def main(arguments=None):
    """Runs the tool: returns 0, or 1 and a line on stderr if the archive is not available or another one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--archive", help=f"the npm package of version {web_runtime.VERSION}; default: npm's registry")
    archive = parser.parse_args(arguments).archive
    try:
        web_runtime.read()
        print(f"onnxruntime-web {web_runtime.VERSION} is there already: {web_runtime.folder()}")
        return 0
    except web_runtime.RuntimeMissing:
        pass
    try:
        if archive:
            content = read_file(pathlib.Path(archive), web_runtime.MOST_BYTES)
        else:
            content = web.ask(web_runtime.URL, _SECONDS, web_runtime.MOST_BYTES)
        print(f"onnxruntime-web {web_runtime.VERSION}: {web_runtime.install(content)}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        source = archive or web_runtime.URL
        print(f"fetch_onnxruntime_web.py: {source}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
