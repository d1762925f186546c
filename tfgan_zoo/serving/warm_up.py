"""Requests stored with an export: TensorFlow Serving plays them back before it lets clients in."""

import numpy as np
import tensorflow as tf

FILE = "assets.extra/tf_serving_warmup_requests"


def inputs_of(signature, size):
    """Returns {name: array}, a valid batch of `size` rows for a concrete function of `ServedGenerator`.

    Seeds are 0, 1, ..., truncation is 1, latents and whatever else there may be are 0.
    """
    made = {}
    for spec in tf.nest.flatten(signature.structured_input_signature):  # positional ones among them
        name = spec.name
        array = np.zeros([size, *spec.shape[1:]], spec.dtype.as_numpy_dtype)
        made[name] = array + {"seeds": np.arange(size), "truncation": 1}.get(name, 0)
        made[name] = made[name].astype(array.dtype)
    return made


def write_warm_up(version, signatures, sizes):
    """Writes the records of every signature at every batch size.

    Args:
        version: the export's folder, not yet where a server sees it.
        signatures: {name: concrete function}.
        sizes: ints >= 1.

    Returns:
        How many records were written.

    Raises:
        ValueError: if tensorflow-serving-api is not installed.
    """
    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
    except ImportError:
        raise ValueError("warm-up records need tensorflow-serving-api: pip install 'tfgan-zoo[serve]'") from None
    path = version / FILE
    path.parent.mkdir(exist_ok=True)
    count = 0
    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, signature in signatures.items():
            for size in sizes:
                request = predict_pb2.PredictRequest()
                request.model_spec.name = "generator"  # the server ignores it: the record lies with its model
                request.model_spec.signature_name = name
                for key, array in inputs_of(signature, size).items():
                    request.inputs[key].CopyFrom(tf.make_tensor_proto(array))
                log = prediction_log_pb2.PredictLog(request=request)
                writer.write(prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString())
                count += 1
    return count
