"""The training loop that all methods share, and its seams."""

import contextlib
import dataclasses
import hashlib
import importlib
import numbers
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo import random, registry, schedules
from tfgan_zoo.core import batch as batches
from tfgan_zoo.core.augmenter import Augmenter
from tfgan_zoo.core.held_out import HeldOut
from tfgan_zoo.core.loss_scale import LossScale
from tfgan_zoo.core.micro_batches import by_rows
from tfgan_zoo.core.notebook import Notebook
from tfgan_zoo.core.rates import Rates
from tfgan_zoo.core.sampler import Sampler
from tfgan_zoo.core.saving import Saved
from tfgan_zoo.core.stepping import Stepping
from tfgan_zoo.core.weights import apply, copy_of, update_average
from tfgan_zoo.files import PathLike
from tfgan_zoo.layers import all_layers, perturbing, power_iteration
from tfgan_zoo.networks.freezing import freeze_lowest
from tfgan_zoo.networks.own import as_pair
from tfgan_zoo.objectives import losses, overfitting, penalties
from tfgan_zoo.objectives.penalties import Penalty
from tfgan_zoo.replicas import replica_means, share, summed
from tfgan_zoo.specs import Choices
from tfgan_zoo.tensors import global_norm
from tfgan_zoo.untracked import Untracked


@keras.saving.register_keras_serializable("tfgan_zoo")
class GAN(Stepping, HeldOut, Notebook, Rates, Saved, Sampler):
    """A generative adversarial network, and the loop on which every method is built.

    Goodfellow et al. 2014, arXiv 1406.2661. One step is `n_dis` discriminator updates and one generator update:

        theta_D <- theta_D - lr * grad L_D(D(x), D(G(z))) ;  theta_G <- theta_G - lr * grad L_G(D(G(z)))

    A method overrides the seams that its paper changes and leaves the rest: `discriminator_loss`,
    `generator_objective`, `discriminator_step`, `generator_gradients`, `batches_per_step`,
    `log_names`. Nobody overrides `train_step`.

    Calling the model samples: `gan(latents)` is the averaged (EMA) generator in inference mode.

    Args:
        generator: a network latents[N, latent_dim] -> images[N, ...] in [-1, 1]: one of the zoo's, or any Keras model,
            of which `networks.KerasGenerator` finds out sizes and labels.
        discriminator: a network images[N, ...] -> logits[N, 1], in the same way. Networks with `num_classes` above 0,
            both or none, take labels int32[N] too: then fakes are made for the labels of the batch's reals.
        loss: str, one of `registry.LOSSES`.
        penalty: names out of `registry.PENALTIES`: one, several, or () for none.
        penalty_weight: float >= 0, for all or one for each; None takes each penalty's usual weight.
        penalty_every: int, the steps between two on which a penalty acts, that much stronger; for all or one for each;
            1 is every step, None takes each penalty's usual interval.
        n_dis: int >= 1, discriminator updates in a step.
        ema_kimg: float >= 0, half-life of the generator's average in thousands of images, at most 5 % of those seen; 0
            samples the raw generator.
        augment: tuple of str, what reals and fakes go through before D sees them: "ada" (transforms with a probability
            that follows D's overfitting, `objectives.ada` and `objectives.overfitting`), then any of "color",
            "translation", "cutout" (DiffAugment).
        ada_target: float, the overfitting signal at which "ada" keeps its probability.
        ada_kimg: float > 0, thousands of images in which that probability would go from 0 to 1.
        perturb_generator: bool, whether D's perturbed convolutions are noisy too when the generator learns from them.
            If not, D sees the generator's fakes in training mode as if its rate were 0; D itself learns with noise.
        seed: int in [0, 2**31), from which every draw of the training follows.
        schedule: numbers that change with the step, as `schedules.parse` reads them: "g_lr=2e-4->5e-5:cosine"; of
            `schedules.NAMES`. The optimisers' own numbers, `penalty_weight`, `ema_kimg` and `ada_target` of them count
            no longer; a penalty's weight is that of all penalties.
        schedule_steps: int >= 1, the steps in which they change; without, none does but from step to step.
        ema_generator: the network that holds the generator's average; None makes one, a copy.
        options: {name: value}, what a method alone offers; its specification checks them, and they are saved.

    Raises:
        ValueError: in one line, for a value out of its range, and for choices that do not go together.

    Example:

    >>> import keras, numpy as np
    >>> from tfgan_zoo.methods import GAN
    >>> from tfgan_zoo.networks import DCGANDiscriminator, DCGANGenerator
    >>> gan = GAN(DCGANGenerator(width=4, latent_dim=8), DCGANDiscriminator(width=4))
    >>> gan.compile(keras.optimizers.Adam(2e-4, 0.5), keras.optimizers.Adam(2e-4, 0.5))
    >>> history = gan.fit(np.zeros((8, 32, 32, 1), "float32"), batch_size=4, verbose=0)
    >>> gan.generate(2, seed=0).shape
    (2, 32, 32, 1)
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        loss: str | None = "non_saturating",
        penalty: str | Sequence[str] = (),
        penalty_weight: float | Sequence[float] | None = None,
        penalty_every: int | Sequence[int] | None = None,
        n_dis: int = 1,
        ema_kimg: float = 10.0,
        augment: Sequence[str] = (),
        ada_target: float = overfitting.TARGET,
        ada_kimg: float = overfitting.KIMG,
        perturb_generator: bool = False,
        seed: int = 0,
        schedule: str | Sequence[str] = (),
        schedule_steps: int | None = None,
        ema_generator: keras.Model | None = None,
        options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _whole("n_dis", n_dis, 1)
        _at_least("ema_kimg", ema_kimg, 0)
        if schedule_steps is not None:
            _whole("schedule_steps", schedule_steps, 1)
        _check_seed(seed)
        generator, discriminator = as_pair(generator, discriminator)
        _check_shapes(generator, discriminator, augment)
        classes = [getattr(network, "num_classes", 0) for network in (generator, discriminator)]
        if classes[0] != classes[1]:
            raise ValueError(f"num_classes={classes[0]} of the generator must be the discriminator's, {classes[1]}")
        self._penalties = Untracked(penalties.make(penalty, penalty_weight, penalty_every))
        self._schedules = Untracked(schedules.parse_all(schedule))
        self._schedule = Untracked(schedules.as_texts(schedule))
        self.schedule_steps = 1 if schedule_steps is None else int(schedule_steps)
        self._options = Untracked(options or {})  # Keras would wrap a dictionary, and its lists
        self._check(loss, n_dis, getattr(discriminator, "normalization", None))
        self.generator = generator
        self.discriminator = discriminator
        self.ema_generator = copy_of(generator) if ema_generator is None else ema_generator
        self.ema_generator.trainable = False
        self.dtype_policy = generator.dtype_policy  # a process that loads a model may have another one
        self.adversarial_loss: Any = None if loss is None else losses.get(loss)
        self.n_dis = int(n_dis)
        self.ema_kimg = float(ema_kimg)
        self.perturb_generator = bool(perturb_generator)
        self.seed = int(seed)
        self._class_names = Untracked(())
        self.freeze_d = 0  # how many of the discriminator's layers do not learn
        self.ema_ramp = True  # whether the average begins anew: not where it begins as a trained model's
        self._states = Untracked({})
        self.step = self.add_state("step", dtype="int64")
        networks = (generator, discriminator)
        halves = any(layer.compute_dtype == "float16" for network in networks for layer in all_layers(network))
        self._loss_scale = LossScale(self) if halves else None
        self._part_of: Any = None  # of a GAN that is a part of another model: see `become_part`
        self.latent_source: Any = None
        for one in self.penalties:
            one.build(self)
        self.augmenter = Augmenter(augment, ada_target, ada_kimg)
        self.augmenter.build(self)
        there = {"penalty_weight": bool(self.penalties), "ada_target": self.augmenter.adapts}
        schedules.check(self._schedules.value, schedule_steps, there)
        self.generator_optimizer = self.discriminator_optimizer = self.learning_rate_scale = None
        self._comparisons = Untracked({})  # what `evaluate` measures beside d_real and d_fake: see `compile`
        self.micro_batch: int | None = None  # the rows of a device that go through a network at once; None for all
        self._keep_metrics = False
        self._may_end_unannounced = False  # of the data that `fit` was given
        self._host_step = 0  # `step` as Python knows it while `fit` runs
        self._planned = None  # what is known of the step to come before its graph runs: see `plan`
        self._broken: Any = None  # the first step and log that are not finite: see `broken`
        self.compile_when_needed = lambda: None  # of a preset: the optimisers with which `fit` compiles it
        self.wants_to_stop = lambda: False  # of several workers, asked before every step
        self.told_to_stop = None  # of several workers: whether any wanted to, a float32 scalar, the same on all
        self.built = True  # else fit under a strategy calls the model on the image batch

    def _check(self, loss, n_dis, normalization):
        """Raises a ValueError, one line, for choices that do not go together: the specifications have the rules."""
        spec = registry.method_of(type(self))
        choices = Choices(
            options=self._options.value,
            loss=loss,
            penalties=tuple(penalty.name for penalty in self.penalties),
            n_dis=n_dis,
            normalization=normalization,
        )
        spec.check(choices)
        for penalty in self.penalties:
            penalty.check(choices, spec)

    @classmethod
    def assemble(cls, make: Callable[..., keras.Model], **options: Any) -> "GAN":
        """Makes the model of a run, networks included.

        Args:
            make: a function (role, **kwargs) -> the run's "generator" or "discriminator"; kwargs go to the network.
            **options: the arguments of the class.
        """
        return cls(make("generator"), make("discriminator"), **options)

    @classmethod
    def from_preset(cls, preset: PathLike) -> "GAN":
        """Loads a preset, as `tfgan_zoo.from_preset` does, and makes sure that it is of this class.

        Args:
            preset: the name, folder or URL of a preset.

        Returns:
            A model of this class; `GAN` takes any.

        Raises:
            ValueError: if there is no such preset, or it is of another method.

        >>> from tfgan_zoo.methods import PConv
        >>> PConv.from_preset("pconv_fashion_mnist_10k").generate(num=2).shape
        (2, 32, 32, 1)
        """
        model = importlib.import_module("tfgan_zoo.pretrained.loading").from_preset(preset)
        if not isinstance(model, cls):
            raise ValueError(f"preset={preset} holds a {type(model).__name__}, not a {cls.__name__}")
        return model

    # What a notebook uses ------------------------------------------------------------------------------------------

    def compile(
        self,
        generator_optimizer: keras.optimizers.Optimizer,
        discriminator_optimizer: keras.optimizers.Optimizer,
        learning_rate_scale: Callable[[Any], Any] | None = None,
        micro_batch: int | None = None,
        metrics: Sequence[str | Callable] = (),
        **kwargs: Any,
    ) -> None:
        """Sets the optimisers, and builds them so that they can be saved and restored at once.

        Args:
            generator_optimizer: a Keras optimiser with a constant learning rate.
            discriminator_optimizer: another one, or the same, of which it gets a copy; it is applied `n_dis` times a
                step.
            learning_rate_scale: a `keras.optimizers.schedules.LearningRateSchedule` of the run's *step*, multiplied
                with both learning rates. (A schedule inside an optimiser would count that optimiser's own updates.)
            micro_batch: int >= 1, rows that go through a network at once, a divisor of a device's rows: the update is
                that of the whole batch in the memory of this one, with one more forward pass. None takes all at once.
                `core.micro_batches` tells what becomes of batch normalisation.
            metrics: what `evaluate` and `validation_data` measure beside d_real and d_fake: names of metrics for two
                sets of images, such as "fd_fashion_all" (see `evaluate.py --list`); or functions (reals, fakes) ->
                float of arrays[N, ...] as `generate` returns them. A .keras file keeps the names.
            **kwargs: `jit_compile`, `run_eagerly`, `steps_per_execution` of `keras.Model.compile`.

        Raises:
            ValueError: if an optimiser carries a schedule, `micro_batch` is below 1, a metric is not for two sets of
                such images, or for another argument of Keras's, such as a loss: that is one of the class.

        >>> import keras
        >>> from tfgan_zoo.methods import GAN
        >>> from tfgan_zoo.networks import MLPDiscriminator, MLPGenerator
        >>> gan = GAN(MLPGenerator((2,), width=4, latent_dim=2), MLPDiscriminator((2,), width=4))
        >>> gan.compile(keras.optimizers.Adam(2e-4, beta_1=0.5), keras.optimizers.Adam(4e-4, beta_1=0.5))
        """
        for name in kwargs.keys() - {"jit_compile", "run_eagerly", "steps_per_execution"}:
            raise ValueError(f"compile: {name}={kwargs[name]} is none of its arguments; a loss is one of the class")
        super().compile(optimizer=None, auto_scale_loss=False, **kwargs)  # Keras would wrap even the optimiser None
        self._said = Untracked(kwargs)
        if micro_batch is not None:
            _whole("micro_batch", micro_batch, 1)
        self.set_micro_batch(micro_batch)
        self.set_optimizers(generator_optimizer, discriminator_optimizer, learning_rate_scale)
        self.trackers = [keras.metrics.Mean(name=name) for name in self.log_names]
        self.prepare_judges(metrics)
        first = tf.VariableAggregation.ONLY_FIRST_REPLICA
        self._broken = Untracked(tf.Variable(-1, dtype=tf.int64, trainable=False, aggregation=first))

    def set_micro_batch(self, size: int | None) -> None:
        """Sets the rows that go through a network at once, None for all: what `compile` does."""
        self.micro_batch = size

    def call(self, latents: ArrayLike, labels: ArrayLike | None = None, training: bool = False) -> tf.Tensor:
        """Returns the averaged generator's images, float32[N, ...] in [-1, 1], of latents[N, latent_dim].

        A conditional model needs labels, int[N] in [0, num_classes).
        """
        return apply(self.ema_generator, latents, labels, training=False)

    def sample(self, latents: ArrayLike, labels: ArrayLike | None = None) -> tf.Tensor:
        """Returns images as every user sees them: float32[N, H, W, C] in [0, 1]; what is no image in data units.

        Labels of a conditional model are int[N], or one for all.

        Raises:
            ValueError: in one line, for labels that are none of the model's, where they are known before a graph runs.
        """
        return self._in_users_range(self(*self._as_inputs(latents, labels), training=False))

    def _as_inputs(self, latents, labels):
        """Returns (latents, labels) as networks take them; what is known before a graph runs is checked."""
        if isinstance(latents, list | tuple):  # Keras would take each row for an input
            latents = np.asarray(latents, "float32")
        if labels is not None and not (tf.is_symbolic_tensor(labels) or tf.is_symbolic_tensor(latents)):
            labels = random.seed_labels(labels, latents, self.num_classes)  # to a network, what is no class is zeros
        return latents, labels

    def sample_truncated(self, latents: ArrayLike, psi: ArrayLike, labels: ArrayLike | None = None) -> tf.Tensor:
        """As for every `Sampler`; a generator that has styles is truncated in these, about their average."""
        network = self.ema_generator
        if not hasattr(network, "truncated"):
            return super().sample_truncated(latents, psi, labels)
        latents, labels = self._as_inputs(latents, labels)
        return self._in_users_range(network.truncated(tf.convert_to_tensor(latents), psi, labels))

    @property
    def style_shape(self) -> tuple[int, int] | None:
        """(layers, d) of the styles w of a network that has them, else None."""
        network = self.ema_generator
        return (network.layer_count, network.latent_dim) if hasattr(network, "styles") else None

    def styles(self, latents: ArrayLike, labels: ArrayLike | None = None) -> np.ndarray:
        """As for every `Sampler`: w of the averaged generator."""
        if self.style_shape is None:
            return super().styles(latents, labels)
        latents, labels = self._as_inputs(latents, labels)
        return self.ema_generator.styles(tf.convert_to_tensor(latents), labels).numpy()

    def _in_users_range(self, images):
        images = tf.cast(images, tf.float32)
        return images if len(self.image_shape) != 3 else tf.clip_by_value((images + 1) / 2, 0.0, 1.0)

    def images_of_chunk(self, seeds: ArrayLike, truncation: ArrayLike, labels: ArrayLike | None = None) -> np.ndarray:
        """Returns images of seeds int64[N], each truncated by float32[N], from a compiled graph."""
        # Called at once, the graphs of several models count as one that is traced again and again: a warning.
        graph = self._compiled_images_of_seeds.get_concrete_function(seeds, truncation, labels)
        return graph(seeds, truncation, labels).numpy()

    @property
    def latent_dim(self) -> int:
        """The dimension of the latents."""
        return self.generator.latent_dim

    @property
    def num_classes(self) -> int:
        """How many classes a label can name; 0 for a model without labels."""
        return getattr(self.generator, "num_classes", 0)

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes are called, in the order of the labels; () if they have numbers alone."""
        return self._class_names.value

    def name_classes(self, names: Sequence[str]) -> None:
        """Gives the classes names, which are saved with the model; () takes them away.

        Raises:
            ValueError: if they are not one word for each class, no two alike.

        >>> from tfgan_zoo.methods import GAN
        >>> from tfgan_zoo.networks import MLPDiscriminator, MLPGenerator
        >>> gan = GAN(MLPGenerator((2,), width=4, num_classes=2), MLPDiscriminator((2,), width=4, num_classes=2))
        >>> gan.name_classes(["coat", "shirt"])
        >>> gan.generate(3, labels="shirt").shape
        (3, 2)
        """
        names = tuple(names)
        words = all(isinstance(name, str) and name for name in names)
        if names and not (words and len(set(names)) == len(names) == self.num_classes):
            raise ValueError(f"class_names={list(names)[:5]} must be {self.num_classes} different words, one a class")
        self._class_names = Untracked(names)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(H, W, C) of an image, (d,) of a mixture's point."""
        return tuple(self.generator.image_shape)

    @property
    def sampler(self) -> keras.Model:
        """The network whose weights sampling needs: what an export holds."""
        return self.ema_generator

    @property
    def discriminators(self) -> list:
        """The discriminators; most methods have one."""
        return [self.discriminator]

    def counterparts(self, donor: "GAN") -> Iterator[tuple]:
        """Yields (role, the donor's network, this model's) of all networks that may begin at a trained model's weights.

        Where the donor has fewer discriminators, or more, its first one stands for all of them.
        """
        yield "generator", donor.generator, self.generator
        yield "ema_generator", donor.ema_generator, self.ema_generator
        mine, theirs = self.discriminators, donor.discriminators
        if len(theirs) != len(mine):
            theirs = theirs[:1] * len(mine)
        for one, other in zip(theirs, mine, strict=True):
            yield "discriminator", one, other

    def freeze_discriminators(self, count: int) -> None:
        """Stops the `count` lowest layers of every discriminator from learning (`networks.freezing`).

        It comes before `compile`, and is saved with the model.
        """
        self.freeze_d = int(count)
        for network in self.discriminators if count else ():
            freeze_lowest(network, self.freeze_d)

    @property
    def trained_steps(self) -> int:
        """How many steps the weights were trained."""
        return int(self.step.numpy())

    @property
    def judged_steps(self) -> int:
        """How many steps the networks were trained whose samples and logits are looked at: of a part its own."""
        return self.trained_steps

    def checksum(self) -> str:
        """Returns the SHA-256 of the weights of `sampler`."""
        digest = hashlib.sha256()
        for weight in self.sampler.weights:
            digest.update(np.ascontiguousarray(weight.numpy()).tobytes())
        return digest.hexdigest()

    def finished(self) -> "GAN":
        """Returns the GAN that is kept of a trained one: itself; of a method that trains in parts, the last part."""
        return self

    # The seams ----------------------------------------------------------------------------------------------------

    @property
    def batches_per_step(self) -> int:
        """How many batches of reals a step reads."""
        return self.n_dis

    @property
    def penalties(self) -> tuple:
        """The `objectives.penalties.Penalty`s, the discriminator's and the generator's."""
        return self._penalties.value

    @property
    def discriminator_variables(self) -> list:
        """What the discriminator's optimiser trains."""
        return self.discriminator.trainable_variables

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        """The optimisers of all networks."""
        return [self.generator_optimizer, self.discriminator_optimizer]

    @property
    def log_names(self) -> list[str]:
        """The names of the numbers that a step reports, in order."""
        names = ["d_loss", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm"]
        names += [*(self.log_name(penalty) for penalty in self.penalties), *self.augmenter.log_names]
        return names if self._loss_scale is None else [*names, "loss_scale"]

    def discriminator_loss(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """Returns L_D, a float32 scalar, of logits[B, 1] on reals and fakes."""
        return self.adversarial_loss.discriminator(real_logits, fake_logits)

    def generator_objective(self, batch: batches.Batch, fakes: tf.Tensor) -> tf.Tensor:
        """Returns L_G of fakes[B, ...], a float32 scalar; reals are looked at where the loss compares with them."""
        fake_logits = self.discriminate(fakes, batch, "generator", batch.fake_labels)
        real_logits = (
            self.discriminate(batch.images, batch, "generator/reals") if self.adversarial_loss.needs_reals else None
        )
        return self.adversarial_loss.generator(fake_logits, real_logits)

    def discriminator_step(self, batch: batches.Batch, fakes: tf.Tensor | None = None) -> dict:
        """One update of the discriminator.

        Args:
            batch: the reals.
            fakes: what to hold against them, as many; None draws latents for this substep.

        Returns:
            Logs {name: scalar}.
        """
        power_iteration(self.discriminator)
        fakes = self.fakes(batch, "discriminator") if fakes is None else fakes
        with tf.GradientTape() as tape:
            loss, logs = self.discriminator_objective(batch, tf.stop_gradient(fakes))
            shared = share(loss)
        gradients = summed(self.gradient(tape, shared, self.discriminator_variables))
        self.discriminator_optimizer.apply(gradients, self.discriminator_variables)
        return logs | {"d_grad_norm": global_norm(gradients)}

    def generator_gradients(self, batch_list: list[batches.Batch], logs: dict) -> tuple[list, dict]:
        """Gradients of the generator's update.

        Args:
            batch_list: the step's `batches_per_step` batches; the plain GAN only takes its size from them.
            logs: what the step's last `discriminator_step` returned.

        Returns:
            (one gradient for each of `generator.trainable_variables`, summing over replicas; logs {name: scalar}).
        """
        batch = batch_list[-1]
        with tf.GradientTape() as tape:
            loss = self.generator_objective(batch, self.fakes(batch, "generator"))
            shared = share(loss)
        return self.gradient(tape, shared, self.generator.trainable_variables), {"g_loss": loss}

    def latents(self, batch: batches.Batch) -> tf.Tensor:
        """Draws the generator's inputs for a batch, float32[B, latent_dim], inside its scope."""
        if self.latent_source is not None:
            return self.latent_source.value(batch)
        return random.normal((batch.size, self.latent_dim), "latents")

    def discriminator_outputs(self, images: tf.Tensor, labels: ArrayLike | None = None) -> tf.Tensor:
        """Returns D's outputs[N, ...] on images[N, ...] in inference mode: what `mean_scores` compares."""
        return apply(self.discriminator, images, labels, training=False)

    def mean_scores(self, train: tf.Tensor, heldout: tf.Tensor, samples: tf.Tensor) -> tuple:
        """How real D finds three sets, by its outputs[N, ...] on them: three scalars, higher is more real."""
        return tuple(tf.reduce_mean(outputs) for outputs in (train, heldout, samples))

    # What the seams are made of -----------------------------------------------------------------------------------

    def train_step(
        self, data: dict[str, tf.Tensor], beside: dict[str, tf.Tensor] | None = None
    ) -> dict[str, tf.Tensor]:
        """One step and its logs, those of the global batch, as running means.

        Args:
            data: what `update` takes.
            beside: {name: float32 scalar}, other numbers whose means over the replicas are wanted: they go with the
                logs, as each message between processes takes its time.

        Returns:
            {name: float32 scalar}, the running means of the logs, and the means of `beside`.
        """
        beside = beside or {}
        logs, counts = (self.update(data), None) if self._loss_scale is None else self._loss_scale.step(self, data)
        logs = replica_means(logs | beside)
        for tracker in self.trackers:
            tracker.update_state(logs[tracker.name], sample_weight=counts)
        results = {tracker.name: tracker.result() for tracker in self.trackers}
        self._note_broken(list(results.values()))
        return results | {name: logs[name] for name in beside}

    def _note_broken(self, results):
        """Keeps the first step whose logs are not all finite, and the first of them: no host needs to look at each."""
        broken = ~tf.math.is_finite(tf.stack([tf.cast(result, tf.float32) for result in results]))
        first = tf.argmax(broken) + self.step.value * len(results)
        noted = self._broken.value
        noted.assign(tf.where(tf.reduce_any(broken) & (noted < 0), first, noted))

    def broken(self) -> tuple[int, str] | None:
        """Returns (step, name) of the first log that was no longer finite since the data began; None if all were."""
        noted = int(self._broken.value.numpy())
        return None if noted < 0 else (noted // len(self.trackers), self.trackers[noted % len(self.trackers)].name)

    def update(self, data: dict) -> dict:
        """`n_dis` discriminator steps, one generator step, the averages; returns the logs {name: scalar}."""
        self._assign_rates()
        self.begin_updates()
        batch_list = batches.split(data, self.batches_per_step)
        logs: dict[str, tf.Tensor] = {}
        for batch in batch_list[: self.n_dis]:
            logs |= self.discriminator_step(batch)
        gradients, generator_logs = self.generator_gradients(batch_list, logs)
        gradients, penalty_logs = self._penalized(gradients, batch_list[-1])
        gradients = summed(gradients)
        self.generator_optimizer.apply(gradients, self.generator.trainable_variables)
        logs |= generator_logs | penalty_logs | {"g_grad_norm": global_norm(gradients)}
        target = self.scheduled("ada_target", self.augmenter.target)
        logs |= self.augmenter.update(self.step.value, logs.get("real_sign"), batch_list[0].size, target)
        self._average_generator(batch_list[0].size)
        self.step.assign_add(1)
        return logs

    def begin_updates(self) -> None:
        """Tells the penalties that updates of the discriminator are about to begin, which some measure from here."""
        for penalty in self.penalties:
            penalty.begin(self)

    def gradient(
        self, tape: tf.GradientTape, target: tf.Tensor, sources: Any, output_gradients: Any = None, **options: Any
    ) -> Any:
        """Returns `tape.gradient(target, sources, ...)`, computed so that float16 does not lose it: see `LossScale`."""
        whole = self if self._part_of is None else self._part_of.value
        if whole._loss_scale is None:
            return tape.gradient(target, sources, output_gradients=output_gradients, **options)
        return whole._loss_scale.gradient(tape, target, sources, output_gradients, **options)

    def scope(self, batch: batches.Batch, purpose: str) -> contextlib.AbstractContextManager:
        """Opens the `random.scope` of one network call in this step."""
        return random.scope(self.seed, self.run_step.value, purpose, batch.substep, batch.first_row)

    def fakes(self, batch: batches.Batch, purpose: str) -> tf.Tensor:
        """Draws latents and returns the generator's images, in training mode, as many as `batch` has rows."""
        with self.scope(batch, f"{purpose}/fakes"):
            latents = self.latents(batch)

        def images(batch, latents):
            with self.scope(batch, f"{purpose}/fakes"):
                return apply(self.generator, latents, batch.labels)

        return self.by_rows(images, self.generator, batch, latents)

    def discriminate(
        self, images: tf.Tensor, batch: batches.Batch, purpose: str, labels: ArrayLike | None = None
    ) -> tf.Tensor:
        """Returns the discriminator's logits of augmented images, in training mode, noise drawn for `purpose`.

        A conditional discriminator gets `labels`, those of the batch's reals for None. For the purpose "generator",
        and "generator/..." of what the generator's fakes are compared with, `perturb_generator` decides on the noise.
        """
        noisy = self.perturb_generator or purpose.split("/")[0] != "generator"
        discriminator = self.discriminator_of(batch)

        def logits(batch, images, labels):
            with self.scope(batch, purpose), perturbing(noisy):
                return apply(discriminator, self.augmenter(images), labels)

        return self.by_rows(logits, discriminator, batch, images, batch.labels if labels is None else labels)

    def by_rows(
        self, function: Callable[..., Any], network: keras.Model, batch: batches.Batch, *tensors: Any
    ) -> tf.Tensor:
        """Returns function(batch, *tensors) of a network's outputs, in micro batches where the model has these.

        What looks at a network row by row goes through here; `core.micro_batches.by_rows` tells what a function is.
        """
        return by_rows(function, self.micro_batch, [network], batch, *tensors)

    def discriminator_of(self, batch: batches.Batch) -> keras.Model:
        """Returns the discriminator that a batch is shown to."""
        return self.discriminator

    def discriminator_objective(self, batch: batches.Batch, fakes: tf.Tensor) -> tuple[tf.Tensor, dict]:
        """Returns (L_D with its penalty, logs) of one batch; gradients flow into the fakes if the caller lets them."""
        real_logits, of_reals = self.look(batch.images, batch, "reals")
        fake_logits, of_fakes = self.look(fakes, batch, "fakes", batch.fake_labels)
        batch = dataclasses.replace(batch, slopes=of_reals | of_fakes)
        loss = self.discriminator_loss(real_logits, fake_logits)
        logs = {"d_real": tf.reduce_mean(real_logits), "d_fake": tf.reduce_mean(fake_logits)}
        loss, terms = self.with_penalties(loss, batch, fakes, real_logits, fake_logits)
        logs |= terms | self.augmenter.signal([self.adversarial_loss], real_logits, fake_logits)
        return loss, logs | {"d_loss": loss}

    def look(
        self, images: tf.Tensor, batch: batches.Batch, purpose: str, labels: ArrayLike | None = None
    ) -> tuple[tf.Tensor, dict]:
        """Returns (`discriminate`'s logits, {purpose: the slopes that a penalty of every step holds there} or {}).

        What R1 and R2 hold is the gradient of these very logits: taken here, it saves another pass of the
        discriminator, and the gradient through that.
        """

        def outputs(images):
            return self.discriminate(images, batch, purpose, labels)

        wanted = any(it.slopes_at == purpose and it.every == 1 for it in self.penalties)
        if not wanted or self.micro_batch or type(self).score is not GAN.score:
            return outputs(images), {}
        logits, slopes = penalties.with_slopes(outputs, images)
        return logits, {purpose: slopes}

    def with_penalties(
        self, loss: tf.Tensor, batch: batches.Batch, fakes: tf.Tensor, real_logits: tf.Tensor, fake_logits: tf.Tensor
    ) -> tuple[tf.Tensor, dict]:
        """Returns (L_D with the discriminator's penalties, their logs)."""
        logs = {}
        for penalty in self.penalties:
            if not penalty.of_generator:
                term = penalty(self, batch, fakes, real_logits, fake_logits)
                loss += self.weight_of(penalty) * term
                logs[self.log_name(penalty)] = term
        return loss, logs

    def score(
        self, images: tf.Tensor, batch: batches.Batch, purpose: str, labels: ArrayLike | None = None
    ) -> tf.Tensor:
        """Returns how real D finds images, float32[B, 1], of which penalties take the gradient: the logits."""
        return self.discriminate(images, batch, purpose, labels)

    def _penalized(self, gradients, batch):
        """Adds to the generator's gradients those of its own penalties; returns them and the logs."""
        mine = [penalty for penalty in self.penalties if penalty.of_generator]
        if not mine:
            return gradients, {}
        variables = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            terms = {self.log_name(penalty): penalty(self, batch) for penalty in mine}
            total = tf.add_n(
                [self.weight_of(penalty) * term for penalty, term in zip(mine, terms.values(), strict=True)]
            )
            shared = share(total)
        added = self.gradient(tape, shared, variables)  # None where a penalty does not see a weight
        return [one if other is None else one + other for one, other in zip(gradients, added, strict=True)], terms

    def log_name(self, penalty: Penalty) -> str:
        """What the logs call a penalty: the only one is `penalty`."""
        return "penalty" if len(self.penalties) == 1 else f"penalty_{penalty.name}"

    def _average_generator(self, rows):
        half_life = self.scheduled("ema_kimg", self.ema_kimg)
        update_average(self.ema_generator, self.generator, self.step.value, rows, half_life, self.ema_ramp)

    @tf.function(reduce_retracing=True)
    def _compiled_images_of_seeds(self, seeds, truncation, labels=None):
        return self.images_of_seeds(seeds, truncation, labels)

    def add_state(self, name: str, dtype: str = "float32", shape: tuple[int, ...] = ()) -> keras.Variable:
        """Adds a weight that training moves and no optimiser does, zeros at first; every replica has the same."""
        state = self.add_weight(
            shape=shape, dtype=dtype, initializer="zeros", trainable=False, name=name, aggregation="only_first_replica"
        )
        self._states.value[name] = state
        return state

    @property
    def states(self) -> dict:
        """{name: weight} of what `add_state` added, in order."""
        return dict(self._states.value)

    @property
    def run_step(self) -> keras.Variable:
        """The weight that draws and rates depend on: the step, or that of the model which this one is a part of."""
        return self.step if self._part_of is None else self._part_of.value.step

    def become_part(self, whole: keras.Model, latents: Callable[[batches.Batch], tf.Tensor] | None = None) -> None:
        """Makes this GAN a part of another model: its draws and rates follow the other's step, its counts its own.

        Args:
            whole: the model, with a `step`.
            latents: a function of a `Batch` -> float[B, latent_dim], in the place of draws from N(0, 1), if any.
        """
        self._part_of = Untracked(whole)
        self.latent_source = None if latents is None else Untracked(latents)

    # Keras: metrics and saving -------------------------------------------------------------------------------------

    def keep_metrics(self) -> None:
        """Lets the next `fit` go on with the running means, as a run resumed inside an epoch must."""
        self._keep_metrics = True

    def reset_metrics(self) -> None:
        """Resets the running means; `fit` calls it at the start of every epoch."""
        if not self._keep_metrics:
            super().reset_metrics()
        self._keep_metrics = False


def _check_shapes(generator, discriminator, augment):
    made, taken = tuple(generator.image_shape), getattr(discriminator, "image_shape", None)
    if taken is not None and tuple(taken) != made:
        raise ValueError(f"discriminator: it takes {tuple(taken)}, and the generator makes {made}")
    if augment and len(made) != 3:
        raise ValueError(f"augment={','.join(augment)} is for images (H, W, C), not for {made}")


def _at_least(argument, value, bound):
    if not isinstance(value, numbers.Real) or not value >= bound:
        raise ValueError(f"{argument}={value!r} must be at least {bound}")


def _check_seed(seed):
    if not isinstance(seed, numbers.Integral) or not 0 <= seed <= random.MAX_SEED:
        raise ValueError(f"seed={seed!r} must be in [0, {random.MAX_SEED}]")


def _whole(argument, value, bound):
    """Raises a ValueError unless a value is an int, or one of NumPy's, and at least `bound`."""
    _at_least(argument, value, bound)
    if not isinstance(value, numbers.Integral):
        raise ValueError(f"{argument}={value!r} must be a whole number")
