"""Files of latents: what others wrote is read with limits, what is written is whole."""

import os
import pickle

import numpy as np
import pytest

from tfgan_zoo.sharing import latent_files


@pytest.mark.parametrize("shape", [(3, 4), (2, 5, 4)])
def test_what_is_written_is_read(shape, tmp_path):
    latents = np.random.default_rng(0).normal(size=shape).astype("float32")
    latent_files.write(tmp_path / "z.npy", latents)
    np.testing.assert_array_equal(latent_files.read(tmp_path / "z.npy"), latents)
    np.testing.assert_array_equal(np.load(tmp_path / "z.npy", allow_pickle=False), latents)
    assert [path.name for path in tmp_path.iterdir()] == ["z.npy"]


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", ">f4"])
def test_other_numbers_become_float32(dtype, tmp_path):
    np.save(tmp_path / "z.npy", np.asfortranarray(np.arange(6).reshape(2, 3).astype(dtype)))
    latents = latent_files.read(tmp_path / "z.npy")
    assert latents.dtype == np.float32 and latents.tolist() == [[0, 1, 2], [3, 4, 5]]


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("bomb",)


def header(shape, dtype="<f4"):
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        (b"", "is no .npy file of numbers"),
        (b"PK\x03\x04rubbish", "is no .npy file of numbers"),
        (pickle.dumps(Bomb()), "is no .npy file of numbers"),
        (header((10**12, 512)), "is no .npy file of numbers"),  # says more than it holds
        (header((2, 3)) + b"\0" * 23, "is no .npy file of numbers"),
        (header((-1, 3)) + b"\0" * 24, ""),
        (header("(" * 5000), "is no .npy file of numbers"),
        (np.zeros(3), "holds float64[3]; it must be float[N, latent_dim]"),
        (np.zeros((0, 3)), "holds float64[0, 3]"),
        (np.zeros((2, 2), "complex64"), "holds complex64[2, 2]"),
        (np.array([["a", "b"]]), "holds <U1[1, 2]"),
        (np.array([[0.0, 1.0], [np.nan, 0.0]]), "row 1 is no finite number"),
        (np.array([[1e300]]), "row 0 is no finite number"),
    ],
)
def test_anything_else_is_one_line(content, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "z.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(ValueError) as error:
        latent_files.read(path)
    assert str(error.value).startswith(f"latents={path}") and message in str(error.value)
    assert "\n" not in str(error.value) and not (tmp_path / "bomb").exists()


def test_objects_are_not_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", np.array([[Bomb()]], object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"is no \.npy file of numbers"):
        latent_files.read("z.npy")
    assert not (tmp_path / "bomb").exists()


def test_pipes_and_what_is_too_large_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.npy")
    with pytest.raises(ValueError, match="is no regular file"):
        latent_files.read(tmp_path / "pipe.npy")
    with (tmp_path / "large.npy").open("wb") as file:
        file.truncate(latent_files.MOST_BYTES + 1)
    with pytest.raises(ValueError, match="is larger than"):
        latent_files.read(tmp_path / "large.npy")
