"""tfgan_zoo: a GAN model zoo for TensorFlow and Keras.

Importing the package is light; TensorFlow loads with the first name that needs it:

    import tfgan_zoo
    model = tfgan_zoo.load("runs/00000-pconv-fashion_mnist_10k")
    images = model.generate(num=16, seed=0)
"""

import importlib

_WHERE = {
    "GAN": "methods",
    "PConv": "methods",
    "from_preset": "loading",
    "load": "loading",
    "save_to_preset": "presets",
}
__all__ = [*sorted(_WHERE)]


def __getattr__(name):
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
