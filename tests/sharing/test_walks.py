"""Walks through latents, and what `generate.py --interpolate` makes of them."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.cli.test_generate_share import NAMES, expected, make
from tfgan_zoo import random
from tfgan_zoo.cli import app, generate
from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build
from tfgan_zoo.pretrained import loading
from tfgan_zoo.sharing import films, walks


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """A function that runs generate.py on a model that is loaded already: returns (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.keras").touch()

    def run(model, *flags):
        monkeypatch.setattr(loading, "load", lambda source, checkpoint: model)
        status = generate.main(["--model=model.keras", *flags])
        return status, *capsys.readouterr()

    return run


def cells(path, size=8):
    """Levels int[frames, rows * columns, size, size] of a grey film."""
    with Image.open(path) as film:
        frames = np.stack([np.asarray(frame.convert("RGB"), int)[..., 0] for frame in ImageSequence.Iterator(film)])
    rows = frames.reshape(len(frames), frames.shape[1] // size, size, -1, size).swapaxes(2, 3)
    return rows.reshape(len(frames), -1, size, size)


def test_a_walk_is_closed_and_keeps_to_the_great_circle():
    stops = np.random.default_rng(0).normal(size=(3, 2, 16)).astype("float32")
    way = np.stack(list(walks.loop(stops, 4)))
    assert way.shape == (12, 2, 16) and way.dtype == np.float32
    np.testing.assert_array_equal(way[::4], stops)
    for leg, (start, end) in enumerate([(0, 1), (1, 2), (2, 0)]):
        for cell in range(2):
            wanted = random.slerp(stops[start, cell], stops[end, cell], np.arange(4) / 4)
            np.testing.assert_allclose(way[4 * leg : 4 * leg + 4, cell], wanted, atol=1e-6)
    styles = stops.reshape(3, 1, 4, 8)
    np.testing.assert_allclose(list(walks.loop(styles, 4))[9], 0.75 * styles[2] + 0.25 * styles[0], atol=1e-6)


@pytest.mark.parametrize("suffix", ["gif", "webp", "apng"])
def test_frames_are_generate_s_images_at_the_stops(suffix, call):
    model = make()
    flags = ("--num=3", "--seed=5", "--interpolate=4", "--seconds=0.5", "--truncation=0.8", "--columns=2")
    status, out, err = call(model, *flags, f"--output=a/walk.{suffix}", "--save_latents=z.npy")
    assert (status, err) == (0, ""), err
    assert out.startswith("a walk of 3 cells through 4 stops, 12 frames of model.keras")
    film = cells(f"a/walk.{suffix}")
    assert film.shape[:2] == (12, 4)  # 3 frames from a stop to the next one
    images = expected(model.generate(12, seed=5, truncation=0.8)).reshape(4, 3, 8, 8)
    np.testing.assert_allclose(film[::3, :3], images, atol=1)
    assert np.abs(film[1, :3] - film[0, :3]).max() > 5 and not film[:, 3].any()
    with Image.open(f"a/walk.{suffix}") as frames:
        assert frames.info["loop"] == 0
        assert {(frame.load(), frame.info["duration"])[1] for frame in ImageSequence.Iterator(frames)} == {40}
    if suffix != "webp":
        return
    # The latents of the stops, or a list of the same seeds, make the same film; so do batches of another size.
    for same in ("--latents=z.npy", "--seeds=5-16"):
        more = ("--interpolate=4", "--seconds=0.5", "--truncation=0.8", "--columns=2", "--batch_size=7")
        assert call(model, same, *more, "--output=b.webp")[0] == 0
        np.testing.assert_allclose(cells("b.webp"), film, atol=1)


def test_a_cell_keeps_its_class(call):
    model = make(3, NAMES)
    assert call(model, "--labels=coat,0", "--interpolate=3", "--seconds=0.2", "--output=w.webp")[0] == 0
    film = cells("w.webp")[::2]
    images = expected(model.generate(6, labels=[2, 0] * 3)).reshape(3, 2, 8, 8)
    np.testing.assert_allclose(film, images, atol=1)
    assert call(model, "--num=2", "--interpolate=3", "--seconds=0.2", "--output=w.webp")[0] == 0
    images = model.generate(6, labels=np.tile(random.labels_from_seeds(np.arange(2), 3), 3))
    np.testing.assert_allclose(cells("w.webp")[::2], expected(images).reshape(3, 2, 8, 8), atol=1)


@pytest.fixture(scope="module")
def styled():
    """A tiny network with styles, of two classes."""
    options = {"shape": (32, 32, 1), "width": 4, "num_classes": 2}
    model = GAN(build("stylegan2", "generator", latent_dim=8, **options), build("dcgan", "discriminator", **options))
    model.ema_generator.average.assign(np.linspace(-1, 1, 8))
    return model


def test_styles_are_walked_in_a_line(styled, call):
    flags = ("--interpolate=2", "--seconds=0.32", "--truncation=0.7")
    assert call(styled, "--num=1", "--seed=3", "--labels=1", *flags, "--output=w.apng")[0] == 0
    film = cells("w.apng", 32)[:, 0]
    images = expected(styled.generate(2, seed=3, truncation=0.7, labels=1))
    np.testing.assert_allclose(film[::4], images, atol=1)
    w = styled.styles(random.latents_from_seeds([3, 4], 8), [1, 1])
    middle = styled.generate_from_latents(w.mean(axis=0, keepdims=True), truncation=0.7)
    np.testing.assert_allclose(film[2], expected(middle)[0], atol=1)
    np.testing.assert_allclose(film[6], film[2], atol=1)  # on the way back


def test_styles_are_latents_too(styled, call):
    w = styled.styles(random.latents_from_seeds(np.arange(4), 8), [0, 1, 0, 1])
    assert w.shape == (4, *styled.style_shape)
    images = styled.generate(4, labels=[0, 1, 0, 1])
    np.testing.assert_allclose(styled.generate_from_latents(w), images, atol=1e-5)
    strip = styled.latents_between(w[:2], 3)
    np.testing.assert_allclose(strip, [w[0], (w[0] + w[1]) / 2, w[1]], atol=1e-6)
    np.save("w.npy", w)
    assert call(styled, "--latents=w.npy", "--output=grid.png")[0] == 0
    assert call(styled, "--latents=w.npy", "--interpolate=2", "--seconds=0.1", "--output=w.webp")[0] == 0
    np.testing.assert_allclose(cells("w.webp", 32)[0, :2], expected(images[:2]), atol=1)
    status, _, err = call(styled, "--latents=w.npy", "--label=0")
    assert status == 2 and "are styles, which have their class in them" in err
    with pytest.raises(ValueError, match=r"must be float\[N, 8\] or styles float\[N, 8, 8\]"):
        styled.generate_from_latents(w[:, :3])
    with pytest.raises(ValueError, match="has none"):
        make().styles(np.zeros((1, 16), "float32"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # imageio-ffmpeg's pipes
def test_mp4_is_near_and_of_even_sides(tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    frames = [Image.new("RGBA", (33, 31), (10 * i, 200, 0, 255)) for i in range(6)]
    frames[3].putalpha(0)
    films.write(frames, tmp_path / "a" / "film.mp4", 40)
    about, *levels = ffmpeg.read_frames(str(tmp_path / "a" / "film.mp4"))
    assert about["size"] == (34, 32) and about["fps"] == 25 and len(levels) == 6
    pixels = np.stack([np.frombuffer(frame, "uint8").reshape(32, 34, 3) for frame in levels])
    np.testing.assert_allclose(pixels[[0, 5], 8, 8], [(0, 200, 0), (50, 200, 0)], atol=6)
    assert pixels[3, 8, 8].min() > 245  # what is transparent, over white
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["film.mp4"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--output=walk.webp"], "output=walk.webp is an animation: --interpolate=8 makes a walk of 8 stops"),
        (["--interpolate=1", "--output=walk.webp"], "interpolate=1 must be 0 or at least 2"),
        (["--interpolate=3", "--individual", "--output=walk.webp"], "makes one picture"),
        (["--interpolate=3", "--output=walk.webp", "--seconds=-1"], "seconds=-1.0 must be above 0"),
        (["--interpolate=3", "--output=walk.tiff"], "output=walk.tiff must end in .png, or of a walk in one of .gif"),
        (["--interpolate=3", "--seconds=3"], "seconds is for a walk, --output=walk.webp"),
        (["--interpolate=3", "--output=walk.mp4"], "output=walk.mp4 needs imageio-ffmpeg: pip install"),
    ],
)
def test_bad_input_is_one_line_before_tensorflow_starts(flags, words, call, tmp_path, monkeypatch):
    monkeypatch.setattr(app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    monkeypatch.setattr(films.importlib.util, "find_spec", lambda name: None)
    refused(call(None, *flags), words, tmp_path)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--seeds=0-3", "--interpolate=3"], "interpolate=3 stops do not divide the 4 seeds"),
        (["--seeds=0", "--interpolate=2"], "do not divide the 1 seeds"),
        (["--num=3", "--labels=0,1", "--interpolate=2"], "labels: 2 of them for 3 walks"),
        (["--num=3", f"--seed={2**63 - 8}", "--interpolate=3"], "must be a 64-bit integer, and seed + 8"),
        (["--num=1000000000", "--interpolate=3"], "num=1000000000: 249 frames of"),
    ],
)
def test_what_cannot_be_walked_is_one_line(flags, words, call, tmp_path):
    refused(call(make(3), *flags, "--output=walk.webp"), words, tmp_path)


def refused(ended, words, folder):
    status, out, err = ended
    assert (status, out) == (2, "") and err.count("\n") == 1 and words in err, err
    assert [path.name for path in folder.iterdir()] == ["model.keras"]
