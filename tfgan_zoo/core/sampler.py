"""What everything that samples can do: a trained GAN, its export, a served model."""

import abc
import itertools
import operator
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo import class_names, random

Labels = int | str | Sequence[int | str] | np.ndarray | None  # a class for all images, or one for each


class Sampler(abc.ABC):
    """A source of images: image i of `generate(num, seed)` is the image of seed `seed + i`, wherever it is computed.

    A subclass has `latent_dim`, `image_shape` and `sample`; `num_classes` and `class_names` of a conditional model.
    Seeds, labels, truncation and interpolation are the same for all.

    Example, a generator whose images are grey, as bright as the first latent says:

    >>> class Grey(Sampler):
    ...     latent_dim, image_shape = 4, (2, 2, 1)
    ...     def sample(self, latents, labels=None):
    ...         return tf.ones((len(latents), 2, 2, 1)) * tf.sigmoid(latents[:, :1, None, None])
    >>> images = Grey().generate(num=3, seed=5)
    >>> images.shape, bool((Grey().generate(1, seed=7)[0] == images[2]).all())
    ((3, 2, 2, 1), True)
    """

    @property
    @abc.abstractmethod
    def latent_dim(self) -> int:
        """The dimension of the latents."""

    @property
    @abc.abstractmethod
    def image_shape(self) -> tuple[int, ...]:
        """(H, W, C) of an image, (d,) of a mixture's point."""

    @property
    def num_classes(self) -> int:
        """How many classes a label can name; 0 for a model without labels."""
        return 0

    @property
    def style_shape(self) -> tuple[int, int] | None:
        """(layers, d) of the styles w, which a network with a mapping makes of latents; None where there are none.

        An export and a served model take latents alone.
        """
        return None

    def styles(self, latents: ArrayLike, labels: ArrayLike | None = None) -> np.ndarray:
        """Returns the styles w, float32[N, *style_shape], of latents[N, latent_dim]; a class is in them.

        Raises:
            ValueError: where there are none.
        """
        raise ValueError("styles: this model has none, or they are out of reach")

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes are called, in the order of the labels; () if they have numbers alone, or there are none."""
        return ()

    @property
    def trained_steps(self) -> int | None:
        """How many steps the weights were trained; None where that is not known."""
        return None

    @abc.abstractmethod
    def sample(self, latents: ArrayLike, labels: ArrayLike | None = None) -> tf.Tensor | np.ndarray:
        """Returns images float32[N, H, W, C] in [0, 1] of latents[N, latent_dim]; mixtures in data units.

        Four channels are RGBA, the colours multiplied by alpha; `pictures` and PNGs have them as they are.

        A conditional model needs labels, int[N] in [0, num_classes).
        """

    def checksum(self) -> str | None:
        """Returns the SHA-256 of the weights that sampling uses; None where they cannot be looked at."""
        return None

    def truncate(self, latents: ArrayLike, psi: ArrayLike) -> tf.Tensor:
        """Returns latents nearer to the typical ones: less variety, fewer odd images.

            z' = psi z

        so that psi 1 leaves what was trained, and psi 0 is the image of the mean latent.

        Args:
            latents: float32[N, latent_dim].
            psi: float, or float[N], one a row, in [0, 1].

        Returns:
            float32[N, latent_dim].

        >>> import tfgan_zoo
        >>> model = tfgan_zoo.load("pconv_fashion_mnist_10k")
        >>> model.truncate(tf.ones((2, model.latent_dim)), [1.0, 0.5])[:, 0].numpy().tolist()
        [1.0, 0.5]
        """
        return latents * tf.reshape(tf.cast(psi, tf.float32), [-1, 1])

    def sample_truncated(
        self, latents: ArrayLike, psi: ArrayLike, labels: ArrayLike | None = None
    ) -> tf.Tensor | np.ndarray:
        """Returns what `sample` does of truncated latents; a network with styles truncates those.

        Args:
            latents: float32[N, latent_dim], or styles float32[N, *style_shape] where there are any.
            psi: float, or float[N], one a row, in [0, 1].
            labels: int[N] of a conditional model.
        """
        return self.sample(self.truncate(latents, psi), labels)

    def generate(
        self, num: int, seed: int = 0, truncation: float = 1.0, batch_size: int = 64, labels: Labels = None
    ) -> np.ndarray:
        """Samples: image i is the image of seed `seed + i`, whatever the batch size.

        Args:
            num: int >= 1, how many.
            seed: int, the first image's seed.
            truncation: float in [0, 1], see `truncate`: 1 samples what was trained, 0 is the mean image.
            batch_size: int >= 1, images computed at once.
            labels: of a conditional model, the class of all images, int in [0, num_classes) or a name of
                `class_names`, or `num` of them, one each (a list of one is for all); None lets every seed draw its own.

        Returns:
            float32[num, H, W, C] in [0, 1] (mixtures: float32[num, d] in data units).

        Raises:
            ValueError: if an argument is out of its range.

        >>> import tfgan_zoo
        >>> model = tfgan_zoo.load("pconv_fashion_mnist_10k")
        >>> model.generate(num=2, seed=7).shape
        (2, 32, 32, 1)
        """
        return self.generate_from_seeds(random.consecutive_seeds(num, seed), truncation, batch_size, labels)

    def generate_from_seeds(
        self, seeds: ArrayLike, truncation: float = 1.0, batch_size: int = 64, labels: Labels = None
    ) -> np.ndarray:
        """Samples the images of any seeds: image i is that of `seeds[i]`, as `generate` makes it.

        Args:
            seeds: int[N] of 64 bits, N >= 1, in any order.
            truncation, batch_size: as for `generate`.
            labels: as for `generate`, N if they are several.

        Returns:
            float32[N, H, W, C] in [0, 1].

        Raises:
            ValueError: if an argument is out of its range.

        >>> import tfgan_zoo
        >>> model = tfgan_zoo.load("pconv_fashion_mnist_10k")
        >>> images = model.generate_from_seeds([42, 7])
        >>> bool((abs(images[1] - model.generate(1, seed=7)[0]) < 1e-6).all())
        True
        """
        checked = checked_seeds(seeds)
        truncations = np.full(len(checked), _in_unit_interval("truncation", truncation), "float32")
        drawn = random.seed_labels(numbered(labels, self), checked, self.num_classes)
        parts = chunks(batch_size, checked, truncations, *(() if drawn is None else (drawn,)))
        return np.concatenate([self.images_of_chunk(*part) for part in parts])

    def generate_from_latents(
        self, latents: ArrayLike, truncation: float = 1.0, batch_size: int = 64, labels: Labels = None
    ) -> np.ndarray:
        """Samples the images of latents: of those of a seed, the seed's image.

        Args:
            latents: float[N, latent_dim], or styles float[N, *style_shape] where there are any; N >= 1, all finite.
            truncation, batch_size: as for `generate`.
            labels: a conditional model's: a class, or N of them; latents draw none, so it cannot be None. Styles have
                their class in them.

        Returns:
            float32[N, H, W, C] in [0, 1].

        Raises:
            ValueError: if an argument is out of its range.

        >>> import tfgan_zoo
        >>> model = tfgan_zoo.load("pconv_fashion_mnist_10k")
        >>> latents = tfgan_zoo.random.latents_from_seeds([7], model.latent_dim)
        >>> images = model.generate_from_latents(latents)
        >>> bool((abs(images - model.generate(1, seed=7)) < 1e-6).all())
        True
        """
        checked = self._checked_latents(latents)
        truncations = np.full(len(checked), _in_unit_interval("truncation", truncation), "float32")
        given = None
        if checked.ndim == 3:
            pass
        elif self.num_classes and labels is None:
            raise ValueError("labels=None: this model is conditional, and latents draw no class; name one")
        else:
            given = random.seed_labels(numbered(labels, self), checked, self.num_classes)
        parts = chunks(batch_size, checked, truncations, *(() if given is None else (given,)))
        return np.concatenate([np.asarray(self.sample_truncated(*part)) for part in parts])

    def interpolate(
        self, num: int, steps: int, seed: int = 0, truncation: float = 1.0, batch_size: int = 64, labels: Labels = None
    ) -> np.ndarray:
        """Samples `num` rows of `steps` images, from the latents of one seed to the next one's along a great circle.

        Row i begins at seed `seed + i` and ends at `seed + i + 1`. A conditional model keeps one class in a row.

        Args:
            num: int >= 1, how many rows.
            steps: int >= 2, images of a row, both ends among them.
            seed, truncation, batch_size: as for `generate`.
            labels: the class of all rows, by number or name, or `num` of them; None takes that of the row's first seed.

        Returns:
            float32[num * steps, H, W, C] in [0, 1], row by row.

        Raises:
            ValueError: if an argument is out of its range.

        >>> import tfgan_zoo
        >>> model = tfgan_zoo.load("pconv_fashion_mnist_10k")
        >>> model.interpolate(num=2, steps=5).shape  # from seed 0 to 1, and from 1 to 2
        (10, 32, 32, 1)
        """
        seeds = random.consecutive_seeds(at_least("num", num, 1) + 1, seed)
        labels = random.seed_labels(numbered(labels, self), seeds[:-1], self.num_classes)
        stops = random.latents_from_seeds(seeds, self.latent_dim)
        return self.interpolate_latents(stops, steps, truncation, batch_size, labels)

    def interpolate_latents(
        self, latents: ArrayLike, steps: int, truncation: float = 1.0, batch_size: int = 64, labels: Labels = None
    ) -> np.ndarray:
        """Samples N - 1 rows of `steps` images, from each latent to the next one along a great circle, or in a line.

        Args:
            latents: float[N, latent_dim]; or styles float[N, *style_shape] where there are any, which go in a line;
                N >= 2, all finite.
            steps: int >= 2, images of a row, both ends among them.
            truncation, batch_size: as for `generate`.
            labels: a conditional model's: a class, or N - 1 of them, one a row.

        Returns:
            float32[(N - 1) * steps, H, W, C] in [0, 1], row by row.

        Raises:
            ValueError: if an argument is out of its range.

        >>> import tfgan_zoo
        >>> model = tfgan_zoo.load("pconv_fashion_mnist_10k")
        >>> latents = tfgan_zoo.random.latents_from_seeds([7, 42], model.latent_dim)
        >>> model.interpolate_latents(latents, steps=5).shape
        (5, 32, 32, 1)
        """
        stops = self._checked_latents(latents)
        ways = self.latents_between(stops, steps)
        if labels is not None and stops.ndim == 2:
            rows = random.seed_labels(numbered(labels, self), stops[1:], self.num_classes)
            labels = None if rows is None else np.repeat(rows, steps)
        return self.generate_from_latents(ways, truncation, batch_size, labels)

    def latents_between(self, latents: ArrayLike, steps: int) -> np.ndarray:
        """Returns float32[(N - 1) * steps, ...]: what `interpolate_latents` samples."""
        stops, steps = self._checked_latents(latents), at_least("steps", steps, 2)
        if len(stops) < 2:
            raise ValueError("latents: an interpolation needs at least 2 of them")
        shares = np.linspace(0, 1, steps)
        pairs = itertools.pairwise(stops)
        if stops.ndim == 3:
            return np.concatenate([np.linspace(start, end, steps, dtype="float32") for start, end in pairs])
        return np.concatenate([random.slerp(start, end, shares) for start, end in pairs])

    def _checked_latents(self, latents):
        latents = _real_numbers("latents", latents)
        if not latents.size or latents.shape[1:] not in ((self.latent_dim,), self.style_shape):
            styles = "" if self.style_shape is None else " or styles float[N, {}, {}]".format(*self.style_shape)
            raise ValueError(f"latents={list(latents.shape)} must be float[N, {self.latent_dim}]{styles}, N at least 1")
        finite = np.isfinite(latents).reshape(len(latents), -1).all(axis=1)
        if not finite.all():
            raise ValueError(f"latents: row {np.flatnonzero(~finite)[0]} is no finite number")
        return latents

    def images_of_seeds(
        self, seeds: ArrayLike, truncation: ArrayLike, labels: ArrayLike | None = None
    ) -> tf.Tensor | np.ndarray:
        """Returns images of seeds int64[N], each truncated by float32[N]: the definition, which exports trace too."""
        latents = random.latents_from_seeds(seeds, self.latent_dim)
        return self.sample_truncated(latents, truncation, labels)

    def images_of_chunk(self, seeds: ArrayLike, truncation: ArrayLike, labels: ArrayLike | None = None) -> np.ndarray:
        """Returns what `images_of_seeds` does, in the way that is quickest here; `generate` calls it."""
        return np.asarray(self.images_of_seeds(seeds, truncation, labels))


def numbered(labels: Labels, model: "Sampler") -> Labels:
    """Returns labels with the names of classes replaced by their numbers.

    Args:
        labels: what `generate` takes.
        model: a `Sampler`.

    Raises:
        ValueError: in one line, if a name is none of the model's.

    >>> class Model:
    ...     num_classes, class_names = 2, ("coat", "shirt")
    >>> numbered("shirt", Model), numbered(["shirt", 0], Model), numbered(3, Model)
    (1, [1, 0], 3)
    """
    if isinstance(labels, np.ndarray) and labels.dtype.kind == "U":
        labels = labels.tolist()  # a str of an array without dimensions
    if isinstance(labels, str):
        return _number(labels, model)
    if isinstance(labels, list | tuple) and any(isinstance(label, str) for label in labels):
        return [_number(label, model) if isinstance(label, str) else label for label in labels]
    return labels


def _number(name, model):
    if not model.num_classes:
        raise ValueError(f"labels={name!r} are for conditional models; this one has no classes")
    names = tuple(model.class_names)
    number = class_names.number_of(name, names)
    if number is not None:
        return number
    if not names:
        raise ValueError(f"labels={name!r}: this model's classes have no names, numbers only; name an integer from 0")
    more = ", ..." if len(names) > 20 else ""
    raise ValueError(f"labels={name!r} is no class of this model; choose from {', '.join(names[:20])}{more}")


def chunks(size: int, *columns: np.ndarray) -> Iterator[tuple]:
    """Yields columns cut into parts of `size` rows, the last one shorter.

    Raises:
        ValueError: if `size` is below 1.

    >>> [part[0].tolist() for part in chunks(2, np.arange(5))]
    [[0, 1], [2, 3], [4]]
    """
    size = at_least("batch_size", size, 1)
    return (tuple(column[start : start + size] for column in columns) for start in range(0, len(columns[0]), size))


def checked_seeds(seeds: ArrayLike) -> np.ndarray:
    """Returns seeds int64[N]; raises a ValueError, one line, for what is none.

    >>> checked_seeds([7, -1])
    array([ 7, -1])
    """
    try:
        seeds = np.asarray(seeds)
    except ValueError:
        raise ValueError(f"seeds={type(seeds).__name__} of several lengths must be int[N] of 64 bits") from None
    if seeds.ndim != 1 or seeds.dtype.kind not in "iu" or not len(seeds):
        raise ValueError(f"seeds={seeds.dtype}{list(seeds.shape)} must be int[N] of 64 bits, N at least 1")
    if seeds.dtype == np.uint64 and (seeds > np.uint64(2**63 - 1)).any():
        raise ValueError(f"seeds={seeds.max()} must be a 64-bit integer")
    return seeds.astype("int64")


def at_least(argument: str, value: Any, bound: int) -> int:
    """Returns a whole number; raises a ValueError, one line, if it is none, or below the bound.

    >>> at_least("num", np.int64(3), 1)
    3
    """
    try:
        value = operator.index(value)
    except TypeError:
        raise ValueError(f"{argument}={value!r} must be a whole number") from None
    if value < bound:
        raise ValueError(f"{argument}={value} must be at least {bound}")
    return value


def _in_unit_interval(argument, value):
    try:
        inside = bool(0 <= value <= 1)
    except (TypeError, ValueError):  # a word; several numbers
        raise ValueError(f"{argument}={value!r} must be one number in [0, 1]") from None
    if not inside:
        raise ValueError(f"{argument}={value} must be in [0, 1]")
    return value


def _real_numbers(argument, values):
    """Returns float32 of values that are real numbers, or objects of these; what is too large for it is infinite."""
    try:
        found = np.asarray(values)
        if found.dtype.kind in "cSUmM":  # NumPy would drop imaginary parts, and read words
            raise TypeError
        with np.errstate(over="ignore"):
            return found.astype("float32")
    except (TypeError, ValueError):
        raise ValueError(f"{argument} must be an array of real numbers, not this {type(values).__name__}") from None
