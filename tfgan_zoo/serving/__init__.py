"""Exports for TensorFlow Serving, and its client. `from tfgan_zoo.serving import Client, export`."""

from tfgan_zoo.serving.client import Client
from tfgan_zoo.serving.export import export
from tfgan_zoo.serving.saved_model import SavedModelGenerator
from tfgan_zoo.serving.server_files import write_server_files
from tfgan_zoo.serving.transport import ServingError

__all__ = ["Client", "SavedModelGenerator", "ServingError", "export", "write_server_files"]
