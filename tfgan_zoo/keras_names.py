"""Tells Keras the names of our classes without importing one: `keras.models.load_model` finds what we saved.

Keras looks up a saved class by its registered name, and a class registers itself as it is imported. Until then a
placeholder stands for it, which imports the class when a model of it is loaded. TensorFlow and Keras are imported by
nothing here: where Keras is not there yet, the names are told when it comes.
"""

import importlib.abc
import importlib.util
import sys

PACKAGE = "tfgan_zoo"
_LAYERS = (
    "ConditionalBatchNormalization",
    "GroupedConv2D",
    "PerturbedConv2D",
    "PerturbedSNConv2D",
    "SNConv2D",
    "SNDense",
)


def tell():
    """Tells Keras our names: now if it is imported, else as soon as it is."""
    if "keras" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _WhenKerasComes())


def paths():
    """Returns {registered name: "module:class"} of what a saved model may name."""
    from tfgan_zoo import registry

    found = [f"tfgan_zoo.layers:{name}" for name in _LAYERS]
    found += [f"tfgan_zoo.networks.own:{name}" for name in ("KerasGenerator", "KerasDiscriminator")]
    for spec in registry.NETWORKS.values():
        found += [spec.generator, spec.discriminator, *spec.parts]
    for spec in registry.METHODS.values():
        found += [spec.path, *spec.parts]
    return {f"{PACKAGE}>{path.split(':')[1]}": path for path in found if path.startswith(f"{PACKAGE}.")}


def _register():
    import keras

    known = keras.saving.get_custom_objects()
    known.update({name: _placeholder(path) for name, path in paths().items() if name not in known})


def _placeholder(path):
    class Later:
        """Stands for a class of ours that is not imported yet."""

        @classmethod
        def from_config(cls, config):
            from tfgan_zoo.specs import attribute

            return attribute(path).from_config(config)

    return Later


class _WhenKerasComes(importlib.abc.MetaPathFinder):
    """Waits for the import of Keras, leaves it to the other finders, and then tells it our names."""

    def find_spec(self, name, path=None, target=None):
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                _register()

            spec.loader.exec_module = exec_module
        return spec
