"""The steps at which a tick ends: functions of the configuration, so that a resumed run has the same."""


class Grid:
    """Ticks that end at every multiple of `tick`, and before the first of these at `first` x 1, 2, 4, ...

    The early ones give a slow run something to look at soon; one that ends just before a whole tick would not, and is
    left out: see `is_early`.

    Args:
        tick: int >= 1, in steps.
        first: int >= 1, the first early end; None for none.

    >>> grid = Grid(10, first=3)
    >>> [step for step in range(1, 31) if grid.is_end(step)]
    [3, 6, 10, 20, 30]
    """

    def __init__(self, tick: int, first: int | None = None) -> None:
        self.tick = tick
        early = [first] if first and first < tick else []
        while early and is_early(2 * early[-1], tick):
            early.append(2 * early[-1])
        self._early = tuple(early)

    def is_end(self, step: int) -> bool:
        """Returns whether a tick ends at a step; at step 0 too."""
        return step % self.tick == 0 or step in self._early

    def number(self, step: int) -> int:
        """Returns how many ticks have ended at a step or before."""
        return step // self.tick + sum(end <= step for end in self._early)

    def next_end(self, step: int) -> int:
        """Returns the first step after `step` at which a tick ends."""
        return next((end for end in self._early if end > step), (step // self.tick + 1) * self.tick)

    def segments(self, step: int, steps: int) -> list[tuple[int, int, int]]:
        """Splits the steps from `step` to `steps` into stretches of equally long epochs that end where ticks end.

        Args:
            step: int, the first step to do.
            steps: int, the number of steps of the run.

        Returns:
            A list of (first step, epochs, steps in an epoch): to the next end, the whole ticks, what is left.

        >>> Grid(10).segments(5, 33)
        [(5, 1, 5), (10, 2, 10), (30, 1, 3)]
        """
        stretches = []
        while step < steps:
            length = min(self.next_end(step) - step, steps - step)
            whole = length == self.tick and step % self.tick == 0
            epochs = (steps - step) // self.tick if whole else 1
            stretches.append((step, epochs, length))
            step += epochs * length
        return stretches


def is_early(step: int, tick: int) -> bool:
    """Returns whether a step lies well before the end of the first whole tick: at most three quarters of it.

    >>> is_early(248, 250), is_early(128, 250)
    (False, True)
    """
    return 4 * step <= 3 * tick
