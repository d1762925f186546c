"""Presets: trained models as folders of plain files, loaded by name, by path or from elsewhere."""

import contextlib
import hashlib
import importlib
import json
import os
import pathlib
import shutil
import tempfile
from importlib import metadata

from tfgan_zoo import registry, remote

_PACKAGE = pathlib.Path(__file__).resolve().parent
# Installed, the shelf is in the package; in a checkout it stands beside it.
SHELF = next((path for path in (_PACKAGE / "models", _PACKAGE.parent / "models") if path.is_dir()), _PACKAGE / "models")
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
        folder: a new or empty folder; it appears whole or not at all.
        **details: JSON values for metadata.json: what it was trained on, how long, how it was measured.

    Raises:
        ValueError: if the folder holds something already.
        OSError: if it cannot be written.
    """
    import keras

    folder = pathlib.Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"folder={folder} is not empty; a preset takes a folder of its own")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=".writing-", dir=folder.parent))
    try:
        bare = model.__class__.from_config(model.get_config())
        bare.set_weights(model.get_weights())
        bare.save_weights(temporary / WEIGHTS)
        config = {"class": keras.saving.get_registered_name(type(model)), "config": model.get_config()}
        (temporary / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
        about = {
            "tfgan_zoo": metadata.version("tfgan-zoo"),
            "keras": keras.__version__,
            "generator_parameters": model.generator.count_params(),
            "step": int(model.step.numpy()),
        }
        about |= details | {"sha256": {name: _digest(temporary / name) for name in (CONFIG, WEIGHTS)}}
        (temporary / METADATA).write_text(json.dumps(about, indent=2) + "\n")
        temporary.chmod(0o755)  # mkdtemp's is for its owner alone
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()
        os.rename(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def origin(preset):
    """Returns {"dataset": the name of the data set that a preset was trained on}, {} if its card does not say."""
    try:
        about = json.loads((_folder(preset) / METADATA).read_text())
        return {"dataset": about["dataset"]}
    except (OSError, KeyError, TypeError, ValueError):
        return {}


def _folder(preset):
    return pathlib.Path(preset) if is_preset(preset) else SHELF / str(preset)


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _verify(folder):
    """Compares the files with metadata.json before anything in them is read."""
    known = json.loads((folder / METADATA).read_text())["sha256"]
    for name in (CONFIG, WEIGHTS):
        if _digest(folder / name) != known[name]:
            raise ValueError(f"the SHA-256 of {name} is not the one in {METADATA}")


def from_preset(preset):
    """Loads a preset. Its files are data, weights and JSON; none of them is run, and checksums come first.

    Args:
        preset: a name of `names()`, the path of a preset's folder, or one of "file://FOLDER", "https://HOST/FOLDER",
            "hf://ORGANISATION/NAME", the last two kept in the cache, see `remote.fetch`.

    Returns:
        An uncompiled `GAN`.

    Raises:
        ValueError: if there is no such preset, or its files are damaged or cannot be had.

    Example:

    >>> import tfgan_zoo
    >>> tfgan_zoo.from_preset("pconv_fashion_mnist_10k").generate(num=2, seed=0).shape
    (2, 32, 32, 1)
    """
    import keras

    methods = register_classes()
    preset = remote.fetch(preset, (METADATA, CONFIG, WEIGHTS)) if remote.is_remote(preset) else preset
    folder = _folder(preset)
    if not is_preset(folder):
        raise ValueError(f"preset={preset} is neither a folder with {WEIGHTS} nor one of {names()}")
    try:
        _verify(folder)
        config = json.loads((folder / CONFIG).read_text())
        method = keras.saving.get_registered_object(config["class"])
        if not (isinstance(method, type) and issubclass(method, methods.GAN)):
            raise ValueError(f"{config['class']} is no GAN")
        model = method.from_config(config["config"])
        model.load_weights(folder / WEIGHTS)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"preset={folder} is damaged: {' '.join(str(error).split())[:300]}") from None
    return model
