"""A word on how a run is doing, from signals that cost next to nothing."""

import math

import numpy as np
import tensorflow as tf

SAMPLES = 256
WARM_UP = 1000  # steps


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
        `unlikeness`: the energy distance between samples and training reals over the mean distance between reals: 0
        of the same distribution; pixels alone count.
        `roughness`: of images, how much neighbouring pixels differ in samples, over the same in reals: low of blur,
        high of noise.
        """
        samples = self._model(self._latents, self._labels)
        means = self._model.mean_scores(*(self._outputs(*items) for items in (*self._reals, (samples, self._labels))))
        numbers = dict(zip(("d_train", "d_heldout", "d_samples"), map(float, means), strict=True))
        return numbers | compared(np.asarray(samples), self._reals[0][0])

    @tf.function(reduce_retracing=True)
    def _outputs(self, images, labels):
        return self._model.discriminator_outputs(images, labels)


def compared(samples, reals):
    """Returns what samples[N, ...] are beside reals[M, ...]: the last three of `Health.signals`, as floats."""
    between = mean_distance(reals)  # 0 of a single image, or of copies of one
    own = mean_distance(samples)
    apart = mean_distance(samples, reals)
    numbers = {
        "diversity": own / between if between else 1.0,
        "unlikeness": max(0.0, 2 * apart - own - between) / between if between else 0.0,
    }
    if reals.ndim == 4:
        least = roughness(reals)  # 0 of pictures of one colour
        numbers["roughness"] = roughness(samples) / least if least else 1.0
    return numbers


def roughness(images):
    """Returns the mean absolute difference between pixels[N, H, W, C] and those to the right and below."""
    images = np.asarray(images, "float64")
    return float(sum(np.abs(np.diff(images, axis=axis)).mean() for axis in (1, 2)) / 2)


def mean_distance(images, others=None):
    """Returns the mean Euclidean distance between the images[N, ...] of a batch, over all pairs; 0 of one image.

    Args:
        images: array.
        others: array[M, ...]; given, the distance is that between an image and one of these.
    """
    flat = np.reshape(images, (len(images), -1)).astype("float64")
    middle = flat.mean(axis=0)
    flat -= middle
    second = flat if others is None else np.reshape(others, (len(others), -1)).astype("float64") - middle
    squares, seconds = np.sum(flat**2, axis=1), np.sum(second**2, axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + seconds - 2 * flat @ second.T, 0.0))
    pairs = len(flat) * (len(flat) - 1) if others is None else len(flat) * len(second)
    return float(distances.sum() / max(1, pairs))


def word(signals, method=None, relative=False, step=None, logits=True):
    """Returns "ok", or a word for what is wrong, or for a run of which it is too early to say.

    "diverging": a gradient norm or a logit is beyond 1e4, or is no number.
    "D wins": D tells samples from reals so well that neither learns any more: a gradient is next to 0, or the logits
    are further apart than where a sigmoid is 0 and 1.
    "too early": one of the first `WARM_UP` steps, in which samples of a good run too are all alike, or look like
    nothing. The two above are said at any time.
    "collapse": samples differ from each other less than a third as much as reals do.
    "mush": samples vary, but are not like reals: their pixels are distributed otherwise, or are much smoother or
    rougher.
    "D overfits": held-out reals lie nearer to samples than to training reals in D's eyes:
    r_v = (D(train) - D(heldout)) / (D(train) - D(samples)) > 1/2 (Karras et al. 2020, arXiv 2006.06676).

    Args:
        signals: {name: number or None} of a tick: `Health.signals` and the step's logs.
        method: the run's `specs.Method`, which may have a word for a run that is not under way; None for none.
        relative: bool, whether the loss knows differences of logits only: then their size tells nothing, and their
            differences are looked at.
        step: int, the steps that the judged networks were trained (`GAN.judged_steps`); None for many.
        logits: bool, whether the scores are logits with a threshold, whose distance tells something.

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
    if _d_wins(signals, logits and not relative):
        return "D wins"
    if step is not None and step <= WARM_UP:
        return "too early"
    if signals["diversity"] < 1 / 3:
        return "collapse"
    if signals.get("unlikeness", 0) > 0.25 or not 0.4 < signals.get("roughness", 1) < 2.5:
        return "mush"
    apart = signals["d_train"] - signals["d_samples"]
    if apart > 0 and (signals["d_train"] - signals["d_heldout"]) / apart > 0.5:
        return "D overfits"
    return "ok"


def _d_wins(signals, logits):
    """Returns whether D is so far ahead, on held-out reals too, that there is nothing to learn from it."""
    apart = signals["d_heldout"] - signals["d_samples"]
    gradients = [signals[name] for name in ("d_grad_norm", "g_grad_norm") if signals.get(name) is not None]
    return apart > 0 and (any(norm < 1e-3 for norm in gradients) or (logits and apart > 16))
