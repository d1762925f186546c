"""train.py on a mixture with tanh in the generator's hidden layers, in the place of the ReLU of the `mlp` network.

    python benchmarks/tanh_generator.py --method=brc --dataset=ring_r5

For benchmarks/claims.py: the generator with which the authors of brc (arXiv 2205.10146) report 8 of 8 modes. It has
train.py's flags; such a run cannot be resumed.
"""

import sys

from tfgan_zoo.cli import app
from tfgan_zoo.cli import train as command


def main():
    app.import_tensorflow()
    from tfgan_zoo import networks

    networks.build = with_tanh(networks.build)
    return command.main()


def with_tanh(build):
    """Returns `networks.build` with tanh as the activation of every generator."""

    def build_with_tanh(name, role, **kwargs):
        return build(name, role, **({"activation": "tanh"} if role == "generator" else {}), **kwargs)

    return build_with_tanh


if __name__ == "__main__":
    sys.exit(main())
