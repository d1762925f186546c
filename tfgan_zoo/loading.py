"""One way to name a trained model, for every command: a run, a preset, a .keras file, an export."""

import pathlib

from tfgan_zoo import presets
from tfgan_zoo.training.run_directory import RunDirectory


def kind(source, argument="model"):
    """Finds out what `source` names, without TensorFlow.

    Args:
        source: the path of a preset, a run directory, a .keras file or an export, or a preset's name.
        argument: str, what an error calls `source`.

    Returns:
        "preset", "run", "keras" or "saved_model".

    Raises:
        ValueError: in one line, if it is none of them.
    """
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


def load(source):
    """Loads a trained model.

    Args:
        source: as in `kind`.

    Returns:
        A `GAN`; of an export a `SavedModelGenerator`. Both have `generate(num, seed)` and `sample(latents)`.

    Raises:
        ValueError: if `source` names no model, or its files are damaged.
    """
    what = kind(str(source))
    if what == "preset":
        return presets.from_preset(source)
    if what == "saved_model":
        from tfgan_zoo.serving import SavedModelGenerator

        return SavedModelGenerator(source)
    if what == "keras":
        return _load_keras(source)
    return _load_run(RunDirectory(source))


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


def _load_run(run):
    from tfgan_zoo.training.build import build_model
    from tfgan_zoo.training.checkpoints import Checkpoints
    from tfgan_zoo.training.errors import RunError

    config = run.config()
    model = build_model(config)
    try:
        Checkpoints(model, run.checkpoints).restore()
    except RunError as error:
        raise ValueError(str(error)) from None
    return model
