"""Which images a command asks a model for: their seeds or latents, and their classes."""

import dataclasses
import re

import numpy as np

from tfgan_zoo import class_names
from tfgan_zoo.sharing import seed_lists

_MOST_IN_NAME = 40  # characters of a class's name in a file's name


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Images in their order.

    Args:
        rows: a range or int64[N] of seeds, or float32[N, ...] latents.
        labels: int, int[N], or None where seeds draw their own, or there are no classes.
        named: bool, whether a file's name tells the class too.
    """

    rows: range | np.ndarray
    labels: int | np.ndarray | None = None
    named: bool = False

    def __len__(self):
        return len(self.rows)

    @property
    def by_seed(self):
        """Whether the rows are seeds."""
        return isinstance(self.rows, range) or self.rows.ndim == 1

    def part(self, start, stop):
        """Returns the images [start, stop) of these."""
        labels = self.labels if np.ndim(self.labels) == 0 else self.labels[start:stop]
        return dataclasses.replace(self, rows=self.rows[start:stop], labels=labels)

    def of_class(self, label):
        """Returns the same seeds or latents, all of one class."""
        return dataclasses.replace(self, labels=label)

    def images(self, model, truncation, batch_size):
        """Returns float32[N, H, W, C] in [0, 1]."""
        if self.by_seed:
            return model.generate_from_seeds(np.asarray(self.rows, "int64"), truncation, batch_size, self.labels)
        return model.generate_from_latents(self.rows, truncation, batch_size, self.labels)

    def latents(self, model):
        """Returns float32[N, ...]."""
        from tfgan_zoo import random

        if not self.by_seed:
            return self.rows
        return random.latents_from_seeds(np.asarray(self.rows, "int64"), model.latent_dim).numpy()

    def drawn_labels(self, model):
        """Returns int32[N], where seeds draw their own those; None if there are no classes."""
        from tfgan_zoo import random

        if not self.by_seed and self.rows.ndim == 3:  # styles, which have it in them
            return None
        rows = np.asarray(self.rows, "int64") if self.by_seed else self.rows
        return random.seed_labels(self.labels, rows, model.num_classes)

    def places(self, model):
        """Returns where the images are made from: styles float32[N, layers, d] of a model that has them, or latents."""
        latents = self.latents(model)
        if model.style_shape is None or latents.ndim == 3:
            return latents
        return model.styles(latents, self.drawn_labels(model))

    def names(self, model, first=0):
        """Returns the images' names, without a suffix: seed00000042, seed00000042_class3_shirt, latents00000000.

        Args:
            model: the `Sampler`.
            first: int, which latents these begin with.
        """
        number = "seed{:08d}" if self.by_seed else "latents{:08d}"
        names = [number.format(row) for row in (self.rows if self.by_seed else range(first, first + len(self)))]
        labels = self.drawn_labels(model) if self.named else None
        if labels is None:
            return names
        words = [f"_class{label}" + _in_a_name(model.class_names, label) for label in labels]
        return [name + word for name, word in zip(names, words, strict=True)]


def _in_a_name(names, label):
    return "_" + re.sub(r"[^\w.]+", "-", names[label])[:_MOST_IN_NAME] if names else ""


def label_of(word, model, name, argument="label"):
    """Returns the number of a class: a name comes before a number, since a folder "3" may be any class.

    Where all classes are called by numbers, every number is a name.

    Args:
        word: str, as the user wrote it.
        model: a conditional `Sampler`.
        name: str, what the user calls the model.
        argument: str, the flag.

    Raises:
        ValueError: in one line, if it is neither.
    """
    classes, names = model.num_classes, tuple(model.class_names)
    named = class_names.number_of(word, names)
    if named is not None:
        return named
    numbered = class_names.are_numbers(names)
    try:
        number = None if numbered else int(word)
    except ValueError:
        number = None
    if number is None:
        known = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "") if names else "they have numbers only"
        also = "" if numbered else "its number, " if argument == "label" else "a number, "
        more = f"{also}or all" if argument == "label" else f"{also}or a range as 0-9"
        raise ValueError(f"{argument}={word!r} must be a class of model={name} ({known}), {more}")
    if not 0 <= number < classes:
        raise ValueError(f"{argument}={word} must be in [0, {classes - 1}], the classes of model={name}")
    return number


def labels_of(words, model, name):
    """Returns the numbers of classes, int32[N], of names, numbers and ranges of numbers such as "0-9"."""
    if not words:
        raise ValueError("labels= names none; write them as 0-9 or shirt,coat")
    numbers = []
    for word in words:
        if word not in model.class_names and re.fullmatch("[0-9]+-[0-9]+", word):
            both = seed_lists.parse([word], "labels", most=max(model.num_classes, 1))
            numbers += [label_of(str(number), model, name, "labels") for number in both]
        else:
            numbers.append(label_of(word, model, name, "labels"))
    return np.array(numbers, "int32")


def consecutive(seed, count):
    """Returns the range of `count` seeds from `seed` on.

    Raises:
        ValueError: in one line, if one of them has more than 64 bits.

    >>> consecutive(2**63 - 1, 1)
    range(9223372036854775807, 9223372036854775808)
    """
    if not -(2**63) <= seed <= 2**63 - count or count >= 2**63:  # more than a range can count
        raise ValueError(f"seed={seed} must be a 64-bit integer, and seed + {count - 1}, the last image's, too")
    return range(seed, seed + count)


def chosen(values, given, latents, labels, num):
    """Returns the `Wanted` images of a command's --latents, --seeds, or --seed and --num.

    Args:
        values, given: the flags.
        latents: float32[N, ...] in the place of seeds, or None.
        labels: what --label or --labels say, as numbers.
        num: int, how many seeds, if neither --num nor several labels say it.
    """
    rows = values.get("rows") if latents is None else latents
    if rows is None:
        count = values["num"] if "num" in given else len(labels) if np.ndim(labels) else num
        rows = consecutive(values["seed"], count)
    if np.ndim(labels):
        rows, labels = paired(rows, labels, len(rows))
    return Wanted(rows, labels)


def check_latents(latents, labels, model, name):
    """Refuses latents of a conditional model without a class, and styles, which have one in them, with another.

    Args:
        latents: float32[N, ...], or None for seeds.
        labels: what the user asked for, or None.
        model: the `Sampler`.
        name: str, the latents' file.

    Raises:
        ValueError: in one line.
    """
    if latents is None or not model.num_classes:
        return
    styles = latents.shape[1:] == model.style_shape
    if labels is None and not styles:
        raise ValueError(f"latents={name} draw no class of the conditional model: add --label or --labels")
    if labels is not None and styles:
        raise ValueError(f"latents={name} are styles, which have their class in them: leave out --label and --labels")


def paired(rows, labels, count):
    """Pairs seeds or latents with labels: as many of both, or one of either for all of the other.

    Args:
        rows: a range or array [N, ...].
        labels: int32[L].
        count: int, how many labels there may be: N, or of interpolations, which keep a class from a row to the next,
            N - 1.

    Returns:
        (rows, labels), labels int32[count].

    Raises:
        ValueError: in one line, for other numbers.
    """
    if len(labels) in (1, count):
        return rows, np.broadcast_to(labels, (count,))
    if count != 1 or len(rows) != 1:
        raise ValueError(f"labels: {len(labels)} of them for {count} images or strips; name one, or one for each")
    return np.repeat(np.asarray(rows), len(labels), axis=0), labels
