"""Reads made-up files in a process of its own, which may take 1 GiB: python hostile_files.py FOLDER SEED '{"zips": 9}'.

It ends with status 0 if every file was read, or refused in one line, and prints how many were read.
"""

import io
import json
import pathlib
import random
import resource
import struct
import sys
import warnings
import zipfile

import h5py
import numpy as np
from PIL import Image

from tfgan_zoo.evaluation.files import ImageFiles
from tfgan_zoo.pretrained import keras_files, weight_files

BYTES = 2**30


def damaged(rng, content):
    """Returns bytes with some of them flipped, cut, repeated or replaced by numbers that sizes may be."""
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(content) or 1)
        how = rng.randrange(4)
        if how == 0 and content:
            content[at % len(content)] = rng.randrange(256)
        elif how == 1:
            del content[at:]
        elif how == 2:
            content[at:at] = content[at : at + rng.randrange(64)]
        else:
            number = rng.choice((0, 1, 2**16, 2**31 - 1, 2**32 - 1, 2**40, 2**63 - 1))
            content[at : at + 8] = struct.pack("<Q", number)[: rng.choice((2, 4, 8))]
    return bytes(content)


def picture(shape, form="PNG"):
    file = io.BytesIO()
    Image.fromarray(np.zeros(shape, "uint8")).save(file, form)
    return file.getvalue()


def zips(rng):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        odd = rng.random() < 0.7
        for i in range(rng.randrange(2, 5)):
            shape, form, name = (8, 8), "PNG", f"{i}.png"
            if odd:
                shape, form = (rng.choice((8, 8, 9)), 8), rng.choice(("PNG", "BMP", "GIF"))
                name = rng.choice((f"{i}.png", f"cat/{i}.png", "../up.png", "a\x1b[2J.png", "x.txt", "/", "a.png"))
            content = picture(shape, form)
            archive.writestr(name, damaged(rng, content) if odd and rng.random() < 0.3 else content)
    content = file.getvalue()
    return damaged(rng, content) if rng.random() < 0.7 else content


SHAPES = ("(2, 8, 8, 1)", "(1000000, 1000000, 1000, 3)", "(2, 8, -8, 1)", "(2,", "2", "()", "(0, 8, 8, 3)", "(True,)")
TYPES = ("'|u1'", "'<f4'", "'|O'", "'|S99999999'", "[('a', '<f4')]", "5", "'nope'", "'|V1000000000'", "'<M8[ns]'")


def npzs(rng):
    head = f"{{'descr': {rng.choice(TYPES)}, 'fortran_order': {rng.choice(('False', 'True', '7'))}, "
    head += f"'shape': {rng.choice(SHAPES)}, }}".ljust(60) + "\n"
    head = rng.choice((head, head, head, "[" * 500, "{}\n", "\n", "__import__('os')\n"))
    length = rng.choice((len(head), len(head), len(head), 2**16 - 1, 0))
    array = b"\x93NUMPY" + rng.choice((b"\x01\x00", b"\x09\x00")) + struct.pack("<H", length) + head.encode()
    if rng.random() < 0.2:
        file = io.BytesIO()
        np.save(file, np.zeros((2, 8, 8, 1), "uint8"))
        array = file.getvalue()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(rng.choice(("images.npy", "arr_0.npy", "x.npy", "images")), array + bytes(128))
    content = file.getvalue()
    return damaged(rng, content) if rng.random() < 0.4 else content


def weights(rng):
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        group = h5.create_group("discriminator/layers/dense/vars")
        group.create_dataset("0", data=np.zeros((3, 4), "f4"))
        odd = rng.randrange(7)
        if odd == 1:
            group.create_dataset("1", shape=(10**6, 10**6), dtype="f4")
        elif odd == 2:
            group.create_dataset("1", data=np.zeros(10**4), chunks=(10,), compression="gzip")
        elif odd == 3:
            group["1"] = rng.choice((h5py.SoftLink("/discriminator"), h5py.ExternalLink("/dev/zero", "/")))
        elif odd == 4:
            group.create_dataset("1", data=["x" * 99])
        elif odd == 5:
            group["1"] = h5["discriminator"]  # a circle
    return file.getvalue() if rng.random() < 0.4 else damaged(rng, file.getvalue())


def keras_archives(rng):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name in ("metadata.json", "config.json", "model.weights.h5", *rng.choice(((), (), ("assets/x",)))):
            archive.writestr(name, b" " * rng.choice((1, 2**21)) if rng.random() < 0.5 else json.dumps({"a": 1}))
    content = file.getvalue()
    return damaged(rng, content) if rng.random() < 0.5 else content


def read_images(path):
    found = ImageFiles("fakes", path)
    for batch in found.batches():
        assert batch.dtype == np.uint8 and batch.shape[1:] == found.shape
    found.fingerprint()


def read_archive(path):
    with keras_files.open_archive(path):
        pass


# {kind: (what makes a file, its suffix, what reads it, the errors that the caller puts into one line)}
KINDS = {
    "zips": (zips, ".zip", read_images, ValueError),
    "npzs": (npzs, ".npz", read_images, ValueError),
    "weights": (weights, ".h5", weight_files.count, Exception),
    "keras": (keras_archives, ".keras", read_archive, Exception),
}


def main(folder, seed, kinds):
    warnings.simplefilter("ignore")  # zipfile's on names that come twice
    used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + BYTES, used + BYTES))
    print(json.dumps({kind: try_kind(kind, number, folder, seed) for kind, number in json.loads(kinds).items()}))


def try_kind(kind, number, folder, seed):
    """Returns how many of `number` files were read; if there are none, nothing but the first check is tried."""
    make, suffix, read, allowed = KINDS[kind]
    path = pathlib.Path(folder) / f"hostile{suffix}"
    read_well = 0
    for case in range(number):
        path.write_bytes(make(random.Random(f"{seed} {case}")))
        try:
            read(path)
            read_well += 1
        except allowed as error:
            assert not isinstance(error, MemoryError), (kind, case)
            assert allowed is Exception or ("\n" not in str(error) and len(str(error)) < 1000), (kind, case, str(error))
        except BaseException:
            print(kind, case, file=sys.stderr)
            raise
    path.unlink()
    return read_well


if __name__ == "__main__":
    main(*sys.argv[1:])
