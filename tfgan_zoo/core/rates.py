"""A GAN's optimisers, and its numbers that change with the step."""

import keras
import tensorflow as tf

from tfgan_zoo.replicas import leave_sums_to_us


class Rates(keras.Model):
    """Base of `core.gan.GAN`: learning rates, and what a schedule moves."""

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

    def _assign_rates(self):
        """Gives the optimisers the numbers of this step, where they change."""
        scale = None if self.learning_rate_scale is None else self.learning_rate_scale(self.run_step.value)
        for role, base in self._base_learning_rates.items():
            optimizer, rate = getattr(self, f"{role}_optimizer"), self.scheduled(f"{role[0]}_lr", base)
            if scale is not None or rate is not base:
                optimizer.learning_rate.assign(rate if scale is None else rate * scale)
            if "beta_2" in self._schedules.value:
                optimizer.beta_2.assign(self.scheduled("beta_2", None))


def _make_beta_2_a_variable(argument, optimizer):
    """Lets a graph move the decay of Adam's second moment, as it does the learning rate; a function of the step."""
    if not isinstance(getattr(optimizer, "beta_2", None), float):
        raise ValueError(f"{argument}: schedule=beta_2 needs an optimiser with a number beta_2, such as Adam")
    optimizer.beta_2 = tf.Variable(optimizer.beta_2, trainable=False, dtype=tf.float32)
