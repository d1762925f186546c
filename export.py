"""Exports a trained generator: python export.py --model=RUN --output=exports/name. See python export.py --help."""

from tfgan_zoo.cli import entry

if __name__ == "__main__":
    entry.run("export")
