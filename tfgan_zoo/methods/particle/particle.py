"""Particle-based distances between features, with a stabilizing term in the discriminator's loss."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo import random
from tfgan_zoo.core.batch import Batch
from tfgan_zoo.core.gan import GAN
from tfgan_zoo.core.weights import apply
from tfgan_zoo.layers import power_iteration
from tfgan_zoo.methods.particle import energies, spec
from tfgan_zoo.networks.own import as_pair


@dataclasses.dataclass(frozen=True)
class _Compared(Batch):
    """A batch, and the features[global batch, d] of reals and fakes that its images are compared with."""

    real: Any = dataclasses.field(kw_only=True)
    fake: Any = dataclasses.field(kw_only=True)


@keras.saving.register_keras_serializable("tfgan_zoo")
class Particle(GAN):
    """A GAN whose discriminator is a feature map, and whose loss is a distance between two clouds of features.

    After Chen, Wu, Xiang, "Stability Analysis Framework for Particle-based Distance GANs with Wasserstein Gradient
    Flow", arXiv 2307.01879. With a kernel k, reals x and fakes G(z),

        E   = mean k(D(x), D(x')) + mean k(D(G(z)), D(G(z'))) - 2 mean k(D(x), D(G(z)))
        L_G = E ;   L_D = -E + beta * S

    The means are U-statistics over the global batch: no pair of a sample with itself. D's ascent of E is unstable by
    itself, as the features may run away from each other; S holds them:

        l2        : S = mean |D(x)|^2 + mean |D(G(z))|^2
        repulsive : S = mean k(D(x), D(x')) + mean k(D(G(z)), D(G(z'))),   beta <= 2: more is no discrimination at all
        proximal  : S = mean |D(x) - D_old(x)|^2,   D_old the discriminator before its previous update
        noise     : features D + beta * n, n ~ N(0, 1), in L_D only

    The method is the paper's; the forms of S, the kernels' constants and 16 features are our choice.

    D_old is one update behind: at D itself the proximal term has no gradient. It is a state of the model, as are its
    running averages. The logs `d_real` and `d_fake`, and `mean_scores`, are means of the witness function

        f(image) = mean k(D(image), D(x)) - mean k(D(image), D(G(z)))

    which is high on what D holds for real, as a logit is; d_real - d_fake = E. Its gradient in the image is what the
    penalties r1, r2 and wgan_gp hold, as in MMD GANs (Binkowski et al. 2018, arXiv 1801.01401) and Cramer GANs
    (Bellemare et al. 2017, arXiv 1705.10743): none by default, so that S shows its own effect.

    Args:
        generator: as in `GAN`.
        discriminator: a network images[N, ...] -> features[N, d].
        energy: str, the kernel: "mmd", "mmd_rq", "cramer", "eieg"; see `methods.particle.energies`.
        stabilizer: str, S: "l2", "repulsive", "proximal", "noise".
        beta: float >= 0, its weight; 0 switches it off.
        loss: None; the energy is the loss.
        **kwargs: as in `GAN`, with no penalty of D but r1, r2 and wgan_gp.

    Raises:
        ValueError: for an unknown or impossible choice, a loss, or another penalty.

    Example:

    >>> import keras, numpy as np
    >>> from tfgan_zoo.methods import Particle
    >>> from tfgan_zoo.networks import DCGANDiscriminator, DCGANGenerator
    >>> gan = Particle(DCGANGenerator(width=4), DCGANDiscriminator(width=4, normalization="none", outputs=16))
    >>> gan.compile(keras.optimizers.Adam(2e-4, 0.0, 0.9), keras.optimizers.Adam(2e-4, 0.0, 0.9))
    >>> history = gan.fit(np.zeros((8, 32, 32, 1), "float32"), batch_size=4, verbose=0)
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        energy: str = "cramer",
        stabilizer: str = "l2",
        beta: float = 0.1,
        loss: str | None = None,
        **kwargs: Any,
    ) -> None:
        options = {"energy": energy, "stabilizer": stabilizer, "beta": float(beta)}
        generator, discriminator = as_pair(generator, discriminator)
        super().__init__(generator, discriminator, loss=loss, options=options, **kwargs)
        self.energy, self.stabilizer, self.beta = energy, stabilizer, float(beta)
        self.kernel = energies.get(energy)
        self.old_discriminator = None
        if stabilizer == "proximal" and beta > 0:
            self.old_discriminator = discriminator.__class__.from_config(discriminator.get_config())
            for weight in self.old_discriminator.weights:  # one by one: a frozen layer normalises as in inference
                weight.trainable = False
            self._remember(discriminator.weights)

    @classmethod
    def assemble(cls, make: Callable[..., keras.Model], features: int = 16, **options: Any) -> "Particle":
        """Makes the model of a run, with a discriminator of `features` outputs; the rest as in `GAN.assemble`."""
        return cls(make("generator"), make("discriminator", outputs=features), **options)

    def counterparts(self, donor: GAN) -> Iterator[tuple]:
        yield from super().counterparts(donor)
        if self.old_discriminator is not None:  # "proximal" begins at no distance
            yield "discriminator", donor.discriminator, self.old_discriminator

    def discriminator_loss(self, real_features: tf.Tensor, fake_features: tf.Tensor) -> tf.Tensor:
        """Returns L_D of the global batch's features[B, d], without what needs images (proximal) or noise."""
        inside = self._within(real_features) + self._within(fake_features)
        loss = 2.0 * energies.across(self.kernel, real_features, fake_features) - inside
        if self.beta == 0:
            return loss
        if self.stabilizer == "l2":
            loss += self.beta * (mean_square(real_features) + mean_square(fake_features))
        if self.stabilizer == "repulsive":
            loss += self.beta * inside
        return loss

    def discriminator_objective(self, batch: Batch, fakes: tf.Tensor) -> tuple[tf.Tensor, dict]:
        """Returns (L_D, logs) of one batch, the same on every replica but for the proximal term's share."""
        real = self.discriminate(batch.images, batch, "reals")
        stabilizer = 0.0
        if self.old_discriminator is not None:
            stabilizer = mean_square(real - tf.stop_gradient(self._old_features(batch)))
        fake = self.discriminate(fakes, batch, "fakes", batch.fake_labels)
        if self.stabilizer == "noise" and self.beta > 0:
            real, fake = self._noisy(real, batch, "noise/reals"), self._noisy(fake, batch, "noise/fakes")
        real, fake = gather(real), gather(fake)
        loss = self.discriminator_loss(real, fake)
        if self.old_discriminator is not None:
            loss += self.beta * stabilizer
        d_real, d_fake = self._witness(real, fake)
        loss, terms = self.with_penalties(loss, _compared(batch, real, fake), fakes, real, fake)
        logs = terms | {"d_loss": loss, "d_real": d_real, "d_fake": d_fake}
        if self.augmenter.adapts:
            logs["real_sign"] = energies.real_sign(self.kernel, real, fake)
        return loss, logs

    def discriminator_step(self, batch: Batch, fakes: tf.Tensor | None = None) -> dict:
        """One update of the discriminator, which `proximal` remembers as it was before."""
        if self.old_discriminator is None:
            return super().discriminator_step(batch, fakes)
        power_iteration(self.old_discriminator)  # now it is D as the previous update saw it
        before = [tf.identity(weight.value) for weight in self.discriminator.weights]
        logs = super().discriminator_step(batch, fakes)
        self._remember(before)
        return logs

    def generator_objective(self, batch: Batch, fakes: tf.Tensor) -> tf.Tensor:
        """Returns L_G, the energy between the global batch's reals and fakes."""
        real = tf.stop_gradient(self.discriminate(batch.images, batch, "generator/reals"))
        fake = self.discriminate(fakes, batch, "generator", batch.fake_labels)
        return energies.energy(self.kernel, gather(real), gather(fake), unbiased=True)

    def score(self, images: tf.Tensor, batch: Batch, purpose: str, labels: ArrayLike | None = None) -> tf.Tensor:
        """Returns the witness function of each image, float32[B, 1], against the features that `batch` comes with."""
        compared: Any = batch
        features = self.discriminate(images, batch, purpose, labels)
        return energies.witness(self.kernel, features, compared.real, compared.fake)[:, None]

    def set_micro_batch(self, size: int | None) -> None:
        spec.refuse_micro_batch(size, [penalty.name for penalty in self.penalties])
        super().set_micro_batch(size)

    def mean_scores(self, train: tf.Tensor, heldout: tf.Tensor, samples: tf.Tensor) -> tuple:
        """Returns the witness function's means over three sets of features[N, d], no point compared with itself."""
        d_train, d_samples = self._witness(train, samples)
        d_heldout = energies.across(self.kernel, heldout, train) - energies.across(self.kernel, heldout, samples)
        return d_train, d_heldout, d_samples

    def _witness(self, real, fake):
        apart = energies.across(self.kernel, real, fake)
        return self._within(real) - apart, apart - self._within(fake)

    def _within(self, features):
        return energies.within(self.kernel, features, unbiased=True)

    def _old_features(self, batch):
        """D_old of the reals, with D's own draws: the difference is in the weights alone."""

        def features(batch):
            with self.scope(batch, "reals"):
                return apply(self.old_discriminator, self.augmenter(batch.images), batch.labels)

        return self.by_rows(features, self.old_discriminator, batch)

    def _noisy(self, features, batch, purpose):
        with self.scope(batch, purpose):
            return features + self.beta * random.normal((batch.size, features.shape[-1]), "noise")

    def _remember(self, weights):
        for old, weight in zip(self.old_discriminator.weights, weights, strict=True):
            old.assign(weight)


def _compared(batch, real, fake):
    fields = {field.name: getattr(batch, field.name) for field in dataclasses.fields(batch)}
    return _Compared(**fields, real=real, fake=fake)


def mean_square(features: tf.Tensor) -> tf.Tensor:
    """Returns the mean of |row|^2 over the rows of features[N, d], a float32 scalar."""
    return tf.reduce_mean(tf.reduce_sum(tf.square(tf.cast(features, tf.float32)), axis=1))


def gather(features: tf.Tensor) -> tf.Tensor:
    """Returns the rows of all replicas, [global batch, d], in order; the tensor itself on one device.

    An energy is no mean over samples, so every replica computes that of the global batch. Its gradient for the
    replica's own rows comes back as the sum over replicas, which `share` makes a mean.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return features
    return context.all_gather(features, axis=0)
