"""Haar wavelet packets of images: what a Frechet distance can be taken on without any network."""

import functools

import numpy as np

LEVEL = 4  # the paper's


def haar_packets(images, level=LEVEL):
    """The packets of the Haar wavelet's full tree at one level.

    At every level, each packet is filtered along both axes by (1, 1) / sqrt 2 and by (1, -1) / sqrt 2, and every
    second value is kept. After `level` of them this is the Walsh-Hadamard transform H X H^T / 2^level of every block X
    of 2^level x 2^level pixels, H of entries 1 and -1: packet (i, j) is entry (i, j) of all blocks. The transform is
    orthonormal, so the sum of squares is that of the pixels.

    Args:
        images: float[N, H, W, C], H and W multiples of 2^level.
        level: int >= 1.

    Returns:
        float[N, 4^level, H W C / 4^level]: the packets, each flat, in the order of (i, j).

    Raises:
        ValueError: if the sides are no multiples.

    >>> haar_packets(np.ones((1, 2, 4, 1)), level=1)[0]
    array([[2., 2.],
           [0., 0.],
           [0., 0.],
           [0., 0.]])
    """
    side = 2**level
    num, height, width, channels = np.shape(images)
    if height % side or width % side:
        raise ValueError(f"images of {height} x {width} must have sides that are multiples of {side}")
    walsh = functools.reduce(np.kron, [np.array([[1.0, 1.0], [1.0, -1.0]])] * level)
    blocks = np.reshape(images, [num, height // side, side, width // side, side, channels])
    packets = np.einsum("iu,nrucvk,jv->nijrck", walsh, blocks, walsh, optimize=True)
    return packets.reshape(num, side * side, -1) / side
