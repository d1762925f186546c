"""Generators for other runtimes: ONNX, LiteRT, OpenVINO, each verified in its own right after it is written."""

import contextlib
import importlib.util
import io
import os
import pathlib
import re
import shutil
import sys
import tempfile
import warnings

import numpy as np
import tensorflow as tf

from tfgan_zoo.files import folder_in_making
from tfgan_zoo.serving.finite import check_weights

TOLERANCE = 1e-4  # of images in [0, 1]: other runtimes order sums in other ways
_PROBES = 4

# format: (the packages that write and run it, how they are installed)
_NEEDS = {
    "onnx": (("tf2onnx", "onnxruntime"), "tfgan-zoo[formats]"),
    "litert": (("ai_edge_litert",), "tfgan-zoo[formats]"),
    "openvino": (("openvino",), "tfgan-zoo[formats]"),
}


class FormatError(RuntimeError):
    """A format cannot be written here, or what was written is wrong; the message is one line."""


def export_format(model, name, path):
    """Writes a model's averaged generator in another format, and compares it with the model in that runtime.

    The file maps latents float32[N, latent_dim], of a conditional model with labels int32[N], to images
    float32[N, H, W, C] in [0, 1] (mixtures: data units).

    Args:
        model: a `GAN`.
        name: "onnx", "litert" or "openvino".
        path: the file to write, ending in .onnx, .tflite or .xml (OpenVINO's weights go beside it, in .bin).

    Returns:
        The largest difference to the model on a few latents, at most `TOLERANCE`.

    Raises:
        ValueError: if a weight is no finite number.
        FormatError: if a package is missing, an op has no counterpart, or the difference is larger; nothing is left.
    """
    check_packages(name)
    check_weights(model)
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with folder_in_making(path.parent, ".writing-") as folder:
        draft = folder / path.name
        try:
            with quiet():
                _WRITERS[name](_sampler(model), draft)
                error = _difference(model, _RUNNERS[name](draft))
        except Exception as failure:  # every converter has errors of its own
            raise FormatError(f"format={name} cannot hold this generator: {reason(failure)}") from None
        if not error <= TOLERANCE:
            raise FormatError(f"format={name}: its images differ by {error:.2g} from ours, more than {TOLERANCE}")
        for file in sorted(folder.iterdir(), key=lambda file: file.name == path.name):
            shutil.move(file, path.parent / file.name)  # what was asked for comes last
    return error


def check_packages(name):
    """Raises a FormatError if a package is missing that a format needs."""
    packages, extra = _NEEDS[name]
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise FormatError(f"format={name} needs {', '.join(missing)}: pip install '{extra}'")


def reason(failure):
    """Returns what a converter's error says, in one line."""
    text = " ".join(str(failure).split())
    missing = re.search(r"(?:TF Select|Custom) ops: ([\w, ]*\w) Details", text)  # LiteRT's, after pages on where
    return f"no counterpart of {missing[1]}" if missing else f"{type(failure).__name__}: {text[:300]}"


def _sampler(model):
    """Returns a tf.Module whose function `sample` is the model's, its weights as variables."""
    module = tf.Module()
    module.weights = [variable.value for variable in model.sampler.variables]
    specs = [tf.TensorSpec([None, model.latent_dim], tf.float32, "latents")]
    if model.num_classes:
        specs.append(tf.TensorSpec([None], tf.int32, "labels"))
    module.sample = tf.function(
        lambda latents, labels=None: {"images": model.sample(latents, labels)}, input_signature=specs, autograph=False
    )
    return module


def _difference(model, run):
    rng = np.random.default_rng(0)
    inputs = {"latents": rng.standard_normal((_PROBES, model.latent_dim), "float32")}
    if model.num_classes:
        inputs["labels"] = rng.integers(model.num_classes, size=_PROBES, dtype="int32")
    ours = model.sample(*map(tf.constant, inputs.values())).numpy()
    return float(np.abs(run(inputs) - ours).max())


def write_onnx(module, path):
    """Writes the function `sample` of a tf.Module as ONNX."""
    import tf2onnx

    tf2onnx.convert.from_function(module.sample, module.sample.input_signature, opset=17, output_path=str(path))


def _run_onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, inputs)[0]


def _write_litert(module, path):
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.sample.get_concrete_function()], module)
    path.write_bytes(converter.convert())


def _run_litert(path):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    return lambda inputs: interpreter.get_signature_runner()(**inputs)["images"]


def _openvino():
    """Imports OpenVINO with the stub that it has for its telemetry, which else writes into the user's home, asks its
    maker's server, and keeps the process from ending while that does not answer."""
    name = "openvino_telemetry"
    kept = sys.modules.get(name)
    sys.modules[name] = None  # who imports it finds it missing
    try:
        import openvino
        import openvino.tools.ovc.convert_impl
        import openvino.tools.ovc.telemetry_stub as stub
    finally:
        sys.modules.pop(name) if kept is None else sys.modules.update({name: kept})
    for module in [module for name, module in sys.modules.items() if name.startswith("openvino.tools.ovc.")]:
        if hasattr(module, "tm"):  # one that was there before
            module.tm = stub
    return openvino


def _write_openvino(module, path):
    openvino = _openvino()
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"serving_default": module.sample})
        openvino.save_model(openvino.convert_model(folder), str(path), compress_to_fp16=False)


def _run_openvino(path):
    openvino = _openvino()
    compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda inputs: compiled(inputs)[0]


_WRITERS = {"onnx": write_onnx, "litert": _write_litert, "openvino": _write_openvino}
_RUNNERS = {"onnx": _run_onnx, "litert": _run_litert, "openvino": _run_openvino}


@contextlib.contextmanager
def quiet():
    """Keeps what the converters print, on Python's streams and on the process's, from the user."""
    kept, nowhere = [os.dup(number) for number in (1, 2)], os.open(os.devnull, os.O_WRONLY)
    try:
        for number in (1, 2):
            os.dup2(nowhere, number)
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        for number, descriptor in enumerate(kept, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.close(nowhere)
