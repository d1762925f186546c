"""Models from elsewhere are data: what a configuration names and needs is checked before anything is made of it."""

import copy
import math
import random
import threading

import keras
import tensorflow as tf

from tfgan_zoo import registry

_MOST_ITEMS = 256  # of a list: costs, a shape, a network's layers
_MOST_LAYERS = 64  # of a network's `depth`
_MOST_OBJECTS = 128  # networks, parts, policies and optimisers of a model
_MOST_OF_KERAS = 2048  # layers, tensors and initializers of own networks
# What an own network in a preset or a .keras file may be made of: it computes, and neither reads nor runs anything.
_KERAS = {
    "keras": ("Sequential", "DTypePolicy"),
    "keras.src.models.functional": ("Functional",),
    "keras.layers": (
        *("InputLayer", "Dense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
        *(
            "DepthwiseConv1D",
            "DepthwiseConv2D",
            "SeparableConv1D",
            "SeparableConv2D",
            "Embedding",
            "Flatten",
            "Reshape",
        ),
        *("Permute", "RepeatVector", "ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D", "UpSampling1D"),
        *("UpSampling2D", "UpSampling3D", "MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"),
        *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D"),
        *("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization", "RMSNormalization"),
        *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Dropout", "SpatialDropout1D", "GaussianNoise"),
        *("SpatialDropout2D", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"),
        *("Rescaling", "GRU", "LSTM", "SimpleRNN", "Bidirectional", "TimeDistributed", "MultiHeadAttention"),
    ),
}
_KERAS_MODULES = ("keras.initializers", "keras.regularizers", "keras.constraints")
_POLICY = ("keras", "DTypePolicy")
_COMPILED = ("keras.optimizers", "keras.optimizers.schedules")


def check(config, stored, average_for=()):
    """Checks the configuration of a model and the room that it needs, without making room.

    Args:
        config: the table that Keras writes of an object, from JSON: "registered_name", "config", maybe
            "compile_config".
        stored: int, how many numbers there are for it.
        average_for: names of the model's networks that stand for another one's numbers, which are stored once.

    Returns:
        The class of the model.

    Raises:
        ValueError: in one line, if it names a class that is not in the registry's tables, is no GAN, or needs more
            weights than there are.
        Exception: whatever a class raises on a configuration that is not its own.
    """
    classes = known_classes()
    _check_tables(config, classes)
    name = config["registered_name"]
    model_class = classes.get(name)
    if registry.method_of(model_class or object) is None:
        raise ValueError(f"{name} is no GAN")
    needed = numbers(model_class, config["config"], average_for)
    if needed > stored:
        raise ValueError(f"its configuration needs {needed} weights, and there are {stored}")
    return model_class


def check_names(config):
    """Checks that a configuration names nothing but what may be loaded again: our classes, and Keras's layers.

    Raises:
        ValueError: in one line that names the class.
    """
    _check_tables(config, known_classes())


def known_classes():
    """Returns {registered name: class} of all that a model may be made of."""
    from tfgan_zoo.specs import attribute

    networks = (spec.load(role) for spec in registry.NETWORKS.values() for role in ("generator", "discriminator"))
    methods = (spec.load() for spec in registry.METHODS.values())
    specs = (*registry.METHODS.values(), *registry.NETWORKS.values())
    own = ("KerasGenerator", "KerasDiscriminator")
    layers = ("PerturbedConv2D", "PerturbedSNConv2D", "SNConv2D", "SNDense", "ConditionalBatchNormalization")
    others = (*(f"tfgan_zoo.networks:{name}" for name in own), *(f"tfgan_zoo.layers:{name}" for name in layers))
    parts = (*(part for spec in specs for part in spec.parts), *others)
    found = (*networks, *methods, *(attribute(part) for part in parts))
    return {keras.saving.get_registered_name(known): known for known in found}


def numbers(model_class, config, average_for=()):
    """Counts the weights of the model that a configuration makes, without their memory.

    It is made in a graph, where an initial value is a node, and in a thread of its own, since Keras keeps names and
    unfinished variables by thread.

    Args:
        model_class: a class of models.
        config: what its `from_config` takes.
        average_for: names of its networks to leave out.

    Returns:
        An int.
    """
    found = []

    def count():
        try:
            with tf.Graph().as_default(), keras.StatelessScope(initialize_variables=False):
                model = model_class.from_config(copy.deepcopy(config))
                out = {id(weight) for name in average_for for weight in getattr(model, name).weights}
                found.append(sum(math.prod(weight.shape) for weight in model.weights if id(weight) not in out))
        except Exception as error:
            found.append(error)

    state = random.getstate()  # initializers draw their seeds from it
    thread = threading.Thread(target=count)
    thread.start()
    thread.join()
    random.setstate(state)
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _check_tables(config, classes):
    objects = of_keras = 0
    for value, compiled in _values(config):
        if isinstance(value, list) and len(value) > _MOST_ITEMS:
            raise ValueError(f"a list of {len(value)} items; at most {_MOST_ITEMS}")
        if not isinstance(value, dict):
            continue
        depth = value.get("depth", 0)
        if isinstance(depth, int) and depth > _MOST_LAYERS:
            raise ValueError(f"depth={depth} must be at most {_MOST_LAYERS}")
        if _of_keras(value):
            of_keras += 1
        elif "class_name" in value or "registered_name" in value:
            objects += 1
            _check_class(value, compiled, classes)
    for count, most in ((objects, _MOST_OBJECTS), (of_keras, _MOST_OF_KERAS)):
        if count > most:
            raise ValueError(f"{count} objects; at most {most}")


def _of_keras(table):
    """Returns whether a table is of something of Keras's that an own network may be made of."""
    name, registered, module = (table.get(key) for key in ("class_name", "registered_name", "module"))
    if name == "__keras_tensor__":
        return True
    if registered not in (None, name) or not isinstance(name, str):
        return False
    return name in _KERAS.get(module, ()) if module not in _KERAS_MODULES else name.isidentifier()


def _check_class(table, compiled, classes):
    """Checks by our own table what Keras would look up by three names, and import a module for."""
    name, registered, module = (table.get(key) for key in ("class_name", "registered_name", "module"))
    if name == "__tuple__":
        return
    if isinstance(registered, str) and registered in classes and classes[registered].__name__ == name:
        return
    if registered is None and ((module, name) == _POLICY or (compiled and module in _COMPILED)):
        return
    raise ValueError(f"{str(module)[:80]}.{str(name)[:80]} ({str(registered)[:80]}) is no class of tfgan_zoo")


def _values(value, compiled=False):
    """Yields (a value inside a JSON value, whether it belongs to what `compile` was given)."""
    stack = [(value, compiled)]
    while stack:
        value, compiled = stack.pop()
        yield value, compiled
        if isinstance(value, dict):
            stack += [
                (item, compiled or key == "compile_config")
                for key, item in value.items()
                if key != "class_names" or not _are_words(item)
            ]
        elif isinstance(value, list):
            stack += [(item, compiled) for item in value]


def _are_words(value):
    """Returns whether a value is a list of words, of which a model may have as many as it has classes."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
