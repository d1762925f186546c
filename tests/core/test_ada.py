"""ADA in the loop: every method hosts it, its probability follows the signal, and it is a part of the state."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tiers import thorough_but
from tfgan_zoo.methods import BRC, CES, GAN, Express, Particle, PConv
from tfgan_zoo.methods.particle import energies
from tfgan_zoo.networks import build
from tfgan_zoo.training.checkpoints import Checkpoints

BATCH, INTERVAL = 4, 4
MOVE = 0.08  # of p, in `INTERVAL` steps
ADA = {"augment": ("ada",), "ada_kimg": INTERVAL * BATCH / 1000 / MOVE, "seed": 3}
METHODS = {
    "gan": (GAN, {"loss": "wasserstein", "penalty": "wgan_gp", "discriminator": {"normalization": "none"}}),
    "two steps": (GAN, {"loss": "least_squares", "n_dis": 2, "augment": ("ada", "cutout")}),
    "pconv": (PConv, {"discriminator": {"perturb": 0.5}, "penalty": "r1"}),
    "ces": (CES, {"costs": ("hinge", "least_squares")}),
    "light": (CES, {"costs": ("hinge", "wasserstein"), "penalty": "wgan_gp", "shared_trunk": True}),
    "particle": (Particle, {"stabilizer": "proximal", "discriminator": {"outputs": 8, "normalization": "none"}}),
    "brc": (BRC, {"inner_steps": 2}),
}


def make(method, discriminator=None, eager=True, **options):
    heads = {"outputs": 2} if options.get("shared_trunk") else {}
    discriminator = {"normalization": "none"} | heads | (discriminator or {})
    model = method(
        build("dcgan", "generator", shape=(32, 32, 1), width=4, latent_dim=8),
        build("dcgan", "discriminator", shape=(32, 32, 1), width=4, **discriminator),
        **ADA | options,
    )
    model.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3), run_eagerly=eager)
    return model


def train(model, steps, first=0):
    """Trains step after step; returns {name: float[steps]}, what each step itself reported."""
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (first + steps, BATCH, model.batches_per_step, 32, 32, 1)).astype("float32")[first:]
    history = {name: [] for name in model.log_names}
    for data in images:
        for name, value in model.update({"images": tf.constant(data)}).items():
            history[name].append(float(value))
    return history


@pytest.mark.parametrize("case", thorough_but("gan", "particle", of=METHODS))
def test_every_method_hosts_it_and_p_follows_the_signal(case):
    """The reported signals, averaged over four steps, tell where p is in the next four."""
    method, options = METHODS[case]
    model = make(method, **options, ada_target=0.3)
    history = train(model, 5)
    assert {"augment_p", "real_sign"} < set(history) == set(model.log_names)
    assert all(np.isfinite(values).all() for values in history.values())
    assert np.all(np.abs(history["real_sign"]) <= 1)
    p, expected = 0.0, []
    for first in (0, 4):
        expected += [p] * len(history["real_sign"][first : first + 4])
        p = np.clip(p + MOVE * np.sign(np.mean(history["real_sign"][first : first + 4]) - 0.3), 0, 0.8)
    np.testing.assert_allclose(history["augment_p"], expected, atol=1e-6)
    assert model.augmenter.sign.numpy() == pytest.approx(history["real_sign"][-1])


@pytest.mark.parametrize("target, p", [(-0.999, 2 * MOVE), (1.0, 0.0)])
def test_p_rises_where_signs_are_above_the_target_and_falls_where_they_are_below(target, p):
    model = make(GAN, ada_target=target)
    model.augmenter.p.assign(0.0 if p else MOVE)
    train(model, 2 * INTERVAL)
    assert model.augmenter.p.numpy() == pytest.approx(p)


def test_p_of_0_trains_as_if_there_were_no_augmentation():
    ours, plain = make(GAN, ada_target=1.0), make(GAN, augment=())
    roles = ("generator", "discriminator", "ema_generator")
    for role in roles:
        getattr(plain, role).set_weights(getattr(ours, role).get_weights())
    for model in (ours, plain):
        train(model, 3)
    for role in roles:
        for one, two in zip(getattr(ours, role).weights, getattr(plain, role).weights, strict=True):
            assert one.numpy().tobytes() == two.numpy().tobytes(), one.path


def test_reals_and_fakes_are_transformed_for_both_networks(monkeypatch):
    """With images that are all moved, D and G see none as it was."""
    seen = []
    model = make(GAN)
    model.augmenter.p.assign(0.8)
    call = type(model.discriminator).call
    monkeypatch.setattr(
        type(model.discriminator), "call", lambda self, x, **kwargs: seen.append(x) or call(self, x, **kwargs)
    )
    reals = tf.ones([BATCH, 1, 32, 32, 1]) * tf.linspace(-1.0, 1.0, 32)[:, None]
    model.update({"images": reals})
    d_reals, d_fakes, g_fakes = (x.numpy() for x in seen)
    moved = [np.any(x != reals[:, 0].numpy(), axis=(1, 2, 3)) for x in (d_reals, d_fakes, g_fakes)]
    assert all(m.all() for m in moved)


@pytest.mark.parametrize("scale", [1.0, 1e-4], ids=["wide", "narrow"])
def test_particles_signal_is_nearness_to_the_reals_embedding(scale):
    """|phi(x) - mean phi(real)|^2 < |phi(x) - mean phi(fake)|^2, the means over the others, in plain loops."""
    rng = np.random.default_rng(1)
    real, fake = ((scale * rng.normal(0, 1, (7, 3))).astype("float32") for _ in range(2))

    def kernel(a, b):
        return float(energies.gaussian(tf.constant(np.sum((a - b).astype("float64") ** 2))))

    inside = [np.mean([kernel(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j]) for x in (real, fake)]
    signs = []
    for i, x in enumerate(real):
        to_real = np.mean([kernel(x, other) for j, other in enumerate(real) if j != i])
        to_fake = np.mean([kernel(x, other) for other in fake])
        signs.append(np.sign((inside[1] - 2 * to_fake) - (inside[0] - 2 * to_real)))
    assert abs(np.mean(signs)) < 1
    assert float(energies.real_sign(energies.get("mmd"), real, fake)) == pytest.approx(np.mean(signs))


def test_in_express_it_is_the_data_gans():
    def mlp(kind, size, **options):
        return build("mlp", kind, shape=(size,), width=8, **options)

    host = GAN(
        build("dcgan", "generator", shape=(32, 32, 1), width=4, latent_dim=4),
        build("dcgan", "discriminator", shape=(32, 32, 1), width=4),
        **ADA | {"ada_target": -0.999},
    )
    encoder = build("dcgan", "discriminator", shape=(32, 32, 1), width=4, outputs=4)
    latent_gan = GAN(mlp("generator", 4, latent_dim=8), mlp("discriminator", 4))
    model = Express(host, encoder, latent_gan, boundaries=(1, 2))
    model.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3), run_eagerly=True)
    history = train(model, 7)
    np.testing.assert_allclose(history["augment_p"], [0, 0, 0, 0, 0, 0, MOVE], atol=1e-6)  # four steps of its own
    assert latent_gan.augmenter.p is None


@pytest.mark.thorough
@pytest.mark.parametrize("case", ["two steps", "ces"])
def test_resumed_inside_an_interval_it_ends_with_the_same_bits(case, tmp_path):
    method, options = METHODS[case]
    options = options | {"ada_target": -0.999} | ({} if method is CES else {"loss": "hinge"})
    straight = make(method, **options)
    train(straight, 5)
    Checkpoints(straight, tmp_path).save()
    resumed = make(method, **options)
    assert Checkpoints(resumed, tmp_path).restore() == 5
    assert resumed.augmenter.p.numpy() == pytest.approx(MOVE)
    after = [train(model, 4, first=5) for model in (straight, resumed)]
    assert after[0] == after[1] and after[0]["augment_p"][-1] == pytest.approx(2 * MOVE)
    for one, two in zip(straight.weights, resumed.weights, strict=True):
        assert one.numpy().tobytes() == two.numpy().tobytes(), one.path


def test_keras_file_keeps_it(tmp_path):
    model = make(GAN, ada_target=-0.999)
    train(model, 5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    assert (loaded.augmenter.target, loaded.augmenter.kimg) == (-0.999, ADA["ada_kimg"])
    for name in ("augment_p", "augment_sign"):
        assert loaded.states[name].numpy() == model.states[name].numpy() > 0


def test_options_are_checked():
    with pytest.raises(ValueError, match="ada_kimg=0 must be above 0"):
        make(GAN, ada_kimg=0)
