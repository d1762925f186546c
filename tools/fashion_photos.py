"""Writes a small folder of pictures to try `train.py --conditional` on: Fashion-MNIST's first images of each class.

    python tools/fashion_photos.py photos

makes 500 grey PNG files of 32 x 32 pixels, 50 in each of ten folders, which sort as Fashion-MNIST counts its classes;
so `accuracy_fashion_10k` and `fd_fashion_per_class_1k` measure what is trained on them.
"""

import argparse
import pathlib

from tfgan_zoo.cli import app

EACH = 50


def write(folder):
    """Writes the first `EACH` training images of each class of fashion_mnist_10k into `folder`, one folder a class."""
    from tfgan_zoo import data, pictures

    source = data.load("fashion_mnist_10k")
    images, labels = source.reals(source.num_train)
    for label, name in enumerate(source.label_names):
        place = folder / f"{label} {name.replace('/', ' or ')}"
        place.mkdir(parents=True)
        for number, image in enumerate(pictures.to_levels((images[labels == label][:EACH] + 1) / 2)):
            pictures.to_image(image).save(place / f"{number:03d}.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="a folder that does not exist yet")
    folder = parser.parse_args().folder
    if folder.exists():
        parser.error(f"folder={folder} exists")
    app.import_tensorflow()
    write(folder)
    print(f"{10 * EACH} pictures of 10 classes: {folder}")


if __name__ == "__main__":
    main()
