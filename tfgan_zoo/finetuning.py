"""Starting a run at the weights of a trained model: the weights alone, no optimiser, no step."""

import itertools
import json
import pathlib
import zipfile

from tfgan_zoo import loading, presets, registry
from tfgan_zoo.training.run_directory import RunDirectory

ARGUMENT = "init_from"
_NETWORK = ("width", "latent_dim", "image_size", "channels")


def settings(source):
    """Reads what a run must share with a trained model in order to start at its weights, without TensorFlow.

    Args:
        source: str, a preset's name, or the path of a preset, a run directory or a .keras file.

    Returns:
        Fields of a `training.config.Config`: method and its options, network, width, latent_dim, normalization,
        conditional, and of images image_size and channels.

    Raises:
        ValueError: in one line, if `source` names no such model.

    >>> sorted(settings("pconv_fashion_mnist_10k"))
    ['channels', 'conditional', 'image_size', 'latent_dim', 'method', 'network', 'normalization', 'width']
    """
    kind = loading.kind(source, ARGUMENT)
    if kind not in ("run", "preset", "keras"):
        raise ValueError(
            f"{ARGUMENT}={source} is an export or a server, which has no discriminator; name its run or preset"
        )
    if kind == "run":
        config = RunDirectory(source).config()
        names = ("method", "network", "normalization", "conditional", *_NETWORK)
        given = {name: getattr(config, name) for name in names}
        given |= config.options
    else:
        given = _of_model(source, kind)
    if given["method"] == "express":
        raise ValueError(f"{ARGUMENT}={source} is of method=express, whose parts are trained one after the other")
    return {name: value for name, value in given.items() if value is not None}


def copy(donor, model, source):
    """Copies the weights of the generator, its average and the discriminators.

    A donor with fewer discriminators, or more, gives its first one to all of the model's.

    Args:
        donor: the trained `GAN`.
        model: the `GAN` that is to start there.
        source: str, what the donor was called, for the message.

    Raises:
        ValueError: in one line that names the variable, if a shape differs; then nothing has been copied.
    """
    pairs = []
    for role, theirs, mine in _roles(donor, model):
        for there, here in itertools.zip_longest(theirs.weights, mine.weights):
            if there is None or here is None or there.shape != here.shape:
                _refuse(source, role, there, here)
            pairs.append((there, here))
    for there, here in pairs:
        here.assign(there.numpy())


def _of_model(source, kind):
    """The settings of a preset or a .keras file, from the JSON that Keras wrote of its model."""
    folder = source if presets.is_preset(source) else presets.SHELF / source
    try:
        if kind == "keras":
            with zipfile.ZipFile(source) as archive:
                whole = json.loads(archive.read("config.json"))
        else:
            whole = json.loads((pathlib.Path(folder) / presets.CONFIG).read_text())
        name = (whole.get("class") or whole["registered_name"]).split(">")[1]
        (method,) = (key for key, entry in registry.METHODS.items() if entry.path.endswith(f":{name}"))
        if method == "express":
            return {"method": method}
        config = whole["config"]
        if config["generator"]["class_name"] == "ExpressGenerator":  # what a preset keeps of one
            return {"method": "express"}
        generator, discriminator = (config[role]["config"] for role in ("generator", "discriminator"))
        found = {"method": method, "network": config["generator"]["module"].split(".")[-1]}
        found["normalization"] = discriminator.get("normalization")
    except (OSError, AttributeError, KeyError, TypeError, IndexError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{ARGUMENT}={source} is damaged: {' '.join(str(error).split())[:200]}") from None
    found |= {name: generator.get(name) for name in _NETWORK}
    found["conditional"] = bool(generator.get("num_classes"))
    shape = generator.get("shape", ())
    if len(shape) == 3:  # the mlp's
        found |= {"image_size": shape[0], "channels": shape[2]}
    options = {name: config[name] for name in registry.METHODS[method].options if name in config}
    return found | {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}


def _roles(donor, model):
    yield "generator", donor.generator, model.generator
    yield "ema_generator", donor.ema_generator, model.ema_generator
    theirs, mine = (getattr(gan, "discriminators", [gan.discriminator]) for gan in (donor, model))
    if len(theirs) != len(mine):
        theirs = theirs[:1] * len(mine)
    for there, here in zip(theirs, mine, strict=True):
        yield "discriminator", there, here
    if getattr(model, "old_discriminator", None) is not None:  # "proximal" begins at no distance
        yield "discriminator", donor.discriminator, model.old_discriminator


def _refuse(source, role, there, here):
    name = (there if here is None else here).path.split("/", 1)[-1]
    shapes = ["no such variable" if weight is None else f"shape {tuple(weight.shape)}" for weight in (there, here)]
    raise ValueError(f"{ARGUMENT}={source}: the {role}'s {name} has {shapes[0]} there and {shapes[1]} in this run")
