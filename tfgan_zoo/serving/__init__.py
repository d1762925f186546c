"""Exports for TensorFlow Serving, and its client. `from tfgan_zoo.serving import Client, export`."""

from tfgan_zoo import lazy

_WHERE = {
    "Client": "tfgan_zoo.serving.client",
    "SavedModelGenerator": "tfgan_zoo.serving.saved_model",
    "ServingError": "tfgan_zoo.serving.transport",
    "export": "tfgan_zoo.serving.saved_model_writer",
    "write_server_files": "tfgan_zoo.serving.server_files",
}
__all__ = sorted(_WHERE)
__getattr__, __dir__ = lazy.attributes(__name__, _WHERE)
