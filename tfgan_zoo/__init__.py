"""tfgan_zoo: a GAN model zoo for TensorFlow and Keras.

Importing the package is light; TensorFlow loads with the first name that needs it:

    import tfgan_zoo
    model = tfgan_zoo.load("runs/00000-pconv-fashion_mnist_10k")
    images = model.generate(num=16, seed=0)
"""

from tfgan_zoo import keras_names, lazy

_WHERE = {
    "BRC": "tfgan_zoo.methods",
    "CES": "tfgan_zoo.methods",
    "Express": "tfgan_zoo.methods",
    "GAN": "tfgan_zoo.methods",
    "KerasDiscriminator": "tfgan_zoo.networks",
    "KerasGenerator": "tfgan_zoo.networks",
    "PConv": "tfgan_zoo.methods",
    "Particle": "tfgan_zoo.methods",
    "SampleGrid": "tfgan_zoo.sheets",
    "SampleSheet": "tfgan_zoo.sheets",
    "__version__": "tfgan_zoo.version:VERSION",
    "data": "tfgan_zoo.data:",
    "export": "tfgan_zoo.serving",
    "from_preset": "tfgan_zoo.pretrained.loading",
    "list_presets": "tfgan_zoo.pretrained.presets:names",
    "load": "tfgan_zoo.pretrained.loading",
    "perturb": "tfgan_zoo.networks",
    "save_to_preset": "tfgan_zoo.pretrained.presets",
}
__all__ = sorted(_WHERE)
__getattr__, __dir__ = lazy.attributes(__name__, _WHERE)
keras_names.tell()
