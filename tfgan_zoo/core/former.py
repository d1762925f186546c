"""The layout of weights in files of before 0.1.0, when every GAN kept LeCam's averages."""

import tensorflow as tf

# A GAN's own states, in the order in which such a file numbers them.
STATES = ("step", "average_real", "average_fake", "augment_p", "augment_sign", "anchor", "begins")
ALWAYS = ("average_real", "average_fake")


def numbers(states):
    """Returns {name: the number that such a file gives it}.

    Args:
        states: the names of the states that a GAN has now.

    >>> numbers(["step", "begins"])
    {'step': 0, 'begins': 3}
    """
    had = [name for name in STATES if name in states or name in ALWAYS]
    return {name: number for number, name in enumerate(had) if name in states}


def weights(model, parts):
    """Returns the weights of a model in the order of such a checkpoint, with variables for what is no longer kept.

    Args:
        model: a `core.gan.GAN`.
        parts: all GANs inside it, itself among them.

    Returns:
        A list of tf.Variable.
    """
    owners = {id(gan.step): gan for gan in parts}
    states = {id(state) for gan in parts for state in gan.states.values()}
    ordered = []
    for weight in model.weights:
        if id(weight) in owners:
            had = owners[id(weight)].states
            names = [name for name in STATES if name in had or name in ALWAYS]
            ordered += [had[name].value if name in had else tf.Variable(0.0, trainable=False) for name in names]
        elif id(weight) not in states:
            ordered.append(weight.value)
    return ordered
