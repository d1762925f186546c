"""What a server says of its model, checked before anything is made of it."""

import math

LARGEST = 2**26  # numbers of one image, one vector of latents or one label: more is no generator's
_ROWS = (None,)
# {an input or output of an export: (dtype, how many dimensions beside the rows)}
_KNOWN = {
    "latents": ("float32", (1,)),
    "seeds": ("int64", (0,)),
    "truncation": ("float32", (0,)),
    "labels": ("int32", (0,)),
    "images": ("float32", (1, 3)),
    "image_bytes": ("object", (0,)),
    "one_hot": ("float32", (1,)),
    "names": ("object", (1,)),
}


def check_signatures(url, signatures):
    """Checks the dtypes and shapes of all that a client uses.

    Args:
        url: str, the server's, for the message.
        signatures: {signature: ({input: (dtype, shape)}, {output: (dtype, shape)})}, a transport's.

    Returns:
        `signatures`.

    Raises:
        ValueError: in one line, if one is not what an export of ours has.

    >>> check_signatures("grpc://h/m", {"generate": ({"seeds": ("int64", (None,))}, {"images": ("float32", (None,))})})
    Traceback (most recent call last):
    ...
    ValueError: model=grpc://h/m is no export of tfgan_zoo: images of generate are float32[None]
    """
    for signature, sides in signatures.items():
        for side in sides:
            for name, (dtype, shape) in side.items():
                if name in _KNOWN and not _is(dtype, shape, *_KNOWN[name]):
                    found = f"{dtype}[{', '.join(map(str, shape))}]"[:100]
                    raise ValueError(f"model={url} is no export of tfgan_zoo: {name} of {signature} are {found}")
    return signatures


def most_bytes(rows, shape):
    """Returns how many bytes an answer of `rows` arrays of a shape may have, as PNG or as numbers in JSON."""
    return 2**16 + rows * (2**12 + 32 * math.prod(shape))


def _is(dtype, shape, wanted, ranks):
    rest = shape[1:]
    sizes = all(isinstance(size, int) and size >= 1 for size in rest)
    return dtype == wanted and shape[:1] == _ROWS and len(rest) in ranks and sizes and math.prod(rest) <= LARGEST
