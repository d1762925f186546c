"""The colour data set in the package: Google's Noto emoji at 64 px, with transparency."""

import hashlib
import json
import lzma
import pathlib

import numpy as np

from tfgan_zoo import transparency
from tfgan_zoo.data.dataset import Data
from tfgan_zoo.data.images import Images
from tfgan_zoo.files import read_known

FOLDER = pathlib.Path(__file__).parent / "noto_emoji_64"
PICTURES, INDEX = "pictures.xz", "index.json"
NATIVE = 64
_SHA256 = {
    PICTURES: "57e34887699b54d88f920d04b8006a169513873bc1d84202873d900a54764dcc",
    INDEX: "4e956c9dc233f63d3a8200b32b5eefe9085134b9734319b1da90a99b3bc842bb",
}
_HELD_OUT = 10  # one family in so many
_SKIN_TONES = {"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"}
# Joiner, emoji style, woman, man, facing right.
_MODIFIERS = {"200D", "FE0F", "2640", "2642", "27A1"}
_ADULTS = {"1F468", "1F469"}  # man and woman, who stand for an adult
_CHUNK = 256  # pictures


def load(name, data_dir, shape, background=(255, 255, 255)):
    """The source of `noto_emoji_64`, which needs no `data_dir`.

    Args:
        name: str, the set's name.
        data_dir: None.
        shape: (64, 64, C) or (32, 32, C), C 3, or 4 for RGBA, the colours times alpha.
        background: three levels, what is seen through what is transparent.
    """
    del data_dir
    groups = json.loads(read_known(FOLDER / INDEX, _SHA256[INDEX]))
    packed = read_known(FOLDER / PICTURES, _SHA256[PICTURES])
    codes = [code for members in groups.values() for code in members]
    labels = np.repeat(np.arange(len(groups), dtype="int32"), [len(members) for members in groups.values()])
    layers = np.frombuffer(lzma.decompress(packed), np.uint8).reshape(len(codes), NATIVE, NATIVE, 4)
    # By the codes' hashes, which mix the groups: metrics and sheets take the first ones of a split.
    train, heldout = ([], [])
    for item in sorted(range(len(codes)), key=lambda item: _hash(codes[item])):
        (heldout if _hash(family(codes[item])) % _HELD_OUT == 0 else train).append(item)
    background = None if shape[2] == transparency.CHANNELS else background
    splits = [(over(layers[items], background, shape[0]), labels[items]) for items in (train, heldout)]
    return Data(
        name=name,
        description=(
            f"{len(codes):,} of Google's Noto emoji, in {len(groups)} groups. Variants of an emoji by skin tone or"
            " gender all train or are all held out."
        ),
        shape=shape,
        num_train=len(train),
        num_heldout=len(heldout),
        num_classes=len(groups),
        label_names=tuple(groups),
        native=shape[0],
        fingerprint="RGBA" if background is None else f"background={','.join(map(str, background))}",
        source=Images(*splits, shape),
    )


def family(code):
    """Returns the code points that the variants of an emoji have in common: without skin tones, gender and direction.

    >>> family("1F469-1F3FD-200D-1F692") == family("1F9D1-200D-1F692")  # women who are firefighters, firefighters
    True
    """
    points = [point for point in code.split("-") if point not in _SKIN_TONES | _MODIFIERS]
    return "-".join("1F9D1" if point in _ADULTS else point for point in points)


def over(layers, background, size):
    """Puts pictures on a background, or multiplies them by alpha, and scales them down by the mean over areas.

    Args:
        layers: uint8[N, H, H, 4], red, green, blue, and how opaque.
        background: three levels; None keeps alpha, and multiplies the colours by it.
        size: int, pixels a side, a divisor of H.

    Returns:
        uint8[N, size, size, 3 or 4].

    >>> over(np.array([[[[255, 0, 0, 51]]]], "uint8"), (0, 0, 255), 1)
    array([[[[ 51,   0, 204]]]], dtype=uint8)
    >>> over(np.array([[[[255, 0, 0, 51]]]], "uint8"), None, 1)
    array([[[[51,  0,  0, 51]]]], dtype=uint8)
    """
    factor, channels = layers.shape[1] // size, 4 if background is None else 3
    levels = np.empty((len(layers), size, size, channels), np.uint8)
    for start in range(0, len(layers), _CHUNK):
        part = layers[start : start + _CHUNK].astype("float32")
        opaque = part[..., 3:] / 255
        colours = part[..., :3] * opaque
        if background is None:
            mixed = np.concatenate([colours, part[..., 3:]], axis=-1)
        else:
            mixed = colours + np.float32(background) * (1 - opaque)
        areas = mixed.reshape(-1, size, factor, size, factor, channels).mean(axis=(2, 4))
        levels[start : start + _CHUNK] = np.round(areas)
    return levels


def _hash(text):
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)
