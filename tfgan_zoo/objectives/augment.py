"""DiffAugment: random transforms of everything the discriminator sees, through which the generator's gradient flows."""

import tensorflow as tf

from tfgan_zoo import random, registry, transparency


def diff_augment(images, policy=("color", "translation", "cutout")):
    """Transforms every image at random and differentiably.

    Zhao et al. 2020, arXiv 2006.10738: D sees T(x) and T(G(z)) in all of its own and the generator's losses, so that
    it cannot memorise the reals and the generator does not learn T. Each image has its own draw:

        color        x + U(-1/2, 1/2), then x scaled about its mean over channels by U(0, 2) (saturation), then about
                     its mean over all pixels by U(1/2, 3/2) (contrast); one channel has no saturation
        translation  a shift of up to an eighth of the height and of the width, rounded, both ways
        cutout       a square of half the height and width, its centre anywhere, so that it may reach outside

    What comes in from outside and what is cut out is 0, mid-grey, as in the paper: not the black of many backgrounds,
    so that D can tell a hole from the image. Colours may leave [-1, 1]. Of four channels, RGBA, "color" changes the
    colours as they are before they are multiplied by alpha, and alpha not (`colors`).

    The draws are those of the open `random.scope`, by row: the same scope repeats them, another purpose (reals,
    fakes) gets others.

    Args:
        images: float[N, H, W, C] in [-1, 1].
        policy: names out of "color", "translation" and "cutout", applied in the order given; none returns `images`.

    Returns:
        float32[N, H, W, C].

    Raises:
        ValueError: if a policy is unknown, the images are not of rank 4 or no `random.scope` is open.

    Example:

    >>> import tensorflow as tf
    >>> from tfgan_zoo import random
    >>> with random.scope(seed=0, step=0, purpose="reals"):
    ...     augmented = diff_augment(tf.ones([2, 8, 8, 1]), ("cutout",))
    >>> augmented.shape
    TensorShape([2, 8, 8, 1])
    """
    if not policy:
        return images
    policy = check_policy(policy, POLICIES)
    images = tf.cast(images, tf.float32)
    if len(images.shape) != 4:
        raise ValueError(f"images={images.shape} must be [N, H, W, C] to be augmented")
    for name in policy:
        for transform in POLICIES[name]:
            images = transform(images)
    return images


def check_policy(policy, allowed=registry.AUGMENTATIONS):
    """Returns `policy`, a name or a sequence of names, as a tuple.

    Raises:
        ValueError: if it is neither, or one of its elements is not `allowed`.

    Example:

    >>> check_policy(["color", "cutout"])
    ('color', 'cutout')
    """
    if isinstance(policy, str):  # a string is a sequence of letters
        policy = (policy,)
    if not isinstance(policy, list | tuple):
        raise ValueError(f"augment={policy!r} must be a name, or several")
    return tuple(registry.choose("augment", name, allowed) for name in policy)


def colors(change, images):
    """Changes the colours of images, of RGBA those that are not transparent as far as they are seen.

    A change of colours c that is linear but for a constant b, A c + b, is A y + a b on y = a c, which the network's
    images hold: with the colours p of [0, 1] times alpha a in their first three channels, x = 2 a p - 1 = a c + a - 1.

    Args:
        change: a function (y, a) -> A y + a b of float[N, H, W, C] and alpha, float[N, H, W, 1]; 1.0 without alpha.
        images: float[N, H, W, C] in [-1, 1].

    Returns:
        float[N, H, W, C].

    >>> seen, unseen = tf.constant([0.5, 0.0, -1.0, 1.0]), -tf.ones(4)
    >>> colors(lambda y, a: y + 0.25 * a, tf.stack([seen, unseen])[None, None]).numpy().tolist()
    [[[[0.75, 0.25, -0.75, 1.0], [-1.0, -1.0, -1.0, -1.0]]]]
    """
    if images.shape[3] != transparency.CHANNELS:
        return change(images, 1.0)
    alpha = (images[..., 3:] + 1.0) / 2.0
    return tf.concat([change(images[..., :3] + 1.0 - alpha, alpha) + alpha - 1.0, images[..., 3:]], axis=3)


def _brightness(images):
    shift = _draw(images, "brightness", 1, 1, 1) - 0.5
    return colors(lambda y, a: y + shift * a, images)


def _saturation(images):
    if images.shape[3] == 1:
        return images
    scale = 2.0 * _draw(images, "saturation", 1, 1, 1)

    def scaled(y, _):
        grey = tf.reduce_mean(y, axis=3, keepdims=True)
        return grey + (y - grey) * scale

    return colors(scaled, images)


def _contrast(images):
    scale = 0.5 + _draw(images, "contrast", 1, 1, 1)

    def scaled(y, a):
        grey = tf.reduce_mean(y, axis=(1, 2, 3), keepdims=True)
        if isinstance(a, tf.Tensor):  # the mean of what is seen
            grey = a * tf.math.divide_no_nan(grey, tf.reduce_mean(a, axis=(1, 2, 3), keepdims=True))
        return grey + (y - grey) * scale

    return colors(scaled, images)


def _translation(images):
    height, width = images.shape[1:3]
    down, right = (height + 4) // 8, (width + 4) // 8
    draws = _draw(images, "translation", 2)
    # Both gathers read each pixel at most once, so their gradients are sums of one term: the same bits every time.
    padded = tf.pad(images, [[0, 0], [down, down], [right, right], [0, 0]])
    rows = tf.range(height)[None] + 2 * down - _integers(draws[:, :1], 2 * down + 1)
    columns = tf.range(width)[None] + 2 * right - _integers(draws[:, 1:], 2 * right + 1)
    return tf.gather(tf.gather(padded, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)


def _cutout(images):
    height, width = images.shape[1:3]
    draws = _draw(images, "cutout", 2)
    hole = _covered(draws[:, :1], height)[:, :, None, None] & _covered(draws[:, 1:], width)[:, None, :, None]
    return tf.where(hole, 0.0, images)


def _covered(draws, size):
    """Returns bool[N, size]: which rows (or columns) half of `size` covers around a pixel drawn by U[0, 1)[N, 1]."""
    length = (size + 1) // 2
    # An even length lies between two pixels: one more place keeps its law symmetric.
    first = _integers(draws, size + 1 - length % 2) - length // 2
    place = tf.range(size)[None]
    return (first <= place) & (place < first + length)


def _integers(draws, count):
    """Turns U[0, 1) into integers uniform on 0, ..., count - 1."""
    return tf.cast(tf.floor(draws * count), tf.int32)


def _draw(images, name, *shape):
    rows = images.shape[0] or tf.shape(images)[0]
    return random.uniform((rows, *shape), f"augment/{name}")


POLICIES = {
    "color": (_brightness, _saturation, _contrast),
    "translation": (_translation,),
    "cutout": (_cutout,),
}
