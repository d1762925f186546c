"""One self-contained HTML page on a generator: pictures and numbers."""

import base64
import html
import io

import numpy as np
from PIL import Image

from tfgan_zoo import pictures
from tfgan_zoo.evaluation import resize
from tfgan_zoo.evaluation.extractors import AREA
from tfgan_zoo.evaluation.neighbours import squared_distances
from tfgan_zoo.evaluation.records import table

_SAMPLES = 64
_STRIPS, _STRIP_STEPS = 8, 10
_PROBES, _NEIGHBOURS = 10, 5
_MOST_REALS = 10_000

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}td,th{border:1px solid #8888;padding:.2em .6em;text-align:left}"
    ".wide{overflow-x:auto}img{image-rendering:pixelated;max-width:100%}"
    "svg{max-width:100%;height:auto}"
)


def of_model(title, model, reference, lines, seed=0, seen=True, left_out=None, curves=None):
    """Returns the page on a model.

    Args:
        title: str.
        model: a `core.sampler.Sampler`.
        reference: a set as in `sets`, in which neighbours are looked for; None leaves them out.
        lines: the results.
        seed: int, the first sample's seed.
        seen: bool, whether the model was trained on the reference: else its images are not called training images.
        left_out: {what: why}, which the page says.
        curves: {caption: SVG} of the model's run, as `curves.of_run` draws them.

    Returns:
        str, HTML.
    """
    images = model.generate(_SAMPLES, seed)
    if images.ndim == 2:
        reals = reference.data.reals(1000)[0] if reference is not None else images
        over = "Samples over the data" if reference is not None else "Samples"
        return page(title, lines, {over: pictures.scatter(images, reals)}, left_out, curves, about(model))
    found = {f"Samples of the seeds {seed} to {seed + _SAMPLES - 1}, none picked": pictures.grid(images)}
    if reference is not None:
        found[_nearest(reference, seen)] = neighbours(pictures.to_levels(images[:_PROBES]), reference)
    found["Interpolations between seeds, a row each"] = strips(model, seed)
    if model.num_classes:
        names = ": " + ", ".join(model.class_names) if model.class_names else ""
        found[f"A class a row{names}"] = pictures.classes(model, model.num_classes, _NEIGHBOURS * 2, seed)
    return page(title, lines, found, left_out, curves, about(model))


def about(model):
    """Returns a sentence on a `Sampler`: what it makes, of what, how long it was trained, and its weights' SHA-256."""
    shape = " x ".join(map(str, model.image_shape))
    kind = "Images" if len(model.image_shape) == 3 else "Points"
    parts = [f"{kind} of {shape} from {model.latent_dim} latents"]
    parts += [f"{model.num_classes} classes"] if model.num_classes else []
    parts += [f"{model.trained_steps:,} steps"] if model.trained_steps else []
    checksum = model.checksum()
    return ", ".join(parts) + ("." if checksum is None else f"; SHA-256 of the weights {checksum}.")


def of_images(title, levels, reference, lines):
    """Returns the page on a set of images, uint8[N, H, W, C]."""
    found = {"The first images": pictures.grid(levels / 255)}
    if reference is not None:
        found[_nearest(reference, seen=False)] = neighbours(levels[:_PROBES], reference)
    return page(title, lines, found)


def _nearest(reference, seen):
    """Returns the caption of the neighbours."""
    where = "training images" if seen else f"images of {reference.describe('train')}"
    if reference.available("train") > _MOST_REALS:
        where += f" (of the first {_MOST_REALS:,})"
    return f"Fakes (left) and their {_NEIGHBOURS} nearest {where}, by pixels"


def neighbours(levels, reference, count=_NEIGHBOURS):
    """Returns a picture with a row for each fake: itself, then its nearest reals, the nearest first.

    Args:
        levels: uint8[N, H, W, C], fakes.
        reference: a set as in `sets`; its first 10,000 training images are searched.
        count: int, neighbours shown.
    """
    reals = np.concatenate(list(reference.batches("train", min(_MOST_REALS, reference.available("train")))))
    fakes, candidates = (resize.area(images, AREA).reshape(len(images), -1) for images in (levels, reals))
    picks = np.argsort(squared_distances(fakes, candidates), axis=1)[:, :count]
    columns = [levels, *(reals[column] for column in picks.T)]
    cells = np.stack(columns, axis=1).reshape(-1, *levels.shape[1:])
    return _parted(pictures.grid(cells / 255, columns=len(columns)), levels.shape[2])


def _parted(picture, left):
    """Returns a picture with a white stripe after its `left` first pixels."""
    stripe = max(1, left // 8)
    parted = Image.new(picture.mode, (picture.width + stripe, picture.height), "white")
    parted.paste(picture.crop((0, 0, left, picture.height)), (0, 0))
    parted.paste(picture.crop((left, 0, *picture.size)), (left + stripe, 0))
    return parted


def strips(model, seed=0):
    """Returns a picture of interpolations, a row each: between the latents of two seeds, of one class if there are."""
    labels = np.arange(_STRIPS) % model.num_classes if model.num_classes else None
    images = model.interpolate(_STRIPS, _STRIP_STEPS, seed, batch_size=_STRIP_STEPS, labels=labels)
    return pictures.grid(images, columns=_STRIP_STEPS)


def page(title, lines, found, left_out=None, curves=None, introduction=""):
    """Returns HTML: pictures of `found` {caption: image}, numbers of `lines`, `curves`, and what was `left_out`."""
    head, _, *rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table(lines).splitlines()]
    if not any(row[-1] for row in rows):  # no notes
        head, rows = head[:-1], [row[:-1] for row in rows]
    cells = "".join(
        "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) + "</tr>"
        for tag, row in [("th", head), *(("td", row) for row in rows)]
    )
    captions = {html.escape(caption): image for caption, image in found.items()}
    body = "".join(f"<h2>{name}</h2><img alt='{name}' src='{_inline(image)}'>" for name, image in captions.items())
    drawn = "".join(f"<h2>{html.escape(caption)}</h2>{svg}" for caption, svg in (curves or {}).items())
    reasons = "".join(f"<p>Left out: {html.escape(f'{what}: {why}')}</p>" for what, why in (left_out or {}).items())
    name, said = html.escape(title), f"<p>{html.escape(introduction)}</p>" if introduction else ""
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{name}</title><style>{_STYLE}</style><h1>{name}</h1>{said}{body}"
        f"<h2>Numbers</h2><div class='wide'><table>{cells}</table></div>{drawn}{reasons}</html>\n"
    )


def _inline(image):
    scale = max(1, 640 // image.width)
    content = io.BytesIO()
    image.resize((image.width * scale, image.height * scale), 0).save(content, "PNG")
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
