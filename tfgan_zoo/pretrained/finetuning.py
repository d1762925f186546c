"""Starting a run at the weights of a trained model: the weights alone, no optimiser, no step."""

import itertools
import pathlib
import zipfile

from tfgan_zoo import image_sizes, registry
from tfgan_zoo.files import read_json
from tfgan_zoo.pretrained import keras_files, loading, presets
from tfgan_zoo.training.run_directory import RunDirectory

ARGUMENT = "init_from"
_NETWORK = ("width", "latent_dim", "image_size", "channels")


def settings(source):
    """Reads what a run must share with a trained model in order to start at its weights, without TensorFlow.

    Args:
        source: str, a preset's name, or the path of a preset, a run directory or a .keras file.

    Returns:
        Fields of a `settings.config.Config`: method and its options, network and what it alone has, width, latent_dim,
        normalization, conditional, and of images image_size and channels; no network where the user made it, and no
        run's config says how.

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
        own = registry.NETWORKS[config.network].options
        names = ("method", "network", "normalization", "conditional", *_NETWORK, *own)
        given = {name: getattr(config, name) for name in names}
        given |= config.options
    else:
        given = _of_model(source, kind)
    why_not = registry.METHODS[given["method"]].fine_tuning
    if why_not:
        raise ValueError(f"{ARGUMENT}={source} is of method={given['method']}, {why_not}")
    return {name: value for name, value in given.items() if value is not None}


def copy(donor, model, source):
    """Copies the weights of the generator, its average and the discriminators, and ADA's probability if both have one.

    A donor with fewer discriminators, or more, gives its first one to all of the model's.

    Args:
        donor: the trained `GAN`.
        model: the `GAN` that is to start there.
        source: str, what the donor was called, for the message.

    Raises:
        ValueError: in one line that names the variable, if a shape differs; then nothing has been copied.
    """
    theirs, mine = ("x".join(map(str, one.image_shape[:-1])) for one in (donor, model))
    if theirs != mine:  # weights of 24x16 would fit where 16x24 is made
        raise ValueError(f"{ARGUMENT}={source}: the generator's images are {theirs} there and {mine} in this run")
    pairs = []
    for role, theirs, mine in model.counterparts(donor):
        for there, here in itertools.zip_longest(theirs.weights, mine.weights):
            if there is None or here is None or there.shape != here.shape:
                _refuse(source, role, there, here)
            pairs.append((there, here))
    for there, here in pairs:
        here.assign(there.numpy())
    if donor.augmenter.adapts and model.augmenter.adapts:
        model.augmenter.p.assign(donor.augmenter.p.numpy())


def _of_model(source, kind):
    """The settings of a preset or a .keras file, from the JSON that Keras wrote of its model."""
    folder = source if presets.is_preset(source) else presets.BUILT_IN / source
    try:
        if kind == "keras":
            with keras_files.open_archive(source) as archive:
                whole = keras_files.configuration(archive)
        else:
            whole = read_json(pathlib.Path(folder) / presets.CONFIG)
        config = whole["config"]
        method = _method_of(whole, config)
        if registry.METHODS[method].fine_tuning:
            return {"method": method}
        generator, discriminator = (config[role]["config"] for role in ("generator", "discriminator"))
        network, shape = _network_of(config["generator"]["class_name"]), generator.get("shape", ())
        if network is None:  # a network of the user's: its layers tell
            shape, generator = _of_layers(config["discriminator"]["config"], generator)
        found = {"method": method, "network": network, "normalization": discriminator.get("normalization")}
    except (OSError, LookupError, AttributeError, TypeError, RecursionError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{ARGUMENT}={source} is damaged: {' '.join(str(error).split())[:200]}") from None
    found |= {name: generator.get(name) for name in _NETWORK}
    own = {} if network is None else registry.NETWORKS[network].options
    found |= {name: config[roles[0]]["config"].get(name) for name, roles in own.items()}
    found["conditional"] = bool(generator.get("num_classes"))
    if len(shape) == 3:  # the mlp's, and a user's
        found |= {"image_size": image_sizes.of(shape), "channels": shape[2]}
    options = {name: config[name] for name in registry.METHODS[method].options if name in config}
    return found | {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}


def _network_of(class_name):
    """Returns the name of the network that has a generator's class; None of a wrapped network of the user's."""
    if class_name == "KerasGenerator":
        return None
    (network,) = (name for name, spec in registry.NETWORKS.items() if _is(spec.generator, class_name))
    return network


def _of_layers(discriminator, generator):
    """Returns (an image's shape, {name: value}) of the configurations of a wrapped pair."""
    known = {"latent_dim": generator["latent_dim"], "num_classes": generator.get("num_classes")}
    return tuple(discriminator["image_shape"]), known


def _method_of(whole, config):
    """Returns the name of the method of a saved model: its own, or that of a part of it."""
    name = (whole.get("class") or whole["registered_name"]).split(">")[1]
    classes = {name, config.get("generator", {}).get("class_name")}
    for method, spec in registry.METHODS.items():
        if any(_is(part, known) for part in spec.parts for known in classes):
            return method
    (method,) = (method for method, spec in registry.METHODS.items() if _is(spec.path, name))
    return method


def _is(path, class_name):
    return path.split(":")[1] == class_name


def _refuse(source, role, there, here):
    name = (there if here is None else here).path.split("/", 1)[-1]
    shapes = ["no such variable" if weight is None else f"shape {tuple(weight.shape)}" for weight in (there, here)]
    raise ValueError(f"{ARGUMENT}={source}: the {role}'s {name} has {shapes[0]} there and {shapes[1]} in this run")
