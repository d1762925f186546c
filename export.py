"""Exports a trained generator: python export.py --model=RUN --output=exports/name. See python export.py --help."""

import sys

from tfgan_zoo.cli.export import main

if __name__ == "__main__":
    sys.exit(main())
