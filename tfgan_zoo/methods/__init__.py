"""The methods, a folder each: what it says of itself (spec.py, without TensorFlow), its class, its own formulas."""

from tfgan_zoo import lazy

_WHERE = {
    "BRC": "tfgan_zoo.methods.brc.brc",
    "CES": "tfgan_zoo.methods.ces.ces",
    "Express": "tfgan_zoo.methods.express.express",
    "GAN": "tfgan_zoo.core.gan",
    "PConv": "tfgan_zoo.methods.pconv.pconv",
    "Particle": "tfgan_zoo.methods.particle.particle",
}
__all__ = sorted(_WHERE)
__getattr__, __dir__ = lazy.attributes(__name__, _WHERE)
