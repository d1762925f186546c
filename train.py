"""Trains a GAN: python train.py --method=pconv. See python train.py --help."""

from tfgan_zoo.cli import entry

if __name__ == "__main__":
    entry.run("train")
