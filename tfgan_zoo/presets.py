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
FORMAT = 1  # of the folder; a preset that another version cannot read has another one
DTYPES = ("float32", "float16")
AVERAGE_FOR = {"generator": "ema_generator"}  # in the file, the first is another name of the second
_WHOLE = "whole.weights.h5"
_MOST_BYTES = {METADATA: 2**20, CONFIG: 2**20, WEIGHTS: 2**31}


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


def save_to_preset(model, folder, dtype="float32", **details):
    """Writes what sampling, measuring and fine-tuning need of a trained model.

    That is the generator's average and the discriminators, without optimisers; the raw generator is left out, and the
    average stands in for it when the preset is loaded. Of `Express` the data GAN is kept, with z -> codes -> images as
    its generator.

    Args:
        model: a `GAN`.
        folder: a new or empty folder; it appears whole or not at all.
        dtype: "float32", or "float16" for files of half the size; loaded weights are float32 in either case.
        **details: JSON values for metadata.json: what it was trained on, how long, how it was measured.

    Raises:
        ValueError: if the folder holds something already, or a weight is too large for float16.
        OSError: if it cannot be written.
    """
    import keras

    from tfgan_zoo import stored

    registry.choose("dtype", dtype, DTYPES)
    folder = pathlib.Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"folder={folder} is not empty; a preset takes a folder of its own")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=".writing-", dir=folder.parent))
    try:
        kept = model.finished()
        bare = kept.__class__.from_config(kept.get_config())
        bare.set_weights(kept.get_weights())
        bare.save_weights(temporary / _WHOLE)
        stored.shrink(temporary / _WHOLE, temporary / WEIGHTS, dtype, AVERAGE_FOR)
        (temporary / _WHOLE).unlink()
        config = {"class": keras.saving.get_registered_name(type(kept)), "config": kept.get_config()}
        (temporary / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
        about = {
            "format": FORMAT,
            "tfgan_zoo": metadata.version("tfgan-zoo"),
            "keras": keras.__version__,
            "generator_parameters": kept.generator.count_params(),
            "stored_weights": stored.count(temporary / WEIGHTS),
            "step": int(kept.step.numpy()),
            "dtype": dtype,
        }
        about |= details | {"sha256": {name: digest(temporary / name) for name in (CONFIG, WEIGHTS)}}
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


def digest(path):
    """Returns the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def verify(folder):
    """Checks the files of a preset before anything in them is used: their sizes, the format, the checksums.

    Raises:
        ValueError, KeyError, TypeError, OSError: if something is wrong.
    """
    for name, most in _MOST_BYTES.items():
        if (folder / name).stat().st_size > most:
            raise ValueError(f"{name} is larger than {most} bytes")
    about = json.loads((folder / METADATA).read_text())
    written = about.get("format", FORMAT)
    if written != FORMAT:
        raise ValueError(f"it has format={written}, and this version of tfgan_zoo reads format={FORMAT}")
    for name in (CONFIG, WEIGHTS):
        if digest(folder / name) != about["sha256"][name]:
            raise ValueError(f"the SHA-256 of {name} is not the one in {METADATA}")


def from_preset(preset):
    """Loads a preset. Its files are data, weights and JSON; none of them is run, and checksums come first.

    Args:
        preset: a name of `names()`, the path of a preset's folder, or one of "file://FOLDER", "https://HOST/FOLDER",
            "hf://ORGANISATION/NAME", the last two kept in the cache, see `remote.fetch`. (`tfgan_zoo.from_preset`
            takes a run directory too.)

    Returns:
        An uncompiled `GAN`; its raw generator begins at the average.

    Raises:
        ValueError: if there is no such preset, or its files are damaged or cannot be had.

    Example:

    >>> import tfgan_zoo
    >>> tfgan_zoo.from_preset("pconv_fashion_mnist_10k").generate(num=2, seed=0).shape
    (2, 32, 32, 1)
    """

    register_classes()
    if not remote.is_remote(preset):
        folder = _folder(preset)
        if not is_preset(folder):
            known = ", ".join(names()) or "none"
            raise ValueError(f"preset={preset} is neither a folder with {WEIGHTS} nor a name; there are: {known}")
        return _load(folder)
    folder = remote.fetch(preset, (METADATA, CONFIG, WEIGHTS), verify)
    try:
        return _load(folder)
    except ValueError:
        remote.forget(preset)  # what was published may be mended
        raise


def _load(folder):
    import keras

    from tfgan_zoo import stored

    try:
        verify(folder)
        config = json.loads((folder / CONFIG).read_text())
        stored.check_config(config, stored.count(folder / WEIGHTS))
        method = keras.saving.get_registered_object(config["class"])
        if not (isinstance(method, type) and issubclass(method, importlib.import_module("tfgan_zoo.methods").GAN)):
            raise ValueError(f"{config['class']} is no GAN")
        model = method.from_config(config["config"])
        model.load_weights(folder / WEIGHTS)
    except Exception as error:  # whatever damaged files make Keras, TensorFlow and HDF5 raise
        raise ValueError(f"preset={folder} is damaged: {' '.join(str(error).split())[:300]}") from None
    return model
