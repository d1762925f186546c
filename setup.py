"""The packages are found, so that a new folder is one; everything else stands in setup.cfg."""

from setuptools import find_packages, setup

# Presets and recipes are data, in folders of their own in the repository and of the package when it is installed.
setup(packages=[*find_packages(include=["tfgan_zoo", "tfgan_zoo.*"]), "tfgan_zoo.models", "tfgan_zoo.recipes"])
