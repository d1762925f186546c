"""What a run is, from this machine, the pictures and perhaps a time: size, width, batch, length. Pure functions.

The numbers are rules of thumb, chosen so that a run of the plain defaults gives samples that can be told from noise:
no more is promised.
"""

import math
import re
from typing import Any

from tfgan_zoo.data.catalogue import USUAL_SIZES

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST, _LONGEST = 30, 30 * 86400
# Pixels a side and width of network=dcgan, the best first, and the thousands of images below which it is no use.
LEVELS = (
    (128, 64, 800),
    (128, 32, 400),
    (64, 64, 300),
    (64, 32, 100),
    (64, 16, 80),
    (32, 64, 200),
    (32, 32, 60),
    (32, 16, 30),
    (32, 8, 0),
)
_FEW, _SOME, _MANY = 100, 1000, 20_000  # pictures
# Of what the machine does with one convolution, and of the budget: networks are more than convolutions, and a run has
# a start, records and an end.
_SHARE = 0.2 * 0.75
_PASSES = 13  # of a step, in passes of an image through D: three for each of G's and D's gradients, on reals and fakes
_EMA_SHARE = 1 / 30  # of the run: what the average looks back on
_MOST_EMA = 10.0  # kimg
# Where nobody names a time: the hours that a run may take, its length in those of a level and at least, in thousands of
# images, and how often it shows each picture at most, in thousands.
HOURS, _WORTH, _LEAST_WORTH, _TIMES = 8, 2, 60, 1
_SHORTEST_KIMG = 10


def seconds(text: str) -> float:
    """Returns the seconds of a budget such as "90s", "30m", "1.5h" or "2d".

    Raises:
        ValueError: in one line, if it is none, or not between 30 seconds and 30 days.

    >>> seconds("1.5h")
    5400.0
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd])", text)
    number = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not _SHORTEST <= number <= _LONGEST:
        raise ValueError(f"budget={text} must be a number with s, m, h or d, such as 30m, from 30s to 30d")
    return number


def choose(time: float, speed: float, pictures: int | None, shape: tuple[int, ...]) -> dict[str, Any]:
    """Returns the fields of a configuration that a time, a machine and pictures ask for; the user's words win.

    Args:
        time: float, the seconds that the run may take.
        speed: float, what the machine does, in floating-point operations a second.
        pictures: int, how many there are to train on; None for many.
        shape: what one is, without a budget: (H, W, C) of an image, (d,) of a point of a mixture.

    Returns:
        {name of a field: value}.

    >>> choose(1800.0, 2.5e11, 1900, (128, 128, 3))["image_size"]
    64
    """
    if len(shape) == 1:  # a mixture: small networks, and as many points as one wants
        return {}
    size, width = level(time, speed, shape)
    kimg = time * _SHARE * speed / operations(size, width, shape[2]) / 1000  # a guess, until a tick is measured
    return _words(size, width, pictures, kimg)


def choose_all(speed: float, pictures: int | None, shape: tuple[int, ...]) -> tuple[dict[str, Any], float]:
    """Returns what `choose` returns, the length included, where no time is named, and the seconds that it may take.

    The level is the best one of which twice the images below which it is of no use (60,000 at least) are trained within
    `HOURS` hours by the plain GAN on network=dcgan, or the smallest if none is. The run is that long; of few pictures
    shorter, since a thousand times each is enough.

    Args:
        speed, pictures, shape: as for `choose`.

    Returns:
        ({name of a field: value}, seconds); ({}, 0.0) for a mixture.

    >>> words, seconds = choose_all(2.5e11, 1900, (128, 128, 3))
    >>> words["image_size"], words["width"], words["kimg"], round(seconds / 60)
    (64, 32, 200, 62)
    """
    if len(shape) == 1:
        return {}, 0.0
    size, width, threshold = _level(HOURS * 3600, speed, shape, _worth)
    kimg = _worth(threshold)
    if pictures is not None:
        kimg = min(kimg, max(_SHORTEST_KIMG, _TIMES * pictures))
    return _words(size, width, pictures, kimg), kimg * 1000 * operations(size, width, shape[2]) / (_SHARE * speed)


def _worth(threshold):
    """Returns the thousands of images that a level's run has, from those below which it is of no use."""
    return max(_LEAST_WORTH, _WORTH * threshold)


def _words(size, width, pictures, kimg):
    batch_size = batch(pictures)
    kimg = max(kimg, 20 * batch_size / 1000)
    return {
        "image_size": size,
        "width": width,
        "batch_size": batch_size,
        "augment": augmentations(pictures),
        "ema_kimg": round(min(_MOST_EMA, kimg * _EMA_SHARE), 3),
        "kimg": round(kimg, 3),
        "tick_kimg": round(kimg / 20, 3),
    }


def level(time: float, speed: float, shape: tuple[int, ...]) -> tuple[int, int]:
    """Returns the (pixels a side, width) of the best level for which there is time, of those not above the pictures."""
    return _level(time, speed, shape, float)[:2]


def _level(time, speed, shape, length):
    """Returns the best of `LEVELS` of which as many images as `length` makes of its own are trained in time."""
    fitting = [entry for entry in LEVELS if entry[0] <= max(min(shape[:2]), min(USUAL_SIZES))]
    for entry in fitting:
        size, width, kimg = entry
        if time * _SHARE * speed >= length(kimg) * 1000 * operations(size, width, shape[2]):
            break
    return entry


def operations(size: int, width: int, channels: int) -> float:
    """Returns the floating-point operations of a step of network=dcgan, for each image of the batch.

    A convolution of 4 x 4 at stride 2 takes 2 x 16 operations for each channel in, channel out and pixel out.
    """
    pixels = [(size // 2**n) ** 2 for n in range(1, int(math.log2(size)) - 1)]
    depths = [channels, *(width * 2**n for n in range(len(pixels)))]
    return _PASSES * sum(32 * a * b * n for a, b, n in zip(depths, depths[1:], pixels, strict=False))


def batch(pictures: int | None) -> int:
    """Returns the batch size: few pictures get more steps out of the same time."""
    if pictures is not None and pictures < _FEW:
        return 16
    return 32 if pictures is not None and pictures < _SOME else 64


def augmentations(pictures: int | None) -> tuple[str, ...]:
    """Returns what reals and fakes go through: the fewer pictures, the sooner D knows them by heart."""
    if pictures is None or pictures >= _MANY:
        return ()
    return ("translation", "cutout") if pictures >= _SOME else ("color", "translation", "cutout")
