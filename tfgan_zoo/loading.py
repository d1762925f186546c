"""One way to name a trained model, for every command: a run, a preset, a .keras file, an export."""

import pathlib

from tfgan_zoo import presets, remote
from tfgan_zoo.training.run_directory import RunDirectory


def kind(source, argument="model"):
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
    if remote.is_server(source):
        return "server"
    if remote.is_remote(source):
        return "preset"
    path = pathlib.Path(source)
    if presets.is_preset(path) or source in presets.names():
        return "preset"
    if RunDirectory.is_run(path):
        if not any((path / "checkpoints").glob("*.index")):
            raise ValueError(f"{argument}={source} is a run without a checkpoint yet")
        return "run"
    if path.suffix == ".keras" and path.is_file():
        return "keras"
    if any(path.glob("saved_model.pb")) or any(path.glob("[0-9]*/saved_model.pb")):
        return "saved_model"
    known = ", ".join(presets.names()) or "none yet"
    raise ValueError(f"{argument}={source} is no run, preset, .keras file or export; presets: {known}")


def checkpoints(source):
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


def origin(source):
    """Returns what is known of the data that a model was trained on, without TensorFlow.

    Args:
        source: as in `kind`.

    Returns:
        A dict with "dataset" and, of a run, the other arguments of `tfgan_zoo.data.load`; empty if nothing is known.
    """
    what = kind(str(source))
    if what == "run":
        config = RunDirectory(source).config()
        return {"dataset": config.dataset, **config.data_arguments}
    return presets.origin(source) if what == "preset" else {}


def load(source, checkpoint="last"):
    """Loads a trained model.

    Args:
        source: as in `kind`.
        checkpoint: one of `checkpoints(source)`.

    Returns:
        A `GAN`; of an export a `SavedModelGenerator`, of a server a `serving.Client`. All have `generate(num, seed)`
        and `sample(latents)`.

    Raises:
        ValueError: if `source` names no model, or its files are damaged.
    """
    what = kind(str(source))
    if checkpoint != "last" and checkpoint not in checkpoints(source):
        raise ValueError(f"checkpoint={checkpoint} is not in {source}; choose from {', '.join(checkpoints(source))}")
    if what == "preset":
        return presets.from_preset(source)
    if what == "saved_model":
        from tfgan_zoo.serving import SavedModelGenerator

        return SavedModelGenerator(source)
    if what == "server":
        from tfgan_zoo.serving import Client

        return Client(source)
    if what == "keras":
        return _load_keras(source)
    return _load_run(RunDirectory(source), checkpoint)


def from_preset(preset):
    """Loads a preset, as `presets.from_preset` does, or what would be the preset of a run.

    Args:
        preset: as in `presets.from_preset`; or a run directory: its best weights if it keeps them, else its last.

    Returns:
        A `GAN`.

    Raises:
        ValueError: if there is no such preset, or its files are damaged or cannot be had.
    """
    if not remote.is_remote(preset) and not presets.is_preset(preset) and RunDirectory.is_run(preset):
        return load(preset, "best" if "best" in checkpoints(preset) else "last")
    return presets.from_preset(preset)


def _load_keras(path):
    import zipfile

    import keras

    methods = presets.register_classes()
    try:
        model = keras.saving.load_model(path)
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"model={path} is damaged: {' '.join(str(error).split())[:300]}") from None
    if not isinstance(model, methods.GAN):
        raise ValueError(f"model={path} holds a {type(model).__name__}, not a GAN")
    return model


def _load_run(run, checkpoint):
    from tfgan_zoo.training.build import build_model
    from tfgan_zoo.training.checkpoints import Checkpoints
    from tfgan_zoo.training.errors import RunError

    config = run.config()
    model = build_model(config)
    if checkpoint == "best":
        return _load_best(model, run.best)
    try:
        Checkpoints(model, run.checkpoints).restore(None if checkpoint == "last" else int(checkpoint))
    except RunError as error:
        raise ValueError(str(error)) from None
    return model


def _load_best(model, path):
    try:
        model.load_weights(path)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {' '.join(str(error).split())[:300]}") from None
    return model
