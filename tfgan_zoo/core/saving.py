"""What Keras writes of a GAN, and reads again, also from files of before."""

import pathlib
import warnings
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.core import former as former_layout
from tfgan_zoo.files import PathLike


class Saved(keras.Model):
    """Base of `core.gan.GAN`: its configuration, that of its optimisers, and its states."""

    def save(self, filepath: PathLike, *args: Any, **kwargs: Any) -> None:
        """`keras.Model.save`: networks, optimisers and their state, the step; training goes on where it was.

        Args:
            filepath: a file that ends in .keras.
            *args, **kwargs: those of Keras.

        Raises:
            ValueError: for Keras's former format, which holds one optimiser.
        """
        if pathlib.Path(filepath).suffix in (".h5", ".hdf5"):
            raise ValueError(f"save: filepath={filepath} must end in .keras; save_weights writes a .weights.h5")
        super().save(filepath, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "loss": None if self.adversarial_loss is None else self.adversarial_loss.name,
            "penalty": [penalty.name for penalty in self.penalties],
            "penalty_weight": [penalty.weight for penalty in self.penalties],
            "penalty_every": [penalty.every for penalty in self.penalties],
            "n_dis": self.n_dis,
            "ema_kimg": self.ema_kimg,
            "augment": list(self.augmenter.policy),
            "ada_target": self.augmenter.target,
            "ada_kimg": self.augmenter.kimg,
            "perturb_generator": self.perturb_generator,
            "seed": self.seed,
            **(
                {"schedule": list(self._schedule.value), "schedule_steps": self.schedule_steps}
                if self._schedule.value
                else {}
            ),
            "name": self.name,
            **({} if self.ema_ramp else {"ema_ramp": False}),
            **({"freeze_d": self.freeze_d} if self.freeze_d else {}),
            **({"class_names": list(self.class_names)} if self.class_names else {}),
            **{name: list(value) if isinstance(value, tuple) else value for name, value in self._options.value.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> keras.Model:
        config = {"perturb_generator": True} | config  # as it was before there was a choice
        class_names, ema_ramp = config.pop("class_names", ()), config.pop("ema_ramp", True)
        freeze_d = config.pop("freeze_d", 0)
        if config.get("penalty") == "none":  # of before 0.1.0, with a weight of 0
            config |= {"penalty": (), "penalty_weight": None}
        for role in ("generator", "discriminator"):
            config[role] = keras.saving.deserialize_keras_object(config[role])
        model = cls(**config)
        model.name_classes(class_names)
        model.ema_ramp = bool(ema_ramp)
        model.freeze_discriminators(freeze_d)
        return model

    def get_compile_config(self) -> dict[str, Any] | None:
        if not self.compiled:
            return None
        # All at once: Keras takes two objects for one that is shared where the second gets the freed first one's id.
        optimizers = {role: _with_numbers(getattr(self, f"{role}_optimizer")) for role in self._base_learning_rates}
        config = {"learning_rate_scale": keras.saving.serialize_keras_object(self.learning_rate_scale)}
        config |= self._said.value  # and not what "auto" came to on this machine
        ratio = float(self._rate_ratio.value.numpy())
        if ratio != 1:
            config["learning_rate_ratio"] = ratio
        if self.micro_batch is not None:
            config["micro_batch"] = self.micro_batch
        if self.metric_names:
            config["metrics"] = self.metric_names
        for role, base in self._base_learning_rates.items():
            serialized = keras.saving.serialize_keras_object(optimizers[role])
            serialized["config"]["learning_rate"] = base  # not the decayed rate of the moment
            config[f"{role}_optimizer"] = serialized
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        config = dict(config)
        ratio, metrics = config.pop("learning_rate_ratio", 1.0), config.pop("metrics", ())
        self.compile(**{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()})
        self.scale_rates(ratio)
        try:
            self.prepare_judges(list(map(str, metrics)))  # names alone: nothing that a file holds is called
        except ValueError as error:  # of a package that is not installed here: the model itself is whole
            warnings.warn(f"compile: {error}; it is left out", stacklevel=2)

    def save_own_variables(self, store: Any) -> None:
        for name, state in self._states.value.items():
            store[name] = state

    def load_own_variables(self, store: Any) -> None:
        former = {} if "step" in list(store.keys()) else former_layout.numbers(self.states)
        for name, state in self.states.items():
            state.assign(store[str(former.get(name, name))])


def _with_numbers(optimizer):
    """Returns an optimiser of the same configuration whose `beta_2` is a number again."""
    if not isinstance(getattr(optimizer, "beta_2", None), tf.Variable):
        return optimizer
    return type(optimizer).from_config(optimizer.get_config() | {"beta_2": float(optimizer.beta_2.numpy())})
