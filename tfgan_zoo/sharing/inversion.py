"""The latents of a given picture, by optimisation: several starts, L-BFGS, the best one is kept.

As Zhu, Krähenbühl, Shechtman and Efros 2016 do in z ("Generative Visual Manipulation on the Natural Image Manifold",
arXiv 1609.03552, eq. 4), and Abdal, Qin and Wonka 2019 in one w for each layer ("Image2StyleGAN", arXiv 1904.03189,
eq. 1): of an image x and its target t, with features f of a network that knows such images,

    L = mean (x - t)^2 / mean (t - mean t)^2 + 0.1 |f(x) - f(t)|^2 / |f(t)|^2
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from tfgan_zoo.core.gan import GAN

CANDIDATES = 512  # samples of which the nearest are starts
STARTS, KEPT = 8, 2  # starts that take the first steps, and those of them that go on
STEPS = 500
_FIRST = 50  # steps before the others are given up
_ROUND = 100  # steps between two beginnings of L-BFGS, so that a bar can move
_PAIRS = 20  # that it remembers
_FEATURES = 0.1  # the weight of the features' part
_AT_ONCE = 64


@dataclasses.dataclass(frozen=True)
class Inverted:
    """What `invert` finds.

    Attributes:
        latents: float32[1, latent_dim], or styles float32[1, layers, d] of a network that has them.
        label: int, the class, None if there are none.
        image: float32[H, W, C] in [0, 1], what the model makes of them.
        psnr: float, how near that is to the target: -10 log10 of the mean squared difference, in dB.
    """

    latents: np.ndarray
    label: int | None
    image: np.ndarray
    psnr: float


def psnr(image: ArrayLike, target: ArrayLike) -> float:
    """Returns the peak signal-to-noise ratio of images in [0, 1], in dB; infinite if they are equal.

    >>> round(psnr(np.zeros((2, 2)), np.full((2, 2), 0.1)), 6)
    20.0
    """
    error = np.mean((np.asarray(image, "float64") - target) ** 2)
    return float("inf") if error == 0 else float(-10 * np.log10(error))


def invert(
    model: "GAN",
    targets: np.ndarray,
    features: Callable[[Any], Any] | None = None,
    labels: int | np.ndarray | None = None,
    steps: int = STEPS,
    seed: int = 0,
    tell: Callable[[int], Any] = lambda steps: None,
) -> Iterator[Inverted]:
    """Looks for the latents of pictures, one after the other.

    The starts are those 8 of 512 samples, of consecutive seeds, that are nearest to the picture. After 50 steps the two
    nearest go on. Of a conditional model each start keeps its seed's class, unless one is given.

    Args:
        model: a `GAN` of images.
        targets: float[P, H, W, C] in [0, 1].
        features: a function of float32[N, H, W, C] in [0, 1] -> float32[N, d], through which gradients flow; None
            compares pixels alone.
        labels: of a conditional model, an int or int[P], or names, the pictures' classes; None leaves them to the
            starts.
        steps: int >= 1, of L-BFGS (Liu and Nocedal 1989), for each picture.
        seed: int, the first one of the samples.
        tell: a function that is called with a number of steps when they are done.

    Yields:
        `Inverted`, one for each picture.

    Raises:
        ValueError: in one line, for an export or a served model, targets of another shape or range, labels that are
            none of the model's, or no steps.

    >>> import tfgan_zoo
    >>> model = tfgan_zoo.from_preset("pconv_fashion_mnist_10k")
    >>> found = next(invert(model, model.generate(1, seed=1000), steps=1))
    >>> found.latents.shape, found.image.shape
    ((1, 128), (32, 32, 1))
    """
    from tfgan_zoo import random
    from tfgan_zoo.core.sampler import at_least, numbered

    if getattr(model, "sampler", None) is None:
        raise ValueError("invert: an export or a served model does not show its weights; name a run or a preset")
    if len(model.image_shape) != 3:
        raise ValueError(f"invert: the model makes {list(model.image_shape)}, no images")
    targets, steps = np.asarray(targets, "float32"), at_least("steps", steps, 1)
    if targets.shape[1:] != tuple(model.image_shape):
        raise ValueError(f"targets={list(targets.shape)} must be [P, {', '.join(map(str, model.image_shape))}]")
    if not ((targets >= 0) & (targets <= 1)).all():  # levels of bytes, and what is no number
        raise ValueError("targets must be in [0, 1], all of them")
    given: Any = [None] * len(targets)
    if labels is not None:
        given = random.seed_labels(numbered(labels, model), targets, model.num_classes)
    search = _Search(model, features)
    for target, label in zip(targets, given, strict=True):
        yield search(target, label, steps, seed, tell)


class _Search:
    """Looks for one picture's latents; what TensorFlow compiles for it serves the others too."""

    def __init__(self, model, features):
        import tensorflow as tf

        self._model, self._features = model, features
        self._shape = model.style_shape or (model.latent_dim,)
        rows = [tf.TensorSpec([None, int(np.prod(self._shape))]), tf.TensorSpec([None], tf.int32)]
        signature = [*rows, tf.TensorSpec(model.image_shape), tf.TensorSpec([], tf.int32)]
        self._descend = tf.function(self._lbfgs, input_signature=signature, autograph=False)

    def __call__(self, target, label, steps, seed, tell):
        places, labels = self._starts(target, label, seed)
        first = min(steps, _FIRST)
        for number, done in enumerate([first, *_rounds(steps - first)]):
            places, losses = (part.numpy() for part in self._descend(places, labels, target, done))
            tell(done)
            if number == 0:
                nearest = _nearest(losses)[:KEPT]
                places, labels, losses = places[nearest], labels[nearest], losses[nearest]
        won = _nearest(losses)[:1]
        latents, label = places[won].reshape(-1, *self._shape), int(labels[won[0]]) if self._model.num_classes else None
        image = self._model.generate_from_latents(latents, labels=label)[0]
        return Inverted(latents, label, image, psnr(image, target))

    def _starts(self, target, label, seed):
        """Returns the nearest samples' places, flat, and their labels, 0 where there are none."""
        from tfgan_zoo import random

        seeds = random.consecutive_seeds(CANDIDATES, seed)
        latents = random.latents_from_seeds(seeds, self._model.latent_dim).numpy()
        labels = random.seed_labels(label, seeds, self._model.num_classes)
        images = self._model.generate_from_latents(latents, labels=labels)
        parts = [slice(start, start + _AT_ONCE) for start in range(0, CANDIDATES, _AT_ONCE)]
        losses = np.concatenate([self._losses(images[part], target).numpy() for part in parts])
        nearest = _nearest(losses)[:STARTS]
        latents, labels = latents[nearest], None if labels is None else labels[nearest]
        places = latents if self._model.style_shape is None else self._model.styles(latents, labels)
        return places.reshape(STARTS, -1), np.zeros(STARTS, "int32") if labels is None else labels

    def _lbfgs(self, places, labels, target, steps):
        import tensorflow_probability as tfp

        def losses(places):
            return self._losses((self._raw_images(places, labels) + 1) / 2, target)

        found = tfp.optimizer.lbfgs_minimize(
            lambda places: tfp.math.value_and_gradient(losses, places),
            places,
            num_correction_pairs=_PAIRS,
            max_iterations=steps,
            stopping_condition=tfp.optimizer.converged_all,
        )
        return found.position, found.objective_value

    def _raw_images(self, places, labels):
        """Returns images in [-1, 1] and beyond: where they are clipped, no gradient would be left."""
        import tensorflow as tf

        from tfgan_zoo.core.weights import apply

        network = self._model.sampler
        if self._model.style_shape is not None:
            made = network.synthesize(tf.reshape(places, [-1, *self._shape]))
        else:
            made = apply(network, places, labels, training=False)
        return tf.cast(made, tf.float32)

    def _losses(self, images, target):
        """Returns L, float32[N]."""
        import tensorflow as tf

        images, target = tf.convert_to_tensor(images), tf.convert_to_tensor(target)
        spread = tf.maximum(tf.math.reduce_variance(target), 1e-4)
        total = tf.reduce_mean((images - target) ** 2, axis=[1, 2, 3]) / spread
        if self._features is not None:
            wanted = tf.stop_gradient(tf.reshape(self._features(target[None]), [1, -1]))
            found = tf.reshape(self._features(images), [-1, wanted.shape[1]])
            size = tf.maximum(tf.reduce_sum(wanted**2), 1e-6)
            total += _FEATURES * tf.reduce_sum((found - wanted) ** 2, axis=1) / size
        return total


def _rounds(steps):
    """Returns the numbers of steps between two beginnings of L-BFGS."""
    return [min(_ROUND, steps - start) for start in range(0, steps, _ROUND)]


def _nearest(losses):
    """Returns places in ascending order of losses; what is no number comes last."""
    return np.argsort(np.where(np.isfinite(losses), losses, np.inf), kind="stable")
