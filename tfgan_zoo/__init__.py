"""tfgan_zoo: a GAN model zoo for TensorFlow and Keras.

Importing the package is light; TensorFlow loads with the first name that needs it:

    import tfgan_zoo
    model = tfgan_zoo.load("runs/00000-pconv-fashion_mnist_10k")
    images = model.generate(num=16, seed=0)
"""

from typing import TYPE_CHECKING

from tfgan_zoo import keras_names, lazy

if TYPE_CHECKING:  # what `__getattr__` finds, for editors and type checkers
    from tfgan_zoo import data as data
    from tfgan_zoo.methods import BRC as BRC
    from tfgan_zoo.methods import CES as CES
    from tfgan_zoo.methods import GAN as GAN
    from tfgan_zoo.methods import Express as Express
    from tfgan_zoo.methods import Particle as Particle
    from tfgan_zoo.methods import PConv as PConv
    from tfgan_zoo.networks import KerasDiscriminator as KerasDiscriminator
    from tfgan_zoo.networks import KerasGenerator as KerasGenerator
    from tfgan_zoo.networks import perturb as perturb
    from tfgan_zoo.pretrained.loading import from_preset as from_preset
    from tfgan_zoo.pretrained.loading import load as load
    from tfgan_zoo.pretrained.presets import names as list_presets  # noqa: F401
    from tfgan_zoo.pretrained.presets import save_to_preset as save_to_preset
    from tfgan_zoo.pretrained.publishing import upload_preset as upload_preset
    from tfgan_zoo.serving import export as export
    from tfgan_zoo.sheets import SampleGrid as SampleGrid
    from tfgan_zoo.sheets import SampleSheet as SampleSheet
    from tfgan_zoo.version import VERSION as __version__  # noqa: F401

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
    "upload_preset": "tfgan_zoo.pretrained.publishing",
}
__all__ = sorted(_WHERE)
__getattr__, __dir__ = lazy.attributes(__name__, _WHERE)
keras_names.tell()
