"""Sheets of samples, and the callback that writes them."""

import base64
import io

import keras
import numpy as np
import pytest
from PIL import Image

import tfgan_zoo
from tests.core import test_gan


def test_a_sheet_shows_itself_in_a_notebook():
    model = test_gan.make()
    sheet = tfgan_zoo.SampleSheet(model, num=4, seed=3)
    shown = sheet._repr_html_()
    assert "Samples of the seeds 3 to 6" in shown and repr(sheet) == "<Samples of the seeds 3 to 6>"
    picture = Image.open(io.BytesIO(base64.b64decode(shown.split("base64,")[1].split("'")[0])))
    wanted = np.round(model.generate(4, seed=3) * 255).astype("uint8")[..., 0]
    side = picture.width // 64  # it is drawn larger
    found = np.asarray(picture)[::side, ::side]
    assert np.array_equal(found[:32, 32:], wanted[1]) and np.array_equal(found[32:, :32], wanted[2])


def test_classes_and_points_have_sheets_too():
    conditional = tfgan_zoo.from_preset("gan_conditional_fashion_mnist")
    assert tfgan_zoo.SampleSheet(conditional, num=20).picture.size == (2 * 32, 10 * 32)
    assert tfgan_zoo.SampleSheet(conditional, num=4, labels=1).picture.size == (64, 64)
    assert tfgan_zoo.SampleSheet(tfgan_zoo.from_preset("gan_ring")).caption == "Samples of the seeds 0 to 999"


def test_what_is_no_picture_has_no_sheet():
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(24), keras.layers.Reshape((12, 2))])
    discriminator = keras.Sequential([keras.Input((12, 2)), keras.layers.Flatten(), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"not \(12, 2\)"):
        tfgan_zoo.SampleSheet(tfgan_zoo.GAN(generator, discriminator))


def test_the_callback_writes_every_so_many_epochs(tmp_path):
    model = test_gan.make(compile_options={"run_eagerly": True})
    callback = tfgan_zoo.SampleGrid(tmp_path / "samples", num=4, every=2)
    model.fit(test_gan.images(4), batch_size=4, epochs=4, verbose=0, callbacks=[callback])
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == ["epoch_0002.png", "epoch_0004.png"]
    last = np.asarray(Image.open(tmp_path / "samples" / "epoch_0004.png"))
    assert np.array_equal(last, np.asarray(tfgan_zoo.SampleSheet(model, num=4).picture))
    with pytest.raises(ValueError, match="every=0"):
        tfgan_zoo.SampleGrid(every=0)


@pytest.mark.parametrize("name", ["gan_ring", "pconv_conditional_fashion_mnist"])
@pytest.mark.parametrize("num", [0, -1, 2.5])
def test_a_sheet_of_no_number_is_refused(num, name):
    with pytest.raises(ValueError, match=f"num={num} must be"):
        tfgan_zoo.SampleSheet(tfgan_zoo.load(name), num=num)
