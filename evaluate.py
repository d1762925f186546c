"""Measures a trained generator, or two sets of images, by named protocols: python evaluate.py --help."""

from tfgan_zoo.cli import entry

if __name__ == "__main__":
    entry.run("evaluate")
