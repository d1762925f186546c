"""An auto-encoder's codes, then the data: a GAN for each."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import random, registry
from tfgan_zoo.core import batch as batches
from tfgan_zoo.core.gan import GAN
from tfgan_zoo.core.weights import update_average
from tfgan_zoo.methods.express.autoencoder import AutoEncoder
from tfgan_zoo.methods.express.express_generator import ExpressGenerator, deserialized, serialized
from tfgan_zoo.methods.express.latent_gan import make_latent_gan, without_momentum
from tfgan_zoo.methods.express.spec import check_host
from tfgan_zoo.methods.express.whitening import Whitening
from tfgan_zoo.networks.own import as_discriminator
from tfgan_zoo.replicas import assign

AUTOENCODER_SHARE = 0.1  # of the run's steps


@keras.saving.register_keras_serializable("tfgan_zoo")
class Express(GAN):
    """An auto-encoder, a GAN that makes its codes, and a GAN that makes data of codes, one after the other.

    After Liu et al., "Express Construction for GANs from Latent Representation to Data Distribution", Applied
    Sciences 2022. The map from noise to data is torn where the data has gaps; that from codes to data is more like an
    expansion. With an encoder E, a decoder R and z ~ N(0, 1), a run has three phases:

        0  auto-encoder : min over E, R of mean |R(E(x)) - x|^2
        1  latent GAN   : real whiten(E(x)), fake G1(z)                            E rests
        2  data GAN     : real x, fake G2(h),  h = unwhiten(G1(z)) or E(x)         E, R and G1 rest

    and x = G2(unwhiten(G1(z))) is a sample. The paper's idea is this sequence; these are our choices: whitening per
    dimension, with running means over phase 0 (of E in inference, on the global batch, decay 0.99, plain means at
    first); one update of E and R a step, on the first of the step's batches; h from the *averaged* G1, which sampling
    uses too; `assemble`'s networks and its split of the steps, 10 / 50 / 40 % (what the latent GAN has lost, the data
    GAN never sees: docs/claims.md shows what too short a phase 1 loses).

    The data GAN is `host`, any other method; it becomes a part of this model: its draws and its rates follow this
    model's step, its averages and counts its own. Until phase 2 the sampled G2 is the average of R, so that every
    phase has samples: R's, in phase 1 from the latent GAN's codes. A step reads the host's batches in every phase.

    Logs: the host's, which in phase 1 are the latent GAN's, and 0 for what only the host has; in phase 0 `g_loss` is
    the reconstruction error and there is no discriminator. `reconstruction` keeps its running mean, and `phase` tells
    the phase.

    Args:
        host: a `GAN` of another class, whose generator takes codes[N, d]. R is a second network like it.
        encoder: E, a network images[N, ...] -> codes[N, d].
        latent_gan: a `GAN` latents[N, latent_dim] -> codes[N, d].
        boundaries: two ints, 0 < first < second: the steps at which phases 1 and 2 begin. They are kept with the
            weights: a longer run, resumed, has a longer phase 2.
        encoder_latents: bool, h = E(x) in phase 2, of the reals of the same batch; not for a host that compares
            reals with fakes pair by pair, as Particle does.
        init_from_decoder: bool, start G2 at R when phase 2 begins.
        **kwargs: those of `keras.Model`.

    Raises:
        ValueError: if the parts do not fit each other, or the boundaries are not in order.

    Example:

    >>> import keras, numpy as np
    >>> from tfgan_zoo.methods import GAN, Express
    >>> from tfgan_zoo.networks import MLPDiscriminator, MLPGenerator
    >>> host = GAN(MLPGenerator((2,), latent_dim=3), MLPDiscriminator((2,)))
    >>> latent_gan = GAN(MLPGenerator((3,), latent_dim=8), MLPDiscriminator((3,)))
    >>> gan = Express(host, MLPDiscriminator((2,), outputs=3), latent_gan, boundaries=(1, 2))
    >>> gan.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
    >>> gan.fit(np.zeros((12, 2), "float32"), batch_size=4, verbose=0).history["phase"]
    [1.0]
    >>> gan.phase, gan.generate(5).shape
    (2, (5, 2))
    """

    def __init__(
        self,
        host: GAN,
        encoder: keras.Model,
        latent_gan: GAN,
        boundaries: Sequence[int],
        encoder_latents: bool = False,
        init_from_decoder: bool = False,
        **kwargs: Any,
    ) -> None:
        encoder = as_discriminator(encoder)
        _check(host, encoder, latent_gan, boundaries, encoder_latents)
        make = functools.partial(ExpressGenerator, latent_gan.ema_generator, Whitening(host.latent_dim))
        super().__init__(
            make(host.generator),
            host.discriminator,
            n_dis=host.n_dis,
            ema_kimg=host.ema_kimg,
            seed=host.seed,
            ema_generator=make(host.ema_generator),
            options={"encoder_latents": bool(encoder_latents), "init_from_decoder": bool(init_from_decoder)},
            **kwargs,
        )
        self.host, self.latent_gan = host, latent_gan
        decoder = host.generator.__class__.from_config(host.generator.get_config())
        self.autoencoder = AutoEncoder(encoder, decoder, self.generator.whitening)
        self.encoder_latents, self.init_from_decoder = bool(encoder_latents), bool(init_from_decoder)
        self.begins = self.add_state("begins", dtype="int64", shape=(2,))
        self.begins.assign(boundaries)
        self.current_phase = 0  # that of the step to come, as Python sees it: every phase is a graph of its own
        latent_gan.become_part(self)
        host.become_part(self, latents=self._codes)

    @classmethod
    def assemble(  # type: ignore[override]  # the parts of a run, which other methods do not have
        cls,
        make: Callable[..., keras.Model],
        *,
        host: str,
        steps: int,
        latent_share: float = 0.5,
        encoder_latents: bool = False,
        init_from_decoder: bool = False,
        **options: Any,
    ) -> "Express":
        """Makes the model of a run, networks included.

        Codes are as long as z. E has the discriminator's layers without noise, the latent GAN has dense networks of
        3 x 512, D1 with spectral normalisation (but under wgan_gp), and, where the host has one, its loss and penalty.

        Args:
            make: as in `GAN.assemble`, for the role "encoder" too.
            host: str, the method of the data GAN.
            steps: int, the run's.
            latent_share: float in [0, 0.9], the latent GAN's share of the steps; the auto-encoder has 0.1. At 0.9 the
                data GAN has none, and the decoder makes the samples of the latent GAN's codes.
            encoder_latents, init_from_decoder: as in the class.
            **options: the host's, and those of `GAN`.
        """
        data_gan = registry.METHODS[host].load().assemble(make, **options)
        dim = data_gan.latent_dim
        first = max(1, round(AUTOENCODER_SHARE * steps))
        return cls(
            data_gan,
            make("encoder", outputs=dim),
            make_latent_gan(dim, data_gan.num_classes, options),
            (first, max(first + 1, round((AUTOENCODER_SHARE + latent_share) * steps))),
            encoder_latents,
            init_from_decoder,
        )

    @property
    def phase(self) -> int:
        """0, 1 or 2: the phase of the next step."""
        return int(np.sum(self.step.numpy() >= self.begins.numpy()))

    @property
    def batches_per_step(self) -> int:
        return self.host.batches_per_step

    @property
    def judged_steps(self) -> Any:
        return self.host.judged_steps

    @property
    def log_names(self) -> list[str]:
        return [*self.host.log_names, "phase", "reconstruction"]

    def mean_scores(self, train: tf.Tensor, heldout: tf.Tensor, samples: tf.Tensor) -> tuple:
        return self.host.mean_scores(train, heldout, samples)

    def finished(self) -> GAN:
        """Returns the host with z -> codes -> images as its generator: the auto-encoder and D of the codes are left."""
        generator = keras.saving.serialize_keras_object(self.ema_generator)
        kept = self.host.__class__.from_config(self.host.get_config() | {"generator": generator})
        for network in (kept.generator, kept.ema_generator):
            assign(network.weights, self.ema_generator.weights)
        assign(_other_weights(kept), _other_weights(self.host))
        kept.step.assign(self.step)
        kept.name_classes(self.class_names)
        return kept

    def set_optimizers(
        self,
        generator_optimizer: keras.optimizers.Optimizer,
        discriminator_optimizer: keras.optimizers.Optimizer,
        learning_rate_scale: Callable[[Any], Any] | None = None,
    ) -> None:
        """Every phase has optimisers of its own, alike; E and R share one like the generator's.

        The latent GAN's do without momentum: with Adam's usual beta_1 its generator lags behind D and stays where it
        began.
        """
        if self.steps_per_execution > 1:
            raise ValueError(f"steps_per_execution={self.steps_per_execution} must be 1: a phase may end at any step")
        host = self.host
        generator_optimizer, discriminator_optimizer = map(
            keras.optimizers.get, (generator_optimizer, discriminator_optimizer)
        )
        alike = [
            optimizer.__class__.from_config(optimizer.get_config())
            for optimizer in (generator_optimizer, discriminator_optimizer, generator_optimizer)
        ]
        host.set_optimizers(generator_optimizer, discriminator_optimizer, learning_rate_scale)
        self.generator_optimizer, self.discriminator_optimizer = host.generator_optimizer, host.discriminator_optimizer
        self.learning_rate_scale, self._base_learning_rates = learning_rate_scale, host._base_learning_rates
        self._rate_ratio = host._rate_ratio
        self.latent_gan.set_optimizers(without_momentum(alike[0]), without_momentum(alike[1]), learning_rate_scale)
        self.autoencoder.set_optimizer(alike[2], self._base_learning_rates["generator"])

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        return [*self.host.optimizers, *self.latent_gan.optimizers, self.autoencoder.optimizer]

    def set_micro_batch(self, size: int | None) -> None:
        super().set_micro_batch(size)
        for part in (self.host, self.latent_gan):
            part.set_micro_batch(size)

    def learning_rate_now(self) -> float:
        return self.host.learning_rate_now()

    def set_learning_rate(self, rate: float) -> None:
        self.host.set_learning_rate(rate)  # the schedules are the host's
        self.scale_rates(float(self._rate_ratio.value.numpy()))

    def scale_rates(self, ratio: float) -> None:
        for part in (self.host, self.latent_gan, self.autoencoder):
            part.scale_rates(ratio)

    def read_step(self) -> None:
        self._host_begins = self.begins.numpy()
        super().read_step()
        for part in (self.latent_gan, self.host):
            part.read_step()

    def count_step(self) -> None:
        super().count_step()
        part = (None, self.latent_gan, self.host)[self.current_phase]
        if part is not None:
            part.count_step()

    def plan(self) -> Any:
        """A graph for each phase, and what the phase's GAN plans: replicas cannot apply an optimiser in a `tf.cond`."""
        self._enter(self._host_step)
        part = (None, self.latent_gan, self.host)[self.current_phase]
        self._planned = (self.current_phase, None if part is None else part.plan())
        return self._planned

    def update(self, data: dict[str, tf.Tensor]) -> dict:
        """One step of the phase; returns the logs {name: scalar}."""
        if tf.executing_eagerly():
            self._enter()
        phase = self.current_phase
        logs = (self._update_autoencoder, self._update_latent_gan, self.host.update)[phase](data)
        self.step.assign_add(1)
        logs = {"reconstruction": self.autoencoder.reconstruction.value} | logs
        return dict.fromkeys(self.log_names, tf.zeros([])) | logs | {"phase": tf.constant(phase, tf.float32)}

    def _enter(self, step=None):
        """Notes, outside any graph, the phase of the step to come; phase 2 may begin at the decoder."""
        if step is None:
            step, self._host_begins = self.step.numpy(), self.begins.numpy()
        self.current_phase = int(np.sum(step >= self._host_begins))
        if self.init_from_decoder and step == self._host_begins[1]:
            # A run that is resumed here does it again: the same.
            assign(self.host.generator.weights, self.autoencoder.decoder.weights)

    def _update_autoencoder(self, data):
        batch, *_ = batches.split(data, self.batches_per_step)
        scale = self.learning_rate_scale
        scale = None if scale is None else scale(self.step.value) * self._rate_ratio.value
        logs = self.autoencoder.update(batch, self.step.value, self.scope, scale, self.micro_batch, self.gradient)
        update_average(self.host.ema_generator, self.autoencoder.decoder, self.step.value, batch.size, self.ema_kimg)
        return logs

    def _update_latent_gan(self, data):
        images = data["images"][:, : self.latent_gan.batches_per_step]
        codes = self.autoencoder.codes(tf.reshape(images, (-1, *self.image_shape)), self.micro_batch)
        codes = self.autoencoder.whitening.whiten(codes)
        shape = (-1, self.latent_gan.batches_per_step, codes.shape[1])
        labels = {"labels": data["labels"][:, : shape[1]]} if "labels" in data else {}
        return self.latent_gan.update({"images": tf.reshape(codes, shape)} | labels)

    def _codes(self, batch):
        """What G2 takes in phase 2, in the place of `GAN.latents`."""
        if self.encoder_latents:
            return tf.stop_gradient(self.autoencoder.codes(batch.images, self.micro_batch))
        latents = random.normal((batch.size, self.latent_dim), "latents")
        return tf.stop_gradient(self.generator.codes(latents, batch.labels))

    def get_config(self) -> dict[str, Any]:
        return (
            serialized(self, "host", "latent_gan")
            | serialized(self.autoencoder, "encoder")
            | {
                "boundaries": self.begins.numpy().tolist(),
                "encoder_latents": self.encoder_latents,
                "init_from_decoder": self.init_from_decoder,
                "name": self.name,
            }
            | ({"class_names": list(self.class_names)} if self.class_names else {})
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Express":
        config = dict(config)
        class_names = config.pop("class_names", ())
        model = cls(**deserialized(config, "host", "encoder", "latent_gan"))
        model.name_classes(class_names)
        return model


def _other_weights(gan):
    """The weights of a GAN without those of its generator, of the generator's average, and of the model around it."""
    left_out = {id(weight) for network in (gan.generator, gan.ema_generator) for weight in network.weights}
    return [weight for weight in gan.weights if id(weight) not in left_out]


def _check(host, encoder, latent_gan, boundaries, encoder_latents):
    """Raises a ValueError if the parts do not fit each other."""
    if isinstance(host, Express) or not isinstance(host, GAN):
        raise ValueError(f"host={type(host).__name__} must be a GAN of a method other than Express")
    spec = registry.method_of(type(host))
    if spec is not None:
        check_host(spec, encoder_latents)
    outputs = getattr(encoder, "outputs", host.latent_dim)
    if outputs != host.latent_dim:
        raise ValueError(f"encoder: outputs={outputs} must be {host.latent_dim}, the host's latent_dim")
    if latent_gan.image_shape != (host.latent_dim,):
        raise ValueError(f"latent_gan: it makes {latent_gan.image_shape}, the host takes ({host.latent_dim},)")
    if latent_gan.num_classes != host.num_classes:
        raise ValueError(f"latent_gan: num_classes={latent_gan.num_classes} must be the host's, {host.num_classes}")
    if latent_gan.batches_per_step > host.batches_per_step:
        read, has = latent_gan.batches_per_step, host.batches_per_step
        raise ValueError(f"latent_gan: it reads {read} batches a step, of the host's {has}; lower its n_dis")
    if len(boundaries) != 2 or not 0 < boundaries[0] < boundaries[1]:
        raise ValueError(f"boundaries={tuple(boundaries)} must be two steps, 0 < first < second")
