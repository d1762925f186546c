"""A GAN's two optimisers as the one that Keras's callbacks look for."""


class BothOptimizers:
    """What `gan.optimizer` is: one learning rate for both optimisers, which LearningRateScheduler and others set.

    Its `learning_rate` is the generator's. Setting it changes the discriminator's by the same factor, and where a
    schedule moves the rates, the schedule goes on from there in proportion. The change is saved with the model.

    Args:
        gan: a compiled `GAN`.

    Example:

    >>> import keras
    >>> from tfgan_zoo.methods import GAN
    >>> from tfgan_zoo.networks import DCGANDiscriminator, DCGANGenerator
    >>> gan = GAN(DCGANGenerator(width=4, latent_dim=8), DCGANDiscriminator(width=4))
    >>> gan.compile(keras.optimizers.Adam(2e-4), keras.optimizers.Adam(4e-4))
    >>> gan.optimizer.learning_rate = 1e-4
    >>> round(float(gan.discriminator_optimizer.learning_rate), 6)
    0.0002
    """

    built = True  # Keras's BackupAndRestore would build it

    def __init__(self, gan):
        self._gan = gan

    @property
    def learning_rate(self):
        """The generator's learning rate, a float."""
        return self._gan.learning_rate_now()

    @learning_rate.setter
    def learning_rate(self, value):
        self._gan.set_learning_rate(float(value))

    @property
    def iterations(self):
        """The run's step."""
        return self._gan.step

    @property
    def variables(self):
        """The variables of both, which `summary` counts."""
        return [*self._gan.generator_optimizer.variables, *self._gan.discriminator_optimizer.variables]
