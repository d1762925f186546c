"""Numbers that change over a run."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import contract
from tfgan_zoo import schedules
from tfgan_zoo.core.batch import split
from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build
from tfgan_zoo.settings.resolve import resolve

ALL = ("g_lr=1e-2->1e-3", "d_lr=2e-2->0:linear", "beta_2=0.5->0.9", "penalty_weight=4->1:linear", "ema_kimg=0->1")


def make(steps, **options):
    model = GAN(
        build("mlp", "generator", shape=(2,), width=8, latent_dim=4),
        build("mlp", "discriminator", shape=(2,), width=8),
        schedule_steps=steps,
        **options,
    )
    model.compile(keras.optimizers.Adam(1.0, 0.0, 0.5), keras.optimizers.Adam(1.0, 0.0, 0.5))
    return model


def reals(rows=6):
    return {"images": tf.constant(np.random.default_rng(0).normal(size=(rows, 1, 2)), tf.float32)}


@pytest.mark.parametrize(("shape", "values"), [("linear", (3.0, 2.5, 2.0, 1.0)), ("cosine", (3.0, 2.7071, 2.0, 1.0))])
@pytest.mark.parametrize("kind", [int, lambda step: tf.constant(step, tf.int64)])
def test_goes_from_its_start_through_the_middle_to_its_end(shape, values, kind):
    schedule = schedules.parse(f"ema_kimg=3->1:{shape}")
    np.testing.assert_allclose([schedule.at(kind(step), 8) for step in (0, 2, 4, 8)], values, rtol=1e-4)
    assert float(schedule.at(kind(11), 8)) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", [int, lambda step: tf.constant(step, tf.int64)])
def test_goes_from_step_to_step(kind):
    text = "g_lr=0.1->0.02@4->0.0@9"
    schedule = schedules.parse(text)
    numbers = [schedule.at(kind(step), 8) for step in (0, 3, 4, 8, 9, 100)]
    np.testing.assert_array_equal(np.float32(numbers), np.float32([0.1, 0.1, 0.02, 0.02, 0.0, 0.0]))
    assert str(schedule) == text and str(schedule.changed(0.5, 4)) == "g_lr=0.1->0.5@4"  # what was to come is gone
    assert str(schedule.changed(0.5, 12)) == "g_lr=0.1->0.02@4->0.0@9->0.5@12"


def test_a_step_has_the_numbers_that_the_schedules_say():
    model = make(4, penalty="r1", penalty_every=1, penalty_weight=4.0, schedule=ALL)
    plain = make(4)
    for step in range(5):
        (batch,) = split(reals(), 1)
        fakes = tf.ones((6, 2))
        loss, logs = model.discriminator_objective(batch, fakes)
        plain.discriminator.set_weights(model.discriminator.get_weights())
        rest, _ = plain.discriminator_objective(batch, fakes)
        np.testing.assert_allclose((loss - rest) / logs["penalty"], 4 - 0.75 * step, rtol=1e-3)
        model.update(reals())
        half = (1 - np.cos(np.pi * step / 4)) / 2
        np.testing.assert_allclose(model.generator_optimizer.learning_rate, 1e-2 - 9e-3 * half, rtol=1e-5)
        np.testing.assert_allclose(model.discriminator_optimizer.learning_rate, 2e-2 * (1 - step / 4), atol=1e-9)
        for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
            np.testing.assert_allclose(optimizer.beta_2, 0.5 + 0.4 * half, rtol=1e-6)


def test_beta_2_is_that_of_adams_second_moment():
    model = make(2, schedule=("beta_2=0.5->0.75:linear",))
    model.generator_optimizer.learning_rate.assign(0.0), model.discriminator_optimizer.learning_rate.assign(0.0)
    moments = [weight for weight in model.discriminator_optimizer.variables if "velocity" in weight.path]
    seen = []
    for _ in range(2):
        model.update(reals())
        seen.append(np.concatenate([weight.numpy().ravel() for weight in moments]))
    model.step.assign(0)  # the same draws, and so the same gradients: the second moment grows by known shares
    squares = seen[0] / 0.5
    model.update(reals())
    third = np.concatenate([weight.numpy().ravel() for weight in moments])
    np.testing.assert_allclose(third, 0.5 * seen[1] + 0.5 * squares, rtol=1e-4, atol=1e-12)


def test_a_model_is_compiled_again_with_its_own_optimisers():
    model = make(2, schedule=("beta_2=0.5->0.75:linear",))
    model.compile(model.generator_optimizer, model.discriminator_optimizer)
    model.step.assign(1)
    model.update(reals())
    assert float(model.generator_optimizer.beta_2) == pytest.approx(0.625)


@pytest.mark.thorough
@pytest.mark.parametrize("method", ["gan", "ces", "express"])
def test_a_run_resumes_to_the_bit_and_is_saved(method, tmp_path):
    flags = {"penalty": "r1", "penalty_weight": 4, "penalty_every": 1, "schedule": ALL, "g_lr": 1e-2, "d_lr": 2e-2}
    contract.run_method_test(method, tmp_path, sampled=False, **flags)


def test_replicas_have_the_same_numbers(mirrored):
    config = resolve(
        **contract.POINTS, method="gan", width=8, latent_dim=4, batch_size=8, kimg=0.032, schedule=("beta_2=0.5->0.9",)
    )
    with mirrored.scope():
        model = contract._model(config)
    model.run_eagerly = False
    contract._fit(model, config, 0), contract._fit(model, config, 1)
    for copy in model.generator_optimizer.beta_2.values:
        np.testing.assert_allclose(copy, 0.5 + 0.4 * (1 - np.cos(np.pi / 4)) / 2, rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "schedule", "field", "value"),
    [
        ({"schedule": "g_lr=1e-3->1e-4"}, ("g_lr=1e-3->1e-4",), "g_lr", 1e-3),
        (
            {"schedule": ("penalty_weight=3->1",), "penalty": ("r1", "r2")},
            ("penalty_weight=3->1",),
            "penalty_weight",
            (3, 3),
        ),
        ({"network": "r3gan", "schedule": "none"}, (), "beta_2", 0.9),
        ({"network": "r3gan", "schedule": "none"}, (), "penalty_weight", (0.05, 0.05)),
    ],
)
def test_what_is_scheduled_begins_as_its_schedule_says(given, schedule, field, value):
    config = resolve(method="gan", **given)
    assert config.schedule == schedule and getattr(config, field) == value


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, {"g_lr", "d_lr", "beta_2", "penalty_weight", "ema_kimg"}),
        ({"g_lr": 1e-3}, {"d_lr", "beta_2", "penalty_weight", "ema_kimg"}),
        ({"penalty": "r1"}, {"g_lr", "d_lr", "beta_2", "ema_kimg"}),
        ({"penalty": "none", "ema_kimg": 10}, {"g_lr", "d_lr", "beta_2"}),
        ({"ema_kimg": 0, "penalty_weight": 0.05}, {"g_lr", "d_lr", "beta_2"}),  # the numbers that schedules begin at
        ({"g_lr": 2e-4, "d_lr": 2e-4}, {"beta_2", "penalty_weight", "ema_kimg"}),
        ({"lr_decay": "linear"}, {"beta_2", "penalty_weight", "ema_kimg"}),
        ({"init_from": "somewhere"}, {"g_lr", "d_lr", "beta_2", "penalty_weight"}),
    ],
)
def test_what_is_said_is_no_longer_scheduled(given, left):
    assert set(schedules.parse_all(resolve(network="r3gan", method="gan", **given).schedule)) == left


@pytest.mark.parametrize(
    ("given", "half_life"),
    [({}, 10.0), ({"ema_kimg": 3.0}, 3.0), ({"ema_kimg": 0}, 0), ({"schedule": "ema_kimg=0->50"}, 0)],
)
def test_an_average_that_begins_as_a_donors_is_not_forgotten(given, half_life):
    """It has no ramp: a half-life from 0 to some 1,000 kimg would copy G at the first step, and then stand still."""
    config = resolve(network="r3gan", method="gan", init_from="somewhere", **given)
    assert config.ema_kimg == half_life
    assert any(text.startswith("ema_kimg") for text in config.schedule) == ("schedule" in given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"schedule": "width=1->2"}, "^schedule=width is unknown"),
        ({"schedule": "g_lr=1e-3"}, "^schedule=g_lr=1e-3 must be like g_lr=0.1->0.01"),
        ({"schedule": "g_lr=nan->1"}, "^schedule=g_lr=nan->1 must be like"),
        ({"schedule": "g_lr=1e-3->1e-4@9->1e-5@9"}, "must be like g_lr=0.1->0.01@5000, with ascending steps"),
        ({"schedule": "g_lr=1e-3@9"}, "must be like g_lr=0.1->0.01@5000"),
        ({"schedule": "g_lr=1e-3->1e-4@9->2@10"}, "^schedule: g_lr=2.0 must be above 0"),
        ({"schedule": "g_lr=1e-3->1e-4:square"}, "^schedule=square is unknown"),
        ({"schedule": ("g_lr=1e-3->1e-4", "g_lr=1e-3->0.1")}, "has g_lr twice"),
        ({"schedule": "g_lr=1e-3->2"}, "^schedule: g_lr=2.0 must be above 0"),
        ({"schedule": "g_lr=1e-3->1e-4", "g_lr": 1e-2}, r"^schedule: g_lr begins at 0.001, and g_lr=0.01"),
        ({"schedule": "ada_target=0.3->0.6"}, "ada_target"),
        ({"schedule": "penalty_weight=3->1"}, "^schedule: penalty_weight is of no use without penalty"),
        ({"schedule": "g_lr=1e-3->1e-4", "lr_decay": "linear"}, "^schedule: g_lr is of no use beside lr_decay=linear"),
    ],
)
def test_what_is_no_schedule_is_refused(given, message):
    with pytest.raises(ValueError, match=message) as caught:
        resolve(method="gan", **given)
    assert "\n" not in str(caught.value)
