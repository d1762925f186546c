"""The checks that run before TensorFlow starts."""

import pathlib
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from tfgan_zoo import data
from tfgan_zoo.data import catalogue, tfds_probe


def message_of(*args, **kwargs):
    with pytest.raises(ValueError) as caught:
        data.check(*args, **kwargs)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
def offline(monkeypatch):
    """The network is down; returns the list of what was asked for."""
    asked = []

    def urlopen(request, timeout):
        asked.append(request)
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return asked


def test_names_and_checks_do_not_import_tensorflow():
    code = (
        "import sys; from tfgan_zoo import data; data.check('ring'); data.check('fashion_mnist_10k');"
        "assert 'grid' in data.DATASETS;"
        "print([m for m in ('tensorflow', 'keras', 'tensorflow_datasets', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_data_class_is_reachable_and_other_attributes_are_not():
    from tfgan_zoo.data.dataset import Data

    assert data.Data is Data
    with pytest.raises(AttributeError, match="Datum"):
        _ = data.Datum


@pytest.mark.parametrize("name", [name for name in data.DATASETS if name != "fashion_mnist"])
def test_check_tells_the_shape_that_load_gives(name):
    assert data.check(name) == data.load(name).shape


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({"image_size": 28}, (28, 28, 1)),
        ({"image_size": 32, "channels": 1}, (32, 32, 1)),
        ({"channels": 3}, (32, 32, 3)),
    ],
)
def test_image_size_and_channels(arguments, shape):
    assert data.check("fashion_mnist_10k", **arguments) == shape
    assert data.load("fashion_mnist_10k", **arguments).reals(2)[0].shape == (2, *shape)


def test_wrong_sizes_name_what_is_allowed():
    assert message_of("fashion_mnist_10k", image_size=30).endswith("choose from 28, 32")
    assert message_of("fashion_mnist_10k", channels=4).endswith("choose from 1, 3")
    assert "image_size=32" in message_of("ring", image_size=32)
    assert "channels=3" in message_of("cube", channels=3)


def test_unknown_name_gives_the_nearest_and_both_hints(tmp_path):
    message = message_of("fasion_mnist", data_dir=str(tmp_path))
    assert "dataset=fasion_mnist" in message and "did you mean fashion_mnist?" in message
    assert str(tmp_path) in message and "TFDS" in message and "grid" in message


@pytest.mark.parametrize("name", ["", "my photos", "photos (1)", "2024-05", "\u3000"])
def test_what_can_be_no_name_is_unknown_like_any_other(name, tmp_path):
    """TFDS would explain the grammar of its names, of several lines, and not say which argument it is about."""
    message = message_of(name, data_dir=str(tmp_path))
    assert message.startswith(f"dataset={name} is unknown; choose from") and "a folder or zip file" in message


@pytest.mark.parametrize("path", ["./photos", "../x", "~/photos", "/nowhere", "faces.zip", "FACES.ZIP"])
def test_a_path_that_is_not_there(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "does not exist" in message_of(path) and catalogue.is_path(path)


def test_a_name_that_exists_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not catalogue.is_path("there")
    pathlib.Path("there").mkdir()
    assert catalogue.is_path("there")
    assert catalogue.absolute("there") == str(tmp_path / "there") and catalogue.absolute("ring") == "ring"
    assert "dataset=there holds no picture" in message_of("there")


def test_a_folder_does_not_hide_a_known_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("ring").mkdir()
    assert data.check("ring") == (2,)


def test_tfds_dir(monkeypatch, tmp_path):
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    assert tfds_probe.tfds_dir() == pathlib.Path.home() / "tensorflow_datasets"
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert tfds_probe.tfds_dir() == tmp_path
    assert tfds_probe.tfds_dir("~/other") == pathlib.Path.home() / "other"


def test_prepared_takes_the_newest_finished_version(tmp_path):
    for folder in (
        "set/2.0.0",
        "set/2.1.0",
        "set/10.0.0",
        "set/incomplete.ABC_11.0.0",
        "set/config/1.0.0",
        "set/12.0.0",
    ):
        (tmp_path / folder).mkdir(parents=True)
        if "12" not in folder:
            (tmp_path / folder / "dataset_info.json").touch()
    assert tfds_probe.prepared("set", tmp_path) == tmp_path / "set/10.0.0"
    assert tfds_probe.prepared("set:2.*.*", tmp_path) == tmp_path / "set/2.1.0"
    assert tfds_probe.prepared("set:2.0.0", tmp_path) == tmp_path / "set/2.0.0"
    assert tfds_probe.prepared("set:3.*.*", tmp_path) is None
    assert tfds_probe.prepared("set/config:*.*.*", tmp_path) == tmp_path / "set/config/1.0.0"
    assert tfds_probe.prepared("set/config", tmp_path) == tmp_path / "set/config/1.0.0"
    assert tfds_probe.prepared("other", tmp_path) is None
    assert tfds_probe.prepared("../" + tmp_path.name + "/set", tmp_path) is None


def test_no_network_fails_at_once_and_names_the_ways_out(offline, tmp_path, monkeypatch):
    message = message_of("fashion_mnist", data_dir=str(tmp_path))
    assert len(offline) == 1
    assert "Name or service not known" in message and str(tmp_path) in message
    for way in ("make data", "--data_dir", "local folder", "--dataset=fashion_mnist_10k"):
        assert way in message


@pytest.mark.parametrize("name", ["cifar10", "lsun/bedroom", "imagenet_resized/64x64", "fashion_mnist:3.*.*"])
def test_tfds_names_that_are_not_prepared_ask_the_network_once(name, offline, tmp_path):
    message = message_of(name, data_dir=str(tmp_path), image_size=32)
    assert len(offline) <= 1
    assert f"dataset={name} is not prepared" in message and "cannot be downloaded" in message
    assert "--data_dir" in message and "folder" in message
    assert ("make data" in message) == name.startswith("fashion_mnist")


def test_tfds_names_of_other_things_are_refused(offline, tmp_path):
    assert "no feature `image`" in message_of("imdb_reviews", data_dir=str(tmp_path))
    for name, words in (
        ("lsun/bathtub", ("no such config", "bathtub not found", "airplane, bedroom", ", ...")),
        ("cifar10:9.9.9", ("version", "only: 3.0.2")),
        ("mnist:3.0", ("version", "mnist:3.0")),
    ):
        message = message_of(name, data_dir=str(tmp_path))
        assert all(word in message for word in words) and "Failed to construct" not in message, message
    assert not offline


def test_a_split_is_for_tfds():
    assert "split=train is for data sets of TFDS" in message_of("ring", split="train")
    assert "split=train is for data sets of TFDS" in message_of("./photos", split="train")


def test_silent_network_is_given_up(tmp_path, monkeypatch):
    answer, ended = threading.Event(), threading.Event()

    def urlopen(request, timeout):
        answer.wait()
        ended.set()
        raise urllib.error.URLError("too late")

    monkeypatch.setattr(tfds_probe, "_PROBE_SECONDS", 0.01)
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    try:
        assert "no answer within" in message_of("fashion_mnist", data_dir=str(tmp_path))
    finally:
        answer.set()
        ended.wait()


def test_only_an_unprepared_tfds_name_asks_the_network(offline):
    for name in data.DATASETS:
        if name != "fashion_mnist":
            data.check(name)
    assert not offline


# The image sizes of a network


@pytest.mark.parametrize(
    ("native", "sizes", "size"),
    [
        (100, None, 128),
        (100, (), 128),
        (100, (32, 64, 128), 128),
        (200, (32, 64, 128), 128),
        (200, (64, 128, 256), 256),
        (256, (64, 128, 256), 256),
        (300, (64, 128, 256), 256),
        (12, (16, 48), 16),
        (40, (16, 48), 48),
        (16, None, 32),
    ],
)
def test_the_default_size_of_a_tfds_set_is_one_of_the_networks(native, sizes, size, monkeypatch, tmp_path):
    monkeypatch.setattr(tfds_probe, "prepared", lambda *args: tmp_path)
    monkeypatch.setattr(tfds_probe, "prepared_format", lambda *args: (native, native, 3))
    assert data.check("photos", sizes=sizes) == (size, size, 3)


@pytest.mark.parametrize(
    ("sizes", "size"), [(None, 64), ((48, 96), 96), ((64, 128, 256), 64), ((128, 256), 128), ((32,), 32)]
)
def test_the_default_size_of_what_is_not_square_is_one_of_the_networks(sizes, size, monkeypatch, tmp_path):
    monkeypatch.setattr(tfds_probe, "prepared", lambda *args: tmp_path)
    monkeypatch.setattr(tfds_probe, "prepared_format", lambda *args: (100, 150, 3))
    if size > 100:
        with pytest.raises(ValueError, match="has images of 100 x 150 px; choose at most 100"):
            data.check("photos", sizes=sizes)
    else:
        assert data.check("photos", sizes=sizes) == (size, size, 3)


def test_embedded_images_get_the_border_that_the_network_needs():
    assert data.check("fashion_mnist_10k", sizes=(64, 128)) == (64, 64, 1)
    images, _ = data.load("fashion_mnist_10k", sizes=(64, 128)).reals(2)
    assert images.shape == (2, 64, 64, 1) and (images[:, :18] == -1).all()
    assert data.check("fashion_mnist_10k", sizes=(16, 28)) == (28, 28, 1)
    assert data.check("ring", sizes=(64,)) == (2,)
