"""A generator as a web page: a folder for any static host, or one HTML file that opens from disk.

What the page does stands in `site/`, a file an idea; here they are put together with a model and its runtime.
"""

import base64
import gzip
import html
import json
import math
import os
import pathlib
import re
import string

import numpy as np

from tfgan_zoo import pictures, transparency
from tfgan_zoo.files import folder_in_making, write_atomically
from tfgan_zoo.serving import web_card, web_runtime
from tfgan_zoo.serving.web_model import onnx_bytes

_SITE = pathlib.Path(__file__).parent / "site"
_MODEL = "model.onnx"
# provider: its script and program in the page, and as onnxruntime-web calls them
_RUNTIMES = {
    "wasm": (("onnxruntime.js", "onnxruntime.wasm.gz"), (web_runtime.SCRIPT, web_runtime.PROGRAM)),
    "webgpu": (
        ("onnxruntime.webgpu.js", "onnxruntime.webgpu.wasm.gz"),
        (web_runtime.GPU_SCRIPT, web_runtime.GPU_PROGRAM),
    ),
}
# In the order in which they import each other: what is imported comes first.
_MODULES = ("random.js", "network.js", "worker.js", "generator.js", "png.js", "view.js", "page.js")
_COPIED = (*_MODULES, "check.js", "style.css")
_LICENCE = "LICENSE-onnxruntime.txt"
_LARGE = 128 * 128  # pixels of images for which a processor alone is slow
_PLACES = 64  # of seed 0's levels, by which a page sees whether a graphics card computes as we do
_FOLDER_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
)
_FILE_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' data: blob: 'wasm-unsafe-eval'; worker-src blob:; "
    "connect-src blob:; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)


def export_page(model, output, title, card=None, single_file=False, webgpu=None):
    """Writes a page on which a model's images are made in the browser of whoever looks at it.

    Image i of a seed is the one of `generate`, within a level. Nothing is loaded from elsewhere.

    Args:
        model: a `GAN` of images with 1 to 4 channels.
        output: a folder, new or empty; with `single_file` an HTML file that is not there yet.
        title: str, what the page calls the model.
        card: a path of the model's card, Markdown, with pictures beside it; None for what the model tells itself.
        single_file: bool, whether everything goes into one file.
        webgpu: bool, whether the page has WebGPU too, which it takes in browsers with a graphics card; None for images
            of 128 x 128 pixels and more, in a folder.

    Returns:
        (files, dtype, difference): {name: bytes} of what was written, and what `web_model.onnx_bytes` returns.

    Raises:
        ValueError: if the model makes no images, or a weight is no finite number.
        RuntimeMissing: if onnxruntime-web is not in the cache.
        FormatError: if ONNX cannot hold the model.
        OSError: if writing fails on the way; nothing is left.
    """
    check_images(model)
    if webgpu is None:
        webgpu = not single_file and math.prod(model.image_shape[:2]) >= _LARGE
    runtimes = _runtimes(webgpu)
    onnx, dtype, difference = onnx_bytes(model)
    parts = {_MODEL: onnx} | {name: content for files in runtimes.values() for name, content in files.items()}
    about = {
        "latent_dim": model.latent_dim,
        "image_shape": model.image_shape,
        "num_classes": model.num_classes,
        "class_names": model.class_names,
        "model": {"url": f"./{_MODEL}", "bytes": len(onnx)},
        "runtimes": {
            provider: {"url": f"./{name}", "bytes": len(files[name])}
            for provider, files in runtimes.items()
            for name in files
            if name.endswith(".gz")
        },
        "levels": _kept_levels(model),
    }
    fields = {
        "title": html.escape(title),
        "model": json.dumps(about).replace("<", "\\u003c"),  # what is no tag in JSON is none in HTML
        "card": web_card.html_of(model, card),
    }
    output = pathlib.Path(output)
    output = output if single_file else output.resolve()  # a link stays, and leads to the page
    if single_file:
        content = _single(parts, fields)
        output.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(output, content)
        return {output.name: len(content)}, dtype, difference
    files = _folder(parts, fields)
    output.parent.mkdir(parents=True, exist_ok=True)
    with folder_in_making(output.parent, ".writing-site-") as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        temporary.chmod(0o755)  # mkdtemp's is for its owner alone, and the host is another user
        os.rename(temporary, output)
    return {name: len(content) for name, content in files.items()}, dtype, difference


def check_images(model):
    """Raises a ValueError, one line, for a model whose samples are no pictures."""
    if len(model.image_shape) != 3 or model.image_shape[-1] not in pictures.CHANNELS:
        shape = list(model.image_shape)
        raise ValueError(f"format=web shows images of 1 to 4 channels; this model's samples have the shape {shape}")


def _runtimes(webgpu):
    """Returns {provider: {name: bytes}} of the programs that a page holds."""
    found = web_runtime.read(webgpu)
    return {
        provider: {ours[0]: found[theirs[0]], ours[1]: gzip.compress(found[theirs[1]], mtime=0)}
        for provider, (ours, theirs) in _RUNTIMES.items()
        if theirs[0] in found
    }


def _kept_levels(model):
    """Returns [place, level] of some of seed 0's levels, row by row, channels last; with transparency of alpha alone.

    Colours that are nearly transparent say little: the page divides them by alpha.
    """
    levels = pictures.to_levels(model.generate(1, 0))
    channels = levels.shape[-1]
    places = np.linspace(0, levels.size - 1, _PLACES).astype(int)
    if channels == transparency.CHANNELS:
        places += channels - 1 - places % channels
    return [[int(place), int(levels.flat[place])] for place in places]


def _folder(parts, fields):
    """Returns {name: bytes} of a static site."""
    page = _template().substitute(
        fields,
        policy=_FOLDER_POLICY,
        style='<link rel="stylesheet" href="style.css">',
        scripts='<script src="check.js"></script>\n<script type="module" src="page.js"></script>',
    )
    copied = {name: (_SITE / name).read_bytes() for name in (*_COPIED, _LICENCE)}
    return {"index.html": page.encode(), **copied, **parts}


def _single(parts, fields):
    """Returns the bytes of a page that holds all parts: modules as text, the others in base64."""
    contents = parts | {name: (_SITE / name).read_bytes() for name in _COPIED}
    elements = [(name, base64.b64encode(parts[name]).decode()) for name in parts if not name.endswith(".js")]
    scripts = [name for name in parts if name.endswith(".js")]
    elements += [(name, _inline(contents[name].decode())) for name in (*scripts, *_MODULES)]
    page = _template().substitute(
        fields,
        policy=_FILE_POLICY,
        style=f"<style>\n{contents['style.css'].decode()}</style>",
        scripts="\n".join(
            [
                f"<!--\n{(_SITE / _LICENCE).read_text()}-->",
                f"<script>\n{_inline(contents['check.js'].decode())}</script>",
                *(f'<script type="text/plain" data-part="{name}">{text}</script>' for name, text in elements),
                f"<script>\n{_inline((_SITE / 'single.js').read_text())}</script>",
            ]
        ),
    )
    return page.encode()


def _inline(text):
    """Returns a script as it is, sure that it does not end the element that holds it."""
    if re.search(r"</script|<!--", text, re.IGNORECASE):
        raise ValueError("a part of the page holds the end of a script, so it cannot stand in one file")
    return text


def _template():
    return string.Template((_SITE / "index.html").read_text())
