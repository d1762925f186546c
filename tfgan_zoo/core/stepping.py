"""How `fit`, and a run's own loop, call a GAN's steps: its data, one graph for each plan of a step, several workers."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.core import directions, fit_data


class Stepping(keras.Model):
    """Base of `core.gan.GAN`: from data sets to calls of `train_step`."""

    train_function: Any  # Keras's
    _may_end_unannounced: bool

    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, **kwargs: Any
    ) -> keras.callbacks.History:
        """`keras.Model.fit` on images in [-1, 1]: an array [N, ...], or a data set of batches.

        Args:
            x: float32[N, ...], or a `tf.data.Dataset` as in `fit_data.batches_of_steps`: of images[B, ...], of (images,
                labels), or of {"images": ..., "labels": ...}; or a `keras.utils.PyDataset`, a generator or another
                iterable of such batches. A last batch that is smaller may be left out.
            y: int[N], the labels of an array of images; a conditional model needs labels.
            batch_size: int, of an array.
            **kwargs: those of `keras.Model.fit`; `validation_data` is as `evaluate` takes it, x or (x, y).
                `shuffle` means nothing here; `class_weight` and `sample_weight` are refused.

        Raises:
            ValueError: in one line, for images of another size or range, labels that are no classes, and fewer batches
                than one step reads.
        """
        if not self.compiled:
            usual = self.compile_when_needed()
            if usual is not None:
                self.compile(*usual)
        kwargs.pop("shuffle", None)
        for name in ("class_weight", "sample_weight"):
            if kwargs.pop(name, None) is not None:
                raise ValueError(f"fit: {name}= has no meaning for a GAN; leave it out")
        x = fit_data.as_dataset(x)
        array = not isinstance(x, tf.data.Dataset)
        held_out, share = kwargs.pop("validation_data", None), kwargs.pop("validation_split", 0.0)
        if held_out is None and share:
            (x, y), held_out = fit_data.split(x, y, share)
        if held_out is not None:
            pair = held_out if isinstance(held_out, tuple | list) else (held_out,)
            size = kwargs.pop("validation_batch_size", None) or batch_size
            kwargs["validation_data"] = self.held_out_data(*pair[:2], batch_size=size)
        directions.tell(kwargs.get("callbacks"), self.directions)
        if array:
            size = 64 if batch_size is None else batch_size
            x = fit_data.batches_of_array(x, y, size, self.seed, self.image_shape, self.num_classes)
        steps = self._steps(x, checked=array)
        with warnings.catch_warnings():
            if x.cardinality() >= 0:  # its end is no surprise, though a data set of whole batches no longer tells it
                warnings.filterwarnings("ignore", "Your input ran out of data")
            return super().fit(steps, shuffle=False, **kwargs)

    def distributed(self, data: tf.data.Dataset) -> Iterator:
        """Returns an iterator over a data set that a train function reads: what `fit` makes of it, for other loops."""
        return iter(self.distribute_strategy.experimental_distribute_dataset(self._steps(data)))

    def train_on_batch(self, x: Any, y: Any = None, return_dict: bool = False) -> Any:
        """`keras.Model.train_on_batch`: one step, of `batches_per_step` batches in one array.

        Args:
            x: float32[N, ...] in [-1, 1].
            y: int[N], the labels of a conditional model.
            return_dict: bool.

        Returns:
            The logs, means since the last `reset_metrics`: {name: float}, or a list in the order of `log_names`.

        Raises:
            ValueError: as `fit` does.
        """
        self.read_step()
        batch = fit_data.of_one_step(x, y, self.batches_per_step, self.image_shape, self.num_classes)
        before, self._may_end_unannounced = self._may_end_unannounced, True  # a batch, and no iterator, for the graph
        logs = self.make_train_function()(iter([batch]))
        self._may_end_unannounced = before
        numbers = {name: float(logs[name]) for name in self.log_names}
        return numbers if return_dict else list(numbers.values())

    def _steps(self, data, checked=False):
        steps = fit_data.batches_of_steps(data, self.batches_per_step, self.image_shape, self.num_classes, checked)
        self._may_end_unannounced = steps.cardinality() == tf.data.UNKNOWN_CARDINALITY
        self.read_step()
        if self._broken is not None:
            self._broken.value.assign(-1)
        if self._several_workers:  # each reads all of the data, and keeps its rows of every batch
            options = tf.data.Options()
            options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
            steps = steps.with_options(options)
        return steps

    def make_train_function(self, force: bool = False) -> Callable:
        """Keras's, a graph for each `plan` of a step.

        Of data that may end unannounced a step's batch is fetched before its graph runs: inside, what does not depend
        on the batch (`step`, the power iteration) would run although there is none.
        """
        if self.train_function is not None and not force:
            return self.train_function
        functions = {}

        def train(iterator):
            self.plan()
            if self._planned not in functions:
                functions[self._planned] = self._step_function()  # traced when it is called first: now
                self.train_function = train
            # In longer ones Keras looks ahead, and several workers read data without an end.
            fetched = self._may_end_unannounced and self.steps_per_execution == 1 and not self._several_workers
            logs = functions[self._planned]([next(iterator)] if fetched else iterator)
            self.count_step()
            return logs

        self.train_function = train
        return train

    def _step_function(self):
        """Returns a function (iterator or list) -> logs: Keras's, which fails where there are several workers."""
        strategy = self.distribute_strategy
        if not self._several_workers:
            super().make_train_function(force=True)
            return self.train_function
        if self.steps_per_execution > 1:
            raise ValueError(f"steps_per_execution={self.steps_per_execution} must be 1 where several workers train")

        def replica(data, wants_to_stop):
            return self.train_step(data, {"stop": wants_to_stop})

        @tf.function(reduce_retracing=True)
        def step(iterator, wants_to_stop):
            logs = strategy.run(replica, args=(next(iterator), wants_to_stop))
            return {name: strategy.experimental_local_results(value)[0] for name, value in logs.items()}

        def function(iterator):
            logs = dict(step(iterator, tf.constant(float(self.wants_to_stop()))))
            self.told_to_stop = logs.pop("stop")
            return logs

        return function

    @property
    def _several_workers(self):
        return isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy)

    def _maybe_symbolic_build(self, **kwargs):
        """Keras would take a batch's mean over the workers to find out shapes, and fail; all is built already."""

    def read_step(self) -> None:
        """Notes which step is to come, from the weights; from then on `count_step` counts."""
        self._host_step = int(self.step.numpy())

    def count_step(self) -> None:
        """Notes that the planned step, or as many as Keras takes at once, is done."""
        self._host_step += self.steps_per_execution

    def plan(self) -> tuple[str, ...] | None:
        """Decides, outside any graph, what the step to come does: returns something hashable, a graph for each.

        Of several replicas no layer may wait for the others inside a `tf.cond`, as batch normalisation does; and a
        gradient that calls a network again, as that of micro batches, may not be one of a `tf.cond`: there the
        penalties that act on the step are chosen here.
        """
        lazy = [penalty for penalty in self.penalties if penalty.every > 1]
        several = self.distribute_strategy.num_replicas_in_sync > 1
        if not lazy or not (several or self.micro_batch):
            self._planned = None
            return None
        if self.steps_per_execution > 1:
            who = "several replicas have" if several else f"micro_batch={self.micro_batch} goes with"
            raise ValueError(
                f"steps_per_execution={self.steps_per_execution} must be 1 where {who} penalty={lazy[0].name} on every"
                f" {lazy[0].every}th step"
            )
        self._planned = tuple(penalty.name for penalty in lazy if self._host_step % penalty.every == 0)
        return self._planned

    def acts_now(self, penalty: Any) -> bool | tf.Tensor:
        """Whether a penalty acts on this step: a bool where `plan` knows it, else a bool tensor."""
        if self._planned is not None and not tf.executing_eagerly():
            return penalty.name in self._planned
        return self.step.value % penalty.every == 0
