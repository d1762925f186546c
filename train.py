"""Trains a GAN: python train.py --method=pconv. See python train.py --help."""

import sys

from tfgan_zoo.cli.train import main

if __name__ == "__main__":
    sys.exit(main())
