"""Exports for TensorFlow Serving. `from tfgan_zoo.serving import export`."""

from tfgan_zoo.serving.export import export
from tfgan_zoo.serving.saved_model import SavedModelGenerator

__all__ = ["SavedModelGenerator", "export"]
