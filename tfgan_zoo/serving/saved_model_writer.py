"""Writes a generator as a SavedModel that TensorFlow Serving picks up."""

import contextlib
import json
import logging
import os
import pathlib
import re
from collections.abc import Sequence

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from tfgan_zoo.core.gan import GAN
from tfgan_zoo.core.sampler import at_least
from tfgan_zoo.files import PathLike, folder_in_making
from tfgan_zoo.serving import addresses
from tfgan_zoo.serving.finite import check_weights
from tfgan_zoo.serving.signatures import MAX_BATCH, ServedGenerator
from tfgan_zoo.serving.warm_up import write_warm_up
from tfgan_zoo.tensorflow_errors import sentence

_PROGRAM = "saved_model.pb"
CLASS_NAMES = "assets.extra/class_names.json"  # a list, in the order of the labels


def export(
    model: GAN,
    folder: PathLike,
    version: int | None = None,
    max_batch: int = MAX_BATCH,
    warm_up: Sequence[int] = (),
    new_signature: bool = False,
) -> pathlib.Path:
    """Exports a model's averaged generator to `folder/<version>`, the layout that TensorFlow Serving watches.

    The version is written under a temporary name and renamed, since a server polls the folder.

    Args:
        model: a `GAN`.
        folder: the model's folder, made if it is missing.
        version: int >= 1; None takes the next one.
        max_batch: int >= 1, the most rows of a batch; the graph refuses more.
        warm_up: batch sizes, for each of which a request to every signature is stored with the export; TensorFlow
            Serving plays them back before it says that the version is available.
        new_signature: bool, whether the version may take or give something else than the one before, which clients of
            the served model would notice.

    Returns:
        The path of the new version's folder.

    Raises:
        ValueError: if `folder` is itself a version, the version exists already or is below 1, a batch size does not
            fit, a weight is no finite number, the folder cannot be written, or the version before has other inputs
            and outputs, or is damaged.
        OSError: if writing fails on the way; nothing is left behind.

    Example:

    >>> import tempfile
    >>> from tfgan_zoo.methods import GAN
    >>> from tfgan_zoo.networks import DCGANDiscriminator, DCGANGenerator
    >>> gan = GAN(DCGANGenerator(width=4, latent_dim=8), DCGANDiscriminator(width=4))
    >>> export(gan, tempfile.mkdtemp()).name
    '1'
    """
    folder = pathlib.Path(folder)
    addresses.check_folder_of_versions(folder)
    asked, version = version, next_version(folder) if version is None else version
    version, max_batch = at_least("version", version, -(2**63)), at_least("max_batch", max_batch, 0)
    if not 1 <= version < 2**63:
        raise ValueError(f"version={version} must be a 64-bit integer, and at least 1")
    if max_batch < 1 or any(not 1 <= size <= max_batch for size in warm_up):
        raise ValueError(f"max_batch={max_batch} must be at least 1, and at least the batch sizes {list(warm_up)}")
    check_weights(model)
    target = folder / str(version)
    if target.exists():
        raise ValueError(f"version={version} exists in {folder}; a served version is never overwritten")
    made = [missing for missing in (folder, *folder.parents) if not missing.exists()]
    making = contextlib.ExitStack()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = making.enter_context(folder_in_making(folder, ".writing-"))
    except OSError as error:
        raise ValueError(f"output={folder} cannot be written: {error.strerror}") from None
    try:
        with making:
            served = ServedGenerator(model, max_batch)
            _save(served, temporary)
            if not new_signature:
                _check_signature(folder, temporary)
            if model.class_names:
                extra = temporary / CLASS_NAMES
                extra.parent.mkdir(exist_ok=True)
                extra.write_text(json.dumps(model.class_names, indent=2) + "\n")
            if warm_up:
                write_warm_up(temporary, served.endpoints, warm_up)
            temporary.chmod(0o755)  # mkdtemp's is for its owner alone, and the server is another user
            target = _enter(temporary, target, asked is None)
    except BaseException as error:
        for missing in made:
            with contextlib.suppress(OSError):
                missing.rmdir()
        if isinstance(error, tf.errors.OpError):  # a full disk, in TensorFlow's words
            raise OSError(f"{target} cannot be written: {sentence(error)}") from None
        raise
    return target


def _enter(temporary, target, free):
    """Renames a whole version into its place, or where another process was faster and any number will do, the next."""
    while True:
        try:
            os.rename(temporary, target)
            return target
        except OSError:
            if not (free and target.exists()):
                raise
            target = target.with_name(str(next_version(target.parent)))


def _save(served, folder):
    """Saves without the line that TensorFlow writes into a notebook: it has the folder's temporary name."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(max(level, logging.WARNING))
    try:
        tf.saved_model.save(served, str(folder), signatures=served.endpoints)
    finally:
        logger.setLevel(level)


def _check_signature(folder, written):
    """Raises a ValueError, one line, if the newest version in a folder takes or gives something else."""
    newest = max(versions(folder), default=None)
    if newest is None or not (folder / str(newest) / _PROGRAM).is_file():
        return
    try:
        before = _signature(folder / str(newest))
    except (DecodeError, IndexError):
        raise ValueError(
            f"output={folder}: version {newest} is damaged, so nobody can see whether clients would notice this one;"
            " remove it, or say that the signature is new"
        ) from None
    now = _signature(written)
    different = next((name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)), None)
    if different is not None:
        raise ValueError(
            f"output={folder}: version {newest} has {different} {before.get(different, 'not')}, and this model has"
            f" {now.get(different, 'not')}; export it to a folder of its own, or say that the signature is new"
        )


def _signature(folder):
    """Returns {"signature.tensor": "dtype[shape]"} of an export."""
    program = saved_model_pb2.SavedModel()
    program.ParseFromString((folder / _PROGRAM).read_bytes())
    return {
        f"{name}.{tensor}": f"{tf.as_dtype(info.dtype).name}{[size.size for size in info.tensor_shape.dim]}"
        for name, signature in program.meta_graphs[0].signature_def.items()
        if not name.startswith("__")  # TensorFlow's own
        for side in (signature.inputs, signature.outputs)
        for tensor, info in side.items()
    }


def next_version(folder: PathLike) -> int:
    """Returns one more than the highest version in `folder`, 1 for none."""
    return max(versions(folder), default=0) + 1


def versions(folder: PathLike) -> list[int]:
    """Returns the versions in a model's folder, ascending."""
    folder = pathlib.Path(folder)
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return sorted(int(name) for name in names if re.fullmatch(r"[1-9]\d{0,18}", name))
