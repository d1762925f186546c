"""The pictures of a run: its data and, tick by tick, samples of the same seeds."""

from tfgan_zoo import pictures

IMAGES = 64
POINTS = 1000
CLASSES, EACH = 16, 8  # of a conditional model: rows at most, images in each


class SampleGrids:
    """Writes grids of images, or scatter plots of a mixture's points.

    Args:
        model: a `GAN`.
        data: the `Data` it trains on.
        run: its `RunDirectory`.
    """

    def __init__(self, model, data, run):
        self._model, self._data, self._run = model, data, run
        self._mixture = len(data.shape) == 1

    def save_reals(self):
        """Writes reals.png, and returns its path."""
        self._picture(None).save(self._run.reals)
        return self._run.reals

    def save_samples(self, step):
        """Writes samples/step_<step>.png of the seeds 0, 1, 2, ..., and returns its path.

        Of a conditional model it has a class a row.
        """
        self._run.samples.mkdir(exist_ok=True)
        path = self._run.samples / f"step_{step:07d}.png"
        if self._model.num_classes and not self._mixture:
            pictures.classes(self._model, min(CLASSES, self._model.num_classes), EACH).save(path)
        else:
            self._picture(self._model.generate(POINTS if self._mixture else IMAGES)).save(path)
        return path

    def _picture(self, samples):
        if self._mixture:
            reals, _ = self._data.reals(POINTS)
            return pictures.scatter(reals[:0] if samples is None else samples, reals)
        if samples is None:
            samples = (self._data.reals(min(IMAGES, self._data.num_train or IMAGES))[0] + 1) / 2
        return pictures.grid(samples)
