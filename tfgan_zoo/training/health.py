"""A word on how a run is doing, from signals that cost next to nothing."""

import math

import numpy as np
import tensorflow as tf

SAMPLES = 256


class Health:
    """Measures a model against fixed reals, at the end of a tick.

    Args:
        model: a `GAN`.
        data: the `Data` it trains on; `SAMPLES` training and held-out reals are kept.
    """

    def __init__(self, model, data):
        self._model = model
        sizes = {"train": data.num_train, "heldout": data.num_heldout}  # None for a mixture: any number
        self._reals = [data.reals(min(SAMPLES, size or SAMPLES), split) for split, size in sizes.items()]
        self._labels = np.resize(self._reals[0][1], SAMPLES)  # the samples' classes: those of the training reals
        self._latents = np.random.default_rng(0).standard_normal((SAMPLES, model.generator.latent_dim), "float32")

    def signals(self):
        """Returns what `word` looks at, as floats.

        `d_train`, `d_heldout`, `d_samples`: mean logits on training reals, held-out reals and samples, or what the
        method's `judge` has in their place.
        `diversity`: mean distance between samples over that between reals; 0 is one image for all latents.
        """
        samples = self._model(self._latents, self._labels)
        judged = self._model.judge(*(self._outputs(*items) for items in (*self._reals, (samples, self._labels))))
        numbers = dict(zip(("d_train", "d_heldout", "d_samples"), map(float, judged), strict=True))
        reals = mean_distance(self._reals[0][0])  # 0 of a single image, or of copies of one
        return numbers | {"diversity": mean_distance(samples) / reals if reals else 1.0}

    @tf.function(reduce_retracing=True)
    def _outputs(self, images, labels):
        return self._model.judged_outputs(images, labels)


def mean_distance(images):
    """Returns the mean Euclidean distance between the images[N, ...] of a batch, over all pairs; 0 of one image."""
    flat = np.reshape(images, (len(images), -1)).astype("float64")
    flat -= flat.mean(axis=0)
    squares = np.sum(flat**2, axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * flat @ flat.T, 0.0))
    return float(distances.sum() / max(1, len(flat) * (len(flat) - 1)))


def word(signals):
    """Returns "ok", "D overfits", "collapse", "diverging" or "preparing".

    "D overfits" when held-out reals lie nearer to samples than to training reals in D's eyes:
    r_v = (D(train) - D(heldout)) / (D(train) - D(samples)) > 1/2 (Karras et al. 2020, arXiv 2006.06676).
    "collapse" when samples differ from each other less than a third as much as reals do.
    "diverging" when a gradient norm or a logit is beyond 1e4, or is no number.
    "preparing" while express has not begun to train its data GAN, of which the other words speak.

    >>> word({"d_train": 1.0, "d_heldout": 0.9, "d_samples": -1.0, "diversity": 0.9, "g_grad_norm": 1.0})
    'ok'
    """
    if not all(math.isfinite(value) and abs(value) < 1e4 for value in signals.values() if value is not None):
        return "diverging"
    if signals.get("phase", 2) < 2:
        return "preparing"
    if signals["diversity"] < 1 / 3:
        return "collapse"
    apart = signals["d_train"] - signals["d_samples"]
    if apart > 0 and (signals["d_train"] - signals["d_heldout"]) / apart > 0.5:
        return "D overfits"
    return "ok"
