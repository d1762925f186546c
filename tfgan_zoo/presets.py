"""Presets: trained models as folders of plain files, loaded by name or by path."""

import importlib
import json
import pathlib
from importlib import metadata

from tfgan_zoo import registry

SHELF = pathlib.Path(__file__).resolve().parent.parent / "models"
CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"


def names():
    """Returns the names of the presets on the shelf, `models/` of the repository."""
    return sorted(entry.name for entry in SHELF.iterdir() if is_preset(entry)) if SHELF.is_dir() else []


def is_preset(folder):
    """Returns whether `folder` holds a preset."""
    return (pathlib.Path(folder) / WEIGHTS).is_file()


def register_classes():
    """Imports every network and method, which registers their classes with Keras; returns the package of methods."""
    for name in registry.NETWORKS:
        importlib.import_module(f"tfgan_zoo.networks.{name}")
    return importlib.import_module("tfgan_zoo.methods")


def save_to_preset(model, folder, **details):
    """Writes a model, without its optimisers, as a preset.

    Args:
        model: a `GAN`.
        folder: a new or empty folder.
        **details: JSON values for metadata.json: what it was trained on, how long, how it was measured.

    Raises:
        ValueError: if the folder holds something already.
    """
    import keras

    folder = pathlib.Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"folder={folder} is not empty; a preset takes a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    bare = model.__class__.from_config(model.get_config())
    bare.set_weights(model.get_weights())
    bare.save_weights(folder / WEIGHTS)
    config = {"class": keras.saving.get_registered_name(type(model)), "config": model.get_config()}
    about = {
        "tfgan_zoo": metadata.version("tfgan-zoo"),
        "keras": keras.__version__,
        "generator_parameters": model.generator.count_params(),
        "step": int(model.step.numpy()),
    }
    for name, content in ((CONFIG, config), (METADATA, about | details)):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n")


def origin(preset):
    """Returns {"dataset": the name of the data set that a preset was trained on}, {} if its card does not say."""
    try:
        about = json.loads((_folder(preset) / METADATA).read_text())
        return {"dataset": about["dataset"]}
    except (OSError, KeyError, TypeError, ValueError):
        return {}


def _folder(preset):
    return pathlib.Path(preset) if is_preset(preset) else SHELF / str(preset)


def from_preset(preset):
    """Loads a preset.

    Args:
        preset: a name of `names()`, or the path of a preset's folder.

    Returns:
        An uncompiled `GAN`.

    Raises:
        ValueError: if there is no such preset, or its files are damaged.
    """
    import keras

    methods = register_classes()
    folder = _folder(preset)
    if not is_preset(folder):
        raise ValueError(f"preset={preset} is neither a folder with {WEIGHTS} nor one of {names()}")
    try:
        config = json.loads((folder / CONFIG).read_text())
        method = keras.saving.get_registered_object(config["class"])
        if not (isinstance(method, type) and issubclass(method, methods.GAN)):
            raise ValueError(f"{config['class']} is no GAN")
        model = method.from_config(config["config"])
        model.load_weights(folder / WEIGHTS)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"preset={folder} is damaged: {' '.join(str(error).split())[:300]}") from None
    return model
