"""Weights on disk, as a preset has them: written small, and looked at before anything is built to hold them."""

import h5py
import numpy as np

_MOST_MEMBERS, _MOST_OBJECTS = 2**12, 2**16  # of a group, of a file


def shrink(source, target, dtype, same):
    """Copies a file of weights.

    Args:
        source: a path or an open binary file, what `keras.Model.save_weights` wrote.
        target: the same, to write.
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
    """Returns how many numbers a file of weights holds, without reading them.

    Args:
        path: a path, or an open binary file.

    Raises:
        ValueError: in one line, if it holds anything but numbers that lie in it, as they are: links to other places
            or files, data sets made of others, compressed or sparse ones, of which a few bytes become many.
        OSError: if it is no HDF5 file.
    """
    with h5py.File(path) as file:
        found = {}
        stack = [file]
        while stack:
            group = stack.pop()
            if len(group) > _MOST_MEMBERS:
                raise ValueError(f"{group.name} has {len(group)} members; at most {_MOST_MEMBERS}")
            for name in group:
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise ValueError(f"{group.name}/{name} is a link to another place")
                item = group[name]
                key = h5py.h5o.get_info(item.id).addr
                if key in found:  # another name of the same
                    continue
                found[key] = _numbers(item) if isinstance(item, h5py.Dataset) else 0
                stack += [item] if isinstance(item, h5py.Group) else []
                if len(found) > _MOST_OBJECTS:
                    raise ValueError(f"more than {_MOST_OBJECTS} groups and data sets")
    return sum(found.values())


def _numbers(item):
    """Returns how many numbers a data set has, if they lie in the file as they are."""
    if item.is_virtual or item.external is not None:
        raise ValueError(f"{item.name} is made of other files or data sets")
    if item.dtype.kind not in "biuf" and item.dtype.name != "bfloat16":
        raise ValueError(f"{item.name} holds {item.dtype}, no numbers")
    if item.chunks is not None or item.id.get_create_plist().get_nfilters():
        raise ValueError(f"{item.name} is compressed or in chunks")
    if item.shape is None or item.size * item.dtype.itemsize > item.id.get_storage_size():
        raise ValueError(f"{item.name} has {item.size} numbers, and {item.id.get_storage_size()} bytes")
    return item.size


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
