"""Exports for TensorFlow Serving, and its client. `from tfgan_zoo.serving import Client, export`."""

from typing import TYPE_CHECKING

from tfgan_zoo import lazy

if TYPE_CHECKING:  # what `__getattr__` finds, for editors and type checkers
    from tfgan_zoo.serving.client import Client as Client
    from tfgan_zoo.serving.saved_model import SavedModelGenerator as SavedModelGenerator
    from tfgan_zoo.serving.saved_model_writer import export as export
    from tfgan_zoo.serving.server_files import write_server_files as write_server_files
    from tfgan_zoo.serving.transport import ServingError as ServingError

_WHERE = {
    "Client": "tfgan_zoo.serving.client",
    "SavedModelGenerator": "tfgan_zoo.serving.saved_model",
    "ServingError": "tfgan_zoo.serving.transport",
    "export": "tfgan_zoo.serving.saved_model_writer",
    "write_server_files": "tfgan_zoo.serving.server_files",
}
__all__ = sorted(_WHERE)
__getattr__, __dir__ = lazy.attributes(__name__, _WHERE)
