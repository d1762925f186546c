"""Weights on disk, as a preset has them: written small, and looked at before anything is built to hold them."""

import h5py
import numpy as np

# Networks have at most this many layers of the width that their configuration tells.
_MOST_LAYERS = 64


def shrink(source, target, dtype, same):
    """Copies a file of weights.

    Args:
        source: a path, what `keras.Model.save_weights` wrote.
        target: the path to write.
        dtype: str, what float32 is stored as.
        same: {name: other}, top-level groups of which only the other is written: the name leads there too.

    Raises:
        ValueError: if a number does not fit into `dtype`.
    """
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        for name in old:
            if name not in same:
                _copy(old[name], new, name, dtype)
        for name, other in same.items():
            new[name] = new[other]  # a hard link: to readers, two groups


def count(path):
    """Returns how many numbers a file of weights holds, without reading them."""
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: found.append(item.size if isinstance(item, h5py.Dataset) else 0))
    return sum(found)


def check_config(config, numbers):
    """Checks the configuration of a model that comes from elsewhere, before Keras makes objects and memory of it.

    Args:
        config: what JSON gave.
        numbers: int, how many weights there are for it.

    Raises:
        ValueError: if it names a class that is not ours, or networks too large for the weights.
    """
    for table in _tables(config):
        if "class_name" in table:
            ours = str(table.get("registered_name")).startswith("tfgan_zoo>")
            if not ours and (table.get("module"), table["class_name"]) != ("keras", "DTypePolicy"):
                raise ValueError(f"{table.get('module')}.{table['class_name']} is no class of tfgan_zoo")
        _check_size(table, numbers)


def _check_size(table, numbers):
    width, depth = table.get("width") or 1, table.get("depth", 2)
    least = {"width": width * (width if depth > 1 else 1), "depth": depth}
    least |= {name: table.get(name) or 0 for name in ("latent_dim", "outputs", "num_classes", "dim")}
    least |= {"shape": int(np.prod(table.get("shape") or [0], dtype=object))}
    for name, needed in least.items():
        if needed > numbers or (name == "depth" and depth > _MOST_LAYERS):
            raise ValueError(f"{name}={table[name]} is too large for a model of {numbers} weights")


def _tables(value):
    """Yields all dicts inside a JSON value."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _tables(item)


def _copy(item, parent, name, dtype):
    if isinstance(item, h5py.Group):
        group = parent.create_group(name)  # its attributes number the layers of the process, and nothing reads them
        for inner in item:
            _copy(item[inner], group, inner, dtype)
        return
    values = np.asarray(item)
    if values.dtype == np.float32:
        with np.errstate(over="ignore"):
            stored = values.astype(dtype)
        if np.isfinite(values).all() and not np.isfinite(stored).all():
            raise ValueError(f"dtype={dtype} cannot hold {np.abs(values).max():g}, a weight of {item.name}")
        values = stored
    parent.create_dataset(name, data=values).attrs.update(item.attrs)
