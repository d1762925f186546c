"""What reals and fakes go through before the discriminator sees them: DiffAugment, and ADA with its probability."""

import numbers

import tensorflow as tf

from tfgan_zoo import replicas
from tfgan_zoo.objectives import ada, augment, overfitting


class Augmenter:
    """Transforms images at random and differentiably; of "ada" it owns the probability, the signal and their updates.

    Args:
        policy: names out of "ada" (transforms with a probability that follows D's overfitting, `objectives.ada` and
            `objectives.overfitting`) and "color", "translation", "cutout" (DiffAugment, `objectives.augment`). ADA's
            transforms come first.
        target: float in [-1, 1], the overfitting signal at which "ada" keeps its probability.
        kimg: float > 0, thousands of images in which that probability would go from 0 to 1.

    Attributes:
        p: ADA's probability, a float32 scalar in [0, 0.8]; None without "ada".
        sign: the mean of the signal since p last moved.

    Raises:
        ValueError: for an unknown name, a `target` outside [-1, 1] or a `kimg` that is not above 0.
    """

    def __init__(self, policy=(), target=overfitting.TARGET, kimg=overfitting.KIMG):
        if not isinstance(kimg, numbers.Real) or not kimg > 0:
            raise ValueError(f"ada_kimg={kimg!r} must be above 0")
        if not isinstance(target, numbers.Real) or not -1 <= target <= 1:
            raise ValueError(f"ada_target={target!r} must be in [-1, 1]")
        self.policy = augment.check_policy(policy)
        self.target, self.kimg = float(target), float(kimg)
        self.p = self.sign = None

    @property
    def adapts(self):
        """Whether there is a probability that follows D's overfitting."""
        return "ada" in self.policy

    @property
    def log_names(self):
        """The numbers that a step reports: p, and `real_sign`, which the discriminator's loss computes."""
        return ["augment_p", "real_sign"] if self.adapts else []

    def build(self, gan):
        """Adds the state to a GAN, by `gan.add_state`."""
        if self.adapts:
            self.p, self.sign = gan.add_state("augment_p"), gan.add_state("augment_sign")

    def __call__(self, images):
        """Returns float32[N, H, W, C]: the images as the discriminator sees them, with draws of the open scope."""
        if self.adapts:
            images = ada.transform(images, self.p.value)
        return augment.diff_augment(images, [name for name in self.policy if name != "ada"])

    def signal(self, costs, real_logits, fake_logits):
        """Returns what `log_names` reports of logits[B, K], column i under cost i, over the global batch; {} or one."""
        if not self.adapts:
            return {}
        return {"real_sign": overfitting.real_sign(costs, real_logits, fake_logits, replicas.replica_mean)}

    def update(self, step, real_sign, rows, target):
        """Moves p after every `overfitting.INTERVAL`th step.

        Args:
            step: int64 scalar, steps so far.
            real_sign: float32 scalar, the signal of this step.
            rows: int, the local batch's rows.
            target: float, or a float32 scalar, the target of this step.

        Returns:
            The logs: the probability of this step.
        """
        if not self.adapts:
            return {}
        count = step % overfitting.INTERVAL
        p, r = tf.identity(self.p.value), tf.identity(self.sign.value)
        r = r + (real_sign - r) / tf.cast(count + 1, tf.float32)
        images = tf.cast(overfitting.INTERVAL * rows * tf.distribute.get_strategy().num_replicas_in_sync, tf.float32)
        moved = overfitting.adapt(p, r, images, target, self.kimg)
        self.sign.assign(r)
        self.p.assign(tf.where(count == overfitting.INTERVAL - 1, moved, p))
        return {"augment_p": p}
