"""Path length: a step in w changes the image by as much wherever it is taken."""

import math

from tfgan_zoo import registry
from tfgan_zoo.lazy import tf
from tfgan_zoo.objectives.penalties import Penalty
from tfgan_zoo.replicas import replica_mean

DECAY = 0.99  # of the running mean, per time that the penalty acts


def path_lengths(synthesize, styles, noise):
    """Returns the lengths |J_w^T y| of a generator's image in the direction y, float32[N].

    Karras et al. 2020, arXiv 1912.04958, eq. 4: J_w^T y is the gradient of the product g(w) . y. A generator with a
    style for each of L layers has the root of the mean square over the layers.

    Args:
        synthesize: a function styles[N, L, d] -> images[N, H, W, C].
        styles: float32[N, L, d], w.
        noise: float32[N, H, W, C], y, drawn from N(0, 1) and divided by sqrt(H W).

    >>> import tensorflow as tf
    >>> images = lambda styles: 3.0 * styles[:, :, None]
    >>> path_lengths(images, tf.ones((2, 1, 2)), tf.ones((2, 1, 1, 2))).numpy()
    array([4.2426405, 4.2426405], dtype=float32)
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(styles)
        product = tf.reduce_sum(synthesize(styles) * noise)
    gradients = tape.gradient(product, styles)
    return tf.sqrt(tf.reduce_mean(tf.reduce_sum(tf.square(gradients), axis=2), axis=1) + 1e-12)


class PathLength(Penalty):
    """E (|J_w^T y| - a)^2 with a running mean a of the lengths, every 4th step (Karras et al. 2020, eq. 4).

    Attributes:
        average: a, a float32 scalar.
    """

    name = "path_length"
    summary = "how far images move with w, held to its mean, every 4th step (Karras et al. 2020)"
    usual_weight, usual_every = 2.0, 4
    lazy = keeps_state = of_generator = of_styles = True

    @classmethod
    def check(cls, choices, method):
        spec = registry.NETWORKS.get(choices.network)
        if spec is not None and not spec.styles:
            able = ", ".join(name for name, other in registry.NETWORKS.items() if other.styles)
            raise ValueError(
                f"penalty=path_length is for generators with styles, not network={spec.name}; choose {able}"
            )

    def build(self, gan):
        if not hasattr(gan.generator, "synthesize"):
            raise ValueError(f"penalty=path_length is for generators with styles, and {gan.generator.name} has none")
        self.average = gan.add_state("path_length")

    def term(self, gan, batch, fakes, real_logits, fake_logits):
        from tfgan_zoo import random  # which needs TensorFlow

        def of_rows(batch):
            with gan.scope(batch, "path_length"):
                styles = gan.generator.styles(gan.latents(batch), batch.labels)
                height, width, channels = gan.image_shape
                noise = random.normal((batch.size, height, width, channels), "direction") / math.sqrt(height * width)
                return path_lengths(lambda w: gan.generator.synthesize(w, training=True), styles, noise)

        lengths = gan.by_rows(of_rows, gan.generator, batch)
        mean = replica_mean(tf.stop_gradient(tf.reduce_mean(lengths)))
        self.average.assign(self.average.value + (1 - DECAY) * (mean - self.average.value))
        return tf.reduce_mean(tf.square(lengths - self.average.value))


PENALTY = PathLength
