"""A small stand-in for TensorFlow Serving: its real protos over real gRPC, and its REST paths, on loopback.

What is the server's own: the protos, the service names, the paths, the JSON forms, the error codes. What is ours: that
an export is run in this process, one request at a time, without batching.
"""

import base64
import concurrent.futures
import contextlib
import http.server
import json
import re
import socketserver
import threading

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tests import loopback


class Model:
    """A loaded export under a name, and how often it is to say that it is not there yet."""

    def __init__(self, version, name="clothes"):
        self.name = name
        self.signatures = tf.saved_model.load(str(version)).signatures
        held = saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes())
        self.signature_def = held.meta_graphs[0].signature_def
        self.unavailable = 0
        self.blocked = None  # a threading.Event that requests wait for
        self.requests = []
        self.bytes_sent = 0

    def predict(self, signature, inputs):
        if self.blocked is not None:
            self.blocked.wait()
        self.requests.append((signature, {name: np.shape(value) for name, value in inputs.items()}))
        function = self.signatures[signature]
        specs = function.structured_input_signature[1]
        if set(inputs) != set(specs):
            raise ValueError(f"input keys {sorted(inputs)} are not {sorted(specs)}")
        tensors = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
        for name, tensor in tensors.items():
            specs[name].shape.assert_is_compatible_with(tensor.shape)
        return {name: value.numpy() for name, value in function(**tensors).items()}


class _Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, model):
        self._model = model

    def Predict(self, request, context):
        _guard(self._model, request.model_spec.name, context)
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        try:
            outputs = self._model.predict(request.model_spec.signature_name, inputs)
        except (ValueError, tf.errors.InvalidArgumentError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        answer = predict_pb2.PredictResponse()
        for name, value in outputs.items():
            answer.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        self._model.bytes_sent += answer.ByteSize()
        return answer

    def GetModelMetadata(self, request, context):
        _guard(self._model, request.model_spec.name, context)
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        held = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in self._model.signature_def.items():
            held.signature_def[name].CopyFrom(signature)
        answer.metadata["signature_def"].Pack(held)
        return answer


class _Models(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, model):
        self._model = model

    def GetModelStatus(self, request, context):
        _guard(self._model, request.model_spec.name, context)
        state = get_model_status_pb2.ModelVersionStatus.AVAILABLE
        status = get_model_status_pb2.ModelVersionStatus(version=1, state=state)
        return get_model_status_pb2.GetModelStatusResponse(model_version_status=[status])


def _guard(model, name, context):
    if name != model.name:
        context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({name})")
    if model.unavailable > 0:
        model.unavailable -= 1
        context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")


@contextlib.contextmanager
def over_grpc(model):
    """Serves; yields the URL."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Prediction(model), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(_Models(model), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}/{model.name}"
    finally:
        server.stop(None).wait()


@contextlib.contextmanager
def that_answers(content, forever=None, drip=False):
    """A server that is no TensorFlow Serving: it sends these bytes, whatever it is asked; yields the URL.

    With `forever` it then sends spaces without end, in large pieces or byte by byte, and calls it with their number.
    """
    stop = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            head = b"".join(iter(self.rfile.readline, b"\r\n"))
            self.rfile.read(int((re.search(rb"(?i)content-length: (\d+)", head) or [0, 0])[1]))
            self.wfile.write(content)
            with contextlib.suppress(OSError):
                while forever is not None and not stop.wait(0.01 * drip):
                    forever(self.wfile.write(b" " * (1 if drip else 2**16)))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1/models/clothes"
        finally:
            stop.set()
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def over_rest(model):
    """Serves; yields the URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self._ready():
                if self.path.endswith("/metadata"):
                    found = {"signature_def": {n: _described(s) for n, s in model.signature_def.items()}}
                    self._answer(200, {"metadata": {"signature_def": found}})
                else:
                    self._answer(200, {"model_version_status": [{"version": "1", "state": "AVAILABLE"}]})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self._ready():
                try:
                    outputs = model.predict(body["signature_name"], body["inputs"])
                except (ValueError, tf.errors.InvalidArgumentError) as error:
                    return self._answer(400, {"error": str(error)})
                values = {name: _json(name, value) for name, value in outputs.items()}
                self._answer(200, {"outputs": values if len(values) > 1 else next(iter(values.values()))})

        def _ready(self):
            if not re.fullmatch(rf"/v1/models/{model.name}(/versions/1)?(:predict|/metadata)?", self.path):
                self._answer(404, {"error": f"Malformed request: {self.path}"})
                return False
            if model.unavailable > 0:
                model.unavailable -= 1
                self._answer(503, {"error": "not yet"})
                return False
            return True

        def _answer(self, code, body):
            content = json.dumps(body).encode()
            model.bytes_sent += len(content)
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    with loopback.listening(Handler) as url:
        yield f"{url}/v1/models/{model.name}"


def _json(name, value):
    if name.endswith("_bytes"):
        return [{"b64": base64.b64encode(item).decode()} for item in value]
    if value.dtype == object:  # other strings are sent as they are
        value = np.vectorize(bytes.decode)(value)
    return value.tolist()


def _described(signature):
    def spec(info):
        dims = [{"size": str(dim.size), "name": ""} for dim in info.tensor_shape.dim]
        dtype = types_pb2.DataType.Name(info.dtype)
        return {"dtype": dtype, "tensor_shape": {"dim": dims, "unknown_rank": False}, "name": info.name}

    return {
        side: {name: spec(info) for name, info in getattr(signature, side).items()} for side in ("inputs", "outputs")
    }
