"""tools/seed_tfds.py: Debian's files turned back into the originals."""

import gzip
import hashlib
import importlib.util
import pathlib
import struct

import pytest
import tensorflow_datasets as tfds

from tfgan_zoo import data

_PATH = pathlib.Path(__file__).parents[2] / "tools" / "seed_tfds.py"
_SPEC = importlib.util.spec_from_file_location("seed_tfds", _PATH)
seed_tfds = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(seed_tfds)

needs_debian = pytest.mark.skipif(not seed_tfds.DEBIAN.is_dir(), reason="needs Debian's dataset-fashion-mnist")


@pytest.mark.parametrize(("filename", "date"), [("train-x.gz", 1504176606), ("t10k-x.gz", 1504176627)])
def test_restore_puts_name_and_date_back_and_leaves_the_content(filename, date):
    stripped = gzip.compress(b"content" * 100, mtime=1)
    restored = seed_tfds.restore(stripped, filename)
    magic, method, flags, when, extra, system = struct.unpack("<HBBIBB", restored[:10])
    assert (magic, method, flags, when, extra, system) == (0x8B1F, 8, 8, date, 0, 3)
    assert restored[10:].startswith(filename[:-3].encode() + b"\0")
    assert gzip.decompress(restored) == b"content" * 100


@needs_debian
def test_restored_files_have_the_checksums_that_tfds_knows(tmp_path, capsys):
    builder = tfds.builder("fashion_mnist", data_dir=tmp_path)
    seed_tfds.restore_all(builder, tmp_path)
    digests = {hashlib.sha256(file.read_bytes()).hexdigest() for file in tmp_path.glob("*.gz")}
    assert digests == {info.checksum for info in builder.url_infos.values()} and len(digests) == 4
    assert capsys.readouterr().out.count("restored") == 4


def test_missing_package_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(seed_tfds, "DEBIAN", tmp_path / "nowhere")
    assert seed_tfds.main([f"--data_dir={tmp_path}"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path}/nowhere is missing: apt-get install dataset-fashion-mnist"
    ]


def test_other_files_are_refused(tmp_path, monkeypatch, capsys):
    debian = tmp_path / "debian"
    debian.mkdir()
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (debian / f"{part}-ubyte.gz").write_bytes(gzip.compress(b"something else"))
    monkeypatch.setattr(seed_tfds, "DEBIAN", debian)
    assert seed_tfds.main([f"--data_dir={tmp_path / 'out'}"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "SHA-256 of the restored file" in line
    assert list((tmp_path / "out").iterdir()) in ([], [tmp_path / "out" / "downloads"])


@pytest.mark.slow
@needs_debian
def test_the_whole_set_is_prepared_and_loads(tmp_path, capsys):
    assert seed_tfds.main([f"--data_dir={tmp_path}"]) == 0
    assert "train 60,000, test 10,000" in capsys.readouterr().out
    assert not list(tmp_path.glob("downloads/*/*")) and not list(tmp_path.glob("fashion_mnist-*"))
    assert seed_tfds.main([f"--data_dir={tmp_path}"]) == 0
    assert "prepared already" in capsys.readouterr().out
    clothes = data.load("fashion_mnist", data_dir=str(tmp_path))
    assert (clothes.num_train, clothes.num_heldout, clothes.shape) == (60000, 10000, (32, 32, 1))
    # The held-out images are those of the package, in another order.
    package = data.load("fashion_mnist_10k")
    ours = [
        image.tobytes() for split, num in (("train", 9000), ("heldout", 1000)) for image in package.reals(num, split)[0]
    ]
    assert sorted(ours) == sorted(image.tobytes() for image in clothes.reals(10000, "heldout")[0])
