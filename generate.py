"""Samples a trained generator: python generate.py --model=RUN --output=grid.png. See python generate.py --help."""

from tfgan_zoo.cli import entry

if __name__ == "__main__":
    entry.run("generate")
