"""Discriminators with different costs, and a generator that selects among their gradients."""

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo import random
from tfgan_zoo.core.batch import Batch
from tfgan_zoo.core.gan import GAN
from tfgan_zoo.layers import power_iteration
from tfgan_zoo.methods.ces import selection
from tfgan_zoo.methods.ces.spec import SPEC
from tfgan_zoo.networks.own import as_pair
from tfgan_zoo.objectives import losses
from tfgan_zoo.replicas import replica_mean, share

COSTS = SPEC.options["costs"].default


@dataclasses.dataclass(frozen=True)
class _Shown(Batch):
    """A batch as one discriminator of the ensemble is shown it, with draws of its own."""

    index: int = dataclasses.field(kw_only=True)


@keras.saving.register_keras_serializable("tfgan_zoo")
class CES(GAN):
    """A GAN with K discriminators, each with a cost of its own, whose generator follows a selected gradient.

    After Liu et al., "Cost Ensemble with Gradient Selecting for GANs", IJCAI 2023. Discriminators of one cost give the
    generator much the same gradient; different costs give different ones. Their strength is unbalanced, which makes
    G hard to train, so a mechanism selects:

        D_i: one step on L_D^i(D_i(x), D_i(G(z))) for all i,  the same reals and fakes, selected or not
        G:   g_i = d L_G^i(D_i(G(z))) / d G(z),   g = select(g_1, ..., g_K; a_1, ..., a_K),   (d G(z) / d theta)^T g

    with a_i the balanced accuracy of D_i on the whole batch of the last discriminator step, before its update. The
    costs, the strength a_i and the rules are our choice; `methods.ces.selection` has the formulas. Which rule is the
    paper's we could not learn; the ablation of docs/claims.md made `mean` the default: of discriminators that are
    about equally strong, `best` picks by chance, and G loses what the others see. Strengths may all be 1: a tie goes
    to the earlier cost, so the order of `costs` matters.

    One cost is the plain GAN, bit for bit, under every rule; one cost repeated, with `selection="mean"`, is an ensemble
    that averages. Every discriminator draws its own noise and augmentation. A penalty acts on each of them,
    but "wgan_gp" on those of the cost wasserstein alone, which needs it. Logs: `d_loss`, `d_real`,
    `d_fake` and `penalty` are means over the discriminators; `g_loss` is the selected costs'; `strength_<cost>` is
    a_i; `selected_<cost>` is how often G followed it (`mean`: 1/K; `per_sample`: by how many samples). A repeated
    cost counts on: hinge, hinge_2. `discriminator` is the first cost's, or the shared one, and is what a run's health
    word looks at.

    Args:
        generator: as in `GAN`.
        discriminator: as in `GAN`; K - 1 others are made from its config, with initial weights of their own. With
            `shared_trunk` its logits are [N, K].
        costs: K >= 1 names out of `registry.LOSSES`, repeats allowed.
        selection: str, the rule: "mean", "best", "worst", "random", "max_norm", "min_norm" or "per_sample".
        normalize: bool, rescale the selected gradient to the mean norm of the g_i.
        shared_trunk: bool, one discriminator with a logit for each cost, trained on the mean of the L_D^i: light.
        loss: None; the costs take its place.
        **kwargs: as in `GAN`; a penalty of D must keep no state, as that is of one discriminator.

    Raises:
        ValueError: if an option is unknown, or options do not go together.

    Example:

    >>> from tfgan_zoo.methods import CES
    >>> from tfgan_zoo.networks import DCGANDiscriminator, DCGANGenerator
    >>> gan = CES(DCGANGenerator(width=4), DCGANDiscriminator(width=4), costs=("non_saturating", "hinge"))
    >>> len(gan.discriminators)
    2
    >>> light = CES(DCGANGenerator(width=4), DCGANDiscriminator(width=4, outputs=3), shared_trunk=True)
    >>> light.log_names[6:9]
    ['strength_non_saturating', 'strength_least_squares', 'strength_hinge']
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        costs: Sequence[str] = COSTS,
        selection: str = "mean",
        normalize: bool = False,
        shared_trunk: bool = False,
        loss: str | None = None,
        **kwargs: Any,
    ) -> None:
        costs = (costs,) if isinstance(costs, str) else tuple(costs)
        options: dict[str, Any] = {"costs": costs, "selection": selection}
        options |= {"normalize": bool(normalize), "shared_trunk": bool(shared_trunk)}
        generator, discriminator = as_pair(generator, discriminator)
        outputs, heads = getattr(discriminator, "outputs", None), len(costs) if shared_trunk else 1
        if isinstance(outputs, int) and outputs != heads:
            raise ValueError(
                f"discriminator: outputs={outputs} must be {heads} for {len(costs)} costs, shared_trunk={shared_trunk}"
            )
        super().__init__(generator, discriminator, loss=loss, options=options, **kwargs)
        self.costs = tuple(losses.get(cost) for cost in costs)
        self.selection = selection
        self.normalize = bool(normalize)
        self.shared_trunk = bool(shared_trunk)
        self.heads = heads
        for name in self._names[1:]:  # by attribute: tf.train.Checkpoint does not look into a Keras model's lists
            setattr(self, name, discriminator.__class__.from_config(discriminator.get_config()))

    @classmethod
    def assemble(
        cls, make: Callable[..., keras.Model], costs: Sequence[str] = COSTS, shared_trunk: bool = False, **options: Any
    ) -> "CES":
        """Makes the model of a run, a shared trunk with as many outputs as costs; the rest as in `GAN.assemble`."""
        discriminator = make("discriminator", outputs=len(costs) if shared_trunk else 1)
        return cls(make("generator"), discriminator, costs=costs, shared_trunk=shared_trunk, **options)

    @property
    def discriminators(self) -> list[keras.Model]:
        """The discriminators, one for each cost; the shared one alone."""
        return [getattr(self, name) for name in self._names]

    @property
    def labels(self) -> list[str]:
        """The costs' names in the logs; a repeated one counts on."""
        names = [cost.name for cost in self.costs]
        repeats = [names[:i].count(name) for i, name in enumerate(names)]
        return [f"{name}_{count + 1}" if count else name for name, count in zip(names, repeats, strict=True)]

    @property
    def discriminator_variables(self) -> list:
        return [variable for network in self.discriminators for variable in network.trainable_variables]

    @property
    def log_names(self) -> list[str]:
        return [*super().log_names, *(f"{what}_{label}" for what in ("strength", "selected") for label in self.labels)]

    def discriminator_step(self, batch: Batch, fakes: tf.Tensor | None = None) -> dict:
        for other in self.discriminators[1:]:
            power_iteration(other)
        return super().discriminator_step(batch, fakes)

    def generator_objective(self, batch: Batch, fakes: tf.Tensor) -> tf.Tensor:
        """Returns the mean of the costs' L_G, of which `selection="mean"` follows the gradient."""
        return tf.add_n(self._generator_losses(batch, fakes)) / len(self.costs)

    def generator_gradients(self, batch_list: list[Batch], logs: dict[str, tf.Tensor]) -> tuple[list, dict]:
        batch = batch_list[-1]
        with tf.GradientTape() as tape:
            fakes = self.fakes(batch, "generator")
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as costs_tape:
            costs_tape.watch(fakes)
            costs = self._generator_losses(batch, fakes)
            shared = [share(cost) for cost in costs]
        with self.scope(dataclasses.replace(batch, first_row=0), "select"):  # one draw for all replicas
            draw = random.uniform((1,), "draw")[0]
        gradient, shares = selection.select(
            tf.stack([self.gradient(costs_tape, cost, fakes) for cost in shared]),
            tf.stack([logs[f"strength_{label}"] for label in self.labels]),
            self.selection,
            draw,
            self.normalize,
            replica_mean,
        )
        gradients = self.gradient(tape, fakes, self.generator.trainable_variables, output_gradients=gradient)
        chosen = {f"selected_{label}": shares[i] for i, label in enumerate(self.labels)}
        return gradients, chosen | {"g_loss": tf.reduce_sum(shares * tf.stack(costs))}

    def discriminator_objective(self, batch: Batch, fakes: tf.Tensor) -> tuple[tf.Tensor, dict]:
        real, of_reals = self._looks(batch.images, batch, "reals", batch.labels)
        fake, of_fakes = self._looks(fakes, batch, "fakes", batch.fake_labels)
        parts = [cost.discriminator(*logits) for cost, *logits in zip(self.costs, real, fake, strict=True)]
        logs = {"d_real": tf.reduce_mean(real), "d_fake": tf.reduce_mean(fake)}
        for penalty in self.penalties:
            if not penalty.of_generator:
                terms = [
                    penalty(self, self._shown(batch, i, of_reals[i] | of_fakes[i]), fakes, real[i], fake[i])
                    for i in self._acts_on(penalty)
                ]
                parts.append(self.weight_of(penalty) * tf.add_n(terms))
                logs[self.log_name(penalty)] = tf.add_n(terms) / len(terms)
        total = tf.add_n(parts)
        logs["d_loss"] = total / len(self.costs)
        strengths = selection.strengths(self.costs, tf.concat(real, 1), tf.concat(fake, 1), replica_mean)
        logs |= {f"strength_{label}": strengths[i] for i, label in enumerate(self.labels)}
        logs |= self.augmenter.signal(self.costs, tf.concat(real, 1), tf.concat(fake, 1))
        return total / self.heads, logs

    def discriminate(self, images: tf.Tensor, batch: Batch, purpose: str, labels: ArrayLike | None = None) -> tf.Tensor:
        """Logits[B, 1] of the discriminator that `batch` is shown to; of a plain batch those of `discriminator`."""
        logits = super().discriminate(images, batch, purpose, labels)
        if self.heads > 1 and isinstance(batch, _Shown):
            return logits[:, batch.index : batch.index + 1]
        return logits

    def discriminator_of(self, batch: Batch) -> keras.Model:
        return self.discriminators[batch.index if isinstance(batch, _Shown) and self.heads == 1 else 0]

    def scope(self, batch: Batch, purpose: str) -> contextlib.AbstractContextManager:
        """Opens the scope of the discriminator that `batch` is shown to; the first has that of the plain GAN."""
        index = batch.index if isinstance(batch, _Shown) else 0
        return super().scope(batch, f"{purpose}/{index}" if index else purpose)

    @property
    def _names(self):
        return ["discriminator", *(f"discriminator_{i + 1}" for i in range(1, len(self.costs) // self.heads))]

    def _logits(self, images, batch, purpose, labels):
        """Returns the K discriminators' logits [B, 1]; a shared trunk sees the images once."""
        if self.heads > 1:
            return tf.split(self.discriminate(images, batch, purpose, labels), self.heads, 1)
        return [self.discriminate(images, self._shown(batch, i), purpose, labels) for i in range(len(self.costs))]

    def _looks(self, images, batch, purpose, labels):
        """Returns (the K logits [B, 1], K times what `look` brings beside them; nothing of a shared trunk)."""
        if self.heads > 1:
            return self._logits(images, batch, purpose, labels), [{}] * self.heads
        looks = [self.look(images, self._shown(batch, i), purpose, labels) for i in range(len(self.costs))]
        return [logits for logits, _ in looks], [slopes for _, slopes in looks]

    def _generator_losses(self, batch, fakes):
        fake = self._logits(fakes, batch, "generator", batch.fake_labels)
        real = [None] * len(fake)
        if any(cost.needs_reals for cost in self.costs):
            real = self._logits(batch.images, batch, "generator/reals", batch.labels)
        return [cost.generator(*logits) for cost, *logits in zip(self.costs, fake, real, strict=True)]

    def _acts_on(self, penalty):
        """Returns the indices of the discriminators that a penalty acts on."""
        all_of_them = penalty.name != "wgan_gp"
        return [i for i, cost in enumerate(self.costs) if all_of_them or cost.name == "wasserstein"]

    def _shown(self, batch, index, slopes=None):
        return _Shown(**vars(batch) | {"slopes": slopes or {}}, index=index)
