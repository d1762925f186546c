"""The evaluator: protocols' counts, cached reals, streaming fakes, what a result says."""

import dataclasses
import io
import json

import keras
import numpy as np
import pytest

from tfgan_zoo import data
from tfgan_zoo.core.sampler import Sampler
from tfgan_zoo.evaluation import cache, protocols, sets
from tfgan_zoo.evaluation.evaluator import Evaluator
from tfgan_zoo.evaluation.files import ImageFiles


class Copies(Sampler):
    """A generator that shows training images: the one of seed s is the s-th, the last one first."""

    image_shape, latent_dim = (32, 32, 1), 8

    def __init__(self):
        self._images = (data.load("fashion_mnist_10k").reals(9000)[0] + 1) / 2
        self.asked = []

    def sample(self, latents, labels=None):
        raise NotImplementedError

    def generate(self, num, seed, batch_size, labels=None):
        self.asked.append((num, seed))
        return self._images[np.arange(seed, seed + num) % 9000]


@pytest.fixture(scope="module")
def clothes():
    return data.load("fashion_mnist_10k")


@pytest.fixture
def make(clothes):
    def make(*names, **kwargs):
        chosen = {name: dataclasses.replace(it, fakes=600, reals=500) for name, it in protocols.choose(names).items()}
        return Evaluator(chosen, (32, 32, 1), sets.DataReference(clothes), "fashion_mnist_10k", **kwargs)

    return make


def test_copies_of_the_training_images(make):
    evaluator = make("fd_fashion_10k", "kd_fashion_10k", "prdc_fashion_10k", "memorization_10k")
    results = {it["metric"]: it for it in evaluator.measure(sets.Fakes(Copies(), batch_size=500))}
    assert results["fd_fashion_10k"]["values"]["distance"] < 5
    assert abs(results["kd_fashion_10k"]["values"]["distance"]) < 1
    assert results["prdc_fashion_10k"]["values"]["recall"] == 1.0
    assert results["memorization_10k"]["values"]["nearest_ratio"] < 0.2
    assert "d_gap" not in results["memorization_10k"]["values"]  # there is no discriminator
    json.dumps(results)


def test_a_result_says_all_that_repeats_it(make):
    result = make("fd_fashion_10k").measure(sets.Fakes(Copies(), seed=7, batch_size=1000), 7)[0]
    assert result["fakes"] == 600 and result["first_seed"] == 7
    assert result["reference"] == {"fashion_mnist_10k/all": 500}
    assert result["note"] == "train split"
    assert result["extractor"]["name"] == "fashion_cnn" and len(result["extractor"]["sha256"]) == 64
    assert result["reference_sha256"].keys() == result["reference"].keys()
    assert result["protocol"]["metric"] == "frechet" and result["protocol"]["reals"] == 500
    assert {"tfgan-zoo", "tensorflow", "tensorflow-gan", "pillow"} <= set(result["versions"])


def test_fewer_images_than_features_are_noted(make, clothes):
    chosen = {"fd_fashion_10k": dataclasses.replace(protocols.PROTOCOLS["fd_fashion_10k"], fakes=100, reals=500)}
    evaluator = Evaluator(chosen, (32, 32, 1), sets.DataReference(clothes))
    assert evaluator.measure(sets.Fakes(Copies()))[0]["note"].startswith("100 images for 128 features")
    assert make("fd_fashion_10k").measure(sets.Fakes(Copies()))[0]["note"] == "train split"


class Broken(Copies):
    """One of its images holds one pixel that is no number."""

    def generate(self, num, seed, batch_size, labels=None):
        images = super().generate(num, seed, batch_size).copy()
        if seed <= 70 < seed + num:
            images[70 - seed, 3, 4] = np.nan
        return images


def test_samples_that_are_not_finite_are_refused(make):
    with pytest.raises(ValueError, match="samples of the seeds from 64 on are not all finite"):
        make("fd_fashion_10k").measure(sets.Fakes(Broken()))


def test_features_that_are_not_finite_are_refused(tmp_path, clothes):
    network = keras.Sequential([keras.Input((32, 32, 1)), keras.layers.Flatten(), keras.layers.Rescaling(np.inf)])
    network.save(tmp_path / "e.keras")
    with pytest.raises(ValueError, match=r"extractor=e.keras: its features are not all finite"):
        chosen = protocols.choose(["fd_given_10k"], extractor=True)
        Evaluator(chosen, (32, 32, 1), sets.DataReference(clothes), extractor=str(tmp_path / "e.keras")).measure(
            sets.Fakes(Copies())
        )


def test_a_folder_of_reals_has_no_held_out_images(tmp_path):
    """Else the ratio would be 1 whatever the model does."""
    np.savez(tmp_path / "a.npz", images=np.zeros((30, 32, 32, 1), "uint8"))
    reference = sets.FilesReference(ImageFiles("reals", tmp_path / "a.npz"))
    with pytest.raises(ValueError, match=r"metrics=memorization_10k .* which --reals does not tell apart"):
        Evaluator(protocols.choose(["memorization_10k"]), (32, 32, 1), reference)


def test_fakes_come_in_batches_of_consecutive_seeds(make):
    model = Copies()
    make("fd_fashion_10k").measure(sets.Fakes(model, seed=5, batch_size=250))
    assert model.asked == [(250, 5), (250, 255), (100, 505)]


def test_reals_are_computed_once_and_then_read(make, monkeypatch):
    first = make("fd_fashion_10k").measure(sets.Fakes(Copies(), batch_size=1000))[0]["values"]

    def never(*args, **kwargs):
        raise AssertionError("the reals were read again")

    monkeypatch.setattr(sets.Fashion, "batches", never)
    assert make("fd_fashion_10k").measure(sets.Fakes(Copies(), batch_size=1000))[0]["values"] == first


@pytest.mark.parametrize("what", ["no zip", "empty", "another method of compression", "an array alone"])
def test_a_damaged_cache_is_computed_again(what, make, cache_folder):
    first = make("fd_fashion_10k").measure(sets.Fakes(Copies(), batch_size=1000))[0]["values"]
    (file,) = cache_folder.rglob("*.npz")
    array = io.BytesIO()
    np.save(array, np.zeros(3))
    entry = file.read_bytes().rindex(b"PK\1\2")  # in the directory at the end, the method in its bytes 10 and 11
    content = bytearray(file.read_bytes())
    content[entry + 10] = 77
    damaged = {"no zip": b"hello", "empty": b"", "an array alone": array.getvalue()}
    file.write_bytes(damaged.get(what, bytes(content)))
    assert make("fd_fashion_10k").measure(sets.Fakes(Copies(), batch_size=1000))[0]["values"] == first


def test_what_a_killed_writer_left_in_the_cache_is_removed(make, cache_folder):
    left = cache_folder / "statistics-1" / ".writing-x"
    left.mkdir(parents=True)
    make("fd_fashion_10k").measure(sets.Fakes(Copies(), batch_size=1000))
    assert not left.exists() and len(list(left.parent.iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_no_error(make, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "file" / "below"))
    assert make("fd_fashion_10k").measure(sets.Fakes(Copies(), batch_size=1000))


def test_keys_tell_sets_extractors_and_counts_apart():
    base = {"set": {"name": "x", "split": "train"}, "extractor": ["a", "1"], "kind": "moments", "count": 5}
    keys = {cache.key(**base)}
    changes = ({"count": 6}, {"extractor": ["a", "2"]}, {"set": {"name": "y"}})
    keys |= {cache.key(**(base | change)) for change in changes}
    assert len(keys) == 4


def test_inception_protocols(inception, clothes):
    names = ["fid_10k_test", "prdc_10k", "is_50k", "fid_50k_train", "fid_clean_50k", "kid_50k"]
    chosen = {name: protocols.PROTOCOLS[name] for name in names}
    small = {name: dataclasses.replace(it, fakes=40, reals=50, least=1) for name, it in chosen.items()}
    evaluator = Evaluator(small, (32, 32, 1), sets.DataReference(clothes), inception=str(inception))
    results = {it["metric"]: it for it in evaluator.measure(sets.Fakes(Copies(), batch_size=20))}
    assert results["fid_10k_test"]["reference"] == {"fashion_mnist_10k/heldout": 50}
    assert results["is_50k"]["reference"] == {} and results["is_50k"]["values"]["score"] >= 1
    for name in ("prdc_10k", "fid_50k_train", "fid_clean_50k", "kid_50k"):
        assert results[name]["reference"] == {"fashion_mnist_10k/train": 50}
    resizes = {name: result["resize"] for name, result in results.items()}
    assert resizes.pop("fid_clean_50k") == "pil_bicubic" and set(resizes.values()) == {"tf1_bilinear"}
    assert results["fid_clean_50k"]["values"] != results["fid_50k_train"]["values"]


def test_two_sets_of_files_use_all_their_images(tmp_path, clothes):
    images = np.round((clothes.reals(60)[0] + 1) * 127.5).astype("uint8")
    np.savez(tmp_path / "a.npz", images=images[:30])
    np.savez(tmp_path / "b.npz", images=images[20:60])
    fakes, reals = (ImageFiles(name, tmp_path / f"{name}.npz") for name in ("a", "b"))
    chosen = protocols.choose(["fd_given_all"], endless=False, extractor=True)
    keras.Sequential([keras.Input((32, 32, 1)), keras.layers.AveragePooling2D(8)]).save(tmp_path / "e.keras")
    reference = sets.FilesReference(reals)
    evaluator = Evaluator(chosen, (32, 32, 1), reference, extractor=str(tmp_path / "e.keras"))
    result = evaluator.measure(sets.FileFakes(fakes))[0]
    assert result["fakes"] == 30 and result["reference"] == {str(tmp_path / "b.npz"): 40}
    assert result["values"]["distance"] > 0


def test_too_few_fakes_and_missing_reals_are_refused(tmp_path, clothes):
    np.savez(tmp_path / "a.npz", images=np.zeros((30, 32, 32, 1), "uint8"))
    fakes = sets.FileFakes(ImageFiles("fakes", tmp_path / "a.npz"))
    with pytest.raises(ValueError, match="metrics=fd_fashion_10k takes 10000 fakes; there are 30"):
        Evaluator(protocols.choose(["fd_fashion_10k"]), (32, 32, 1)).measure(fakes)
    with pytest.raises(ValueError, match="metrics=memorization_10k compares with reals: name them with"):
        Evaluator(protocols.choose(["memorization_10k"]), (32, 32, 1))


def test_a_part_of_a_split_has_a_name_of_its_own(clothes):
    half = dataclasses.replace(clothes, split="train[:50%]")
    assert sets.DataReference(half).describe("train") == "fashion_mnist_10k/train[:50%]"
    assert sets.DataReference(half).describe("heldout") == "fashion_mnist_10k/heldout"


def test_what_cannot_be_measured_is_left_out_if_that_is_wanted():
    told = {}
    chosen = protocols.choose(["fd_fashion_10k", "memorization_10k"])
    evaluator = Evaluator(chosen, (32, 32, 1), leave_out=told.setdefault)
    assert list(evaluator.protocols) == ["fd_fashion_10k"] and "compares with reals" in told["memorization_10k"]
