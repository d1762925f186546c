"""What one call of evaluate.py does: which fakes are measured, in which order, and the report on them."""

from tfgan_zoo.evaluation import curves, report
from tfgan_zoo.evaluation.protocols import PROTOCOLS, RUN_STRIDE
from tfgan_zoo.evaluation.sets import Fakes, FileFakes
from tfgan_zoo.files import write_atomically

UNKNOWN = "training data not known"


class ModelSession:
    """Measures checkpoints of a model, several runs each.

    Args:
        source: str, how the user named the model.
        load: a function from a checkpoint to a model: each is loaded when its turn comes.
        checkpoints: list of str.
        evaluator: an `Evaluator`.
        reference: what it compares with, for the report; None shows no neighbours.
        runs: int >= 1.
        seed: int, the first run's first seed.
        batch_size: int.
        seen: bool, whether the model was trained on the reference; None if that is not known.
        left_out: {what: why}, for the report; a metric may be added while others are measured.
        rows: dicts, the records of the run's ticks, for the report's curves.
    """

    def __init__(
        self,
        source,
        load,
        checkpoints,
        evaluator,
        reference,
        runs,
        seed,
        batch_size,
        seen=True,
        left_out=None,
        rows=(),
    ):
        self._source, self._load, self._checkpoints = source, load, checkpoints
        self._evaluator, self._reference = evaluator, reference
        self._runs, self._seed, self._batch_size = runs, seed, batch_size
        self._seen, self._left_out, self._rows = seen, {} if left_out is None else left_out, rows

    def lines(self):
        """Yields the results, as they come."""
        for checkpoint in self._checkpoints:
            model = self._load(checkpoint)
            about = {"model": self._source, "checkpoint": checkpoint, "step": model.trained_steps}
            for run in range(self._runs):
                seed = self._seed + run * RUN_STRIDE
                for result in self._evaluator.measure(Fakes(model, seed, self._batch_size), seed):
                    by_class = "class_0" in result["values"] and model.class_names
                    named = {"class_names": list(model.class_names)} if by_class else {}
                    yield about | {"run": run} | named | self._with_doubt(result)

    def _with_doubt(self, result):
        """Returns a result that says so where the model may have been trained on the reals, or on others."""
        if self._seen is not None or not result["reference"]:
            return result
        return result | {"note": "; ".join([*filter(None, [result.get("note")]), UNKNOWN])}

    def report(self, path, lines):
        """Writes the report on the last checkpoint that was measured."""
        model = self._load(self._checkpoints[-1])
        drawn = curves.of_run(self._rows, PROTOCOLS)
        page = report.of_model(
            self._source, model, self._reference, lines, self._seed, self._seen, self._left_out, drawn
        )
        write_atomically(path, page)


class FilesSession:
    """Measures one set of images.

    Args:
        files: the fakes, a `files.ImageFiles`.
        reference: the reals, a `FilesReference`, or None.
        evaluator: an `Evaluator`.
    """

    def __init__(self, files, reference, evaluator):
        self._files, self._reference, self._evaluator = files, reference, evaluator

    def lines(self):
        """Yields the results."""
        for result in self._evaluator.measure(FileFakes(self._files)):
            yield {"model": str(self._files.path), "checkpoint": "-", "step": None, "run": 0} | result

    def report(self, path, lines):
        """Writes the report."""
        images = next(self._files.batches(64))
        write_atomically(path, report.of_images(str(self._files.path), images, self._reference, lines))
