"""generate.py --interpolate with an animation for --output: a grid of closed walks."""

import contextlib
import itertools

import numpy as np

from tfgan_zoo import pictures
from tfgan_zoo.cli import app
from tfgan_zoo.cli.wanted import Wanted, consecutive
from tfgan_zoo.sharing import films, latent_files, walks


def check(values, given):
    """Refuses what a walk cannot have; raises a ValueError, one line."""
    films.check(values["output"], values["seconds"])
    if not values["interpolate"]:
        wanted = "--interpolate=8 makes a walk of 8 stops, --run_dir=R shows a run's sheets; or name a .png file"
        raise ValueError(f"output={values['output']} is an animation: {wanted}")


def write(model, output, values, given, latents, labels):
    """Writes the animation; returns what to tell.

    Cell c of N has at stop k the seed `seed + k N + c`, or entry k N + c of a list.

    Args:
        model: a `Sampler` of images.
        output: path of the film.
        values, given: the flags.
        latents: what --latents holds, or None.
        labels: int, int[N] or None, one a cell.
    """
    stops, rows = values["interpolate"], _rows(values, given, latents, labels)
    cells = len(rows) // stops
    steps = max(1, round(1000 * values["seconds"] / films.FRAME / stops))
    height, width, channels = model.image_shape
    rows_of_cells, columns = pictures.layout(cells, values["columns"])
    films.check_room(stops * steps, (columns * width, rows_of_cells * height), channels, f"num={cells}")
    labels = Wanted(rows[:cells], labels).drawn_labels(model)  # a cell keeps that of its first stop
    wanted = Wanted(rows, None if labels is None else np.tile(labels, stops))
    at = wanted.places(model)
    way = walks.loop(at.reshape(stops, cells, *at.shape[1:]), steps)
    frames = []
    with contextlib.closing(app.progress("walk", stops * steps, "frames")) as bar:
        for images in _images(model, way, cells, labels, values):
            frames.append(pictures.grid(images, columns))
            bar.update()
    films.write(frames, output, films.FRAME)
    if values["save_latents"] is not None:
        latent_files.write(values["save_latents"], wanted.latents(model))
    return f"a walk of {cells} cells through {stops} stops, {len(frames)} frames"


def _rows(values, given, latents, labels):
    """Returns the seeds or latents of all stops, those of the first one first."""
    stops, rows = values["interpolate"], values.get("rows") if latents is None else latents
    if rows is None:
        cells = len(labels) if np.ndim(labels) and "num" not in given else values["num"]
        rows = consecutive(values["seed"], cells * stops)
    cells = len(rows) // stops
    if len(rows) % stops or not cells:
        raise ValueError(f"interpolate={stops} stops do not divide the {len(rows)} seeds or latents that are listed")
    if np.ndim(labels) and len(labels) not in (1, cells):
        raise ValueError(f"labels: {len(labels)} of them for {cells} walks; name one, or one for each")
    return rows


def _images(model, way, cells, labels, values):
    """Yields each frame's images, several frames computed at once where the batch has room."""
    together = max(1, values["batch_size"] // cells)
    while part := list(itertools.islice(way, together)):
        images = model.generate_from_latents(
            np.concatenate(part),
            values["truncation"],
            values["batch_size"],
            None if labels is None else np.tile(labels, len(part)),
        )
        yield from np.split(images, len(part))
