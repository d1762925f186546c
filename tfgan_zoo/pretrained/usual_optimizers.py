"""The optimisers that a preset was trained with, as JSON that runs no code: it fits without `compile`."""

import keras

CLASSES = ("SGD", "RMSprop", "Adam", "AdamW", "Adadelta", "Adagrad", "Adamax", "Nadam", "Ftrl", "Lion", "Lamb")
ROLES = ("generator", "discriminator")


def described(model):
    """Returns {role: {"class", "config"}} of a compiled model's optimisers, {} if they are none of Keras's usual ones.

    Args:
        model: a `GAN`.
    """
    compiled = model.get_compile_config()
    if compiled is None:
        return {}
    found = {}
    for role in ROLES:
        it = compiled[f"{role}_optimizer"]
        if it["class_name"] not in CLASSES or it["module"] != "keras.optimizers":
            return {}
        config = {name: value for name, value in it["config"].items() if name != "name" and value is not None}
        found[role] = {"class": it["class_name"], "config": config}
    return found


def made(described):
    """Returns the two optimisers, the generator's first; None if nothing is described.

    Raises:
        ValueError: in one line, if they cannot be made.

    >>> adam = {"class": "Adam", "config": {"learning_rate": 2e-4, "beta_1": 0.5}}
    >>> [type(optimizer).__name__ for optimizer in made({"generator": adam, "discriminator": adam})]
    ['Adam', 'Adam']
    """
    if not described:
        return None
    try:
        return [_made(described[role]) for role in ROLES]
    except Exception as error:  # whatever an optimiser says of arguments that are none of its own
        raise ValueError(f"its optimizers cannot be made: {' '.join(str(error).split())[:200]}") from None


def _made(one):
    simple = all(value is None or isinstance(value, bool | int | float | str) for value in one["config"].values())
    if one["class"] not in CLASSES or not simple:
        raise ValueError(f"class={one['class']!r} must be one of {', '.join(CLASSES)}, its values numbers or words")
    return getattr(keras.optimizers, one["class"])(**one["config"])
