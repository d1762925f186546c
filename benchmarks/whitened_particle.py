"""train.py with particle's stabilizer `l2` replaced by one that sees features collapse (`particle.decorrelation`).

    python benchmarks/whitened_particle.py --method=particle --stabilizer=l2 --beta=0.1

An arm of benchmarks/claims.py: L_D = -E + beta (S(reals) + S(fakes)). It has train.py's flags; such a run cannot be
resumed, as it would go on with `l2`.
"""

import sys

from tfgan_zoo.cli import app
from tfgan_zoo.cli import train as command


def main():
    app.import_tensorflow()
    from tfgan_zoo.methods.particle import decorrelation, particle

    particle.mean_square = decorrelation.whitening
    return command.main()


if __name__ == "__main__":
    sys.exit(main())
