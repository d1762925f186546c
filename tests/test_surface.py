"""Every name that `import tfgan_zoo` shows does what a user takes it for; classes fit."""

import keras
import numpy as np
import pytest

import tfgan_zoo
from tests.methods.express.test_express import make as make_express


def fitted(model):
    """Checks that a step in eager mode moves a model, and returns it."""
    if not isinstance(model, tfgan_zoo.Express):
        model.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3), run_eagerly=True)
    before = model.trained_steps
    images = np.ones((4 * model.batches_per_step, *model.image_shape), "float32")
    history = model.fit(images, batch_size=4, verbose=0).history
    assert model.trained_steps == before + 1 and np.isfinite(history["d_loss"]).all()
    return model


def pair(generator=lambda network: network, discriminator=lambda network: network):
    """A GAN of plain layers, wrapped or not."""
    layers = keras.layers
    plain = keras.Sequential([keras.Input((4,)), layers.Dense(12, "tanh"), layers.Reshape((2, 2, 3))])
    scores = keras.Sequential([keras.Input((2, 2, 3)), layers.Conv2D(2, 2), layers.Flatten(), layers.Dense(1)])
    return generator(plain), discriminator(scores)


def save_and_load(folder):
    model = tfgan_zoo.load("gan_ring")
    tfgan_zoo.save_to_preset(model, folder / "preset")
    assert np.array_equal(tfgan_zoo.from_preset(str(folder / "preset")).generate(2), model.generate(2))


def exported(folder):
    path = tfgan_zoo.export(tfgan_zoo.GAN(*pair()), folder / "model")
    assert tfgan_zoo.load(str(path)).generate(2).shape == (2, 2, 2, 3)


def gridded(folder):
    model = tfgan_zoo.GAN(*pair())
    model.compile("adam", "adam", run_eagerly=True)
    model.fit(np.zeros((4, 2, 2, 3), "float32"), verbose=0, callbacks=[tfgan_zoo.SampleGrid(folder, num=4)])
    assert len(list(folder.glob("*.png"))) == 1


USES = {
    "BRC": lambda folder: fitted(tfgan_zoo.BRC.from_preset("brc_ring")),
    "CES": lambda folder: fitted(tfgan_zoo.CES.from_preset("ces_ring")),
    "Express": lambda folder: fitted(make_express(run_eagerly=True)),
    "GAN": lambda folder: fitted(tfgan_zoo.GAN(*pair())),
    "KerasDiscriminator": lambda folder: fitted(tfgan_zoo.GAN(*pair(discriminator=tfgan_zoo.KerasDiscriminator))),
    "KerasGenerator": lambda folder: fitted(tfgan_zoo.GAN(*pair(tfgan_zoo.KerasGenerator))),
    "PConv": lambda folder: fitted(tfgan_zoo.PConv(*pair(discriminator=lambda it: tfgan_zoo.perturb(it, 0.5)))),
    "Particle": lambda folder: fitted(tfgan_zoo.Particle.from_preset("particle_ring")),
    "SampleGrid": gridded,
    "SampleSheet": lambda folder: tfgan_zoo.SampleSheet(tfgan_zoo.load("gan_ring")).save(folder / "sheet.png"),
    "data": lambda folder: next(iter(tfgan_zoo.data.load("ring").train(batch_size=4)))["images"],
    "export": exported,
    "from_preset": save_and_load,
    "list_presets": lambda folder: tfgan_zoo.list_presets().index("gan_ring"),
    "load": save_and_load,
    "perturb": lambda folder: tfgan_zoo.perturb(pair()[1], 0.5),
    "save_to_preset": save_and_load,
    "upload_preset": lambda folder: tfgan_zoo.upload_preset("gan_ring", "hf://me/ring", dry_run=True)["config.json"],
}


@pytest.mark.parametrize("name", [name for name in dir(tfgan_zoo) if not name.startswith("_")])
def test_a_name_is_there_for_something(name, tmp_path):
    USES[name](tmp_path)


def test_the_version_is_a_word():
    assert "__version__" in dir(tfgan_zoo) and tfgan_zoo.__version__[0].isdigit()
