"""Plain Keras networks as generators and discriminators; docs/own_networks.md is run."""

import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfgan_zoo
from tests.tiers import thorough_but
from tfgan_zoo.networks import MLPDiscriminator, MLPGenerator

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "own_networks.md").read_text(), re.DOTALL)
SHAPE = (6, 6, 3)


def sequential_generator(classes=0, end="tanh"):
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(3 * 3 * 2),
            layers.BatchNormalization(),
            layers.Reshape((3, 3, 2)),
            layers.Conv2DTranspose(3, 2, strides=2, activation=end),
        ],
        name="mine",
    )


def functional_discriminator(outputs=1, end=None):
    images = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(images)
    return keras.Model(images, layers.Dense(outputs, activation=end)(layers.Flatten()(x)), name="mine")


def conditional_pair(one_hot=False, known=True):
    latents = keras.Input((5,))
    labels = keras.Input((3,), name="labels") if one_hot else keras.Input((), dtype="int32", name="labels")
    if one_hot:
        code = labels
    elif known:
        code = layers.Embedding(3, 2)(labels)
    else:
        code = keras.ops.cast(labels, "float32")[:, None]
    x = layers.Dense(108, activation="tanh")(layers.Concatenate()([latents, code]))
    generator = keras.Model([latents, labels], layers.Reshape(SHAPE)(x), name="mine")
    images, others = keras.Input(SHAPE), keras.Input((3,), name="labels")
    x = layers.Concatenate()([others, layers.Flatten()(images)])
    return generator, keras.Model([others, images], layers.Dense(1)(x), name="mine")


class Subclassed(keras.Model):
    """A generator that says nothing of itself before it is called, and whose call has no `training`."""

    def __init__(self, width=4, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.dense = layers.Dense(108, activation="tanh")

    def call(self, latents):
        return keras.ops.reshape(self.dense(latents), (-1, *SHAPE))

    def get_config(self):
        return {**super().get_config(), "width": self.width}


class Nameless(Subclassed):
    def __init__(self, width):
        super().__init__(width)

    def get_config(self):
        raise NotImplementedError


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(-1, 1, (12, *SHAPE)).astype("float32")


def trained(model, *data):
    model.compile(keras.optimizers.Adam(1e-3, 0.5), keras.optimizers.Adam(1e-3, 0.5))
    before = [weight.numpy() for weight in model.trainable_weights]
    model.fit(*data, batch_size=4, verbose=0)
    assert all(np.isfinite(weight.numpy()).all() for weight in model.weights)
    assert not all(np.array_equal(old, new) for old, new in zip(before, model.trainable_weights, strict=True))
    return model


def express():
    host = tfgan_zoo.GAN(sequential_generator(), functional_discriminator())
    latent_gan = tfgan_zoo.GAN(MLPGenerator((5,), width=4), MLPDiscriminator((5,), width=4))
    encoder = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(5)])
    return tfgan_zoo.Express(host, encoder, latent_gan, boundaries=(1, 2))


METHODS = {
    "gan": lambda: tfgan_zoo.GAN(sequential_generator(), functional_discriminator()),
    "pconv": lambda: tfgan_zoo.PConv(sequential_generator(), tfgan_zoo.perturb(functional_discriminator(), 0.5)),
    "ces": lambda: tfgan_zoo.CES(sequential_generator(), functional_discriminator()),
    "particle": lambda: tfgan_zoo.Particle(sequential_generator(), functional_discriminator(4), stabilizer="proximal"),
    "express": express,
    "brc": lambda: tfgan_zoo.BRC(sequential_generator(), functional_discriminator(), inner_steps=1),
}


@pytest.mark.parametrize("method", thorough_but("pconv", of=METHODS))
def test_every_method_trains_keras_networks_saves_and_loads_them(method, images, tmp_path):
    model = trained(METHODS[method](), images)
    model.save(tmp_path / "mine.keras")
    for load in (keras.models.load_model, lambda path: tfgan_zoo.load(str(path))):
        assert np.array_equal(load(tmp_path / "mine.keras").generate(3), model.generate(3))
    tfgan_zoo.save_to_preset(model, tmp_path / "preset")
    assert np.array_equal(tfgan_zoo.from_preset(str(tmp_path / "preset")).generate(3), model.generate(3))


def test_a_keras_network_is_the_same_gan_as_the_zoo_s_own(images):
    """The wrapper adds nothing: a Sequential with the layers of the mlp trains to the same bits."""
    own = MLPGenerator(SHAPE, latent_dim=5, width=4, activation="tanh"), MLPDiscriminator(SHAPE, width=4)
    stacks = [keras.models.clone_model(network.trunk) for network in own]
    head = keras.Sequential([keras.Input(SHAPE), stacks[1], layers.Dense(1)])
    plain = keras.Sequential([keras.Input((5,)), stacks[0]]), head
    for one, other in zip(own, plain, strict=True):
        other.set_weights(one.get_weights())
    one, other = (trained(tfgan_zoo.GAN(*pair), images) for pair in (own, plain))
    assert np.array_equal(one.generate(4), other.generate(4))


@pytest.mark.parametrize("one_hot", [False, True])
def test_two_inputs_are_a_conditional_network(one_hot, images, tmp_path):
    model = trained(tfgan_zoo.GAN(*conditional_pair(one_hot)), images, np.arange(12) % 3)
    assert model.num_classes == 3
    labels = np.array([0, 2, 1])
    network = model.ema_generator.network
    latents = tf.random.stateless_normal((3, 5), (0, 0))
    code = tf.one_hot(labels, 3) if one_hot else tf.constant(labels, "int32")
    assert np.array_equal(model(latents, labels), network([latents, code], training=False))
    model.save(tmp_path / "mine.keras")
    loaded = keras.models.load_model(tmp_path / "mine.keras")
    assert np.array_equal(loaded.generate(3, labels=2), model.generate(3, labels=2))


def test_the_other_network_tells_how_many_classes_there_are():
    generator, discriminator = conditional_pair(known=False)
    with pytest.raises(ValueError, match=r"generator: how many classes mine knows .* KerasGenerator\(network, num_cl"):
        tfgan_zoo.GAN(generator, discriminator)
    assert tfgan_zoo.GAN(generator, tfgan_zoo.KerasDiscriminator(discriminator)).num_classes == 3


def test_a_subclassed_network_says_what_it_is(images, tmp_path):
    with pytest.raises(ValueError, match=r"the latents of .* KerasGenerator\(network, latent_dim="):
        tfgan_zoo.GAN(Subclassed(), functional_discriminator())
    model = trained(
        tfgan_zoo.GAN(tfgan_zoo.KerasGenerator(Subclassed(), latent_dim=5), functional_discriminator()), images
    )
    assert model.image_shape == SHAPE
    with pytest.raises(ValueError, match=r"a preset would not load: .*Subclassed.* save a \.keras file"):
        tfgan_zoo.save_to_preset(model, tmp_path / "preset")
    assert not (tmp_path / "preset").exists()
    with pytest.raises(ValueError, match="Nameless needs a get_config"):
        tfgan_zoo.GAN(tfgan_zoo.KerasGenerator(Nameless(4), latent_dim=5), functional_discriminator())


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: (MLPDiscriminator((2,)), MLPGenerator((2,))), "are the other way round"),
        (lambda: (layers.Dense(3), functional_discriminator()), "generator=Dense must be a Keras model"),
        (lambda: (keras.Sequential([layers.Dense(3)]), functional_discriminator()), "has no keras.Input yet"),
        (lambda: (functional_discriminator(), functional_discriminator()), r"takes \[N, 6, 6, 3\], and latents are"),
        (
            lambda: (sequential_generator(), keras.Sequential([keras.Input(SHAPE), layers.Conv2D(1, 3)])),
            r"gives \[N, 4, 4, 1\], and logits are \[N, 1\]",
        ),
        (
            lambda: (sequential_generator(), keras.Sequential([keras.Input((4, 4, 3)), layers.Flatten()])),
            r"it takes \(4, 4, 3\), and the generator makes \(6, 6, 3\)",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(make, words):
    with pytest.raises(ValueError, match=words) as raised:
        tfgan_zoo.GAN(*make())
    assert "\n" not in str(raised.value)


def test_ends_that_are_probably_wrong_are_told():
    with pytest.warns(UserWarning, match="generator: mine ends in sigmoid, and images are in"):
        tfgan_zoo.GAN(sequential_generator(end="sigmoid"), functional_discriminator())
    with pytest.warns(UserWarning, match="discriminator: mine ends in sigmoid, and the losses take logits"):
        tfgan_zoo.GAN(sequential_generator(), functional_discriminator(end="sigmoid"))


def test_perturb_keeps_network_and_weights():
    plain = functional_discriminator()
    noisy = tfgan_zoo.perturb(plain, 0.5)
    x = tf.random.stateless_uniform((2, *SHAPE), (0, 0))
    assert np.array_equal(plain(x), noisy(x)) and not np.array_equal(plain(x), noisy(x, training=True))
    zoo = tfgan_zoo.perturb(tfgan_zoo.load("gan_fashion_mnist").discriminator, 0.25, "gaussian")
    assert (zoo.perturb, zoo.perturb_law) == (0.25, "gaussian")
    with pytest.raises(ValueError, match="has no Conv2D to perturb"):
        tfgan_zoo.perturb(keras.Sequential([keras.Input((3,)), layers.Dense(1)]), 0.5)
    with pytest.raises(ValueError, match="perturb=-1"):
        tfgan_zoo.perturb(plain, -1)


def test_a_lambda_is_no_data(tmp_path):
    network = keras.Sequential([keras.Input(SHAPE), layers.Lambda(lambda x: -x), layers.Flatten(), layers.Dense(1)])
    with pytest.raises(ValueError, match="Lambda"):
        tfgan_zoo.save_to_preset(tfgan_zoo.GAN(sequential_generator(), network), tmp_path / "preset")


def test_augmentation_of_what_is_no_image_is_refused():
    series = keras.Sequential([keras.Input((4,)), layers.Dense(6), layers.Reshape((3, 2))])
    scores = keras.Sequential([keras.Input((3, 2)), layers.Flatten(), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"augment=color is for images \(H, W, C\), not for \(3, 2\)"):
        tfgan_zoo.GAN(series, scores, augment=("color",))


@pytest.mark.thorough
def test_the_page_runs_and_a_fresh_process_loads_what_it_saved(tmp_path, monkeypatch):
    """The second block in a process of its own, whichever of Keras and the zoo is imported first."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "page"}
    for number, block in enumerate(BLOCKS):
        if number != 1:
            exec(block, names)
    after, before = BLOCKS[1], BLOCKS[1].replace("import tfgan_zoo\nimport keras\n", "import keras\nimport tfgan_zoo\n")
    assert after != before
    for code in (after, before.replace("mine_preset", "other_preset")):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_importing_the_zoo_imports_neither_keras_nor_tensorflow():
    code = (
        "import sys, tfgan_zoo; dir(tfgan_zoo), tfgan_zoo.__version__; print({'keras', 'tensorflow'} & {*sys.modules})"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
