"""Picture files that Pillow does not write: PNG and TIFF of any depth, and colour profiles."""

import io
import struct
import sys
import zlib

import numpy as np
from PIL import Image

# Of a colour space: XYZ of D50, a column each, of its red, green and blue, as its profiles have them.
ADOBE_RGB = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
DISPLAY_P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])


def saved(image, kind="PNG", **options):
    """Returns the bytes of a file of a PIL image."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(depth, kind, rows, width=None, transparent=None, profile=None):
    """Returns a PNG of raw rows, whatever the bit depth; `transparent` is the colour of a tRNS chunk."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width or rows.shape[1], rows.shape[0], depth, kind, 0, 0, 0))]
    if profile is not None:
        parts.append(chunk(b"iCCP", b"profile\0\0" + zlib.compress(profile)))
    if transparent is not None:
        parts.append(chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)))
    return b"\x89PNG\r\n\x1a\n" + b"".join([*parts, chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")])


def tiff(pixels, photometric=2, bits=16, extra=None, order=sys.byteorder, packed=None, compression=1, planes=0):
    """Returns a TIFF of uint16[H, W, C]; `extra` is 2 for alpha, 1 for premultiplied.

    With `planes`, its channels are one after the other, each in strips of so many rows; else there is one strip.
    """
    sign = {"little": "<", "big": ">"}[order]
    raw = pixels.astype(f"{sign}u2")
    height, width, channels = pixels.shape
    strips = [raw.tobytes() if packed is None else packed]
    if planes:
        strips = [raw[top : top + planes, :, k].tobytes() for k in range(channels) for top in range(0, height, planes)]
    strips = [zlib.compress(strip) if compression == 8 else strip for strip in strips]
    starts = np.cumsum([8, *map(len, strips)]).tolist()
    tags = {256: ("H", [width]), 257: ("H", [height]), 258: ("H", [bits] * channels), 259: ("H", [compression])}
    tags |= {262: ("H", [photometric]), 273: ("I", starts[:-1]), 277: ("H", [channels]), 278: ("H", [planes or height])}
    tags |= {279: ("I", [len(strip) for strip in strips]), 284: ("H", [2 if planes else 1])}
    tags |= {338: ("H", [extra])} if extra is not None else {}
    entries, behind = b"", b""
    for tag, (kind, values) in sorted(tags.items()):
        value = struct.pack(f"{sign}{len(values)}{kind}", *values)
        if len(value) > 4:
            behind += value
            value = struct.pack(f"{sign}I", starts[-1] + 6 + 12 * len(tags) + len(behind) - len(value))
        entries += struct.pack(f"{sign}HHI", tag, {"H": 3, "I": 4}[kind], len(values)) + value.ljust(4, b"\0")
    head = (b"II" if order == "little" else b"MM") + struct.pack(f"{sign}HI", 42, starts[-1])
    return head + b"".join(strips) + struct.pack(f"{sign}H", len(tags)) + entries + bytes(4) + behind


def icc(colours=None, gamma=2.2, space=b"RGB "):
    """Returns an ICC profile (version 2) of a monitor: its primaries and a power law; grey without primaries."""

    def number(value):
        return struct.pack(">i", round(value * 65536))

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {b"wtpt": b"XYZ " + bytes(4) + number(0.9642) + number(1.0) + number(0.8249)}
    tags |= {b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(79)}
    tags |= {b"cprt": b"text" + bytes(4) + b"none\0" + bytes(3)}
    if colours is None:
        space, tags = b"GRAY", tags | {b"kTRC": curve}
    else:
        for name, column in zip((b"r", b"g", b"b"), colours.T, strict=True):
            tags[name + b"XYZ"] = b"XYZ " + bytes(4) + b"".join(map(number, column))
            tags[name + b"TRC"] = curve
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content.ljust(-(-len(content) // 4) * 4, b"\0")
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s12s4s", size, bytes(4), 0x02100000, b"mntr", space, b"XYZ ", bytes(12), b"acsp")
    head += bytes(28) + number(0.9642) + number(1.0) + number(0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def in_srgb(pixels, colours, gamma=2.2):
    """Returns float[..., 3] levels in sRGB of uint8[..., 3] in a space of `icc`, by the formulas of IEC 61966-2-1."""
    linear = (pixels / 255.0) ** (round(gamma * 256) / 256)
    linear = (linear @ colours.T @ np.linalg.inv(SRGB).T).clip(0, 1)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return curve * 255


def picture(array):
    """Returns the PIL image of an array."""
    return Image.fromarray(array)
