"""train.py with instance noise: of the discriminator's convolutions only the first, which sees the image, perturbs.

    python benchmarks/instance_noise.py --method=pconv --perturb_law=additive --perturb=0.3

A control of benchmarks/claims.py: what perturbing the inner convolutions adds to noise on the images (Sonderby et al.
2017, arXiv 1610.04490). It has train.py's flags; such a run cannot be resumed, and needs `--perturb` above 0.
"""

import sys

from tfgan_zoo.cli import app
from tfgan_zoo.cli import train as command


def main():
    app.import_tensorflow()
    from tfgan_zoo.training import train as training

    training.build_model = with_first_alone(training.build_model)
    return command.main()


def with_first_alone(build):
    """Returns `build_model` with `keep_first` of every model that it makes."""

    def build_model(*args, **kwargs):
        model = build(*args, **kwargs)
        keep_first(model.discriminator)
        return model

    return build_model


def keep_first(discriminator):
    """Switches off every perturbation of a DCGAN discriminator but that of the layer that sees the image."""
    from tfgan_zoo.layers.perturbation import Perturbed

    _, *others = (layer for layer in discriminator.trunk.layers if isinstance(layer, Perturbed))
    for layer in others:
        layer.perturb = 0.0


if __name__ == "__main__":
    sys.exit(main())
