"""The methods, a folder each: what it says of itself (spec.py, without TensorFlow), its class, its own formulas."""

from typing import TYPE_CHECKING

from tfgan_zoo import lazy

if TYPE_CHECKING:  # what `__getattr__` finds, for editors and type checkers
    from tfgan_zoo.core.gan import GAN as GAN
    from tfgan_zoo.methods.brc.brc import BRC as BRC
    from tfgan_zoo.methods.ces.ces import CES as CES
    from tfgan_zoo.methods.express.express import Express as Express
    from tfgan_zoo.methods.particle.particle import Particle as Particle
    from tfgan_zoo.methods.pconv.pconv import PConv as PConv

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
