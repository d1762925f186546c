"""The formats of picture files that are read: Pillow's that only hold pixels, and those of plugins that are there."""

import contextlib
import functools

# Pillow's name: the suffixes, and how such files begin, as (offset, bytes); none of them can run a program.
_OWN = {
    "PNG": ((".png", ".apng"), ((0, b"\x89PNG\r\n\x1a\n"),)),
    "JPEG": ((".jpg", ".jpeg", ".jpe", ".jfif"), ((0, b"\xff\xd8\xff"),)),
    "WEBP": ((".webp",), ((8, b"WEBP"),)),
    "BMP": ((".bmp",), ((0, b"BM"),)),
    "GIF": ((".gif",), ((0, b"GIF8"),)),
    "TIFF": ((".tif", ".tiff"), ((0, b"II*\0"), (0, b"MM\0*"))),
    "AVIF": ((".avif",), ((4, b"ftypavif"),)),
    "PPM": ((".ppm", ".pgm", ".pbm", ".pnm"), ()),
}
_HEIF = ((".heic", ".heif", ".hif"), tuple((4, b"ftyp" + brand) for brand in (b"heic", b"heix", b"mif1", b"hevc")))
_JXL = ((".jxl",), ((0, b"\0\0\0\x0cJXL \r\n\x87\n"), (0, b"\xff\x0a")))
# What reads a suffix that is passed over, for a message.
_PLUGINS = dict.fromkeys(_HEIF[0], "pillow-heif") | dict.fromkeys(_JXL[0], "pillow-jxl-plugin")


@functools.cache
def known():
    """Returns {Pillow's name of a format: (its suffixes, how such files begin)}; HEIF and JPEG XL where they are read.

    >>> known()["TIFF"][0]
    ('.tif', '.tiff')
    """
    found = dict(_OWN)
    try:
        import pillow_heif
    except ImportError:
        pass
    else:
        pillow_heif.register_heif_opener()
        found["HEIF"] = _HEIF
    jxl = _format_of_jxl()
    return found if jxl is None else found | {jxl: _JXL}


def names():
    """Returns the formats' names, as `Image.open` takes them."""
    return tuple(known())


def suffixes():
    """Returns all suffixes, in lower case."""
    return tuple(suffix for endings, _ in known().values() for suffix in endings)


def begins(head):
    """Returns whether the first 16 bytes of a file are those of a picture.

    >>> begins(b"GIF89a and so on"), begins(b"GIF for all     ")
    (True, False)
    """
    return any(head[at : at + len(magic)] == magic for _, starts in known().values() for at, magic in starts)


def plugin(suffix):
    """Returns the package that reads files of a suffix which we pass over; "" where there is none.

    >>> plugin(".mov")
    ''
    """
    return "" if suffix in suffixes() else _PLUGINS.get(suffix, "")


def _format_of_jxl():
    """Returns what Pillow calls JPEG XL, if it, or a plugin that is installed, reads it."""
    from PIL import Image

    with contextlib.suppress(ImportError):
        import pillow_jxl  # noqa: F401, it registers itself
    name = Image.registered_extensions().get(".jxl")
    return name if name in Image.OPEN else None
