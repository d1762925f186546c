"""Builds the data set noto_emoji_64 from the npm package emoji-datasource-google.

    npm pack emoji-datasource-google@16.0.0
    python tools/build_noto_emoji.py emoji-datasource-google-16.0.0.tgz

The archive's checksum is verified. Every emoji of its list and every skin-tone variant of one is taken, in the list's
order, but for the five swatches of skin tones ("Component") and for pictures that repeat an earlier one to the pixel.
Writes pictures.xz, the pixels uint8[N, 64, 64, 4], and index.json, the code points of each group's pictures, into
tfgan_zoo/data/noto_emoji_64. One array is compressed, not N PNG files: a variant differs from its emoji in few pixels,
and takes half the room so.
"""

import argparse
import hashlib
import io
import json
import lzma
import pathlib
import sys
import tarfile

import numpy as np
from PIL import Image

from tfgan_zoo.data import noto_emoji
from tfgan_zoo.files import read_known

ARCHIVE = "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438"
LEFT_OUT = "Component"


def members(archive):
    """Returns {path: bytes} of the list and the pictures of 64 px in an npm archive."""
    wanted = ("package/emoji.json", "package/img/google/64/")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {it.name: tar.extractfile(it).read() for it in tar if it.isfile() and it.name.startswith(wanted)}


def listed(emoji):
    """Yields (group, code points, file name) of every picture of the package's list, variants after their emoji."""
    for entry in sorted(emoji, key=lambda entry: entry["sort_order"]):
        for one in (entry, *entry.get("skin_variations", {}).values()):
            if entry["category"] != LEFT_OUT and one["has_img_google"]:
                yield entry["category"], one["unified"], one["image"]


def pixels(content):
    """Returns uint8[64, 64, 4] of a PNG; what cannot be seen is 0 in all channels."""
    levels = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))
    if levels.shape != (noto_emoji.NATIVE, noto_emoji.NATIVE, 4):
        raise ValueError(f"a picture has the shape {levels.shape}")
    return np.where(levels[..., 3:] > 0, levels, 0).astype("uint8")


def build(files):
    """Returns (uint8[N, 64, 64, 4], {group: [code points]}) of `members`, each picture once."""
    pictures, groups, seen = [], {}, set()
    for group, code, image in listed(json.loads(files["package/emoji.json"])):
        levels = pixels(files[f"package/img/google/64/{image}"])
        if levels.tobytes() not in seen:
            seen.add(levels.tobytes())
            pictures.append(levels)
            groups.setdefault(group, []).append(code)
    return np.stack(pictures), groups


def main(arguments=None):
    """Runs the tool: returns 0, or 1 and a line on stderr if the archive is missing or other than known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", help="emoji-datasource-google-16.0.0.tgz")
    path = pathlib.Path(parser.parse_args(arguments).archive)
    try:
        archive = read_known(path, ARCHIVE, "get emoji-datasource-google 16.0.0 again")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    pictures, groups = build(members(archive))
    packed = lzma.compress(pictures.tobytes(), preset=9 | lzma.PRESET_EXTREME)
    index = json.dumps(groups, indent=0).encode() + b"\n"
    for name, content in ((noto_emoji.PICTURES, packed), (noto_emoji.INDEX, index)):
        (noto_emoji.FOLDER / name).write_bytes(content)
        print(f"{name}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")
    print(f"{len(pictures):,} pictures: " + ", ".join(f"{len(codes):,} {group}" for group, codes in groups.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
