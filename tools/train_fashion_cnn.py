"""Trains the classifier of clothes whose features the offline metrics use.

    make data                            # the full Fashion-MNIST
    python tools/train_fashion_cnn.py    # ten minutes on two cores; writes tfgan_zoo/evaluation/weights/

On the 60,000 training images alone, with random shifts and flips; the 10,000 test images, against which the metrics
compare, only measure its accuracy at the end.
"""

import argparse
import hashlib
import json
import sys
from importlib import metadata

import keras
import tensorflow as tf

from tfgan_zoo import data
from tfgan_zoo.evaluation import fashion_cnn

SEED, EPOCHS, BATCH, RATE = 0, 12, 128, 2e-3


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    keras.utils.set_random_seed(SEED)
    clothes = data.load("fashion_mnist")
    reals = {split: clothes.reals(num, split) for split, num in (("train", 60_000), ("heldout", 10_000))}
    (images, labels), (test_images, test_labels) = (
        ((clothes.crop(images) + 1) / 2, labels) for images, labels in reals.values()
    )
    network = fashion_cnn.build()
    classifier = keras.Model(network.input, network.output["logits"])
    steps = EPOCHS * len(images) // BATCH
    classifier.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    augment = keras.Sequential([keras.layers.RandomFlip("horizontal"), keras.layers.RandomTranslation(0.08, 0.08)])
    batches = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(60_000, seed=SEED)
    batches = batches.batch(BATCH, drop_remainder=True).map(lambda x, y: (augment(x, training=True), y)).prefetch(4)
    classifier.fit(batches, epochs=EPOCHS, verbose=2)
    accuracy = classifier.evaluate(test_images, test_labels, batch_size=500, verbose=0)[1]
    if accuracy < 0.92:
        sys.exit(f"accuracy={accuracy:.4f} on the test images is below 0.92; nothing was written")
    fashion_cnn.WEIGHTS.parent.mkdir(exist_ok=True)
    network.save_weights(fashion_cnn.WEIGHTS)
    card = {
        "what": "classifier of the ten classes of Fashion-MNIST, 28 x 28 grey images in [0, 1]",
        "trained_on": "the 60,000 training images of Fashion-MNIST (Xiao, Rasul, Vollgraf 2017; MIT licence)",
        "command": "python tools/train_fashion_cnn.py",
        "seed": SEED,
        "epochs": EPOCHS,
        "test_accuracy": round(accuracy, 4),
        "parameters": network.count_params(),
        "features": "ReLU outputs of the penultimate layer, 128 of them",
        "sha256": hashlib.sha256(fashion_cnn.WEIGHTS.read_bytes()).hexdigest(),
        "versions": {name: metadata.version(name) for name in ("tensorflow", "keras")},
    }
    fashion_cnn.CARD.write_text(json.dumps(card, indent=2) + "\n")
    print(json.dumps(card, indent=2))


if __name__ == "__main__":
    main()
