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
        method's `mean_scores` has in their place.
        `diversity`: mean distance between samples over that between reals; 0 is one image for all latents.
        """
        samples = self._model(self._latents, self._labels)
        means = self._model.mean_scores(*(self._outputs(*items) for items in (*self._reals, (samples, self._labels))))
        numbers = dict(zip(("d_train", "d_heldout", "d_samples"), map(float, means), strict=True))
        reals = mean_distance(self._reals[0][0])  # 0 of a single image, or of copies of one
        return numbers | {"diversity": mean_distance(samples) / reals if reals else 1.0}

    @tf.function(reduce_retracing=True)
    def _outputs(self, images, labels):
        return self._model.discriminator_outputs(images, labels)


def mean_distance(images):
    """Returns the mean Euclidean distance between the images[N, ...] of a batch, over all pairs; 0 of one image."""
    flat = np.reshape(images, (len(images), -1)).astype("float64")
    flat -= flat.mean(axis=0)
    squares = np.sum(flat**2, axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * flat @ flat.T, 0.0))
    return float(distances.sum() / max(1, len(flat) * (len(flat) - 1)))


def word(signals, method=None, relative=False):
    """Returns "ok", "D overfits", "collapse", "diverging", or what the method says of a run that is not under way.

    "D overfits" when held-out reals lie nearer to samples than to training reals in D's eyes:
    r_v = (D(train) - D(heldout)) / (D(train) - D(samples)) > 1/2 (Karras et al. 2020, arXiv 2006.06676).
    "collapse" when samples differ from each other less than a third as much as reals do.
    "diverging" when a gradient norm or a logit is beyond 1e4, or is no number.

    Args:
        signals: {name: number or None} of a tick: `Health.signals` and the step's logs.
        method: the run's `specs.Method`; None for one that has no word of its own.
        relative: bool, whether the loss knows differences of logits only: then their size tells nothing, and their
            differences are looked at.

    >>> word({"d_train": 1.0, "d_heldout": 0.9, "d_samples": -1.0, "diversity": 0.9, "g_grad_norm": 1.0})
    'ok'
    """
    sizes = dict(signals)
    for names in (("d_train", "d_heldout", "d_samples"), ("d_real", "d_fake")):
        if relative and all(name in signals for name in names):
            sizes |= {name: signals[name] - signals[names[-1]] for name in names}
    if not all(math.isfinite(value) and abs(value) < 1e4 for value in sizes.values() if value is not None):
        return "diverging"
    not_under_way = method.health(signals) if method is not None else None
    if not_under_way:
        return not_under_way
    if signals["diversity"] < 1 / 3:
        return "collapse"
    apart = signals["d_train"] - signals["d_samples"]
    if apart > 0 and (signals["d_train"] - signals["d_heldout"]) / apart > 0.5:
        return "D overfits"
    return "ok"
