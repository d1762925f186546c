"""What a user of Keras is used to: callbacks, evaluate, predict, summary, export."""

import keras
import numpy as np
import pytest

from tests.core import test_gan
from tests.methods.express.test_express import make as make_express


def make(**options):
    return test_gan.make(network="mlp", **options)  # quick to trace


def images(num):
    return test_gan.images(num, (2,))


def rates(model):
    optimizers = (model.generator_optimizer, model.discriminator_optimizer)
    return [float(optimizer.learning_rate) for optimizer in optimizers]


def compiled(scale=None, schedule=()):
    model = make(schedule=schedule, schedule_steps=8)
    model.compile(keras.optimizers.Adam(2e-4, 0.5), keras.optimizers.Adam(4e-4, 0.5), learning_rate_scale=scale)
    return model


# Learning rates


def test_a_learning_rate_scheduler_moves_both_rates():
    model = compiled()
    callback = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    history = model.fit(images(8), batch_size=4, epochs=2, verbose=0, callbacks=[callback]).history
    assert rates(model) == pytest.approx([5e-5, 1e-4])
    assert history["learning_rate"] == pytest.approx([1e-4, 5e-5])


def test_a_plateau_reduces_both_rates():
    model = compiled()
    callback = keras.callbacks.ReduceLROnPlateau("d_loss", factor=0.1, patience=1, mode="max", min_delta=1e9)
    model.fit(images(4), batch_size=4, epochs=3, verbose=0, callbacks=[callback])
    assert rates(model) == pytest.approx([2e-6, 4e-6])


@pytest.mark.parametrize("kind", ["a scale", "a schedule"])
def test_a_callbacks_factor_and_a_function_of_the_step_are_multiplied_and_resume(kind, tmp_path):
    scale = keras.optimizers.schedules.PolynomialDecay(1.0, 8, 0.0) if kind == "a scale" else None
    model = compiled(scale, () if scale else ("g_lr=2e-4->0:linear", "d_lr=4e-4->0:linear"))
    model.optimizer.learning_rate = model.optimizer.learning_rate / 2
    model.fit(images(16), batch_size=4, verbose=0)  # the fourth step, 3, is the last
    assert rates(model) == pytest.approx([1e-4 * 5 / 8, 2e-4 * 5 / 8])
    model.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert loaded.optimizer.learning_rate == pytest.approx(1e-4 / 2) == model.optimizer.learning_rate
    for one in (model, loaded):
        one.fit(images(4), batch_size=4, verbose=0)
        assert rates(one) == pytest.approx([1e-4 / 2, 2e-4 / 2])
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), loaded.get_weights(), strict=True))


def test_a_callbacks_rate_is_saved_where_nothing_else_moves_it(tmp_path):
    model = compiled()
    model.optimizer.learning_rate = 1e-5
    model.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert rates(loaded) == pytest.approx([1e-5, 2e-5])
    loaded.optimizer.learning_rate *= 10
    assert rates(loaded) == pytest.approx([1e-4, 2e-4])


def test_a_rate_of_nought_is_no_trap():
    model = compiled()
    model.optimizer.learning_rate = 0.0
    model.optimizer.learning_rate = 2e-4
    assert rates(model) == pytest.approx([2e-4, 4e-4])


@pytest.mark.parametrize("rate", [-1e-4, float("nan")])
def test_no_rate_is_below_nought(rate):
    with pytest.raises(ValueError, match="learning_rate="):
        compiled().optimizer.learning_rate = rate


def test_all_optimisers_of_express_follow():
    model = make_express()
    before = model.optimizer.learning_rate
    model.optimizer.learning_rate = before / 4
    parts = (model.host, model.latent_gan)
    optimizers = [one for part in parts for one in (part.generator_optimizer, part.discriminator_optimizer)]
    for optimizer in (*optimizers, model.autoencoder.optimizer):
        assert float(optimizer.learning_rate) == pytest.approx(before / 4)
