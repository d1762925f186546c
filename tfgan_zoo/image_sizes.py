"""Image sizes as users say them: pixels a side of a square, or height x width."""

import re

ImageSize = int | tuple[int, int]  # the second where height and width differ


def parse(value):
    """Returns an image size as everything here has it: an int of a square, else (height, width).

    Args:
        value: an int, two of them, or a text such as "64" or "192x128".

    Raises:
        ValueError: in one line, for anything else.

    >>> parse("192x128"), parse([64, 64]), parse("32")
    ((192, 128), 64, 32)
    """
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}(x[0-9]{1,9})?", value):
        return of(list(map(int, value.split("x"))))
    if _whole(value) or (isinstance(value, list | tuple) and len(value) in (1, 2) and all(map(_whole, value))):
        return of([value] if _whole(value) else value)
    raise ValueError(f"image_size={value} must be a whole number, or height x width, such as 192x128")


def of(shape):
    """Returns the image size of (height, width, ...); of one number, of that many pixels a side.

    >>> of((24, 16, 4)), of((32, 32, 1))
    ((24, 16), 32)
    """
    height, width = (*shape, *shape)[:2]
    return height if height == width else (height, width)


def sides(image_size):
    """Returns (height, width) of an image size.

    >>> sides(32), sides((24, 16))
    ((32, 32), (24, 16))
    """
    return image_size if isinstance(image_size, tuple) else (image_size, image_size)


def shown(image_size):
    """Returns an image size as a flag has it.

    >>> shown(32), shown((24, 16))
    ('32', '24x16')
    """
    return "x".join(map(str, image_size)) if isinstance(image_size, tuple) else str(image_size)


def is_one(value):
    """Returns whether a value is what `parse` returns: an int, or two that differ."""
    if isinstance(value, tuple):
        return len(value) == 2 and all(map(_whole, value)) and value[0] != value[1]
    return _whole(value)


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool)
