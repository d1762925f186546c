"""A folder or a zip file of pictures as `Data`: its decoded images, read from the cache."""

import dataclasses

import numpy as np

from tfgan_zoo import transparency
from tfgan_zoo.data import decode, files, folders, images
from tfgan_zoo.data.dataset import Data


def load(name, data_dir, shape, label_order="natural", reading=decode.USUAL):
    """The source of a folder or zip file of pictures, which needs no `data_dir`."""
    del data_dir
    cache = folders.prepare(name, shape, bad_images="skip", reading=reading)  # the caller has dealt with them
    if label_order == "natural":
        cache = _naturally_ordered(cache)
    num_heldout = folders.heldout(len(cache))
    with files.scan(name) as found:
        passed = f" Passed over: {files.passed_over(found.others)}." if found.others else ""
    about = folders.survey(name)
    classes = f"{len(cache.label_names)} classes" if cache.label_names else "no classes"
    opaque = " None of them is transparent." if shape[2] == transparency.CHANNELS and not about.transparent else ""
    return Data(
        name=name,
        description=(
            f"{about.num} picture files ({'grey' if about.grey else 'in color'}, median shorter side {about.side:g} px)"
            f" as {shape[0]} x {shape[1]} x {shape[2]}, {classes}: {len(cache) - num_heldout} images train,"
            f" {num_heldout} are held out, {len(cache.bad)} are left out."
            f"{about.on_profiles(reading)}{opaque}{passed}"
        ),
        shape=shape,
        num_train=len(cache) - num_heldout,
        num_heldout=num_heldout,
        num_classes=len(cache.label_names),
        label_names=cache.label_names,
        native=shape[0],
        fingerprint=folders.key(name, shape, reading),
        skipped=tuple(f"{files.shown(file)} {reason}" for file, reason in cache.bad),
        source=images.from_cache(cache, len(cache) - num_heldout, shape),
    )


def _naturally_ordered(cache):
    """Returns a cache with its labels, which are kept in the order of the alphabet, in natural order."""
    if not cache.label_names:
        return cache
    order = sorted(range(len(cache.label_names)), key=lambda number: files.natural(cache.label_names[number]))
    renumbered = np.argsort(order).astype(np.int32)
    names = tuple(cache.label_names[number] for number in order)
    return dataclasses.replace(cache, labels=renumbered[cache.labels], label_names=names)
