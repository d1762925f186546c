"""A GAN's optimisers, and its numbers that change with the step."""

import keras
import tensorflow as tf

from tfgan_zoo.core.both_optimizers import BothOptimizers
from tfgan_zoo.replicas import leave_sums_to_us
from tfgan_zoo.untracked import Untracked


class Rates(keras.Model):
    """Base of `core.gan.GAN`: learning rates, and what a schedule moves."""

    def set_optimizers(self, generator_optimizer, discriminator_optimizer, learning_rate_scale=None):
        """Sets and builds the optimisers: what `compile` does for a GAN that is a part of another model.

        Raises:
            ValueError: in one line, for what is no optimiser or no function.
        """
        for role, optimizer in (("generator", generator_optimizer), ("discriminator", discriminator_optimizer)):
            if optimizer is None:
                raise ValueError(f"{role}_optimizer=None must be a Keras optimiser, or its name")
        if not (learning_rate_scale is None or callable(learning_rate_scale)):
            raise ValueError(f"learning_rate_scale={learning_rate_scale!r} must be a function of the step, or None")
        self.generator_optimizer = keras.optimizers.get(generator_optimizer)
        self.discriminator_optimizer = keras.optimizers.get(discriminator_optimizer)
        if self.discriminator_optimizer is self.generator_optimizer:  # one object has the moments of one network
            self.discriminator_optimizer = type(self.generator_optimizer).from_config(
                self.generator_optimizer.get_config()
            )
        self.learning_rate_scale = learning_rate_scale
        self._base_learning_rates = {}
        # What a callback makes of the rates. A weight would not be in the checkpoints of before.
        first = tf.VariableAggregation.ONLY_FIRST_REPLICA
        self._rate_ratio = Untracked(tf.Variable(1.0, trainable=False, aggregation=first))
        variables = {"generator": self.generator.trainable_variables, "discriminator": self.discriminator_variables}
        for role in variables:
            optimizer = getattr(self, f"{role}_optimizer")
            config = optimizer.get_config()["learning_rate"]
            if not isinstance(config, int | float):
                raise ValueError(f"{role}_optimizer: its learning rate must be a number; pass learning_rate_scale=")
            self._base_learning_rates[role] = float(config)
            optimizer.build(variables[role])
            if "beta_2" in self._schedules.value:
                _make_beta_2_a_variable(f"{role}_optimizer", optimizer)
            leave_sums_to_us(optimizer)

    def scheduled(self, name, value):
        """Returns a number of this step: what its schedule says, or the `value` of a number that has none."""
        schedule = self._schedules.value.get(name)
        return value if schedule is None else schedule.at(self.run_step.value, self.schedule_steps)

    def weight_of(self, penalty):
        """Returns the weight of a penalty on this step."""
        return self.scheduled("penalty_weight", penalty.weight)

    @property
    def optimizer(self):
        """Both optimisers as one, for Keras's callbacks, see `BothOptimizers`; None before `compile`."""
        return None if getattr(self, "generator_optimizer", None) is None else BothOptimizers(self)

    @optimizer.setter
    def optimizer(self, value):
        if value is not None:  # Keras's `compile` sets none
            raise ValueError("optimizer: a GAN has two; give both to compile(generator_optimizer, ...)")

    def learning_rate_now(self):
        """Returns the generator's learning rate, a float."""
        if not self._moves("generator"):
            return float(self.generator_optimizer.learning_rate.numpy())
        return float(self._planned_rate("generator")) * float(self._rate_ratio.value.numpy())

    def set_learning_rate(self, rate):
        """Makes the generator's learning rate this one now, and changes all others by the same factor.

        Raises:
            ValueError: if it is below 0, or there is no such factor, since the generator's rate is 0 by itself.
        """
        planned = float(self._planned_rate("generator"))
        if not rate >= 0 or (planned == 0 and rate > 0):
            raise ValueError(f"learning_rate={rate} must be at least 0, and 0 where compile or a schedule makes it 0")
        self.scale_rates(rate / planned if planned else 1.0)

    def scale_rates(self, ratio):
        """Multiplies all learning rates, those of `compile` or of the schedules, by this number from now on."""
        self._rate_ratio.value.assign(ratio)
        for role, base in self._base_learning_rates.items():
            if not self._moves(role):
                getattr(self, f"{role}_optimizer").learning_rate.assign(base * ratio)

    def _moves(self, role):
        """Whether the learning rate of a role is a function of the step."""
        return self.learning_rate_scale is not None or f"{role[0]}_lr" in self._schedules.value

    def _planned_rate(self, role):
        """Returns the learning rate of this step, were there no callbacks."""
        rate = self.scheduled(f"{role[0]}_lr", self._base_learning_rates[role])
        return rate if self.learning_rate_scale is None else rate * self.learning_rate_scale(self.run_step.value)

    def _assign_rates(self):
        """Gives the optimisers the numbers of this step, where they change."""
        for role in self._base_learning_rates:
            optimizer = getattr(self, f"{role}_optimizer")
            if self._moves(role):
                optimizer.learning_rate.assign(self._planned_rate(role) * self._rate_ratio.value)
            if "beta_2" in self._schedules.value:
                optimizer.beta_2.assign(self.scheduled("beta_2", None))


def _make_beta_2_a_variable(argument, optimizer):
    """Lets a graph move the decay of Adam's second moment, as it does the learning rate; a function of the step."""
    if isinstance(getattr(optimizer, "beta_2", None), tf.Variable):  # of a model that is compiled again with its own
        return
    if not isinstance(getattr(optimizer, "beta_2", None), float):
        raise ValueError(f"{argument}: schedule=beta_2 needs an optimiser with a number beta_2, such as Adam")
    optimizer.beta_2 = tf.Variable(optimizer.beta_2, trainable=False, dtype=tf.float32)
