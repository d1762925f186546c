"""Follows named metrics during a run, and keeps the weights that were best by the first of them."""

import math

from tfgan_zoo.core import in_memory
from tfgan_zoo.evaluation import protocols
from tfgan_zoo.files import write_atomically
from tfgan_zoo.training.errors import RunError


class BestWeights:
    """Measures the averaged generator at the end of ticks.

    What was best so far is read from metrics.jsonl, so a resumed run goes on as if it had never stopped. The best
    weights, networks and averages without optimisers, are in best.weights.h5.

    Args:
        config: the run's `Config`.
        model: its `GAN`.
        data: its `Data`.
        run: its `RunDirectory`.

    Raises:
        RunError: if a metric cannot be computed.
    """

    def __init__(self, config, model, data, run):
        self._config, self._model, self._run = config, model, run
        self._chosen = protocols.choose(config.eval_metrics, shape=data.shape) if config.eval_metrics else {}
        if self._chosen:
            self._evaluator = _made(config, data)

    def follow(self, config):
        """Takes a configuration whose ticks and length are others."""
        self._config = config

    def evaluate(self, step):
        """Returns {metric: its headline value} of the model as it is, None where it is not due; keeps the best."""
        if not self._chosen:
            return {}
        if not self._due(step):
            return dict.fromkeys(self._chosen)
        from tfgan_zoo.evaluation.sets import Fakes

        try:
            results = self._evaluator.measure(Fakes(self._model))
        except ValueError as error:  # samples that are not finite
            raise RunError(f"step {step}: {error}") from None
        values = {result["metric"]: result["values"][result["headline"]] for result in results}
        first = next(iter(values))
        known = values[first] is not None  # as that of images of which each is a held-out one is not
        if known and all(self._better(values[first], row[first]) for row in self._rows(first)):
            self._keep()
        return values

    def summary(self):
        """Returns a line for each metric with its best and its last value."""
        return [self._line(name) for name in self._chosen if self._rows(name)]

    def _line(self, name):
        rows = self._rows(name)
        pick = max if self._chosen[name].better == "higher" else min
        best, last = pick(rows, key=lambda row: row[name]), rows[-1]
        return f"{name}: best {best[name]:.5g} at step {best['step']}, last {last[name]:.5g} at step {last['step']}"

    def _due(self, step):
        config = self._config
        if step == config.steps:
            return True
        if step % config.steps_per_tick:  # an early tick: the clock chose it, which must not choose the best
            return False
        if config.eval_every_kimg is None:
            return True
        tick = math.ceil(step / config.steps_per_tick)

        def passed(ticks):  # in kimg as asked for: a tick is a whole number of steps, so its own kimg may fall short
            return (ticks * config.tick_kimg + 1e-6) // config.eval_every_kimg

        return passed(tick) > passed(tick - 1)

    def _better(self, one, two):
        return one > two if self._chosen[self._config.eval_metrics[0]].better == "higher" else one < two

    def _rows(self, name):
        """The ticks' records in which a metric has a value, in order."""
        rows = (row for _, row in self._run.rows(self._run.metrics))
        return [row for row in rows if isinstance(row.get(name), (int, float))]

    def _keep(self):
        write_atomically(self._run.best, in_memory.weights(self._model).getbuffer())


def evaluator(config, data):
    """Returns the `Evaluator` of what a run follows.

    Args:
        config: a `Config` with `eval_metrics`.
        data: its `Data`.

    Raises:
        ValueError: in one line, if a metric does not go with the data.
        extractors.Unavailable: if it needs Inception, and that is not available.
    """
    from tfgan_zoo.evaluation.evaluator import Evaluator
    from tfgan_zoo.evaluation.sets import DataReference

    chosen = protocols.choose(config.eval_metrics, shape=data.shape)
    return Evaluator(chosen, data.shape, DataReference(data), config.dataset, config.inception)


def _made(config, data):
    from tfgan_zoo.evaluation.extractors import Unavailable

    try:
        return evaluator(config, data)
    except (ValueError, Unavailable) as error:
        raise RunError(str(error)) from None
