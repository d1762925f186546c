"""The generator of a web page: ONNX with truncation as an input, its weights in float16 where that is not seen."""

import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_zoo import random
from tfgan_zoo.serving import formats
from tfgan_zoo.serving.finite import check_weights

_PROBES = 64
_UNSEEN = 0.5 / 255  # of images in [0, 1]: half a level, so that no level differs by more than one
_SMALL = 64  # numbers of a weight that is left as it is


def onnx_bytes(model):
    """Makes the ONNX file of a model's averaged generator, and compares it with the model.

    It maps latents float32[N, latent_dim], truncation float32[N] and, of a conditional model, labels int32[N] to images
    float32[N, H, W, C] in [0, 1].

    Args:
        model: a `GAN`.

    Returns:
        (bytes, dtype, difference): the file, "float16" or "float32" of its weights, and the largest difference to the
        model's images of 64 seeds.

    Raises:
        ValueError: if a weight is no finite number.
        FormatError: if a package is missing, an op has no counterpart in ONNX, or the difference is too large.
    """
    formats.check_packages("onnx")
    check_weights(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            with formats.quiet():
                formats.write_onnx(_traced(model), path)
                whole = path.read_bytes()
                inputs, ours = _probes(model)
                error = _difference(whole, inputs, ours)
                half = _in_half(whole)
                half_error = _difference(half, inputs, ours)
        except Exception as failure:  # the converter has errors of its own
            raise formats.FormatError(f"format=web cannot hold this generator: {formats.reason(failure)}") from None
    if not error <= _UNSEEN:
        raise formats.FormatError(f"format=web: its images differ by {error:.2g} from ours, more than {_UNSEEN:.2g}")
    return (half, "float16", half_error) if half_error <= _UNSEEN else (whole, "float32", error)


def _traced(model):
    """Returns a tf.Module whose function `sample` is the model's `sample_truncated`, its weights as variables."""
    module = tf.Module()
    module.weights = [variable.value for variable in model.sampler.variables]
    specs = [
        tf.TensorSpec([None, model.latent_dim], tf.float32, "latents"),
        tf.TensorSpec([None], tf.float32, "truncation"),
        *([tf.TensorSpec([None], tf.int32, "labels")] if model.num_classes else []),
    ]
    module.sample = tf.function(
        lambda latents, truncation, labels=None: {"images": model.sample_truncated(latents, truncation, labels)},
        input_signature=specs,
        autograph=False,
    )
    return module


def _probes(model):
    """Returns the inputs of 64 seeds, truncated more and less, and the model's images of them."""
    seeds = random.consecutive_seeds(_PROBES, 0)
    truncation = np.linspace(1, 0.5, _PROBES, dtype="float32")
    labels = random.seed_labels(None, seeds, model.num_classes)
    inputs = {"latents": random.latents_from_seeds(seeds, model.latent_dim).numpy(), "truncation": truncation}
    if labels is not None:
        inputs["labels"] = labels
    return inputs, model.images_of_chunk(seeds, truncation, labels)


def _difference(content, inputs, ours):
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return float(np.abs(session.run(None, inputs)[0] - ours).max())


def _in_half(content):
    """Returns an ONNX file whose larger float32 weights are stored in float16; it computes in float32 as before."""
    import onnx

    model = onnx.load_model_from_string(content)
    graph, casts = model.graph, []
    for number, weight in enumerate(graph.initializer):
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size >= _SMALL:
            name, stored = weight.name, f"half_{number}"
            with np.errstate(over="ignore"):  # what becomes infinite shows in the comparison
                weight.CopyFrom(onnx.numpy_helper.from_array(values.astype("float16"), stored))
            casts.append(onnx.helper.make_node("Cast", [stored], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return model.SerializeToString()
