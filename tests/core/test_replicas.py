"""Two replicas on the same global batch do what one device does."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tiers import thorough_but
from tfgan_zoo.methods import GAN, PConv
from tfgan_zoo.networks import build

STEPS, BATCH = 10, 8
CASES = {
    "gan": (GAN, {}, {}),
    "pconv": (PConv, {"perturb": 0.5}, {"seed": 9}),  # with 3 rounding grows to 1.4e-6
    "pconv additive, augmented": (
        PConv,
        {"perturb": 0.3, "perturb_law": "additive"},
        {"augment": ("color", "translation", "cutout")},
    ),
    "ada": (GAN, {"normalization": "spectral"}, {"augment": ("ada",), "ada_target": -0.999, "ada_kimg": 0.1}),
    "spectral norm, lecam, two steps": (GAN, {"normalization": "spectral"}, {"penalty": "lecam", "n_dis": 2}),
    "wgan_gp": (GAN, {"normalization": "none"}, {"loss": "wasserstein", "penalty": "wgan_gp"}),
    "r1": (GAN, {"normalization": "none"}, {"penalty": "r1"}),
    "r1, every third step, batch norm": (GAN, {}, {"penalty": "r1", "penalty_every": 3}),
    "prox": (GAN, {"normalization": "none"}, {"penalty": "prox", "n_dis": 2}),
}


def train(case, strategy, learning_rate=0.01):
    method, discriminator_options, options = CASES[case]
    keras.utils.set_random_seed(1)
    with strategy.scope() if strategy else contextlib.nullcontext():
        common = {"shape": (32, 32, 1), "width": 4}
        generator = build("dcgan", "generator", latent_dim=8, **common)
        discriminator = build("dcgan", "discriminator", **common, **discriminator_options)
        # A short half-life, else the average of ten steps would hide a difference.
        model = method(generator, discriminator, ema_kimg=0.01, **({"seed": 3} | options))
        model.compile(keras.optimizers.SGD(learning_rate), keras.optimizers.SGD(learning_rate))
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (STEPS * BATCH, model.batches_per_step, 32, 32, 1)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices({"images": images}).batch(BATCH, drop_remainder=True)
    history = model.fit(data, verbose=0).history
    return model, {name: values[-1] for name, values in history.items()}


@pytest.mark.parametrize("case", thorough_but("r1, every third step, batch norm", of=CASES))
def test_ten_sgd_steps_on_two_replicas_equal_one_device_and_each_other(case, mirrored):
    alone, logs_alone = train(case, None)
    shared, logs_shared = train(case, mirrored)
    assert int(shared.step.numpy()) == STEPS
    for one, two in zip(alone.weights, shared.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), two.numpy(), atol=1e-6, err_msg=one.path)
        first, second = (copy.numpy() for copy in two.value.values)
        assert first.tobytes() == second.tobytes(), two.path
    assert set(logs_shared) == set(logs_alone)
    for name in {"d_loss", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm", "real_sign"} & set(logs_alone):
        assert logs_shared[name] == pytest.approx(logs_alone[name], rel=1e-5, abs=1e-5), name
    if case == "ada":
        assert shared.augmenter.p.numpy() == pytest.approx(0.64)  # two moves of 32 images in 100


@pytest.mark.thorough
def test_training_moved_every_trainable_weight():
    """Guards the tests above: equal weights would mean little if nothing had moved."""
    still, _ = train("pconv", None, learning_rate=1e-30)
    moved, _ = train("pconv", None)
    pairs = zip(still.generator.trainable_weights, moved.generator.trainable_weights, strict=True)
    assert all(np.any(one.numpy() != two.numpy()) for one, two in pairs)
    pairs = zip(still.discriminator.trainable_weights, moved.discriminator.trainable_weights, strict=True)
    assert all(np.any(one.numpy() != two.numpy()) for one, two in pairs)
