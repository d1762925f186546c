"""The transforms of adaptive discriminator augmentation (ADA); `overfitting` moves their probability."""

import math

import tensorflow as tf

from tfgan_zoo import random, transparency
from tfgan_zoo.objectives import augment

BLITS = ("x_flip", "rotate_90", "integer_translation")
GEOMETRY = ("isotropic_scaling", "pre_rotation", "anisotropic_scaling", "post_rotation", "fractional_translation")
COLORS = ("brightness", "contrast", "luma_flip", "hue", "saturation")
TRANSFORMS = (*BLITS, *GEOMETRY, *COLORS)


def transform(images, p):
    """Transforms every image at random, each transform of each image with probability `p`, differentiably.

    Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", arXiv 2006.06676, appendix B:
    pixel blitting, general geometric transformations and colour transformations, in this order:

        x_flip                  mirrored or not                    a coin
        rotate_90               by 0, 90, 180 or 270 degrees; what is no square by 0 or 180
        integer_translation     by U(-1/8, 1/8) of width and height, rounded
        isotropic_scaling       by 2^N(0, 0.2^2)
        pre_rotation            by U(-180, 180) degrees            with probability 1 - sqrt(1 - p), as post_rotation
        anisotropic_scaling     width by s, height by 1/s, s = 2^N(0, 0.2^2)
        post_rotation           by U(-180, 180) degrees
        fractional_translation  by N(0, 1/8^2) of width and height
        brightness              x + N(0, 0.2^2)
        contrast                x * 2^N(0, 0.5^2)
        luma_flip               the mean over channels negated or not, a coin
        hue                     turned about the grey axis by U(-180, 180) degrees; not for one channel or two
        saturation              x scaled about its mean over channels by 2^N(0, 1); not for one channel

    Below p = 0.8 they do not leak: the untransformed images stay the likeliest, so that G can match the transformed
    distribution in one way only, with untransformed images. All geometry is one bilinear resampling, the image
    mirrored at its borders; the paper resamples at twice the size through a wavelet's filters, which is sharper.
    Colours may leave [-1, 1]; those of four channels, RGBA, change as they are before they are multiplied by alpha, and
    alpha does not. Draws are those of the open `random.scope`, by row.

    Args:
        images: float[N, H, W, C] in [-1, 1].
        p: float32 scalar in [0, 1]; 0 returns the images bit for bit.

    Returns:
        float32[N, H, W, C].

    Raises:
        ValueError: if the images are not of rank 4 or no `random.scope` is open.

    Example:

    >>> import tensorflow as tf
    >>> from tfgan_zoo import random
    >>> images = tf.random.uniform([2, 8, 8, 3])
    >>> with random.scope(seed=0, step=0, purpose="reals"):
    ...     same = transform(images, 0.0)
    >>> bool(tf.reduce_all(same == images))
    True
    """
    images = tf.cast(images, tf.float32)
    if len(images.shape) != 4:
        raise ValueError(f"images={images.shape} must be [N, H, W, C] to be augmented")
    draws = _Draws(images.shape[0] or tf.shape(images)[0], p)
    moved = tf.reduce_any(tf.stack([draws.on(name) for name in (*BLITS, *GEOMETRY)]), axis=0)
    images = tf.where(_each(moved), _resample(images, _inverse(draws, *images.shape[1:3])), images)
    for name, change in _colors(draws, images.shape[3]).items():
        images = tf.where(_each(draws.on(name)), augment.colors(change, images), images)
    return images


class _Draws:
    """Which transforms each image gets, and numbers for them: three uniform and two normal ones for each."""

    def __init__(self, rows, p):
        self.rows, self._p = rows, tf.convert_to_tensor(p, tf.float32)
        self._uniform = random.uniform((rows, len(TRANSFORMS), 3), "augment/ada/uniform")
        self._normal = random.normal((rows, len(TRANSFORMS), 2), "augment/ada/normal")

    def on(self, name):
        p = 1.0 - tf.sqrt(1.0 - self._p) if name in ("pre_rotation", "post_rotation") else self._p
        return self._uniform[:, TRANSFORMS.index(name), 2] < p

    def uniform(self, name, column=0):
        return self._uniform[:, TRANSFORMS.index(name), column]

    def normal(self, name, column=0):
        return self._normal[:, TRANSFORMS.index(name), column]

    def angle(self, name):
        return (2.0 * self.uniform(name) - 1.0) * math.pi


def _each(values):
    return values[:, None, None, None]


def _inverse(draws, height, width):
    """Returns float32[N, 3, 3]: from a place in the result to one in the image, (x, y, 1) about the centre."""
    quarter = tf.cast(tf.floor(4.0 * draws.uniform("rotate_90")), tf.int32)
    if height != width:  # turned by 90 degrees, it would not fill its frame
        quarter = quarter // 2 * 2
    quarter = tf.gather([1.0, 0.0, -1.0, 0.0], quarter), tf.gather([0.0, 1.0, 0.0, -1.0], quarter)  # exact
    whole = [tf.round((draws.uniform("integer_translation", i) - 0.5) / 4.0 * n) for i, n in ((0, width), (1, height))]
    part = [draws.normal("fractional_translation", i) / 8.0 * n for i, n in ((0, width), (1, height))]
    scale, stretch = (2.0 ** (0.2 * draws.normal(name)) for name in ("isotropic_scaling", "anisotropic_scaling"))
    turns = {name: draws.angle(name) for name in ("pre_rotation", "post_rotation")}
    inverses = {
        "x_flip": _affine(draws.rows, xx=tf.where(draws.uniform("x_flip") < 0.5, -1.0, 1.0)),
        "rotate_90": _rotation(draws.rows, *quarter),
        "integer_translation": _affine(draws.rows, x=-whole[0], y=-whole[1]),
        "isotropic_scaling": _affine(draws.rows, xx=1.0 / scale, yy=1.0 / scale),
        "pre_rotation": _rotation(draws.rows, tf.cos(turns["pre_rotation"]), tf.sin(turns["pre_rotation"])),
        "anisotropic_scaling": _affine(draws.rows, xx=1.0 / stretch, yy=stretch),
        "post_rotation": _rotation(draws.rows, tf.cos(turns["post_rotation"]), tf.sin(turns["post_rotation"])),
        "fractional_translation": _affine(draws.rows, x=-part[0], y=-part[1]),
    }
    total = nothing = _affine(draws.rows)
    for name, inverse in inverses.items():
        factor = tf.where(draws.on(name)[:, None, None], inverse, nothing)
        total = tf.reduce_sum(total[:, :, :, None] * factor[:, None], axis=2)  # a GPU would round a product to TF32
    return total


def _affine(rows, xx=1.0, xy=0.0, x=0.0, yx=0.0, yy=1.0, y=0.0):
    numbers = (xx, xy, x, yx, yy, y, 0.0, 0.0, 1.0)
    return tf.reshape(tf.stack([tf.broadcast_to(number, [rows]) for number in numbers], axis=1), [-1, 3, 3])


def _rotation(rows, cosine, sine):
    """The inverse of a turn that takes x (to the right) towards y (down)."""
    return _affine(rows, xx=cosine, xy=sine, yx=-sine, yy=cosine)


def _resample(images, inverse):
    """Reads every pixel of the result between the four pixels of the image around its place."""
    _, height, width, channels = images.shape
    right = tf.range(width, dtype=tf.float32)[None, :] - (width - 1) / 2
    down = tf.range(height, dtype=tf.float32)[:, None] - (height - 1) / 2
    (xx, xy, x), (yx, yy, y) = (tf.unstack(inverse[:, i, :, None, None], axis=1) for i in (0, 1))
    x, y = xx * right + xy * down + x + (width - 1) / 2, yx * right + yy * down + y + (height - 1) / 2
    pixels = tf.reshape(images, [-1, height * width, channels])
    corners = []
    for row, of_row in ((tf.floor(y), 1.0 - (y - tf.floor(y))), (tf.floor(y) + 1.0, y - tf.floor(y))):
        for column, of_column in ((tf.floor(x), 1.0 - (x - tf.floor(x))), (tf.floor(x) + 1.0, x - tf.floor(x))):
            place = tf.reshape(_mirrored(row, height) * width + _mirrored(column, width), [-1, height * width])
            value = tf.reshape(tf.gather(pixels, place, axis=1, batch_dims=1), [-1, height, width, channels])
            corners.append((of_row * of_column)[..., None] * value)
    return tf.add_n(corners)


def _mirrored(place, size):
    """Folds places beyond the border back, as often as it takes; the border itself is not repeated."""
    period = max(1, 2 * (size - 1))
    place = tf.math.floormod(tf.cast(place, tf.int32), period)
    return tf.minimum(place, period - place) if size > 1 else place


def _colors(draws, channels):
    """Returns {name: (images, alpha) -> images}, in order; see `augment.colors`."""

    def grey(images):
        return tf.reduce_mean(images, axis=3, keepdims=True)

    def turned(images, _):
        angle = _each(draws.angle("hue"))
        across = (tf.roll(images, 1, axis=3) - tf.roll(images, -1, axis=3)) / math.sqrt(3.0)  # (1, 1, 1)/sqrt(3) x c
        return grey(images) + tf.cos(angle) * (images - grey(images)) + tf.sin(angle) * across

    def saturated(images, _):
        return grey(images) + (images - grey(images)) * 2.0 ** _each(draws.normal("saturation"))

    flipped = tf.cast(draws.uniform("luma_flip") < 0.5, tf.float32)
    changes = {
        "brightness": lambda images, alpha: images + 0.2 * _each(draws.normal("brightness")) * alpha,
        "contrast": lambda images, _: images * 2.0 ** (0.5 * _each(draws.normal("contrast"))),
        "luma_flip": lambda images, _: images - 2.0 * _each(flipped) * grey(images),
    }
    changes |= {"hue": turned} if channels in (3, transparency.CHANNELS) else {}
    return changes | ({"saturation": saturated} if channels > 1 else {})
