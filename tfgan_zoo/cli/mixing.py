"""generate.py --mix: sheets of images with the styles of two."""

import numpy as np

from tfgan_zoo import pictures
from tfgan_zoo.cli.wanted import Wanted, chosen
from tfgan_zoo.sharing import latent_files, seed_lists

OUTPUT = "mixed.png"
_ROWS = 4


def check(values, given):
    """Refuses what cannot be; raises a ValueError, one line."""
    values["mix_seeds"] = seed_lists.parse(values["mix"], "mix", most=1000)
    if values["mix_layers"] is not None:
        values["mixed"] = seed_lists.parse(values["mix_layers"], "mix_layers", most=100)
    if values["columns"]:
        raise ValueError(f"columns={values['columns']}: the seeds of --mix are the columns")


def write(model, output, values, given, latents, labels):
    """Writes the picture; returns what to tell. Arguments: `walks.write`.

    The first column has the images themselves, the first row those of --mix; a cell has the styles of its row's image,
    but in the layers --mix_layers those of its column's (Karras et al. 2019, arXiv 1812.04948, section 3.1).
    """
    if model.style_shape is None:
        raise ValueError(f"mix={','.join(values['mix'])}: model={values['model']} has no styles, or is an export")
    layers = _layers(values, model.style_shape[0])
    rows = chosen(values, given, latents, labels, num=_ROWS)
    columns = Wanted(values["mix_seeds"], labels if np.ndim(labels) == 0 else None)
    cells = (len(rows) + 1) * (len(columns) + 1)
    pictures.check_room(cells, model.image_shape, f"mix={','.join(values['mix'])}, {len(rows)} rows")
    ours, theirs = rows.places(model), columns.places(model)
    mixed = np.repeat(ours[:, None], len(columns), axis=1)  # [rows, columns, layers, d]
    mixed[:, :, layers] = theirs[None][:, :, layers]
    styles = np.concatenate([theirs, np.concatenate([ours[:, None], mixed], axis=1).reshape(-1, *ours.shape[1:])])
    images = model.generate_from_latents(styles, values["truncation"], values["batch_size"])
    pictures.write(pictures.grid(np.concatenate([np.zeros_like(images[:1]), images]), len(columns) + 1), output)
    if values["save_latents"] is not None:
        latent_files.write(values["save_latents"], mixed.reshape(-1, *ours.shape[1:]))
    names = f"{layers[0]}" if len(layers) == 1 else f"{layers[0]} to {layers[-1]}"
    return (
        f"{mixed.shape[0]} x {mixed.shape[1]} images with the columns' styles in the layers {names} of {ours.shape[1]}"
    )


def _layers(values, count):
    """Returns the layers whose styles are the columns', ascending; unless they are named, the first half."""
    if values["mix_layers"] is None:
        return np.arange(max(1, count // 2))
    layers = np.unique(values["mixed"])
    if not 0 <= layers[0] <= layers[-1] < count:
        raise ValueError(f"mix_layers={','.join(values['mix_layers'])} must be in [0, {count - 1}]")
    return layers
