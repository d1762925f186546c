"""Measures a trained generator, or two sets of images, by named protocols: python evaluate.py --help."""

import sys

from tfgan_zoo.cli.evaluate import main

if __name__ == "__main__":
    sys.exit(main())
