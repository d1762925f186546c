"""The resizing that a metric's name stands for: it moves an FID by whole points, so there is no default."""

import numpy as np
import tensorflow as tf
from PIL import Image


def tf1_bilinear(levels, size):
    """Resizes as `tf.compat.v1.image.resize_bilinear` does by default: output i samples input i * scale, no smoothing.

    The convention of TF-GAN and of the original FID and Inception Score.

    Args:
        levels: uint8[N, H, W, C].
        size: int, pixels a side.

    Returns:
        float32[N, size, size, C], 0 to 255; what is no square is stretched.

    >>> tf1_bilinear(np.array([[[[0], [100]]]], "uint8"), 4)[0, 0, :, 0]
    array([  0.,  50., 100., 100.], dtype=float32)
    """
    images = tf.cast(levels, tf.float32)
    return tf.raw_ops.ResizeBilinear(
        images=images, size=[size, size], align_corners=False, half_pixel_centers=False
    ).numpy()


def pil_bicubic(levels, size):
    """Resizes each channel with Pillow's antialiased bicubic filter in single precision, as clean-fid does.

    Parmar, Zhang, Zhu 2022, arXiv 2104.11222. The result is clipped to 0..255 and not rounded.

    Args, Returns: as `tf1_bilinear`.

    >>> pil_bicubic(np.full((1, 8, 8, 3), 7, "uint8"), 16).shape
    (1, 16, 16, 3)
    """

    def channel(plane):
        return np.asarray(Image.fromarray(plane.astype("float32")).resize((size, size), Image.Resampling.BICUBIC))

    images = [np.stack([channel(image[..., c]) for c in range(image.shape[-1])], axis=-1) for image in levels]
    return np.clip(np.stack(images), 0.0, 255.0)


def area(levels, size):
    """Shrinks images to at most `size` pixels a side by averaging areas; smaller ones stay as they are.

    Args:
        levels: uint8[N, H, W, C].
        size: int, pixels of the longer side.

    Returns:
        float32[N, h, w, C], 0 to 255, with the proportions of the images.

    >>> area(np.zeros((1, 64, 64, 1), "uint8"), 32).shape, area(np.zeros((1, 64, 96, 1), "uint8"), 32).shape
    ((1, 32, 32, 1), (1, 21, 32, 1))
    """
    images = np.asarray(levels, "float32")
    longer = max(images.shape[1:3])
    if longer <= size:
        return images
    sides = [max(1, round(side * size / longer)) for side in images.shape[1:3]]
    return tf.image.resize(images, sides, method="area").numpy()
