"""Runs from beginning to end: their files, signals at any step, broken losses, longer runs, two replicas."""

import dataclasses
import io
import json
import math
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.tiers import thorough_but
from tfgan_zoo import data
from tfgan_zoo.methods import GAN
from tfgan_zoo.pretrained import loading
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import callbacks, devices, events
from tfgan_zoo.training.errors import Diverged, Interrupted
from tfgan_zoo.training.run_directory import RunDirectory
from tfgan_zoo.training.train import train

TICK, STEPS, BATCH = 4, 14, 8  # the last tick is shorter
RING = {"method": "gan", "dataset": "ring", "width": 8, "latent_dim": 4}
CLOTHES = {"method": "pconv", "width": 4, "latent_dim": 8}


def kimg(steps):
    return steps * BATCH / 1000


def begin(folder, steps=STEPS, tick=TICK, **given):
    """Trains a new run; returns its folder."""
    request = resolve(**{"batch_size": BATCH, "threads": 2, "kimg": kimg(steps), "tick_kimg": kimg(tick), **given})
    config = devices.resolve(request)
    return go_on(RunDirectory.create(config, folder), config)


def go_on(run, config=None):
    """Trains from the last checkpoint; returns the folder."""
    config = config or devices.resolve(run.config())
    run.model = train(config, run, data.load(config.dataset))
    return run


def state(run):
    """Everything in the newest checkpoint, as bytes."""
    reader = tf.train.load_checkpoint(str(run.checkpoints))
    names = [name for name in reader.get_variable_to_shape_map() if "save_counter" not in name and "OBJECT" not in name]
    assert any("generator_optimizer" in name for name in names) and any("means" in name for name in names)
    return {name: reader.get_tensor(name).tobytes() for name in names}


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def at_step(monkeypatch):
    """Arms a function that is called once, at the end of a step, inside `fit`."""

    def arm(step, action):
        inner = callbacks.Progress.on_train_batch_end

        def on_train_batch_end(self, batch, logs=None):
            inner(self, batch, logs)
            if int(self.model.step.numpy()) == step:
                monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", inner)
                action()

        monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", on_train_batch_end)

    return arm


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A run of a mixture that nothing disturbed."""
    return begin(tmp_path_factory.mktemp("straight"), **RING)


@pytest.fixture(scope="module")
def clothes(tmp_path_factory):
    """A run of images that nothing disturbed."""
    return begin(tmp_path_factory.mktemp("clothes"), steps=3, tick=2, n_dis=2, **CLOTHES)


# Its files


def test_a_run_leaves_the_documented_files(straight):
    names = {"config.json", "checkpoints", "samples", "reals.png", "metrics.jsonl", "timing.jsonl", "events", "log.txt"}
    names |= {"lock"}
    assert {path.name for path in straight.path.iterdir()} == names
    assert sorted(path.name for path in straight.samples.iterdir()) == [
        f"step_{step:07d}.png" for step in (0, 4, 8, 12, 14)
    ]
    assert sorted(path.name for path in straight.checkpoints.glob("*.index")) == [
        f"ckpt-{step}.index" for step in (12, 14, 8)
    ]
    assert straight.config() == devices.resolve(straight.config())


def test_metrics_are_a_line_a_tick(clothes):
    metrics, timing = rows(clothes.metrics), rows(clothes.timing)
    assert [row["step"] for row in metrics] == [row["step"] for row in timing] == [2, 3]
    assert [row["kimg"] for row in metrics] == [kimg(2), kimg(3)]
    assert [row["reals_read"] for row in metrics] == [2 * 2 * BATCH, 3 * 2 * BATCH]  # n_dis is 2
    logged = set(clothes.model.log_names)
    signals = {"d_train", "d_heldout", "d_samples", "diversity", "unlikeness", "roughness"}
    assert set(metrics[0]) == {"step", "kimg", "reals_read", "health"} | logged | signals
    numbers = [value for row in metrics for name, value in row.items() if name != "health"]
    assert all(math.isfinite(value) for value in numbers)
    assert {row["health"] for row in metrics} <= {"too early", "D wins", "diverging"}
    assert set(timing[0]) == {"step", "images_per_second", "memory_mb", "clock"}
    assert all(row["images_per_second"] > 0 and row["memory_mb"] > 1 for row in timing)


def test_log_has_the_line_of_every_tick(straight):
    lines = straight.log_file.read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [["step", str(step)] for step in (4, 8, 12, 14)]


def test_tensorboard_has_every_tick(straight):
    files = sorted(map(str, straight.events.rglob("events.out.tfevents.*")))  # one for each call of `fit`
    written = [tf.compat.v1.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(files)]
    found = {}
    for event in written:
        for value in event.summary.value:
            found.setdefault(value.tag, {})[event.step] = value
    assert list(found["train/g_loss"]) == list(found["timing/images_per_second"]) == [4, 8, 12, 14]
    for row in rows(straight.metrics):
        value = tf.make_ndarray(found["train/g_loss"][row["step"]].tensor)
        np.testing.assert_allclose(value, row["g_loss"], rtol=1e-6)
    assert list(found["samples"]) == [0, 4, 8, 12, 14] and list(found["reals"]) == [0]
    width, height, png = tf.make_ndarray(found["samples"][14].tensor)
    sheet = np.asarray(Image.open(straight.samples / "step_0000014.png"))
    np.testing.assert_array_equal(Image.open(io.BytesIO(png)), sheet)
    assert (int(width), int(height)) == sheet.shape[1::-1]
    settings = found["_hparams_/session_start_info"][0].metadata.plugin_data
    assert settings.plugin_name == "hparams" and b"batch_size" in settings.content and b"ring" in settings.content


def test_events_can_be_off(tmp_path):
    begin(tmp_path / "run", steps=2, **RING, events="off")
    assert not (tmp_path / "run" / "events").exists() and (tmp_path / "run" / "samples").is_dir()
    chosen = events.hyperparameters(devices.resolve(resolve(**RING, penalty=("r1", "lecam"))))
    assert chosen["penalty"] == "r1,lecam" and chosen["method"] == RING["method"] and "data_dir" not in chosen
    assert all(isinstance(value, bool | int | float | str) for value in chosen.values())


def test_sheets_show_the_reals_and_the_seeds(clothes):
    reals = np.asarray(Image.open(clothes.reals))
    assert reals.shape == (8 * 32, 8 * 32)
    real = (data.load("fashion_mnist_10k").reals(10)[0][9, ..., 0] + 1) / 2
    np.testing.assert_allclose(reals[32:64, 32:64], real * 255, atol=0.51)  # item 9: second row, second column
    samples = np.asarray(Image.open(clothes.samples / "step_0000003.png"))
    np.testing.assert_allclose(samples[32:64, 32:64], clothes.model.generate(1, seed=9)[0, ..., 0] * 255, atol=1.01)
    assert np.any(samples != np.asarray(Image.open(clothes.samples / "step_0000000.png")))


# Signals


@pytest.mark.parametrize("step", thorough_but(6, 14, of=[1, 6, 8, 14]))  # in a tick, at a tick's end, at the run's end
def test_a_run_stopped_at_any_step_resumes_to_the_same_bits(step, straight, at_step, tmp_path):
    at_step(step, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted) as stop:
        begin(tmp_path / "run", **RING)
    assert stop.value.signal == signal.SIGINT and f"SIGINT at step {step}" in str(stop.value)
    run = go_on(RunDirectory(tmp_path / "run"))
    assert f"resuming at step {step}" in run.log_file.read_text()
    assert run.metrics.read_bytes() == straight.metrics.read_bytes()
    assert state(run) == state(straight)


def test_the_handlers_of_before_are_back(tmp_path):
    def mine(number, frame):
        pytest.fail(f"signal {number}")

    before = {it: signal.signal(it, mine) for it in (signal.SIGINT, signal.SIGTERM)}
    try:
        begin(tmp_path / "run", **RING)
        assert [signal.getsignal(it) for it in before] == [mine, mine]
    finally:
        for it, handler in before.items():
            signal.signal(it, handler)


def test_sigterm_stops_too(at_step, tmp_path):
    at_step(2, lambda: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(Interrupted) as stop:
        begin(tmp_path / "run", **RING)
    assert stop.value.signal == signal.SIGTERM


def test_a_run_killed_behind_its_checkpoint_forgets_the_records_of_after(straight, at_step, tmp_path):
    class Killed(BaseException):
        pass

    def kill():
        raise Killed

    at_step(7, kill)
    with pytest.raises(Killed):
        begin(tmp_path / "run", **RING)
    run = RunDirectory(tmp_path / "run")
    run.append(run.metrics, {"step": 8})
    with run.metrics.open("a") as file:
        file.write('{"step": 9, "d_l')
    go_on(run)
    assert "resuming at step 4" in run.log_file.read_text()
    assert run.metrics.read_bytes() == straight.metrics.read_bytes()
    assert state(run) == state(straight)


# Longer runs


# Up to a tick's end, beyond, before the first.
@pytest.mark.parametrize("first, tick", thorough_but((6, 4), of=[(8, 4), (6, 4), (6, 8)]))
def test_a_longer_run_of_constant_rates_is_the_straight_run(first, tick, straight, tmp_path):
    run = begin(tmp_path / "run", steps=first, tick=tick, **RING)
    longer = dataclasses.replace(run.config(), kimg=kimg(STEPS))
    go_on(run, longer)
    assert state(run) == (state(straight) if tick == TICK else state(begin(tmp_path / "other", tick=tick, **RING)))
    ticks = list(range(tick, STEPS, tick))
    assert [row["step"] for row in rows(run.metrics)] == sorted({*ticks, first, STEPS})
    if tick == TICK:
        assert [row for row in rows(run.metrics) if row["step"] in (*ticks, STEPS)] == rows(straight.metrics)


def test_a_finished_run_has_nothing_to_do(clothes):
    before = state(clothes), clothes.metrics.read_bytes()
    assert int(go_on(clothes).model.step.numpy()) == 3
    assert (state(clothes), clothes.metrics.read_bytes()) == before


# Broken losses


@pytest.mark.parametrize("purpose, name", [("generator", "g_loss"), ("reals", "d_loss")])
def test_a_loss_that_is_no_number_stops_the_run_at_once(purpose, name, monkeypatch, tmp_path):
    critic = GAN.discriminate

    def broken(self, images, batch, asked, labels=None):
        # The factor breaks the gradient too: the loss is to be named all the same.
        factor = tf.where((self.step.value >= 5) & (asked == purpose), math.nan, 1.0)
        return factor * critic(self, images, batch, asked, labels)

    monkeypatch.setattr(GAN, "discriminate", broken)
    with pytest.raises(Diverged) as stop:
        begin(tmp_path / "run", **RING)
    run = RunDirectory(tmp_path / "run")
    last = run.checkpoints / "ckpt-4"
    message = f"{name} is no longer finite at step 6; the last good checkpoint is {last}; the step's batch is in "
    assert str(stop.value) == f"{message}{run.path / 'diverged_step_6.npz'}"
    assert [row["step"] for row in rows(run.metrics)] == [4]
    assert all(np.isfinite(tf.train.load_variable(str(last), key)).all() for key in floats(last))


def floats(checkpoint):
    types = tf.train.load_checkpoint(str(checkpoint)).get_variable_to_dtype_map()
    return [name for name, dtype in types.items() if dtype.is_floating]


def test_a_loss_broken_in_the_first_tick_has_no_good_checkpoint(monkeypatch, tmp_path):
    critic = GAN.discriminate
    monkeypatch.setattr(GAN, "discriminate", lambda *args: critic(*args) * math.inf)
    with pytest.raises(Diverged, match="at step 1; the last good checkpoint is none yet"):
        begin(tmp_path / "run", **RING)


# Rates


def test_linear_decay_ends_at_zero(tmp_path):
    run = begin(tmp_path / "run", steps=4, tick=4, lr_decay="linear", g_lr=1e-3, **RING)
    assert float(run.model.generator_optimizer.learning_rate) == pytest.approx(1e-3 * (1 - 3 / 4))


# Precision


def test_bfloat16_is_the_policy_of_the_run_and_its_samples_load(tmp_path):
    run = begin(tmp_path / "run", steps=2, tick=2, precision="mixed_bfloat16", **CLOTHES)
    assert run.model.generator.trunk.layers[0].compute_dtype == "bfloat16"
    assert {weight.dtype for weight in run.model.weights} <= {"float32", "int64"}
    keras.config.set_dtype_policy("float32")
    loaded = loading.load(run.path)
    np.testing.assert_allclose(loaded.generate(4), run.model.generate(4), atol=0.02)


# Two replicas


@pytest.mark.thorough
@pytest.mark.parametrize("what", [RING, pytest.param(CLOTHES, marks=pytest.mark.slow)], ids=["ring", "clothes"])
def test_two_replicas_run_stop_resume_and_load_on_one_device(what, mirrored, monkeypatch, at_step, tmp_path):
    monkeypatch.setattr(devices, "make_strategy", lambda config: mirrored)
    given = {"steps": 5, "tick": 2, "strategy": "mirrored", "penalty": "lecam", **what}
    straight = begin(tmp_path / "straight", **given)
    assert straight.config().replicas == 2
    at_step(3, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted):
        begin(tmp_path / "stopped", **given)
    stopped = go_on(RunDirectory(tmp_path / "stopped"))
    assert [row["step"] for row in rows(stopped.metrics)] == [2, 4, 5]
    assert stopped.metrics.read_bytes() == straight.metrics.read_bytes()
    assert state(stopped) == state(straight)
    for weight in stopped.model.weights:
        one, two = (copy.numpy() for copy in weight.value.values)
        assert one.tobytes() == two.tobytes(), weight.path
    np.testing.assert_allclose(loading.load(stopped.path).generate(3), stopped.model.generate(3), atol=1e-6)
