"""Best-response constraint: the generator's gradient knows that the discriminator answers."""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.core.batch import Batch
from tfgan_zoo.core.gan import GAN
from tfgan_zoo.methods.brc import best_response
from tfgan_zoo.replicas import assign, replica_mean, share
from tfgan_zoo.tensors import flatten


@keras.saving.register_keras_serializable("tfgan_zoo")
class BRC(GAN):
    """A GAN as a bilevel problem: min over G of F(G, D) subject to D in argmin f(G, .).

    After Liu, Gao, Liu, Fan, "Revisiting GANs by Best-Response Constraint: Perspective, Methodology, and
    Application", arXiv 2205.10146. F and f are the losses of G and D, penalty included, and the fakes in f are not
    detached. With the outer product of gradients in the place of the Hessian, the implicit gradient of G is

        g_G = dF/dG + c df/dG,    c = -<dF/dD, df/dD> / (|df/dD|^2 + damping),    |c| <= clamp

    at a D that has answered G, by `inner_steps` temporary updates on the fakes of the step's own z with fresh reals.
    After G's update every variable of D (spectral-norm u, moving statistics, LeCam's averages) is what it was
    before; the optimiser's moments and its count keep the temporary updates. `inner_steps=0` is the one-stage form.

    Near the best response df/dD vanishes, c explodes and turns g_G round. The authors clamp c in wasserstein runs
    only; clamping it for every loss is our choice, and damping is the other cure. clamp=0, plain unrolled steps, is
    the control that shows what c adds. With wasserstein and a penalty that is blind to the fakes (or none),
    df/dG = -dF/dG, so c only rescales g_G. D's variables are put back in the one-stage form too, so that nothing but
    its own updates moves D. On mixtures train.py takes the authors' rate of D, 1e-4 to G's 1e-3. R1 stays lazy: on
    every 16th step all updates, temporary ones included, and f have it. Without `perturb_generator` a perturbed D is
    noisy in f, whose minimum D seeks, and in the temporary updates, but not in F: then the noise reaches g_G through
    c df/dG alone.

    Logs: `c`, and `c_unclamped`, which tells how often the bound is at work. A step reads `n_dis` + `inner_steps` + 1
    batches of reals.

    Args:
        generator: as in `GAN`.
        discriminator: as in `GAN`.
        inner_steps: int >= 0, temporary discriminator updates before the generator's.
        clamp: float >= 0, the bound on |c|; inf sets none.
        damping: float in [1e-10, 1e10], added to |df/dD|^2.
        **kwargs: as in `GAN`; penalty="prox" holds D to where it was before the temporary updates.

    Raises:
        ValueError: if an option is out of its range, or `inner_steps` and `clamp` are both 0.

    Example:

    >>> import keras, numpy as np
    >>> from tfgan_zoo.methods import BRC
    >>> from tfgan_zoo.networks import MLPDiscriminator, MLPGenerator
    >>> gan = BRC(MLPGenerator((2,), latent_dim=8), MLPDiscriminator((2,)), inner_steps=2)
    >>> gan.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
    >>> history = gan.fit(np.zeros((16, 2), "float32"), batch_size=4, verbose=0).history
    >>> len(history["c"]), round(abs(history["c"][0]), 6) <= 0.1
    (1, True)
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        inner_steps: int = 10,
        clamp: float = 0.1,
        damping: float = best_response.DAMPING,
        **kwargs: Any,
    ) -> None:
        options = {"inner_steps": int(inner_steps), "clamp": float(clamp), "damping": float(damping)}
        super().__init__(generator, discriminator, options=options, **kwargs)
        self.inner_steps, self.clamp, self.damping = int(inner_steps), float(clamp), float(damping)

    @property
    def batches_per_step(self) -> int:
        return self.n_dis + self.inner_steps + 1

    @property
    def log_names(self) -> list[str]:
        return [*super().log_names, "c", "c_unclamped"]

    def generator_gradients(self, batch_list: list[Batch], logs: dict[str, tf.Tensor]) -> tuple[list, dict]:
        """dF/dG + c df/dG at the best response on this step's z; D is left as it was found."""
        *temporary, last = batch_list[self.n_dis :]
        state = [*self.discriminator.weights]
        for penalty in self.penalties:
            state += penalty.moved_by_updates
        kept = [tf.identity(variable.value) for variable in state]
        with tf.GradientTape() as tape:
            fakes = self.fakes(last, "generator")
        if temporary:
            self.begin_updates()
        for batch in temporary:
            self.discriminator_step(dataclasses.replace(batch, fake_labels=last.labels), fakes)
        g_loss, upper_fakes, upper = self._gradients(lambda: self.generator_objective(last, fakes), fakes)
        _, lower_fakes, lower = self._gradients(lambda: self.discriminator_objective(last, fakes)[0], fakes)
        # Gradients are means over samples; c is a ratio of their products, and so needs the global batch's.
        upper, lower = replica_mean([upper, lower])
        c, unclamped = best_response.coefficient(upper, lower, self.damping, self.clamp)
        assign(state, kept)
        # G enters F and f through the fakes alone: one pass back through G serves both.
        at_fakes = share(best_response.implicit_gradient(upper_fakes, lower_fakes, c))
        gradients = self.gradient(tape, fakes, self.generator.trainable_variables, output_gradients=at_fakes)
        return gradients, {"g_loss": g_loss, "c": c, "c_unclamped": unclamped}

    def _gradients(self, loss_function, fakes):
        """Returns (a loss, its gradient with respect to the fakes, that with respect to all of D as one vector)."""
        with tf.GradientTape() as tape:
            tape.watch(fakes)
            loss = loss_function()
        sources = [fakes, *self.discriminator_variables]
        at_fakes, *rest = self.gradient(tape, loss, sources, unconnected_gradients="zero")
        return loss, at_fakes, flatten(rest)
