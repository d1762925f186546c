"""One run on pictures that are neither square nor opaque, through every command and format."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import data, pictures, transparency
from tfgan_zoo.cli.generate import main as generate
from tfgan_zoo.cli.train import main as train
from tfgan_zoo.evaluation import extractors, protocols, sets
from tfgan_zoo.evaluation.evaluator import Evaluator
from tfgan_zoo.evaluation.files import ImageFiles
from tfgan_zoo.pretrained import finetuning, loading, presets
from tfgan_zoo.serving import SavedModelGenerator, export
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training.run_directory import RunDirectory

WORDS = {"image_size": "24x16", "channels": 4, "width": 2, "latent_dim": 4, "batch_size": 4, "method": "gan"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight pictures of 16 x 24 pixels (width x height), each a disc of its own colour on nothing."""
    root = tmp_path_factory.mktemp("discs")
    down, right = np.mgrid[:24, :16]
    for i in range(8):
        disc = (down - 8 - i) ** 2 + (right - 8) ** 2 < 36
        colours = np.full((24, 16, 3), [30 * i, 200, 255 - 30 * i], "uint8")  # also where nobody sees them
        Image.fromarray(np.dstack([colours, np.uint8(255 * disc)])).save(root / f"{i}.png")
    return root


def shown(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture(scope="module")
def run(folder):
    path = folder.parent / "run"
    flags = [f"--{name}={value}" for name, value in (WORDS | {"dataset": folder, "kimg": 0.004}).items()]
    assert train([*flags, "--threads=2", "--ema_kimg=0", f"--run_dir={path}"]) == 0
    return path


@pytest.fixture(scope="module")
def model(run):
    """The run's, with weights that make all of alpha."""
    model = loading.load(run)
    rng = np.random.default_rng(0)
    for weight in model.sampler.weights:
        values = rng.normal(0, 0.5, weight.shape)
        weight.assign(np.abs(values) + 0.2 if "variance" in weight.path else values)
    return model


def test_a_size_is_one_whichever_way_it_is_said(run, folder):
    config = RunDirectory(run).config()
    assert config.image_size == (24, 16) and config.shape == (24, 16, 4)
    assert json.loads((run / "config.json").read_text())["image_size"] == [24, 16]
    words = WORDS | {"dataset": str(folder)}
    assert len({resolve(**words | {"image_size": size}).digest() for size in ((24, 16), [24, 16], "24x16")}) == 1
    assert resolve(method="gan", image_size="32x32") == resolve(method="gan", image_size=32)


def test_what_is_transparent_has_no_colour_and_sheets_show_a_checkerboard(run, folder):
    images, _ = data.load(str(folder), image_size=(24, 16), channels=4).reals(2)
    assert images.shape == (2, 24, 16, 4) and set(np.unique(images[..., 3])) == {-1.0, 1.0}
    assert (images[images[..., 3] == -1] == -1).all()
    reals = shown(run / "reals.png")
    assert reals.shape == (3 * 24, 3 * 16, 3) and {(255, 255, 255), (204, 204, 204)} <= set(map(tuple, reals[0]))
    assert shown(run / "samples" / "step_0000001.png").shape == (8 * 24, 8 * 16, 3)


@pytest.mark.slow
def test_a_run_goes_on(run):
    assert train([f"--run_dir={run}", "--kimg=0.008", "--image_size=24x16"]) == 0
    assert RunDirectory(run).steps()[-1] == 2
    assert train([f"--run_dir={run}", "--image_size=16x24"]) == 2


def test_generate_writes_alpha_and_colours_as_they_are(run, tmp_path):
    assert generate([f"--model={run}", "--num=2", "--individual", f"--output={tmp_path}", "--batch_size=2"]) == 0
    levels = pictures.to_levels(loading.load(run).generate(2, batch_size=2))
    for number in range(2):
        found = shown(tmp_path / f"seed{number:08d}.png")
        np.testing.assert_array_equal(found, transparency.straight(levels[number]))


def test_an_export_and_a_preset_make_the_same_images(model, tmp_path):
    images = model.generate(3)
    assert np.ptp(images[..., 3]) > 0.3
    served = SavedModelGenerator(export(model, tmp_path / "exported"))
    np.testing.assert_allclose(served.generate(3), images, atol=1e-5)
    asked = {"seeds": np.arange(3), "truncation": np.ones(3, "float32")}
    png = served._loaded.signatures["generate_png"](**asked)["image_bytes"].numpy()
    for content, levels in zip(png, pictures.to_levels(served.generate(3)), strict=True):
        (tmp_path / "served.png").write_bytes(content)
        np.testing.assert_array_equal(shown(tmp_path / "served.png"), transparency.straight(levels))
    presets.save_to_preset(model, tmp_path / "preset")
    assert finetuning.settings(str(tmp_path / "preset"))["image_size"] == [24, 16]
    np.testing.assert_allclose(presets.from_preset(tmp_path / "preset").generate(3), images, atol=1e-6)


def test_a_donor_of_the_same_pixels_in_another_shape_is_refused(model, folder):
    other = {"image_size": "16x24", "min_size": "enlarge", "dataset": str(folder)}
    from tfgan_zoo.training.build import build_model

    with pytest.raises(ValueError, match=r"^init_from=it: the generator's images are 24x16 there and 16x24 in this"):
        finetuning.copy(model, build_model(resolve(**WORDS | other)), "it")


def test_networks_of_three_channels_see_it_on_white_and_pixels_are_compared_with_alpha(model, folder, tmp_path):
    inputs = keras.Input((24, 16, 3))
    keras.Model(inputs, keras.layers.AveragePooling2D(8)(inputs)).save(tmp_path / "three.keras")
    reals = ImageFiles("reals", folder, channels=4)
    assert (reals.shape, reals.count) == ((24, 16, 4), 8)
    np.testing.assert_array_equal(next(reals.batches(8))[..., :3].max(axis=-1) > 0, next(reals.batches(8))[..., 3] > 0)
    given = {"fakes": 8, "reals": 8}
    asked = {name: dataclasses.replace(protocols.PROTOCOLS[name], **given) for name in ("fd_given_10k",)}
    evaluator = Evaluator(asked, reals.shape, sets.FilesReference(reals), extractor=tmp_path / "three.keras")
    (result,) = evaluator.measure(sets.Fakes(model))
    assert result["extractor"]["name"] == "three.keras/on_white" and "RGBA seen on white" in result["note"]
    opaque = ImageFiles("reals", folder)  # RGB on white, as it is read without alpha
    three = extractors.get("given", None, opaque.shape, given=tmp_path / "three.keras")
    four = extractors.get("given", None, reals.shape, given=tmp_path / "three.keras")
    seen, read = (extract(next(files.batches(8)))["features"] for extract, files in ((four, reals), (three, opaque)))
    np.testing.assert_allclose(seen, read, atol=1e-6)
    pixels = extractors.get(None, "area", reals.shape)(next(reals.batches(8)))["features"]
    assert pixels.shape == (8, 24 * 16 * 4)
