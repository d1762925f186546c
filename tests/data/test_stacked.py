"""The stacks: three independent images a stack, a pure function of seed and index."""

import numpy as np
import pytest

from tfgan_zoo import data
from tfgan_zoo.evaluation import extractors
from tfgan_zoo.evaluation.metrics import modes


@pytest.fixture(scope="module")
def stacks():
    return data.load("stacked_fashion")


def flat(dataset, steps):
    batches = list(dataset.take(steps).as_numpy_iterator())
    return [
        np.concatenate([batch[name].reshape(-1, *batch[name].shape[2:]) for batch in batches]) for name in batches[0]
    ]


def test_every_channel_is_a_training_image_and_its_class_a_digit(stacks):
    images, labels = stacks.reals(50)
    singles, classes = data.load("fashion_mnist_10k").reals(9000)
    known = {image.tobytes(): int(label) for image, label in zip(singles, classes, strict=True)}
    found = [[known[np.ascontiguousarray(image[..., c : c + 1]).tobytes()] for c in range(3)] for image in images]
    assert [a * 100 + b * 10 + c for a, b, c in found] == labels.tolist()


def test_held_out_stacks_are_of_held_out_images(stacks):
    singles = {image.tobytes() for image in data.load("fashion_mnist_10k").reals(1000, "heldout")[0]}
    images = stacks.reals(20, "heldout")[0]
    assert all(np.ascontiguousarray(image[..., :1]).tobytes() in singles for image in images)


def test_channels_are_independent(stacks):
    labels = stacks.reals(3000)[1]
    digits = np.stack([labels // 100, labels // 10 % 10, labels % 10])
    assert np.abs(np.corrcoef(digits) - np.eye(3)).max() < 0.06
    assert len(np.unique(labels)) > 900


def test_the_stream_can_begin_anywhere_and_is_folded_rows_first(stacks):
    images, labels = flat(stacks.train(4, batches_per_step=3, seed=5), 4)
    later_images, later_labels = flat(stacks.train(4, batches_per_step=3, seed=5, start_step=2), 2)
    np.testing.assert_array_equal(images[24:], later_images)
    np.testing.assert_array_equal(labels[24:], later_labels)
    assert not np.array_equal(images, flat(stacks.train(4, batches_per_step=3, seed=6), 4)[0])


def test_the_classifier_counts_their_modes(stacks):
    images, labels = stacks.reals(400, "heldout")
    extract = extractors.get("fashion_cnn", "channels", (32, 32, 3))
    codes = extract(np.round((images + 1) * 127.5).astype("uint8"))["features"]
    assert np.mean(codes[:, 0] == labels) > 0.7  # three times right, at 0.93 each
    one_mode = modes.stacked_modes({"rows": np.full((5, 1), 123.0)})
    assert one_mode == {"modes": 1, "kl": pytest.approx(np.log(1000))}
    assert modes.stacked_modes({"rows": np.arange(1000.0)[:, None]}) == {
        "modes": 1000,
        "kl": pytest.approx(0, abs=1e-9),
    }
