"""One way to name a trained model, for every command: a run, a preset, a .keras file, an export."""

import logging
import pathlib
from typing import TYPE_CHECKING, Any

from tfgan_zoo.choices import hint, listed
from tfgan_zoo.files import PathLike, check_regular
from tfgan_zoo.pretrained import download, presets
from tfgan_zoo.serving import addresses
from tfgan_zoo.training import seals
from tfgan_zoo.training.run_directory import RunDirectory

if TYPE_CHECKING:
    from tfgan_zoo.core.gan import GAN
    from tfgan_zoo.core.sampler import Sampler

_LOG = logging.getLogger(__name__)


def kind(source: PathLike, argument: str = "model") -> str:
    """Finds out what `source` names, without TensorFlow.

    Args:
        source: the path of a preset, a run directory, a .keras file or an export, a preset's name, or its URL
            (file://, https://, hf://); or the URL of a served model (http://HOST:8501/v1/models/NAME,
            grpc://HOST:8500/NAME).
        argument: str, what an error calls `source`.

    Returns:
        "preset", "run", "keras", "saved_model" or "server".

    Raises:
        ValueError: in one line, if it is none of them.
    """
    if addresses.is_server(source):
        addresses.check_server(str(source), argument)
        return "server"
    if download.is_remote(source):
        if str(source).startswith("hf://"):
            download.repository(source, argument)
        return "preset"
    path = pathlib.Path(source)
    if presets.is_preset(path) or source in presets.names():
        return "preset"
    if RunDirectory.is_run(path):
        if (path / presets.METADATA).is_file():  # which no run has, but a copy of a preset that is not whole
            raise ValueError(f"{argument}={source} is a preset without its {presets.WEIGHTS}")
        if not any((path / "checkpoints").glob("*.index")):
            raise ValueError(f"{argument}={source} is a run without a checkpoint yet")
        return "run"
    if path.suffix == ".keras" and path.is_file():
        return "keras"
    if any(path.glob("saved_model.pb")) or any(path.glob("[0-9]*/saved_model.pb")):
        return "saved_model"
    if not path.is_dir():
        check_regular(argument, path)
    known = listed(presets.names()) or "none yet"
    near = hint(source, presets.names())
    raise ValueError(f"{argument}={source} is no run, preset, .keras file or export{near}; presets: {known}")


def checkpoints(source: PathLike) -> list[str]:
    """Lists the states of a trained model that `load` can give, without TensorFlow.

    Args:
        source: as in `kind`.

    Returns:
        A list of str: the steps of a run's checkpoints, ascending, "best" if the run keeps its best weights, "last".

    Raises:
        ValueError: if `source` names no model.
    """
    if kind(str(source)) != "run":
        return ["last"]
    run = RunDirectory(source)
    return [*map(str, run.steps()), *(["best"] if run.best.is_file() else []), "last"]


def origin(source: PathLike) -> dict[str, Any]:
    """Returns what is known of the data that a model was trained on, without TensorFlow.

    Args:
        source: as in `kind`.

    Returns:
        A dict with "dataset" and, of a run, the other arguments of `tfgan_zoo.data.load`; empty if nothing is known.
    """
    source_kind = kind(str(source))
    if source_kind == "run":
        config = RunDirectory(source).config()
        return {"dataset": config.dataset, **config.data_arguments}
    return presets.origin(source) if source_kind == "preset" else {}


def records(source: PathLike) -> list[dict[str, Any]]:
    """Returns the dicts of a run's ticks, as its metrics.jsonl has them; [] of what is no run."""
    if kind(str(source)) != "run":
        return []
    run = RunDirectory(source)
    return [row for _, row in run.rows(run.metrics)]


def card(source: PathLike) -> pathlib.Path | None:
    """Returns the path of a preset's card, README.md; None where there is none, or the preset is not on this disk."""
    return presets.card(source) if kind(str(source)) == "preset" and not download.is_remote(source) else None


def load(source: PathLike, checkpoint: str | int = "last") -> "Sampler":
    """Loads a trained model.

    Args:
        source: as in `kind`.
        checkpoint: one of `checkpoints(source)`; a step may be an int.

    Returns:
        A `GAN`; of an export a `SavedModelGenerator`, of a server a `serving.Client`. All have `generate(num, seed)`
        and `sample(latents)`.

    Raises:
        ValueError: if `source` names no model, or its files are damaged.

    >>> import tfgan_zoo
    >>> model = tfgan_zoo.load("pconv_fashion_mnist_10k")
    >>> model.generate(num=2, seed=0).shape
    (2, 32, 32, 1)
    """
    source_kind, checkpoint = kind(str(source)), str(checkpoint)
    if checkpoint != "last" and checkpoint not in checkpoints(source):
        raise ValueError(f"checkpoint={checkpoint} is not in {source}; choose from {', '.join(checkpoints(source))}")
    if source_kind == "preset":
        return presets.from_preset(source)
    if source_kind == "saved_model":
        from tfgan_zoo.serving import SavedModelGenerator

        return SavedModelGenerator(source)
    if source_kind == "server":
        from tfgan_zoo.serving import Client

        return Client(str(source))
    if source_kind == "keras":
        return _load_keras(source)
    return _load_run(RunDirectory(source), checkpoint)


def from_preset(preset: PathLike) -> "GAN":
    """Loads a preset, as `presets.from_preset` does, or what would be the preset of a run.

    Args:
        preset: as in `presets.from_preset`; or a run directory: its best weights if it keeps them, else its last.

    Returns:
        A `GAN`.

    Raises:
        ValueError: if there is no such preset, or its files are damaged or not available.

    >>> import tfgan_zoo
    >>> model = tfgan_zoo.from_preset("pconv_fashion_mnist_10k")
    >>> type(model).__name__, model.image_shape
    ('PConv', (32, 32, 1))
    """
    if not download.is_remote(preset) and not presets.is_preset(preset) and RunDirectory.is_run(preset):
        return _load_run(RunDirectory(preset), "best" if "best" in checkpoints(preset) else "last")
    return presets.from_preset(preset)


def _load_keras(path):
    import keras

    from tfgan_zoo.pretrained import keras_files

    presets.register_classes()
    try:
        keras_files.check(path)
        return keras.saving.load_model(path)
    except Exception as error:  # whatever damaged files make Keras, TensorFlow and HDF5 raise
        raise ValueError(f"model={path} is damaged: {' '.join(str(error).split())[:300]}") from None


def _load_run(run, checkpoint):
    from tfgan_zoo.training.build import build_model
    from tfgan_zoo.training.checkpoints import Checkpoints, newest
    from tfgan_zoo.training.errors import RunError

    config = run.config()
    model = build_model(config)
    if checkpoint == "best":
        return _load_best(model, run.best)
    checkpoints = Checkpoints(model, run.checkpoints)
    try:
        if checkpoint != "last":
            checkpoints.restore(int(checkpoint))
            return model
        step, damaged = newest(run.checkpoints)
        if step is None:
            raise ValueError(f"model={run.path} is a run without a whole checkpoint yet")
        checkpoints.restore(step)
    except RunError as error:
        raise ValueError(str(error)) from None
    for number, damage in damaged.items():
        if seals.is_sealed(run.checkpoints, number):  # else a process that trains may be about to complete it
            _LOG.warning("%s: ckpt-%d is damaged (%s); this is ckpt-%d", run.path, number, damage, step)
    return model


def _load_best(model, path):
    try:
        model.load_weights(path)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {' '.join(str(error).split())[:300]}") from None
    return model
