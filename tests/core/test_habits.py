"""What a user of Keras is used to: callbacks, evaluate, predict, summary, export."""

import json
import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.core import test_gan
from tests.methods.express.test_express import make as make_express
from tfgan_zoo import data, methods, networks, random, serving
from tfgan_zoo.evaluation import on_arrays
from tfgan_zoo.pretrained import loading, presets


def make(**options):
    return test_gan.make(network="mlp", **options)  # quick to trace


def images(num):
    return test_gan.images(num, (2,))


def rates(model):
    optimizers = (model.generator_optimizer, model.discriminator_optimizer)
    return [float(optimizer.learning_rate.numpy()) for optimizer in optimizers]


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


def test_how_a_step_runs_is_saved_as_keras_saves_it(tmp_path):
    model = make()
    model.compile(keras.optimizers.Adam(2e-4), keras.optimizers.Adam(4e-4), jit_compile=False, steps_per_execution=2)
    model.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert (loaded.jit_compile, loaded.run_eagerly, loaded.steps_per_execution) == (False, False, 2)
    loaded.compile(*loaded.optimizers)
    assert not loaded.get_compile_config().keys() & {"jit_compile", "run_eagerly", "steps_per_execution"}


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


# Held-out reals


def test_evaluate_is_the_discriminator_on_reals_and_on_the_samples_of_the_first_seeds():
    model, x = make(seed=3), images(10)
    found = model.evaluate(x, batch_size=5, verbose=0, return_dict=True)
    fakes = model.generate(10, seed=0)  # points have no other range
    assert found["d_real"] == pytest.approx(float(np.mean(model.discriminator_outputs(x))), abs=1e-5)
    assert found["d_fake"] == pytest.approx(float(np.mean(model.discriminator_outputs(fakes))), abs=1e-5)
    assert list(model.evaluate(tf.data.Dataset.from_tensor_slices(x).batch(4), verbose=0)) == pytest.approx(
        [found["d_real"], found["d_fake"]], abs=1e-5
    )


HOW = [{"jit_compile": True}, {"steps_per_execution": 2}, {"run_eagerly": True}, "two replicas"]


@pytest.mark.parametrize("how", HOW, ids=str)
def test_however_a_model_runs_its_habits_give_the_same_numbers(how):
    strategy = tf.distribute.get_strategy()
    if how == "two replicas":
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        model = make(compile_options=how if isinstance(how, dict) else {})
    twin, x = make(), images(16)
    twin.set_weights(model.get_weights())
    for one in (model, twin):
        one.optimizer.learning_rate = 5e-4
    assert rates(model) == pytest.approx(rates(twin)) and model.optimizer.learning_rate == pytest.approx(5e-4)
    assert model.evaluate(x, batch_size=8, verbose=0) == pytest.approx(
        twin.evaluate(x, batch_size=8, verbose=0), abs=1e-5
    )
    np.testing.assert_allclose(model.predict(range(6), verbose=0), twin.predict(range(6), verbose=0), atol=1e-6)
    assert model.get_compile_config()["learning_rate_ratio"] == pytest.approx(0.5)


def test_validation_data_are_measured_every_epoch_and_change_no_weight():
    model, twin, x = make(seed=3), make(seed=3), images(8)
    twin.set_weights(model.get_weights())
    held_out = images(12)[8:]
    history = model.fit(x, batch_size=4, epochs=2, verbose=0, validation_data=(held_out, None)).history
    assert len(history["val_d_real"]) == len(history["val_d_fake"]) == 2
    assert history["val_d_real"][-1] == pytest.approx(model.evaluate(held_out, verbose=0)[0], abs=1e-6)
    twin.fit(x, batch_size=4, epochs=2, verbose=0)
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), twin.get_weights(), strict=True))


def test_a_share_of_an_array_is_held_out():
    model = make()
    history = model.fit(images(10), batch_size=4, verbose=0, validation_split=0.2).history
    assert int(model.step) == 2 and "val_d_real" in history
    with pytest.raises(ValueError, match="leaves none"):
        model.fit(images(10), batch_size=4, validation_split=1.0)


def test_metrics_are_measured_on_held_out_images_beside_as_many_samples():
    preset = loading.from_preset("gan_fashion_mnist")
    held_out = data.load("fashion_mnist_10k").reals(32, split="heldout")[0]

    def brighter(reals, fakes):
        assert reals.shape == fakes.shape == (32, 32, 32, 1) and fakes.min() >= 0 and reals.max() <= 1
        return np.mean(fakes) - np.mean(reals)

    adam = keras.optimizers.Adam(1e-3)
    preset.compile(adam, keras.optimizers.Adam(1e-3), metrics=["fd_fashion_all", brighter])
    found = preset.evaluate(held_out, batch_size=16, verbose=0, return_dict=True)
    samples = preset.generate(32, seed=0)
    assert found["brighter"] == pytest.approx(samples.mean() - (held_out.mean() + 1) / 2, abs=1e-5)
    assert found["fd_fashion_all"] == on_arrays.comparison("fd_fashion_all", (32, 32, 1))((held_out + 1) / 2, samples)
    assert preset.directions == {"fd_fashion_all": "min"}
    for name, words in (
        ("fd_fashion_10k", "counts of its own; .* fd_fashion_all"),
        ("fd", "unknown"),
        (3, "functions"),
    ):
        with pytest.raises(ValueError, match=words) as error:
            preset.compile(adam, adam, metrics=[name])
        assert "\n" not in str(error.value)


def test_metrics_of_points_are_functions_and_callbacks_see_them():
    model = make()
    model.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3), metrics=[lambda reals, fakes: fakes.std()])
    history = model.fit(images(4), batch_size=4, verbose=0, validation_data=images(4)).history
    assert history["val_<lambda>"] == [pytest.approx(float(model.generate(4).std()), abs=1e-6)]
    with pytest.raises(ValueError, match="metrics=fd_fashion_all is for images"):
        model.compile(keras.optimizers.Adam(), keras.optimizers.Adam(), metrics=["fd_fashion_all"])


def test_held_out_labels_are_asked_for():
    options = {"width": 4, "latent_dim": 8, "num_classes": 3}
    generator = networks.DCGANGenerator(**options)
    model = methods.GAN(generator, networks.DCGANDiscriminator(width=4, num_classes=3))
    model.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3), run_eagerly=True)
    x, y = test_gan.images(4), np.array([0, 1, 2, 0])
    fakes = model.generate(4, seed=0, labels=y) * 2 - 1
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    assert found["d_fake"] == pytest.approx(float(np.mean(model.discriminator_outputs(fakes, y))), abs=1e-5)
    with pytest.raises(ValueError, match="needs labels"):
        model.evaluate(x)
    with pytest.raises(ValueError, match="labels=3 must be in"):
        model.evaluate(x, y + 1)
    with pytest.raises(ValueError, match=r"images must be in \[-1, 1\]"):
        model.evaluate(x * 9, y)


@pytest.mark.parametrize("method", ["CES", "Particle", "BRC", "PConv"])
def test_every_method_can_be_evaluated(method):
    preset = loading.from_preset(f"{method.lower().replace('pconv', 'gan')}_ring")
    preset.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
    reals = data.load("ring").reals(64)[0]
    d_real, d_fake = preset.evaluate(reals, batch_size=32, verbose=0)
    far_off, _ = preset.evaluate(reals * 10, batch_size=32, verbose=0)
    assert np.isfinite([d_real, d_fake, far_off]).all()


def test_early_stopping_knows_the_direction():
    model = make()
    stop = keras.callbacks.EarlyStopping("val_d_real", patience=0, min_delta=1e9, start_from_epoch=0)
    model.fit(images(4), batch_size=4, epochs=5, verbose=0, callbacks=[stop], validation_data=images(4))
    assert stop.mode == "max" and int(model.step) == 2
    with pytest.raises(ValueError, match="mode"):
        model.fit(images(4), verbose=0, callbacks=[keras.callbacks.EarlyStopping("d_grad_norm")])


# Batches, and what yields them


def test_one_batch_is_a_step_and_what_evaluate_and_predict_say():
    model, twin, x = make(n_dis=2), make(n_dis=2), images(8)
    twin.set_weights(model.get_weights())
    logs = model.train_on_batch(x, return_dict=True)
    side_by_side = tf.data.Dataset.from_tensor_slices(x.reshape(2, 4, *x.shape[1:]))
    history = twin.fit(side_by_side, verbose=0).history
    assert logs == pytest.approx({name: values[0] for name, values in history.items()}, abs=1e-6)
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), twin.get_weights(), strict=True))
    assert int(model.step) == 1
    assert model.test_on_batch(x) == pytest.approx(list(model.evaluate(x, verbose=0)))
    np.testing.assert_array_equal(model.predict_on_batch([3, 4]), model.predict([3, 4], verbose=0))
    with pytest.raises(ValueError, match="7 images are given, and a step reads 2 equal batches"):
        model.train_on_batch(x[:7])


class Batches(keras.utils.PyDataset):
    epochs = 0

    def on_epoch_end(self):
        self.epochs += 1

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return images(12)[4 * index : 4 * index + 4]


def test_what_yields_batches_trains_as_a_data_set_does():
    sources = (
        Batches,
        lambda: (images(12)[start : start + 4] for start in (0, 4, 8)),
        lambda: tf.data.Dataset.from_tensor_slices(images(12)).batch(4),
    )
    models = [make() for _ in sources]
    weights = models[-1].get_weights()
    for model, source in zip(models, sources, strict=True):
        model.set_weights(weights)
        model.fit(source(), steps_per_epoch=3, verbose=0)
        assert int(model.step) == 3
    for model in models[:-1]:
        assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), models[-1].get_weights(), strict=True))
    batches = Batches()
    assert models[0].evaluate(batches, verbose=0) == pytest.approx(models[0].evaluate(images(12), verbose=0), abs=1e-5)
    assert batches.epochs == 1
    with pytest.raises(ValueError, match="generator yields no batch"):
        models[0].fit(iter_of_none())


def iter_of_none():
    yield from ()


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda model: model.fit(images(4), class_weight={0: 1.0}), "fit: class_weight= has no meaning for a GAN"),
        (lambda model: model.evaluate(), "evaluate: x=None: give images"),
        (lambda model: model.compile("adam", "adam", loss="hinge"), "compile: loss=hinge is none of its arguments"),
        (lambda model: model.compile(None, "adam"), "generator_optimizer=None must be a Keras optimiser"),
        (lambda model: model.compile("adam", "adam", 0.5), "learning_rate_scale=0.5 must be a function of the step"),
        (lambda model: model.compile("adam", "adam", micro_batch=1.5), "micro_batch=1.5 must be a whole number"),
        (lambda model: model.save("gan.h5"), r"save: filepath=gan.h5 must end in .keras"),
    ],
)
def test_what_means_nothing_is_one_line(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call(make())
    assert "\n" not in str(error.value)


# Predicting, looking, exporting


def test_predict_takes_seeds_or_latents():
    model = test_gan.make()
    images_of = model.generate(5, seed=7)
    np.testing.assert_allclose(model.predict(np.arange(7, 12), batch_size=2, verbose=0), images_of, atol=1e-6)
    latents = random.latents_from_seeds(np.arange(7, 12), 8).numpy()
    np.testing.assert_allclose(model.predict(latents, verbose=0), images_of, atol=1e-6)
    empty, data_set = np.zeros((0, 8), "float32"), tf.data.Dataset.from_tensors(latents)
    for wrong in (np.zeros((2, 7), "float32"), np.zeros(3, "float32"), empty, ["a"], 3, data_set):
        with pytest.raises(ValueError, match="predict: x must be seeds"):
            model.predict(wrong)


def test_predict_refuses_what_generate_refuses():
    model = make()
    with pytest.raises(ValueError, match="seeds=9223372036854775808 must be a 64-bit integer"):
        model.predict(np.array([2**63], "uint64"))
    for wrong in (np.nan, 1e300):
        with pytest.raises(ValueError, match="latents: row 1 is no finite number"):
            model.predict(np.array([[0.0], [wrong]]) * np.ones(model.latent_dim))


def test_predict_is_conditional_too():
    options = {"width": 4, "latent_dim": 8, "num_classes": 3}
    model = methods.GAN(networks.DCGANGenerator(**options), networks.DCGANDiscriminator(width=4, num_classes=3))
    model.name_classes(("coat", "shirt", "bag"))  # and not compiled
    np.testing.assert_allclose(model.predict([3, 4], verbose=0), model.generate(2, seed=3), atol=1e-6)
    one = model.predict([3, 4], "bag", verbose=0)
    np.testing.assert_allclose(one, model.generate(2, seed=3, labels=2), atol=1e-6)
    latents = random.latents_from_seeds([3, 4], 8).numpy()
    np.testing.assert_allclose(model.predict(latents, [2, 2], verbose=0), one, atol=1e-6)
    with pytest.raises(ValueError, match="need labels="):
        model.predict(latents)


def test_the_summary_says_which_network_is_which(capsys):
    make().summary()
    told = capsys.readouterr().out
    for role in ("generator", "discriminator", "ema_generator"):
        assert f"\n{role}: " in told
    lines = []
    loading.from_preset("ces_ring").summary(print_fn=lambda *line, **_: lines.extend(map(str, line)))
    assert any(line.startswith("discriminator_2: ") for line in lines)


def test_export_writes_the_zoos_export(tmp_path):
    model = test_gan.make()
    version = model.export(tmp_path / "model")
    assert version == tmp_path / "model" / "1"
    exported = serving.SavedModelGenerator(version)
    np.testing.assert_allclose(exported.generate(2, seed=5), model.generate(2, seed=5), atol=1e-6)
    with pytest.raises(ValueError, match="format=h5"):
        model.export(tmp_path / "other", format="h5")


def test_one_optimiser_for_both_is_two_of_a_kind():
    model, twin, adam = make(), make(), keras.optimizers.Adam(1e-3, 0.5)
    twin.set_weights(model.get_weights())
    model.compile(adam, adam)
    twin.compile(keras.optimizers.Adam(1e-3, 0.5), keras.optimizers.Adam(1e-3, 0.5))
    for one in (model, twin):
        one.fit(images(8), batch_size=4, verbose=0)
    assert all(np.array_equal(*pair) for pair in zip(model.get_weights(), twin.get_weights(), strict=True))


def test_a_file_keeps_the_metrics_that_have_names(tmp_path):
    model = test_gan.make()
    model.compile("adam", "adam", metrics=["fwd_all", lambda reals, fakes: 0.0])
    model.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    found = loaded.evaluate(test_gan.images(4), verbose=0, return_dict=True)
    assert found.keys() == {"d_real", "d_fake", "fwd_all"} and loaded.directions == {"fwd_all": "min"}
    assert loading.load(tmp_path / "gan.keras").metric_names == ["fwd_all"]
    config = model.get_compile_config() | {"metrics": ["one_of_a_package"]}
    with pytest.warns(UserWarning, match="metrics=one_of_a_package is unknown.*left out"):
        loaded.compile_from_config(config)
    assert loaded.compiled and loaded.metric_names == []


def test_several_models_in_one_notebook_are_no_warning(caplog, tmp_path):
    caplog.set_level(logging.INFO, "tensorflow")  # a notebook's
    for _ in range(6):
        model = make()
        for num in (2, 3):
            model.generate(num)
    model.export(tmp_path / "model")
    assert caplog.messages == [] and logging.getLogger("tensorflow").level == logging.INFO


# Presets


def test_a_preset_fits_without_compile(tmp_path):
    preset = loading.from_preset("particle_ring")
    preset.fit(images(8), batch_size=4, verbose=0)
    assert rates(preset) == pytest.approx([1e-3, 1e-3]) and float(preset.generator_optimizer.beta_1) == 0.0
    other = loading.from_preset("gan_ring")
    other.compile(keras.optimizers.SGD(0.25), keras.optimizers.SGD(0.5))
    presets.save_to_preset(other, tmp_path / "preset")
    mine = loading.from_preset(tmp_path / "preset")
    mine.fit(images(4), batch_size=4, verbose=0)
    assert isinstance(mine.generator_optimizer, keras.optimizers.SGD) and rates(mine) == [0.25, 0.5]


@pytest.mark.parametrize(
    "described",
    [
        {"class": "Adam", "config": {"learning_rate": [1]}},
        {"class": "get", "config": {}},
        {"class": "Adam", "config": {"nothing": 1}},
        {"class": "Adam"},
        5,
    ],
)
def test_damaged_optimisers_of_a_preset_are_one_line(described, tmp_path):
    presets.save_to_preset(make(), tmp_path / "preset")
    path = tmp_path / "preset" / "metadata.json"
    about = json.loads(path.read_text())
    about["optimizers"]["discriminator"] = described
    path.write_text(json.dumps(about))
    with pytest.raises(ValueError, match="optimizers cannot be made") as error:
        loading.from_preset(tmp_path / "preset")
    assert "\n" not in str(error.value)
