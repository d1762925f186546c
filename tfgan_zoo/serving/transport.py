"""The two ways to a TensorFlow Serving: REST and gRPC. Each sends one request and says what went wrong."""

import base64
import contextlib
import http.client
import json
import math
import urllib.error
import urllib.parse
from typing import Any

import numpy as np

from tfgan_zoo import web
from tfgan_zoo.tensorflow_errors import sentence

MAX_MESSAGE = 2**28  # bytes; gRPC's own limit is 4 MiB, less than a batch of float images
_TYPES = {"DT_FLOAT": "float32", "DT_INT64": "int64", "DT_INT32": "int32", "DT_STRING": "object"}
_UNAVAILABLE = (429, 502, 503)  # too many requests, a proxy without its server, UNAVAILABLE
SMALL = 2**20  # bytes that what a server says of its model, or of an error, may have


class ServingError(ConnectionError):
    """The server refused a request, or could not be reached; the message is one line.

    Attributes:
        unavailable: bool, whether it is worth trying again.
        refused: bool, whether the request itself was at fault (INVALID_ARGUMENT).
    """

    def __init__(self, message: str, unavailable: bool = False, refused: bool = False) -> None:
        super().__init__(sentence(message))
        self.unavailable, self.refused = unavailable, refused


@contextlib.contextmanager
def _documented(url):
    """What cannot be read inside is an answer that no TensorFlow Serving gives."""
    try:
        yield
    except (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ServingError(f"{url} does not answer as TensorFlow Serving does: {reason}") from None


class Rest:
    """TensorFlow Serving's REST API.

    Args:
        url: "http://HOST:8501/v1/models/NAME", with "/versions/N" for one version.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def available(self, timeout: float) -> bool:
        """Returns whether a version of the model is being served."""
        with self._documented():
            states = self._ask(self.url, None, timeout, SMALL)["model_version_status"]
            return any(state["state"] == "AVAILABLE" for state in states)

    def signatures(self, timeout: float) -> dict[str, Any]:
        """Returns {signature: ({input: (dtype, shape)}, {output: (dtype, shape)})}."""
        with self._documented():
            answer = self._ask(f"{self.url}/metadata", None, timeout, SMALL)
            found = answer["metadata"]["signature_def"]["signature_def"]
            return {
                name: tuple(
                    {key: _spec(value) for key, value in it.get(side, {}).items()} for side in ("inputs", "outputs")
                )
                for name, it in found.items()
                if not name.startswith("__")
            }

    def predict(
        self, signature: str, inputs: dict[str, np.ndarray], timeout: float, most: int = MAX_MESSAGE
    ) -> dict[str, Any]:
        """Returns {output: list} of {input: array}; an only output comes without its name, as "".

        Reading stops after `most` bytes.
        """
        body = {"signature_name": signature, "inputs": {name: array.tolist() for name, array in inputs.items()}}
        with self._documented():
            outputs = self._ask(f"{self.url}:predict", body, timeout, most)["outputs"]
            outputs = outputs if isinstance(outputs, dict) else {"": outputs}
            return {name: _decode(value) for name, value in outputs.items()}

    def _documented(self):
        return _documented(self.url)

    def _ask(self, url, body, timeout, most):
        data = None if body is None else json.dumps(body).encode()
        try:
            return json.loads(web.ask(url, timeout, most, data, {"Content-Type": "application/json"}))
        except urllib.error.HTTPError as error:
            with error:
                raise ServingError(_reason(error), error.code in _UNAVAILABLE, error.code == 400) from None
        except web.TooLarge as error:
            raise ServingError(f"{url}: {error}") from None
        except TimeoutError:  # a connection that was not made in time is a URLError instead
            raise ServingError(f"{url}: no answer within {timeout:.3g} s") from None
        except (OSError, http.client.HTTPException) as error:  # a ValueError is `_documented`'s
            gone = isinstance(error, OSError | http.client.IncompleteRead)
            raise ServingError(f"{url}: {type(error).__name__}: {error}", unavailable=gone) from None


class Grpc:
    """TensorFlow Serving's PredictionService over gRPC.

    Args:
        url: "grpc://HOST:8500/NAME", with "/versions/N" for one version.

    Raises:
        ValueError: if tensorflow-serving-api is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            import grpc
            from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc
        except ImportError:
            raise ValueError(f"model={url} needs tensorflow-serving-api: pip install 'tfgan-zoo[serve]'") from None
        parts = urllib.parse.urlparse(url)
        self.url = url
        self._name, *version = parts.path.strip("/").split("/versions/")
        self._version = int(version[0]) if version else None
        limits = [(f"grpc.max_{way}_message_length", MAX_MESSAGE) for way in ("send", "receive")]
        channel = grpc.insecure_channel(parts.netloc, options=limits)
        self._prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(channel)

    def available(self, timeout: float) -> bool:
        """Returns whether a version of the model is being served."""
        from tensorflow_serving.apis import get_model_status_pb2

        request = get_model_status_pb2.GetModelStatusRequest()
        self._name_model(request.model_spec)
        states = self._call(self._models.GetModelStatus, request, timeout).model_version_status
        return any(state.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE for state in states)

    def signatures(self, timeout: float) -> dict[str, Any]:
        """Returns {signature: ({input: (dtype, shape)}, {output: (dtype, shape)})}."""
        import tensorflow as tf
        from tensorflow_serving.apis import get_model_metadata_pb2

        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        self._name_model(request.model_spec)
        answer = self._call(self._prediction.GetModelMetadata, request, timeout)
        found = get_model_metadata_pb2.SignatureDefMap()

        def spec(info):
            shape = tuple(None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim)
            dtype = tf.dtypes.as_dtype(info.dtype)
            return "object" if dtype == tf.string else dtype.name, shape

        with _documented(self.url):
            answer.metadata["signature_def"].Unpack(found)
            return {
                name: tuple({key: spec(value) for key, value in side.items()} for side in (it.inputs, it.outputs))
                for name, it in found.signature_def.items()
                if not name.startswith("__")
            }

    def predict(
        self, signature: str, inputs: dict[str, np.ndarray], timeout: float, most: int = MAX_MESSAGE
    ) -> dict[str, Any]:
        """Returns {output: array} of {input: array}; strings come as an array of bytes.

        An output that would take more than `most` bytes is refused: a tensor of one number may have any shape.
        """
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        self._name_model(request.model_spec)
        request.model_spec.signature_name = signature
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        answer = self._call(self._prediction.Predict, request, timeout)
        with _documented(self.url):
            for name, tensor in answer.outputs.items():
                if math.prod(dim.size for dim in tensor.tensor_shape.dim) * 4 > most:
                    raise ValueError(f"{name} has more than {most} bytes")
            return {name: tf.make_ndarray(tensor) for name, tensor in answer.outputs.items()}

    def _name_model(self, spec):
        spec.name = self._name
        if self._version is not None:
            spec.version.value = self._version

    def _call(self, method, request, timeout):
        import grpc

        try:
            return method(request, timeout=timeout)
        except grpc.RpcError as error:
            code = error.code()
            again = code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
            bad = code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
            raise ServingError(f"{self.url}: {code.name}: {error.details()}", again, bad) from None


def _spec(value):
    shape = value["tensor_shape"]
    dims = () if shape.get("unknown_rank") else (int(dim["size"]) for dim in shape.get("dim", []))
    return _TYPES.get(value["dtype"], value["dtype"]), tuple(None if dim < 0 else dim for dim in dims)


def _decode(value):
    if value and isinstance(value[0], dict):
        return [base64.b64decode(item["b64"], validate=True) for item in value]
    return value


def _reason(error):
    try:
        return f"{error.url}: {json.loads(web.read(error.fp, SMALL))['error']}"
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, http.client.HTTPException):
        return f"{error.url}: HTTP {error.code} {error.reason}"
