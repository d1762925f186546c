"""Fashion-MNIST 10k, the data set in the package."""

import gzip
import pathlib
import shutil

import numpy as np
import pytest

from tfgan_zoo import data
from tfgan_zoo.data import embedded


@pytest.fixture(scope="module")
def clothes():
    return data.load("fashion_mnist_10k")


@pytest.fixture(scope="module")
def raw():
    """The files as they are, read without our reader."""
    with gzip.open(embedded._FOLDER / "t10k-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read()[16:], np.uint8).reshape(10000, 28, 28)
    with gzip.open(embedded._FOLDER / "t10k-labels-idx1-ubyte.gz") as file:
        return pixels, np.frombuffer(file.read()[8:], np.uint8)


def test_description(clothes):
    assert clothes.name == "fashion_mnist_10k"
    assert (clothes.num_train, clothes.num_heldout, clothes.num_classes) == (9000, 1000, 10)
    assert len(clothes.label_names) == 10 and clothes.label_names[9] == "Ankle boot"
    assert clothes.native == 28 and clothes.mixture is None
    assert "pixels" not in repr(clothes) and len(repr(clothes)) < 1000


def test_the_last_thousand_are_held_out(clothes, raw):
    pixels, labels = raw
    train, train_labels = clothes.reals(9000)
    heldout, heldout_labels = clothes.reals(1000, "heldout")
    np.testing.assert_array_equal(clothes.crop(train)[..., 0], pixels[:9000] / np.float32(127.5) - 1)
    np.testing.assert_array_equal(clothes.crop(heldout)[..., 0], pixels[9000:] / np.float32(127.5) - 1)
    np.testing.assert_array_equal(train_labels, labels[:9000])
    np.testing.assert_array_equal(heldout_labels, labels[9000:])
    seen = {image.tobytes() for image in train}
    assert not any(image.tobytes() in seen for image in heldout)


def test_range_type_and_border(clothes):
    images, labels = clothes.reals(200)
    assert images.dtype == np.float32 and labels.dtype == np.int32
    assert images.shape == (200, 32, 32, 1)
    assert images.min() == -1.0 and images.max() == 1.0
    border = np.ones((32, 32), bool)
    border[2:30, 2:30] = False
    assert (images[:, border] == -1.0).all()


def test_training_reads_the_training_items_only(clothes):
    """One epoch: each training image once with its own label, nothing held out."""
    batches = list(clothes.train(batch_size=500, batches_per_step=2, seed=3).take(9).as_numpy_iterator())
    read = np.concatenate([batch["images"].reshape(-1, 32 * 32) for batch in batches])
    labels = np.concatenate([batch["labels"].reshape(-1) for batch in batches])
    train, train_labels = clothes.reals(9000)
    wanted = sorted((image.tobytes(), label) for image, label in zip(train, train_labels, strict=True))
    assert sorted((image.tobytes(), label) for image, label in zip(read, labels, strict=True)) == wanted


def test_start_step_is_the_tail_across_an_epoch(clothes):
    """Batches of 320: epoch 0 ends inside step 28."""
    whole = list(clothes.train(64, 5, seed=1).take(31).as_numpy_iterator())
    tail = list(clothes.train(64, 5, seed=1, start_step=26).take(5).as_numpy_iterator())
    for there, here in zip(whole[26:], tail, strict=True):
        np.testing.assert_array_equal(there["images"], here["images"])
        np.testing.assert_array_equal(there["labels"], here["labels"])


@pytest.fixture
def copy(tmp_path, monkeypatch):
    folder = tmp_path / "copy"
    shutil.copytree(embedded._FOLDER, folder)
    monkeypatch.setattr(embedded, "_FOLDER", folder)
    return folder


@pytest.mark.parametrize("filename", ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_one_flipped_bit_is_found(copy, filename):
    content = bytearray((copy / filename).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / filename).write_bytes(content)
    with pytest.raises(ValueError, match=f"{filename} is damaged") as caught:
        data.load("fashion_mnist_10k")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(copy):
    (copy / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(ValueError, match="cannot be read") as caught:
        data.load("fashion_mnist_10k")
    assert "\n" not in str(caught.value)


def test_the_licence_is_beside_the_files():
    text = (pathlib.Path(embedded.__file__).parent / "fashion_mnist_10k" / "LICENSE").read_text()
    assert "MIT License" in text and "Zalando SE" in text and "Permission is hereby granted" in text
