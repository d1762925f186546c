"""Numbers that change over a run: functions of the step, written as "g_lr=2e-4->5e-5:cosine".

TensorFlow is not imported before one is evaluated at a tensor.
"""

import dataclasses
import math

from tfgan_zoo.choices import choose
from tfgan_zoo.lazy import tf

NAMES = ("g_lr", "d_lr", "beta_2", "penalty_weight", "ema_kimg", "ada_target")
SHAPES = ("cosine", "linear")


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


def parse(text):
    """Reads one schedule.

    Args:
        text: "NAME=A->B" or "NAME=A->B:SHAPE"; the shape is cosine if it is left out.

    Raises:
        ValueError: in one line, if it is none.

    >>> parse("d_lr=2e-4->0:linear")
    Schedule(name='d_lr', start=0.0002, end=0.0, shape='linear')
    """
    name, _, rest = text.partition("=")
    ends, _, shape = rest.partition(":")
    choose("schedule", name.strip(), NAMES)
    try:
        start, end = map(float, ends.split("->"))
        if not (math.isfinite(start) and math.isfinite(end)):
            raise ValueError
    except ValueError:
        raise ValueError(f"schedule={text} must be like {name}=0.1->0.01, or {name}=0.1->0.01:linear") from None
    return Schedule(name.strip(), start, end, choose("schedule", shape.strip() or SHAPES[0], SHAPES))


def parse_all(texts):
    """Reads several schedules, each of another number: {name: Schedule}.

    Raises:
        ValueError: in one line, if one is none, or two are of one number.
    """
    found = {}
    for text in texts:
        schedule = parse(text)
        if schedule.name in found:
            raise ValueError(f"schedule={','.join(texts)} has {schedule.name} twice")
        found[schedule.name] = schedule
    return found
