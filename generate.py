"""Samples a trained generator: python generate.py --model=RUN --output=grid.png. See python generate.py --help."""

import sys

from tfgan_zoo.cli.generate import main

if __name__ == "__main__":
    sys.exit(main())
