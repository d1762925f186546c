"""A sheet of samples for notebooks, and a callback that writes one at the end of epochs."""

import base64
import html
import io
import pathlib

import keras

from tfgan_zoo import pictures
from tfgan_zoo.core.sampler import Labels, Sampler, at_least
from tfgan_zoo.files import PathLike

POINTS = 1000


class SampleSheet:
    """Samples of consecutive seeds on one picture; a notebook shows it as the last value of a cell.

    Args:
        model: a `GAN`, or anything else that has `generate(num, seed)`, of images or of points in the plane or space.
        num: int >= 1, how many; of points 1,000 are drawn at least.
        seed: int, the first one's seed.
        labels: as `generate` takes them; a conditional model is shown with a class a row if it is None.

    Raises:
        ValueError: in one line, for what is neither an image nor a point, or another number of them.

    Example:

    >>> import tfgan_zoo
    >>> sheet = tfgan_zoo.SampleSheet(tfgan_zoo.from_preset("pconv_fashion_mnist_10k"), num=4)
    >>> sheet.picture.size, sheet.caption
    ((64, 64), 'Samples of the seeds 0 to 3')
    """

    def __init__(self, model: Sampler, num: int = 16, seed: int = 0, labels: Labels = None) -> None:
        num = at_least("num", num, 1)
        shape, last = tuple(model.image_shape), seed + num - 1
        if len(shape) == 3 and model.num_classes and labels is None:
            rows = min(model.num_classes, num)
            last = seed + max(1, num // rows) - 1
            self.picture = pictures.classes(model, rows, last - seed + 1, seed)
        elif len(shape) == 3:
            self.picture = pictures.grid(model.generate(num, seed, labels=labels))
        elif len(shape) == 1 and shape[0] > 1:
            points = model.generate(max(num, POINTS), seed, labels=labels)
            last = seed + len(points) - 1
            self.picture = pictures.scatter(points, points)
        else:
            raise ValueError(f"model: a sheet shows images (H, W, C) or points (d,), not {shape}")
        self.caption = f"Samples of the seeds {seed} to {last}"

    def save(self, path: PathLike) -> None:
        """Writes a PNG."""
        pictures.write(self.picture, path)

    def __repr__(self):
        return f"<{self.caption}>"

    def _repr_html_(self):
        content = io.BytesIO()
        scale = max(1, 256 // self.picture.width)
        self.picture.resize((self.picture.width * scale, self.picture.height * scale), 0).save(content, "PNG")
        source = base64.b64encode(content.getvalue()).decode()
        caption = html.escape(self.caption)
        return (
            f"<figure><img alt='{caption}' src='data:image/png;base64,{source}'><figcaption>{caption}</figcaption>"
            "</figure>"
        )


class SampleGrid(keras.callbacks.Callback):
    """Writes samples of the same seeds at the end of epochs, and shows them where a notebook runs.

    Args:
        folder: gets epoch_0001.png, epoch_0002.png, ...; made if it is missing. None writes nothing.
        num: int >= 1, how many samples.
        seed: int, the first one's seed.
        every: int >= 1, epochs between two pictures.

    Raises:
        ValueError: if a number is below 1.

    Example:

    >>> import tempfile, pathlib, numpy as np
    >>> import keras, tfgan_zoo
    >>> from tfgan_zoo.networks import MLPDiscriminator, MLPGenerator
    >>> gan, folder = tfgan_zoo.GAN(MLPGenerator((8, 8, 1)), MLPDiscriminator((8, 8, 1))), tempfile.mkdtemp()
    >>> gan.compile(keras.optimizers.Adam(2e-4, 0.5), keras.optimizers.Adam(2e-4, 0.5))
    >>> callback = tfgan_zoo.SampleGrid(folder, num=4)
    >>> history = gan.fit(np.zeros((4, 8, 8, 1), "float32"), verbose=0, callbacks=[callback])
    >>> [path.name for path in pathlib.Path(folder).iterdir()]
    ['epoch_0001.png']
    """

    def __init__(self, folder: PathLike | None = None, num: int = 16, seed: int = 0, every: int = 1) -> None:
        super().__init__()
        for name, value in (("num", num), ("every", every)):
            if value < 1:
                raise ValueError(f"{name}={value} must be at least 1")
        self._folder, self._num, self._seed, self._every = folder, num, seed, every

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keras's: one picture, every so many epochs."""
        if (epoch + 1) % self._every:
            return
        sheet = SampleSheet(self.model, self._num, self._seed)
        if self._folder is not None:
            folder = pathlib.Path(self._folder)
            folder.mkdir(parents=True, exist_ok=True)
            sheet.save(folder / f"epoch_{epoch + 1:04d}.png")
        _show(sheet)


def _show(sheet):
    """Shows a sheet below the cell of a notebook; elsewhere there is nothing to show it on."""
    try:
        from IPython import display, get_ipython
    except ImportError:
        return
    if hasattr(get_ipython(), "kernel"):
        display.display(sheet)
