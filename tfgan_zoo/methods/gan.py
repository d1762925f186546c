"""The training loop that all methods share, and its seams."""

import math

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import random, registry
from tfgan_zoo.layers import power_iteration
from tfgan_zoo.methods import batch as batches
from tfgan_zoo.methods.replicas import assign, replica_mean, share
from tfgan_zoo.methods.weights import apply, copy_of, flatten, global_norm, update_average
from tfgan_zoo.objectives import ada, losses, overfitting, penalties
from tfgan_zoo.objectives import augment as augmentation

R1_INTERVAL = 16  # lazy regularisation: R1 every 16th step, 16 times as strong (Karras et al. 2020)
LECAM_DECAY = 0.99


@keras.saving.register_keras_serializable("tfgan_zoo")
class GAN(keras.Model):
    """A generative adversarial network, and the loop on which every method is built.

    Goodfellow et al. 2014, arXiv 1406.2661. One step is `n_dis` discriminator updates and one generator update:

        theta_D <- theta_D - lr * grad L_D(D(x), D(G(z))) ;  theta_G <- theta_G - lr * grad L_G(D(G(z)))

    A method overrides one seam and leaves the rest: `discriminator_loss`, `generator_objective`,
    `discriminator_step`, `generator_gradients`, `reals_per_step`, `log_names`. Nobody overrides `train_step`.

    Calling the model samples: `gan(latents)` is the averaged (EMA) generator in inference mode.

    Args:
        generator: a network latents[N, latent_dim] -> images[N, ...] in [-1, 1], with `latent_dim` and `image_shape`.
        discriminator: a network images[N, ...] -> logits[N, 1]. Networks with `num_classes` above 0, both or none,
            take labels int32[N] too: then fakes are made for the labels of the batch's reals.
        loss: str, one of `registry.LOSSES`.
        penalty: str, one of `registry.PENALTIES`.
        penalty_weight: float >= 0; None takes the penalty's usual weight.
        n_dis: int >= 1, discriminator updates in a step.
        ema_kimg: float >= 0, half-life of the generator's average in thousands of images; 0 samples the raw generator.
        augment: tuple of str, what reals and fakes go through before D sees them: "ada" (transforms with a probability
            that follows D's overfitting, `objectives.ada` and `objectives.overfitting`), then any of "color",
            "translation", "cutout" (DiffAugment).
        ada_target: float, the overfitting signal at which "ada" keeps its probability.
        ada_kimg: float > 0, thousands of images in which that probability would go from 0 to 1.
        seed: int in [0, 2**31), from which every draw of the training follows.
        ema_generator: the network that holds the generator's average; None makes one, a copy.

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

    prox_from = 2  # the least n_dis with which penalty="prox" acts: a step's first update starts at D0

    def __init__(
        self,
        generator,
        discriminator,
        loss="non_saturating",
        penalty="none",
        penalty_weight=None,
        n_dis=1,
        ema_kimg=10.0,
        augment=(),
        ada_target=overfitting.TARGET,
        ada_kimg=overfitting.KIMG,
        seed=0,
        ema_generator=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        registry.choose("penalty", penalty, registry.PENALTIES)
        _at_least("n_dis", n_dis, 1)
        _at_least("ema_kimg", ema_kimg, 0)
        if not 0 <= seed <= random.MAX_SEED:
            raise ValueError(f"seed={seed} must be in [0, {random.MAX_SEED}]")
        if penalty_weight is None:
            penalty_weight = registry.PENALTIES[penalty].defaults.get("penalty_weight", 0.0)
        _at_least("penalty_weight", penalty_weight, 0)
        if penalty == "prox" and n_dis < self.prox_from:
            raise ValueError(f"n_dis={n_dis} leaves penalty=prox nothing to hold, as D starts at D0; choose 2 or more")
        classes = [getattr(network, "num_classes", 0) for network in (generator, discriminator)]
        if classes[0] != classes[1]:
            raise ValueError(f"num_classes={classes[0]} of the generator must be the discriminator's, {classes[1]}")
        self.generator = generator
        self.discriminator = discriminator
        self.ema_generator = copy_of(generator) if ema_generator is None else ema_generator
        self.ema_generator.trainable = False
        self.objective = losses.get(loss)
        self.penalty = penalty
        self.penalty_weight = float(penalty_weight)
        self.n_dis = int(n_dis)
        self.ema_kimg = float(ema_kimg)
        if not ada_kimg > 0:
            raise ValueError(f"ada_kimg={ada_kimg} must be above 0")
        self.augment = augmentation.check_policy(augment)
        self.ada_target, self.ada_kimg = float(ada_target), float(ada_kimg)
        self.seed = int(seed)
        self.step = self._state("step", dtype="int64")
        self.run_step = self.step  # what draws and rates depend on: another where the GAN is a part of Express
        self.average_real = self._state("average_real")  # LeCam's running averages of the logits
        self.average_fake = self._state("average_fake")
        self.augment_p = self.augment_sign = None  # ADA's probability, and r since its last move
        if "ada" in self.augment:
            self.augment_p, self.augment_sign = self._state("augment_p"), self._state("augment_sign")
        size = sum(math.prod(weight.shape) for weight in discriminator.trainable_variables)
        self.anchor = self._state("anchor", shape=(size,)) if penalty == "prox" else None  # prox's D0, flattened
        self.generator_optimizer = self.discriminator_optimizer = self.learning_rate_scale = None
        self._keep_metrics = False
        self.built = True  # else fit under a strategy calls the model on the image batch

    @classmethod
    def assemble(cls, make, **options):
        """Makes the model of a run, networks included.

        Args:
            make: a function (role, **kwargs) -> the run's "generator" or "discriminator"; kwargs go to the network.
            **options: the arguments of the class.
        """
        return cls(make("generator"), make("discriminator"), **options)

    # What a notebook uses ------------------------------------------------------------------------------------------

    def compile(self, generator_optimizer, discriminator_optimizer, learning_rate_scale=None, **kwargs):
        """Sets the optimisers, and builds them so that they can be saved and restored at once.

        Args:
            generator_optimizer: a Keras optimiser with a constant learning rate.
            discriminator_optimizer: the same; it is applied `n_dis` times a step.
            learning_rate_scale: a `keras.optimizers.schedules.LearningRateSchedule` of the run's *step*, multiplied
                with both learning rates. (A schedule inside an optimiser would count that optimiser's own updates.)
            **kwargs: `jit_compile`, `run_eagerly`, `steps_per_execution` of `keras.Model.compile`.

        Raises:
            ValueError: if an optimiser carries a schedule.
        """
        super().compile(optimizer=None, **kwargs)
        self.set_optimizers(generator_optimizer, discriminator_optimizer, learning_rate_scale)
        self.trackers = [keras.metrics.Mean(name=name) for name in self.log_names]

    def set_optimizers(self, generator_optimizer, discriminator_optimizer, learning_rate_scale=None):
        """Sets and builds the optimisers: what `compile` does for a GAN that is a part of another model."""
        self.generator_optimizer = keras.optimizers.get(generator_optimizer)
        self.discriminator_optimizer = keras.optimizers.get(discriminator_optimizer)
        self.learning_rate_scale = learning_rate_scale
        self._base_learning_rates = {}
        variables = {"generator": self.generator.trainable_variables, "discriminator": self.discriminator_variables}
        for role in variables:
            optimizer = getattr(self, f"{role}_optimizer")
            config = optimizer.get_config()["learning_rate"]
            if not isinstance(config, int | float):
                raise ValueError(f"{role}_optimizer: its learning rate must be a number; pass learning_rate_scale=")
            self._base_learning_rates[role] = float(config)
            optimizer.build(variables[role])

    def fit(self, x=None, y=None, batch_size=None, **kwargs):
        """`keras.Model.fit` on images in [-1, 1]: an array [N, ...], or a data set as in `batch.rows_first`.

        With an array of images, y is int[N], their labels; a conditional model needs labels.
        """
        if not isinstance(x, tf.data.Dataset):
            x = np.asarray(x)
            size = min(batch_size or 64, len(x))
            items = x if y is None else (x, np.asarray(y, "int32"))
            x = tf.data.Dataset.from_tensor_slices(items).shuffle(len(x), seed=self.seed)
            x = x.batch(size, drop_remainder=True)
        x = batches.rows_first(x, self.reals_per_step, len(self.image_shape))
        if self.num_classes and "labels" not in x.element_spec:
            raise ValueError(f"fit: a model with num_classes={self.num_classes} needs labels beside the images")
        return super().fit(x, shuffle=False, **kwargs)

    def call(self, latents, labels=None, training=False):
        """Returns the averaged generator's images, float32[N, ...] in [-1, 1], of latents[N, latent_dim].

        A conditional model needs labels, int[N] in [0, num_classes).
        """
        return apply(self.ema_generator, latents, labels, training=False)

    def sample(self, latents, labels=None):
        """Returns images as every user sees them: float32[N, H, W, C] in [0, 1]; mixtures in data units."""
        images = tf.cast(self(latents, labels, training=False), tf.float32)
        return images if len(self.image_shape) == 1 else tf.clip_by_value((images + 1) / 2, 0.0, 1.0)

    def generate(self, num, seed=0, truncation=1.0, batch_size=64, labels=None):
        """Samples the averaged generator: image i is the image of seed `seed + i`, whatever the batch size.

        Args:
            num: int >= 1, how many.
            seed: int, the first image's seed.
            truncation: float in [0, 1], scales the latents: 1 samples what was trained, 0 is the mean image.
            batch_size: int >= 1, images computed at once.
            labels: of a conditional model, the class of all images, int in [0, num_classes), or int[num], one each;
                None lets every seed draw its own.

        Returns:
            A NumPy array float32[num, H, W, C] in [0, 1] (mixtures: float32[num, d] in data units).

        Raises:
            ValueError: if an argument is out of its range.
        """
        seeds = random.consecutive_seeds(num, seed)
        _at_least("batch_size", batch_size, 1)
        if not 0 <= truncation <= 1:
            raise ValueError(f"truncation={truncation} must be in [0, 1]")
        labels = random.seed_labels(labels, seeds, self.num_classes)
        cuts = range(batch_size, num, batch_size)
        columns = [seeds] if labels is None else [seeds, labels]
        parts = zip(*(np.split(column, cuts) for column in columns), strict=True)
        return np.concatenate([self._sample_seeds(truncation, *part).numpy() for part in parts])

    @property
    def latent_dim(self):
        """The dimension of the latents."""
        return self.generator.latent_dim

    @property
    def num_classes(self):
        """How many classes a label can name; 0 for a model without labels."""
        return getattr(self.generator, "num_classes", 0)

    @property
    def image_shape(self):
        """(H, W, C) of an image, (d,) of a mixture's point."""
        return tuple(self.generator.image_shape)

    @property
    def sampler(self):
        """The network whose weights sampling needs: what an export holds."""
        return self.ema_generator

    def finished(self):
        """Returns the GAN that is kept of a trained one: itself; of a method that trains in parts, the last part."""
        return self

    # The seams ----------------------------------------------------------------------------------------------------

    @property
    def reals_per_step(self):
        """How many batches of reals a step reads."""
        return self.n_dis

    @property
    def discriminator_variables(self):
        """What the discriminator's optimiser trains."""
        return self.discriminator.trainable_variables

    @property
    def log_names(self):
        """The names of the numbers that a step reports, in order."""
        names = ["d_loss", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm"]
        names += [] if self.penalty == "none" else ["penalty"]
        return names if self.augment_p is None else [*names, "augment_p", "real_sign"]

    def discriminator_loss(self, real_logits, fake_logits):
        """Returns L_D, a float32 scalar, of logits[B, 1] on reals and fakes."""
        return self.objective.discriminator(real_logits, fake_logits)

    def generator_objective(self, batch, fakes):
        """Returns L_G of fakes[B, ...], a float32 scalar; `batch` is for methods whose G looks at reals too."""
        return self.objective.generator(self.critic(fakes, batch, "generator", batch.fake_labels))

    def discriminator_step(self, batch, fakes=None):
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
        gradients = tape.gradient(shared, self.discriminator_variables)
        self.discriminator_optimizer.apply(gradients, self.discriminator_variables)
        return logs | {"d_grad_norm": global_norm(gradients)}

    def generator_gradients(self, batch_list, logs):
        """Gradients of the generator's update.

        Args:
            batch_list: the step's `reals_per_step` batches; the plain GAN only takes its size from them.
            logs: what the step's last `discriminator_step` returned.

        Returns:
            (one gradient for each of `generator.trainable_variables`, summing over replicas; logs {name: scalar}).
        """
        batch = batch_list[-1]
        with tf.GradientTape() as tape:
            loss = self.generator_objective(batch, self.fakes(batch, "generator"))
            shared = share(loss)
        return tape.gradient(shared, self.generator.trainable_variables), {"g_loss": loss}

    def latents(self, batch):
        """Draws what the generator eats, float32[B, latent_dim], for a batch, inside its scope."""
        return random.normal((batch.size, self.latent_dim), "latents")

    def judged_outputs(self, images, labels=None):
        """Returns D's outputs[N, ...] on images[N, ...] in inference mode: what `judge` compares."""
        return apply(self.discriminator, images, labels, training=False)

    def judge(self, train, heldout, samples):
        """How real D finds three sets, by its outputs[N, ...] on them: three scalars, higher is more real."""
        return tuple(tf.reduce_mean(outputs) for outputs in (train, heldout, samples))

    # What the seams are made of -----------------------------------------------------------------------------------

    def train_step(self, data):
        """One step and its logs, as running means."""
        logs = self.update(data)
        for tracker in self.trackers:
            tracker.update_state(logs[tracker.name])
        return {tracker.name: tracker.result() for tracker in self.trackers}

    def update(self, data):
        """`n_dis` discriminator steps, one generator step, the averages; returns the logs {name: scalar}."""
        self._assign_learning_rates()
        self.anchor_discriminator()
        batch_list = batches.split(data, self.reals_per_step)
        logs = {}
        for batch in batch_list[: self.n_dis]:
            logs |= self.discriminator_step(batch)
        gradients, generator_logs = self.generator_gradients(batch_list, logs)
        self.generator_optimizer.apply(gradients, self.generator.trainable_variables)
        logs |= generator_logs | {"g_grad_norm": global_norm(gradients)}
        if self.augment_p is not None:
            logs |= self._adapt_augmentation(logs["real_sign"], batch_list[0].size)
        self._average_generator(batch_list[0].size)
        self.step.assign_add(1)
        return logs

    def anchor_discriminator(self):
        """Makes the discriminator's weights of this moment D0, to which penalty="prox" holds it; else does nothing."""
        if self.anchor is not None:
            assign([self.anchor], [flatten(self.discriminator.trainable_variables)])

    def scope(self, batch, purpose):
        """Opens the `random.scope` of one network call in this step."""
        return random.scope(self.seed, self.run_step.value, purpose, batch.substep, batch.first_row)

    def fakes(self, batch, purpose):
        """Draws latents and returns the generator's images, in training mode, as many as `batch` has rows."""
        with self.scope(batch, f"{purpose}/fakes"):
            return apply(self.generator, self.latents(batch), batch.labels)

    def critic(self, images, batch, purpose, labels=None):
        """Returns the discriminator's logits of augmented images, in training mode, noise drawn for `purpose`.

        A conditional discriminator gets `labels`, those of the batch's reals for None.
        """
        with self.scope(batch, purpose):
            images = self.augmented(images)
            return apply(self.judging(batch), images, batch.labels if labels is None else labels)

    def judging(self, batch):
        """Returns the discriminator that a batch is shown to."""
        return self.discriminator

    def augmented(self, images):
        """Returns the images as the discriminator sees them, with draws of the open scope."""
        if self.augment_p is not None:
            images = ada.transform(images, self.augment_p.value)
        return augmentation.diff_augment(images, [name for name in self.augment if name != "ada"])

    def discriminator_objective(self, batch, fakes):
        """Returns (L_D with its penalty, logs) of one batch; gradients flow into the fakes if the caller lets them."""
        real_logits = self.critic(batch.images, batch, "reals")
        fake_logits = self.critic(fakes, batch, "fakes", batch.fake_labels)
        loss = self.discriminator_loss(real_logits, fake_logits)
        logs = {"d_real": tf.reduce_mean(real_logits), "d_fake": tf.reduce_mean(fake_logits)}
        if self.penalty != "none":
            penalty = getattr(self, f"_{self.penalty}")(batch, fakes, real_logits, fake_logits)
            loss += self.penalty_weight * penalty
            logs["penalty"] = penalty
        if self.augment_p is not None:
            logs["real_sign"] = overfitting.real_sign([self.objective], real_logits, fake_logits, replica_mean)
        return loss, logs | {"d_loss": loss}

    def _wgan_gp(self, batch, fakes, real_logits, fake_logits):
        with self.scope(batch, "penalty"):
            alpha = random.uniform((batch.size,), "alpha")
        return penalties.gradient_penalty(lambda x: self.critic(x, batch, "penalty"), batch.images, fakes, alpha)

    def _r1(self, batch, fakes, real_logits, fake_logits):
        def now():
            return R1_INTERVAL * penalties.r1(lambda x: self.critic(x, batch, "penalty"), batch.images)

        return tf.cond(self.step.value % R1_INTERVAL == 0, now, lambda: tf.zeros([]))

    def _lecam(self, batch, fakes, real_logits, fake_logits):
        # The averages run over the global batch; they begin as plain means, else zeros would pull at first.
        count = tf.cast(self.step.value * self.n_dis + batch.substep, tf.float32)
        weight = tf.maximum(1 - LECAM_DECAY, 1 / (count + 1))
        for average, logits in ((self.average_real, real_logits), (self.average_fake, fake_logits)):
            mean = replica_mean(tf.stop_gradient(tf.reduce_mean(logits)))
            average.assign(average.value + weight * (mean - average.value))
        return penalties.lecam(real_logits, fake_logits, self.average_real.value, self.average_fake.value)

    def _prox(self, batch, fakes, real_logits, fake_logits):
        return penalties.prox(flatten(self.discriminator.trainable_variables), self.anchor.value)

    def _adapt_augmentation(self, sign, rows):
        """Moves ADA's probability after every `INTERVAL`th step; returns the logs: the one of this step."""
        count = self.step.value % overfitting.INTERVAL
        p, r = tf.identity(self.augment_p.value), tf.identity(self.augment_sign.value)
        r = r + (sign - r) / tf.cast(count + 1, tf.float32)
        images = tf.cast(overfitting.INTERVAL * rows * tf.distribute.get_strategy().num_replicas_in_sync, tf.float32)
        moved = overfitting.adapt(p, r, images, self.ada_target, self.ada_kimg)
        self.augment_sign.assign(r)
        self.augment_p.assign(tf.where(count == overfitting.INTERVAL - 1, moved, p))
        return {"augment_p": p}

    def _assign_learning_rates(self):
        if self.learning_rate_scale is None:
            return
        scale = self.learning_rate_scale(self.run_step.value)
        for role, base in self._base_learning_rates.items():
            getattr(self, f"{role}_optimizer").learning_rate.assign(base * scale)

    def _average_generator(self, rows):
        update_average(self.ema_generator, self.generator, self.step.value, rows, self.ema_kimg)

    @tf.function(reduce_retracing=True)
    def _sample_seeds(self, truncation, seeds, labels=None):
        latents = random.latents_from_seeds(seeds, self.latent_dim)
        return self.sample(latents * tf.cast(truncation, tf.float32), labels)

    def _state(self, name, dtype="float32", shape=()):
        return self.add_weight(
            shape=shape, dtype=dtype, initializer="zeros", trainable=False, name=name, aggregation="only_first_replica"
        )

    # Keras: metrics and saving -------------------------------------------------------------------------------------

    def keep_metrics(self):
        """Lets the next `fit` go on with the running means, as a run resumed inside an epoch must."""
        self._keep_metrics = True

    def reset_metrics(self):
        """Resets the running means; `fit` calls it at the start of every epoch."""
        if not self._keep_metrics:
            super().reset_metrics()
        self._keep_metrics = False

    def get_config(self):
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "loss": self.objective.name,
            "penalty": self.penalty,
            "penalty_weight": self.penalty_weight,
            "n_dis": self.n_dis,
            "ema_kimg": self.ema_kimg,
            "augment": list(self.augment),
            "ada_target": self.ada_target,
            "ada_kimg": self.ada_kimg,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        for role in ("generator", "discriminator"):
            config[role] = keras.saving.deserialize_keras_object(config[role])
        return cls(**config)

    def get_compile_config(self):
        if not self.compiled:
            return None
        config = {"learning_rate_scale": keras.saving.serialize_keras_object(self.learning_rate_scale)}
        for role, base in self._base_learning_rates.items():
            serialized = keras.saving.serialize_keras_object(getattr(self, f"{role}_optimizer"))
            serialized["config"]["learning_rate"] = base  # not the decayed rate of the moment
            config[f"{role}_optimizer"] = serialized
        return config

    def compile_from_config(self, config):
        self.compile(**{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()})


def _at_least(argument, value, bound):
    if not value >= bound:
        raise ValueError(f"{argument}={value} must be at least {bound}")
