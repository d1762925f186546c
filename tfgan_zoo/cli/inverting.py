"""generate.py --invert: the latents of given pictures, beside what the model makes of them."""

import contextlib
import pathlib

import numpy as np

from tfgan_zoo import pictures, transparency
from tfgan_zoo.cli import app
from tfgan_zoo.data import decode
from tfgan_zoo.files import check_regular, read_file
from tfgan_zoo.pretrained import loading
from tfgan_zoo.sharing import inversion, latent_files

OUTPUT = "inverted.png"
_MOST, _MOST_BYTES = 64, 2**28  # pictures, and bytes of one


def check(values, given):
    """Refuses what cannot be; raises a ValueError, one line."""
    if not 1 <= len(values["invert"]) <= _MOST:
        raise ValueError(f"invert names {len(values['invert'])} pictures; name 1 to {_MOST}, with commas between them")
    if values["invert_steps"] < 1:
        raise ValueError(f"invert_steps={values['invert_steps']} must be at least 1")
    for path in values["invert"]:
        if not pathlib.Path(path).exists():
            raise ValueError(f"invert={path} does not exist; name a picture")
        check_regular("invert", path, _MOST_BYTES)
    others = [name for name in ("num", "seeds", "latents", "columns", "truncation") if name in given]
    if others:
        raise ValueError(f"{others[0]} is not for --invert, whose rows are the pictures: leave it out")


def write(model, output, values, given, latents, labels):
    """Writes a row for each picture: itself, and beside it what is nearest; returns what to tell.

    Arguments: `walks.write`.
    """
    height, width, channels = model.image_shape
    if channels not in (1, 3, transparency.CHANNELS):
        raise ValueError(f"invert reads pictures, grey, RGB or RGBA; model={values['model']} makes {model.image_shape}")
    if np.ndim(labels) and len(labels) not in (1, len(values["invert"])):
        raise ValueError(
            f"labels: {len(labels)} of them for {len(values['invert'])} pictures; name one, or one for each"
        )
    targets = [_read(path, (height, width), channels) for path in values["invert"]]
    features, steps = features_of(values["model"], model.image_shape), values["invert_steps"]
    with contextlib.closing(app.progress("invert", len(targets) * steps, "steps")) as bar:
        found = list(inversion.invert(model, targets, features, labels, steps, values["seed"], bar.update))
    images = np.stack([image for target, one in zip(targets, found, strict=True) for image in (target, one.image)])
    pictures.write(pictures.grid(images, columns=2), output)
    if values["save_latents"] is not None:
        latent_files.write(values["save_latents"], np.concatenate([one.latents for one in found]))
    return _told(model, found)


def _told(model, found):
    words = []
    for one in found:
        name = f" {model.class_names[one.label]}" if model.class_names else ""
        words.append(f"{one.psnr:.1f} dB" + ("" if one.label is None else f" as class {one.label}{name}"))
    more = f", {len(words) - 8} more" if len(words) > 8 else ""
    return f"{len(found)} pictures inverted, PSNR {', '.join(words[:8])}{more},"


def _read(path, size, channels):
    """Returns float32[*size, channels] in [0, 1], RGBA times alpha: a picture's middle in that shape, scaled."""
    try:
        levels = decode.decode(read_file(path, _MOST_BYTES), size, channels, decode.Reading(min_size="enlarge"))
    except decode.BadImage as error:
        raise ValueError(f"invert={path} {error}") from None
    return levels.astype("float32") / 255


def features_of(source, shape):
    """Returns the features of the zoo's own classifier as a function, where a model makes what that knows; else None.

    Args:
        source: what names the model.
        shape: (H, W, C) of its images.
    """
    from tfgan_zoo.evaluation import extractors, protocols

    names = protocols.defaults(loading.origin(source).get("dataset"), shape)
    known = [protocols.PROTOCOLS[name] for name in names]
    fitting = [protocol for protocol in known if (protocol.extractor, protocol.resize) == ("fashion_cnn", "crop")]
    return extractors.get("fashion_cnn", "crop", shape).features if fitting else None
