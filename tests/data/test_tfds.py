"""Data sets that TFDS has prepared; the tests prepare small ones with TFDS's own writer, without a network."""

import shutil
import socket
import urllib.request

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from tfgan_zoo import data

LABELS = ["cat", "dog", "frog"]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError(f"a test asked the network for {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def write(data_dir, name, splits, shape, labels=LABELS, declared=None, version="1.0.0"):
    """Prepares random images and returns them: {split: (uint8[n, *shape], int[n])}."""
    draw = np.random.default_rng(len(name))
    arrays = {
        split: (draw.integers(0, 256, (n, *shape), np.uint8), draw.integers(0, 3, n)) for split, n in splits.items()
    }
    features = {"image": tfds.features.Image(shape=declared or shape)}
    if labels:
        features["label"] = tfds.features.ClassLabel(names=labels)
    datasets = {
        split: tf.data.Dataset.from_tensor_slices(dict(zip(features, pair, strict=False)))
        for split, pair in arrays.items()
    }
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version=version,
        features=tfds.features.FeaturesDict(features),
        split_datasets=datasets,
        data_dir=str(data_dir),
        disable_shuffling=True,
    )
    return arrays


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    tfds.disable_progress_bar()
    folder = tmp_path_factory.mktemp("tfds")
    sets = {
        "cifar10": write(folder, "cifar10", {"train": 30, "test": 12}, (32, 32, 3)),
        "fashion_mnist": write(folder, "fashion_mnist", {"train": 20, "test": 5}, (28, 28, 1)),
        "grey": write(folder, "grey", {"train": 40}, (64, 64, 1), labels=None),
        "three": write(folder, "three", {"train": 9, "validation": 4, "extra": 3}, (8, 8, 1)),
        "portraits": write(folder, "portraits", {"train": 13}, (11, 8, 3)),
        "celebrities": write(folder, "celebrities", {"train": 2}, (60, 40, 3)),
        "any_size": write(folder, "any_size", {"train": 3}, (8, 8, 3), declared=(None, None, 3)),
    }
    return folder, sets


def scaled(images):
    return images / np.float32(127.5) - np.float32(1)


def test_a_set_that_is_in_no_table_works_by_name(prepared):
    folder, sets = prepared
    cifar = data.load("cifar10", data_dir=str(folder))
    assert cifar.shape == (32, 32, 3) and cifar.native == 32
    assert (cifar.num_train, cifar.num_heldout, cifar.num_classes) == (30, 12, 3)
    assert cifar.label_names == tuple(LABELS)
    for split, theirs in (("train", "train"), ("heldout", "test")):
        images, labels = cifar.reals(len(sets["cifar10"][theirs][0]), split)
        np.testing.assert_array_equal(images, scaled(sets["cifar10"][theirs][0]))
        np.testing.assert_array_equal(labels, sets["cifar10"][theirs][1])
    batch = next(cifar.train(batch_size=4, batches_per_step=2, seed=0).as_numpy_iterator())
    assert batch["images"].shape == (4, 2, 32, 32, 3)


def test_fashion_mnist_is_padded(prepared, monkeypatch):
    folder, sets = prepared
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))
    clothes = data.load("fashion_mnist")
    assert clothes.shape == (32, 32, 1) == data.check("fashion_mnist") and clothes.native == 28
    images, _ = clothes.reals(20)
    np.testing.assert_array_equal(clothes.crop(images), scaled(sets["fashion_mnist"]["train"][0]))
    assert (images[:, :2] == -1).all() and (images[:, :, 30:] == -1).all()


def test_without_a_test_split_the_last_tenth_is_held_out(prepared):
    folder, sets = prepared
    grey = data.load("grey", data_dir=str(folder), channels=3)
    assert (grey.num_train, grey.num_heldout) == (36, 4)
    pixels = np.repeat(scaled(sets["grey"]["train"][0]), 3, axis=-1)
    np.testing.assert_array_equal(grey.reals(36)[0], pixels[:36])
    np.testing.assert_array_equal(grey.reals(4, "heldout")[0], pixels[36:])


def test_without_labels_they_are_0(prepared):
    grey = data.load("grey", data_dir=str(prepared[0]))
    assert grey.num_classes == 0 and grey.label_names == ()
    assert not grey.reals(36)[1].any()


def test_validation_serves_as_held_out(prepared):
    folder, sets = prepared
    three = data.load("three", data_dir=str(folder))
    assert three.shape == (32, 32, 1) and (three.num_train, three.num_heldout) == (9, 4)
    images, _ = three.reals(4, "heldout")
    np.testing.assert_array_equal(three.crop(images), scaled(sets["three"]["validation"][0]))


def middle(images, size):
    """What the documents say of larger images: the square in the middle, each pixel the mean of an area."""
    height, width = images.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    images = images[:, top : top + side, left : left + side].astype("float64")
    return images.reshape(len(images), size, side // size, size, side // size, -1).mean(axis=(2, 4))


@pytest.mark.parametrize("name, size", [("portraits", 4), ("portraits", 8), ("cifar10", 16), ("any_size", 4)])
def test_images_of_other_forms_are_cropped_and_scaled(prepared, name, size):
    folder, sets = prepared
    found = data.load(name, data_dir=str(folder), image_size=size)
    assert found.shape == (size, size, 3) and found.native == size
    split = "heldout" if name == "cifar10" else "train"
    theirs, labels = sets[name]["test" if name == "cifar10" else "train"]
    images, found_labels = found.reals(found.num_heldout if name == "cifar10" else found.num_train, split)
    expected = middle(theirs[: len(images)], size)
    assert np.abs((images + 1) * 127.5 - expected).max() <= 1  # Pillow rounds after each of two passes
    np.testing.assert_array_equal(found_labels, labels[: len(images)])


def test_images_may_keep_another_form_than_a_square(prepared):
    folder, sets = prepared
    found = data.load("portraits", data_dir=str(folder), image_size="5x8")
    images, _ = found.reals(found.num_train)
    np.testing.assert_allclose(images, scaled(sets["portraits"]["train"][0][: len(images), 3:8]))
    with pytest.raises(ValueError, match=r"^image_size=12x8: portraits has images of 8 x 11 px; choose at most 11x8$"):
        data.load("portraits", data_dir=str(folder), image_size=(12, 8))


def test_the_default_size_of_other_forms(prepared):
    folder = str(prepared[0])
    assert data.check("celebrities", data_dir=folder) == (32, 32, 3)
    assert data.check("celebrities", data_dir=folder, channels=1) == (32, 32, 1)
    with pytest.raises(ValueError, match="image_size=64: celebrities has images of 40 x 60 px; choose at most 40"):
        data.check("celebrities", data_dir=folder, image_size=64)
    with pytest.raises(ValueError, match=r"dataset=any_size has images of many sizes: .*--image_size"):
        data.check("any_size", data_dir=folder)


def test_too_small_images_of_many_sizes_are_one_line(prepared):
    with pytest.raises(ValueError, match="dataset=any_size: image 0 is 8 x 8 pixels, smaller than image_size=16"):
        data.load("any_size", data_dir=str(prepared[0]), image_size=16)


def test_what_is_no_picture_is_refused(tmp_path):
    write(tmp_path, "deep", {"train": 3}, (8, 8, 3))
    features = tmp_path / "deep/1.0.0/features.json"
    features.write_text(features.read_text().replace("uint8", "uint16"))
    with pytest.raises(ValueError, match=r"dataset=deep: .* no feature `image`"):
        data.check("deep", data_dir=str(tmp_path))


def test_too_many_pixels_for_memory_stay_on_disk(prepared, monkeypatch):
    """They come in the order, and with the labels, that they would have in memory."""
    inside = data.load("cifar10", data_dir=str(prepared[0]))
    monkeypatch.setattr("tfgan_zoo.data.images.MAX_BYTES", 2**16)
    outside = data.load("cifar10", data_dir=str(prepared[0]))
    assert type(outside.source) is not type(inside.source)
    for split, num in (("train", 30), ("heldout", 12)):
        for mine, theirs in zip(outside.reals(num, split), inside.reals(num, split), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    for start in (0, 7):
        pairs = zip(outside.train(4, 2, 3, start).take(9), inside.train(4, 2, 3, start).take(9), strict=True)
        for mine, theirs in pairs:
            np.testing.assert_array_equal(mine["images"], theirs["images"])
            np.testing.assert_array_equal(mine["labels"], theirs["labels"])


def test_splits_in_the_syntax_of_tfds(prepared):
    folder, sets = prepared
    pixels = scaled(sets["cifar10"]["train"][0])
    half = data.load("cifar10", data_dir=str(folder), split="train[50%:]")
    assert (half.num_train, half.num_heldout) == (15, 12)
    np.testing.assert_array_equal(half.reals(15)[0], pixels[15:])
    both = data.load("cifar10:1.*.*", data_dir=str(folder), split="train+test")
    assert (both.num_train, both.num_heldout) == (38, 4)  # test is trained on: a tenth of all is held out
    np.testing.assert_array_equal(both.reals(4, "heldout")[0], scaled(sets["cifar10"]["test"][0])[-4:])
    for split in ("trian", "train[5%", "train[90%:80%]", "train[:1]"):
        with pytest.raises(ValueError, match="split=") as caught:
            data.load("grey", data_dir=str(folder), split=split)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"split=train\+tset: grey has no split 'tset'; choose from train"):
        data.check("grey", data_dir=str(folder), split="train+tset")


@pytest.mark.parametrize("damage", ["cut", "missing"])
def test_damaged_files_are_one_line(prepared, tmp_path, damage):
    shutil.copytree(prepared[0] / "cifar10", tmp_path / "cifar10")
    file = next(tmp_path.glob("cifar10/1.0.0/*-train.tfrecord*"))
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    else:
        file.unlink()
    with pytest.raises(ValueError, match="dataset=cifar10: TFDS cannot read") as caught:
        data.load("cifar10", data_dir=str(tmp_path))
    assert "\n" not in str(caught.value)


def test_no_network_does_not_even_start_tfds(tmp_path, monkeypatch):
    """TFDS itself would try for minutes."""

    def fail(*args, **kwargs):
        raise AssertionError("TFDS was started")

    def unreachable(request, timeout):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(tfds, "builder", fail)
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    with pytest.raises(ValueError, match=r"Network is unreachable.*make data.*--data_dir.*local folder"):
        data.load("fashion_mnist", data_dir=str(tmp_path))


class Answer:
    def close(self):
        pass


def test_with_a_network_tfds_prepares_what_is_missing(prepared, tmp_path, monkeypatch):
    class Builder:
        def download_and_prepare(self):
            shutil.copytree(prepared[0] / "fashion_mnist", tmp_path / "fashion_mnist")

    monkeypatch.setattr(urllib.request, "urlopen", lambda request, timeout: Answer())
    monkeypatch.setattr(tfds, "builder", lambda name, data_dir: Builder())
    assert data.load("fashion_mnist", data_dir=str(tmp_path)).num_train == 20


def test_a_failed_download_is_one_line(tmp_path, monkeypatch):
    class Builder:
        def download_and_prepare(self):
            raise RuntimeError("HTTP 500\nand more")

    monkeypatch.setattr(urllib.request, "urlopen", lambda request, timeout: Answer())
    monkeypatch.setattr(tfds, "builder", lambda name, data_dir: Builder())
    with pytest.raises(ValueError, match=r"dataset=fashion_mnist: .*HTTP 500 and more.*local folder") as caught:
        data.load("fashion_mnist", data_dir=str(tmp_path))
    assert "\n" not in str(caught.value)
