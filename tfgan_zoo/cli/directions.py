"""generate.py --directions: a row for each direction in which latents change images most."""

import math

import numpy as np

from tfgan_zoo import pictures
from tfgan_zoo.choices import choose
from tfgan_zoo.cli.wanted import chosen
from tfgan_zoo.sharing import latent_directions, latent_files

OUTPUT = "directions.png"
COLUMNS = 7  # an odd number, so that the image itself is in the middle


def check(values, given):
    """Refuses what cannot be; raises a ValueError, one line."""
    if values["directions"] < 1:
        raise ValueError(f"directions={values['directions']} must be at least 1")
    choose("directions_by", values["directions_by"], latent_directions.KINDS)
    if not 0 < values["strength"] < math.inf:
        raise ValueError(f"strength={values['strength']} must be above 0")
    if values["columns"] == 1:
        raise ValueError("columns=1 must be at least 2: a row goes from one side of an image to the other")


def write(model, output, values, given, latents, labels):
    """Writes the picture, for each image as many rows as directions; returns what to tell. Arguments: `walks.write`."""
    wanted = chosen(values, given, latents, labels, num=1)
    count, columns = values["directions"], values["columns"] or COLUMNS
    pictures.check_room(len(wanted) * count * columns, model.image_shape, f"directions={count}, columns={columns}")
    found = latent_directions.of_model(model, count, values["directions_by"])
    steps = np.linspace(-values["strength"], values["strength"], columns)
    moved = found.moved(wanted.places(model), steps)
    if not np.isfinite(moved).all():
        raise ValueError(f"strength={values['strength']} moves latents to where float32 ends")
    moved = moved.reshape(-1, *moved.shape[3:])
    labels = wanted.drawn_labels(model)
    images = model.generate_from_latents(
        moved,
        values["truncation"],
        values["batch_size"],
        None if labels is None else np.repeat(labels, count * columns),
    )
    pictures.write(pictures.grid(images, columns), output)
    if values["save_latents"] is not None:
        latent_files.write(values["save_latents"], moved)
    shares = ", ".join(f"{share:.1%}" for share in found.shares)
    where = "styles w" if found.styled else "latents z"
    return f"{count} directions of {where} ({values['directions_by']}, {shares} of what changes)"
