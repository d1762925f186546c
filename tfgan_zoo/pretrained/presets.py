"""Presets: trained models as folders of plain files, loaded by name, by path or from elsewhere."""

import contextlib
import functools
import hashlib
import importlib
import io
import json
import os
import pathlib
from importlib import metadata
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tfgan_zoo import registry
from tfgan_zoo.choices import hint, listed
from tfgan_zoo.files import PathLike, check_regular, check_replaceable, folder_in_making, read_json
from tfgan_zoo.pretrained import download

if TYPE_CHECKING:
    from tfgan_zoo.core.gan import GAN

_PACKAGE = pathlib.Path(__file__).resolve().parent.parent
# Installed, the shelf is in the package; in a checkout it stands beside it.
BUILT_IN = next(
    (path for path in (_PACKAGE / "models", _PACKAGE.parent / "models") if path.is_dir()), _PACKAGE / "models"
)
CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
FORMAT = 1  # of the folder; a preset that another version cannot read has another one
DTYPES = ("float32", "float16")
AVERAGE_FOR = {"generator": "ema_generator"}  # in the file, the first is another name of the second
# of metadata.json, what every preset has; `optimizers` where the model was compiled
_OWN = (
    *("format", "tfgan_zoo", "keras", "generator_parameters", "stored_weights", "step", "dtype", "optimizers"),
    "sha256",
)
MOST_BYTES = {METADATA: 2**20, CONFIG: 2**20, WEIGHTS: 2**31}


def names() -> list[str]:
    """Returns the names of the presets on the shelf, `models/` of the repository.

    >>> "pconv_fashion_mnist_10k" in names()
    True
    """
    return sorted(entry.name for entry in BUILT_IN.iterdir() if is_preset(entry)) if BUILT_IN.is_dir() else []


def is_preset(folder: PathLike) -> bool:
    """Returns whether `folder` holds a preset."""
    return (pathlib.Path(folder) / WEIGHTS).is_file()


def register_classes() -> ModuleType:
    """Imports every network and method, which registers their classes with Keras; returns the package of methods.

    Raises:
        ValueError: in one line, where Keras is set so that no network can be made: no file is to blame for that.
    """
    registry.import_classes()
    importlib.import_module("tfgan_zoo.networks.base").check_data_format()
    return importlib.import_module("tfgan_zoo.methods")


def save_to_preset(model: "GAN", folder: PathLike, dtype: str = "float32", **details: Any) -> None:
    """Writes what sampling, measuring and fine-tuning need of a trained model.

    That is the generator's average and the discriminators, and what optimisers it was compiled with, without their
    state; the raw generator is left out, and the average stands in for it when the preset is loaded. Of `Express` the
    data GAN is kept, with z -> codes -> images as its generator.

    Args:
        model: a `GAN`.
        folder: a new or empty folder; it appears whole or not at all.
        dtype: "float32", or "float16" for files of half the size; loaded weights are float32 in either case.
        **details: JSON values for metadata.json: what it was trained on, how long, how it was measured.

    Raises:
        ValueError: if the folder holds something already, or cannot be replaced; a detail is no JSON value, or has the
            name of one that is written without it, such as `step` or `optimizers`; a weight is too large for float16;
            or a network is made of other classes than the zoo's and Keras's layers: then loading would have to run
            code.
        OSError: if it cannot be written.

    >>> import tempfile, tfgan_zoo
    >>> from tfgan_zoo.networks import MLPDiscriminator, MLPGenerator
    >>> gan = tfgan_zoo.GAN(MLPGenerator((2,), width=4), MLPDiscriminator((2,), width=4))
    >>> folder = tempfile.mkdtemp()
    >>> tfgan_zoo.save_to_preset(gan, folder, dataset="mine")
    >>> bool((tfgan_zoo.from_preset(folder).generate(3) == gan.generate(3)).all())
    True
    """
    import keras

    from tfgan_zoo.core import in_memory
    from tfgan_zoo.pretrained import untrusted, usual_optimizers, weight_files

    registry.choose("dtype", dtype, DTYPES)
    _check_details(details)
    folder = pathlib.Path(folder).resolve()  # a link stays, and leads to the preset
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"folder={folder} is not empty; a preset takes a folder of its own")
    check_replaceable("folder", folder)
    kept = model.finished()
    try:
        untrusted.check_names(kept.get_config())
    except ValueError as error:
        raise ValueError(f"model: a preset would not load: {error}; save a .keras file") from None
    optimizers = usual_optimizers.described(model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder_in_making(folder.parent, ".writing-preset-") as temporary:
        bare = kept.__class__.from_config(kept.get_config())
        bare.set_weights(kept.get_weights())
        shrunk = io.BytesIO()
        weight_files.shrink(in_memory.weights(bare), shrunk, dtype, AVERAGE_FOR)
        (temporary / WEIGHTS).write_bytes(shrunk.getbuffer())
        config = {"class": keras.saving.get_registered_name(type(kept)), "config": kept.get_config()}
        (temporary / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
        about = {
            "format": FORMAT,
            "tfgan_zoo": metadata.version("tfgan-zoo"),
            "keras": keras.__version__,
            "generator_parameters": kept.generator.count_params(),
            "stored_weights": weight_files.count(temporary / WEIGHTS),
            "step": int(kept.step.numpy()),
            "dtype": dtype,
            **({"optimizers": optimizers} if optimizers else {}),
        }
        about |= details | {"sha256": {name: digest(temporary / name) for name in (CONFIG, WEIGHTS)}}
        (temporary / METADATA).write_text(json.dumps(about, indent=2) + "\n")
        enter(temporary, folder)


def _check_details(details):
    """Refuses details that JSON cannot hold, or that would stand where a preset has its own."""
    for name, value in details.items():
        if name in _OWN:
            raise ValueError(
                f"{name}={str(value)[:80]!r}: a preset has a {name} of its own; give the detail another name"
            )
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name}={str(value)[:80]!r} is no JSON value: {error}") from None


def enter(temporary: pathlib.Path, folder: pathlib.Path) -> None:
    """Renames a whole folder into its place, which is empty or not there."""
    temporary.chmod(0o755)  # mkdtemp's is for its owner alone
    with contextlib.suppress(FileNotFoundError):
        folder.rmdir()
    os.rename(temporary, folder)


def origin(preset: PathLike) -> dict[str, str]:
    """Returns {"dataset": what a preset was trained on, "split": and which part of it}, as far as its card says it."""
    try:
        about = read_json(folder_of(preset) / METADATA)
        found = {name: about.get(name) for name in ("dataset", "split")}
    except (OSError, AttributeError, ValueError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str) and "dataset" in about}


def card(preset: PathLike) -> pathlib.Path | None:
    """Returns the path of a preset's README.md, None if it has none."""
    path = folder_of(preset) / "README.md"
    return path if path.is_file() else None


def folder_of(preset: PathLike) -> pathlib.Path:
    """Returns the folder of a preset's path, or of its name on the shelf; whether one is there is not looked at."""
    return pathlib.Path(preset) if is_preset(preset) else BUILT_IN / str(preset)


def digest(path: pathlib.Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: pathlib.Path) -> None:
    """Checks the files of a preset before anything in them is used: their sizes, the format, the checksums.

    Raises:
        ValueError, KeyError, TypeError, OSError: if something is wrong.
    """
    for name, most in MOST_BYTES.items():
        check_regular("file", folder / name, most)
    about = read_json(folder / METADATA)
    written = about.get("format", FORMAT)
    if written != FORMAT:
        raise ValueError(f"it has format={written}, and this version of tfgan_zoo reads format={FORMAT}")
    for name in (CONFIG, WEIGHTS):
        if digest(folder / name) != about["sha256"][name]:
            raise ValueError(f"the SHA-256 of {name} is not the one in {METADATA}")


def from_preset(preset: PathLike) -> "GAN":
    """Loads a preset. Its files are data, weights and JSON; none of them is run, and checksums come first.

    Args:
        preset: a name of `names()`, the path of a preset's folder, or one of "file://FOLDER", "https://HOST/FOLDER",
            "hf://ORGANISATION/NAME", the last two kept in the cache, see `download.fetch`. (`tfgan_zoo.from_preset`
            takes a run directory too.)

    Returns:
        A `GAN`; its raw generator begins at the average. `fit` compiles it with the optimisers that the preset names,
        if nobody did before.

    Raises:
        ValueError: if there is no such preset, or its files are damaged or not available.

    Example:

    >>> import tfgan_zoo
    >>> tfgan_zoo.from_preset("pconv_fashion_mnist_10k").generate(num=2, seed=0).shape
    (2, 32, 32, 1)
    """

    register_classes()
    if not download.is_remote(preset):
        folder = folder_of(preset)
        if not is_preset(folder):
            known = listed(names()) or "none"
            raise ValueError(
                f"preset={preset} is neither a folder with {WEIGHTS} nor a name{hint(preset, names())};"
                f" there are: {known}"
            )
        return _load(folder)
    folder = download.fetch(preset, MOST_BYTES, verify)
    try:
        return _load(folder)
    except ValueError:
        download.forget(preset)  # what was published may be mended
        raise


def _load(folder):
    from tfgan_zoo.pretrained import untrusted, usual_optimizers, weight_files

    try:
        verify(folder)
        config = read_json(folder / CONFIG)
        table = {"class_name": config["class"].split(">")[-1], "registered_name": config["class"]}
        stored = weight_files.count(folder / WEIGHTS)
        method = untrusted.check(table | {"config": config["config"]}, stored, AVERAGE_FOR)
        model = method.from_config(config["config"])
        model.load_weights(folder / WEIGHTS)
        optimizers = read_json(folder / METADATA).get("optimizers")
        usual_optimizers.made(optimizers)
        model.compile_when_needed = functools.partial(usual_optimizers.made, optimizers)
    except Exception as error:  # whatever damaged files make Keras, TensorFlow and HDF5 raise
        raise ValueError(f"preset={folder} is damaged: {' '.join(str(error).split())[:300]}") from None
    return model
