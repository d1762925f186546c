"""Numbers that change over a run: functions of the step, written as "g_lr=2e-4->5e-5:cosine" or "g_lr=2e-4->5e-5@900".

TensorFlow is not imported before one is evaluated at a tensor.
"""

import dataclasses
import math

from tfgan_zoo.choices import choose
from tfgan_zoo.lazy import tf

NAMES = ("g_lr", "d_lr", "beta_2", "penalty_weight", "ema_kimg", "ada_target")
SHAPES = ("cosine", "linear")
_MOST_STEPS = 2**31 - 1
_RANGES = {"beta_2": (0, 0.999999), "ada_target": (-1, 1)}  # of others from 0 on


@dataclasses.dataclass(frozen=True)
class Schedule:
    """A number that goes from `start` to `end` over a run.

        v(t) = start + (end - start) s(t / T),   s(p) = p (linear)  or  (1 - cos(pi p)) / 2 (cosine)

    at step t of T; it depends on nothing else, so that a run that is resumed goes on with the same bits.

    Attributes:
        name: str, one of `NAMES`.
        start, end: float.
        shape: str, one of `SHAPES`.

    >>> [round(Schedule("beta_2", 0.9, 0.99, "cosine").at(step, 100), 4) for step in (0, 25, 50, 100)]
    [0.9, 0.9132, 0.945, 0.99]
    """

    name: str
    start: float
    end: float
    shape: str

    follows_length = True  # whether a longer run has other numbers from its first steps on

    @property
    def values(self):
        """The numbers that it is written with, the first one first."""
        return (self.start, self.end)

    def at(self, step, steps):
        """Returns the number at a step.

        Args:
            step: int, or an int64 scalar tensor; beyond `steps` the number stays.
            steps: int >= 1, the steps of the run.

        Returns:
            A float, or a float32 scalar tensor.
        """
        if isinstance(step, int):
            done = min(step / steps, 1.0)
            done = (1 - math.cos(math.pi * done)) / 2 if self.shape == "cosine" else done
        else:
            done = tf.minimum(tf.cast(step, tf.float32) / steps, 1.0)
            done = (1 - tf.cos(math.pi * done)) / 2 if self.shape == "cosine" else done
        return self.start + (self.end - self.start) * done


@dataclasses.dataclass(frozen=True)
class Steps:
    """A number that is one value before a step and another from there on: what a resumed run makes of a new rate.

    Attributes:
        name: str, one of `NAMES`.
        values: tuple of float, the first at step 0.
        since: tuple of int, from which steps on the others; it ascends.

    >>> rate = Steps("g_lr", (2e-4, 1e-4, 5e-5), (10, 20))
    >>> [rate.at(step, 100) for step in (0, 9, 10, 20)]
    [0.0002, 0.0002, 0.0001, 5e-05]
    """

    name: str
    values: tuple[float, ...]
    since: tuple[int, ...]

    follows_length = False

    @property
    def start(self):
        """The number at the first step."""
        return self.values[0]

    def at(self, step, steps):
        """Returns the number at a step, as `Schedule.at` does; `steps` does not matter."""
        if isinstance(step, int):
            return self.values[sum(first <= step for first in self.since)]
        number = tf.constant(self.start)
        for value, first in zip(self.values[1:], self.since, strict=True):
            number = tf.where(tf.cast(step, tf.int64) >= first, tf.constant(value), number)
        return number

    def changed(self, value, step):
        """Returns the same with another value from a step on."""
        kept = [(one, first) for one, first in zip(self.values[1:], self.since, strict=True) if first < step]
        values, since = zip(*kept, (value, step), strict=True)
        return Steps(self.name, (self.start, *values), since)

    def __str__(self):
        later = "".join(f"->{value!r}@{first}" for value, first in zip(self.values[1:], self.since, strict=True))
        return f"{self.name}={self.start!r}{later}"


def parse(text):
    """Reads one schedule.

    Args:
        text: "NAME=A->B" or "NAME=A->B:SHAPE", a `Schedule`; the shape is cosine if it is left out. Or
            "NAME=A->B@STEP", maybe with more "->C@STEP", a `Steps`.

    Raises:
        ValueError: in one line, if it is none.

    >>> parse("d_lr=2e-4->0:linear")
    Schedule(name='d_lr', start=0.0002, end=0.0, shape='linear')
    """
    name, _, rest = text.partition("=")
    ends, _, shape = rest.partition(":")
    choose("schedule", name.strip(), NAMES)
    if "@" in rest:
        return _steps(name.strip(), rest, text)
    try:
        start, end = map(float, ends.split("->"))
        if not (math.isfinite(start) and math.isfinite(end)):
            raise ValueError
    except ValueError:
        raise ValueError(f"schedule={text} must be like {name}=0.1->0.01, or {name}=0.1->0.01:linear") from None
    return Schedule(name.strip(), start, end, choose("schedule", shape.strip() or SHAPES[0], SHAPES))


def _steps(name, rest, text):
    """Reads a `Steps`, of which the part behind "NAME=" is `rest`."""
    first, *parts = rest.split("->")
    try:
        pairs = [part.split("@") for part in parts]
        values = (float(first), *(float(value) for value, _ in pairs))
        since = tuple(int(step) for _, step in pairs)
        ascends = all(one < other for one, other in zip((-1, *since), (*since, _MOST_STEPS), strict=True))
        if not (pairs and all(map(math.isfinite, values)) and ascends):
            raise ValueError
    except ValueError:
        raise ValueError(f"schedule={text} must be like {name}=0.1->0.01@5000, with ascending steps") from None
    return Steps(name, values, since)


def parse_all(texts):
    """Reads several schedules, each of another number: {name: Schedule}; one text is one of them.

    Raises:
        ValueError: in one line, if one is none, or two are of one number.
    """
    found = {}
    for text in as_texts(texts):
        schedule = parse(text)
        if schedule.name in found:
            raise ValueError(f"schedule={','.join(texts)} has {schedule.name} twice")
        found[schedule.name] = schedule
    return found


def as_texts(texts):
    """Returns schedules as a tuple of texts: of one text, or of several.

    Raises:
        ValueError: in one line, for anything else.

    >>> as_texts("g_lr=2e-4->0"), as_texts(["g_lr=2e-4->0", "d_lr=2e-4->0"])
    (('g_lr=2e-4->0',), ('g_lr=2e-4->0', 'd_lr=2e-4->0'))
    """
    texts = (texts,) if isinstance(texts, str) else texts
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"schedule={texts!r} must be a text, or several")
    return tuple(texts)


def check(found, steps, of):
    """Checks schedules by what their numbers are, as far as nobody's configuration says more.

    Args:
        found: {name: Schedule}, as `parse_all` returns it.
        steps: int, the steps in which they change; None if nobody said.
        of: {name: whether there is anything with this number}; what is not named is there.

    Raises:
        ValueError: in one line.

    >>> check(parse_all("beta_2=0.9->1"), 100, {})
    Traceback (most recent call last):
    ValueError: schedule: beta_2=1.0 must be at least 0 and at most 0.999999
    """
    for name, schedule in found.items():
        if not of.get(name, True):
            raise ValueError(f"schedule: {name} is of no use, as there is none")
        if steps is None and schedule.follows_length:
            raise ValueError(f"schedule_steps=None must be the steps in which {name} changes")
        least, most = _RANGES.get(name, (0, math.inf))
        for number in schedule.values:
            if not least <= number <= most:
                limit = "" if most == math.inf else f" and at most {most}"
                raise ValueError(f"schedule: {name}={number} must be at least {least}{limit}")
