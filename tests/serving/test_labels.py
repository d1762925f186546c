"""Conditional models, exported and served: labels from end to end."""

import contextlib
import json
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.serving import models, server
from tests.serving.test_server_files import records
from tfgan_zoo import pictures, random, serving
from tfgan_zoo.cli import generate

CLASSES = 5
NAMES = ("0", "shirt", "2", "ankle boot", "dög")


@pytest.fixture(scope="module")
def clothes(tmp_path_factory):
    """(the model, its export's folder)."""
    model = models.make(num_classes=CLASSES)
    model.name_classes(NAMES)
    return model, serving.export(model, tmp_path_factory.mktemp("exports") / "clothes", warm_up=(1, 4))


@pytest.fixture(scope="module")
def held(clothes):
    return server.Model(clothes[1])


@pytest.fixture(scope="module", params=["export", "grpc", "rest"])
def served(request, clothes, held):
    """Whatever samples the export as one samples a GAN; the server's send floats."""
    with contextlib.ExitStack() as stack:
        if request.param == "export":
            yield serving.SavedModelGenerator(clothes[1])
        else:
            url = stack.enter_context(getattr(server, f"over_{request.param}")(held))
            yield serving.Client(url, png=False)


@pytest.mark.parametrize("labels", [None, 3, [4, 0, 2, 2]])
def test_seeds_and_labels_give_the_models_images(labels, served, clothes):
    assert served.num_classes == clothes[0].num_classes == CLASSES
    images = served.generate(4, seed=2, truncation=0.9, batch_size=3, labels=labels)
    np.testing.assert_allclose(images, clothes[0].generate(4, 2, 0.9, labels=labels), atol=1e-6)


def test_latents_and_labels_give_the_models_images(served, clothes):
    latents, labels = random.latents_from_seeds([1, 1], 128).numpy(), np.array([0, 4])
    images = np.asarray(served.sample(latents, labels))
    np.testing.assert_allclose(images, clothes[0].sample(latents, labels), atol=1e-6)
    assert np.abs(images[0] - images[1]).max() > 0.1


def test_names_are_labels(served, clothes):
    assert served.class_names == clothes[0].class_names == NAMES
    for names in ("dög", ["dög"], ["dög", 4]):
        np.testing.assert_array_equal(served.generate(2, labels=names), served.generate(2, labels=4))
    np.testing.assert_array_equal(served.interpolate(1, 2, labels="shirt"), served.interpolate(1, 2, labels=1))
    with pytest.raises(ValueError, match="labels='coat' is no class of this model; choose from 0, shirt, 2, ankle"):
        served.generate(1, labels=["coat"])
    assert json.loads((clothes[1] / "assets.extra/class_names.json").read_text()) == list(NAMES)


@pytest.mark.parametrize("labels", [CLASSES, -1, 0.5, [0, 1], [[0]], "a"])
def test_labels_that_are_none_of_the_models_are_refused_before_sending(labels, served, held):
    assert served.class_names == NAMES  # which a server is asked for, once
    served.generate(1)
    before = len(held.requests)
    with pytest.raises(ValueError, match="labels="):
        served.generate(1, labels=labels)
    assert len(held.requests) == before


def test_latents_alone_are_refused(served):
    with pytest.raises(ValueError, match="labels"):
        served.sample(np.zeros((1, 128), "float32"))


SEEDS = {"seeds": np.arange(2), "truncation": np.ones(2, "float32")}


@pytest.mark.parametrize("wrong", [CLASSES, -1, 2**31 - 1])
@pytest.mark.parametrize(
    ("name", "inputs"),
    [("serving_default", {"latents": np.zeros((2, 128), "float32")}), ("generate", SEEDS), ("generate_png", SEEDS)],
)
def test_the_graph_refuses_labels_out_of_range(name, inputs, wrong, held):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"labels must be in \[0, 4\]"):
        held.predict(name, inputs | {"labels": [0, wrong]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="labels needs one value for each of"):
        held.predict(name, inputs | {"labels": [0]})


def test_a_server_says_which_label_a_seed_draws(held):
    seeds = np.array([0, -5, 2**63 - 1])
    drawn = held.predict("draw_labels", {"seeds": seeds})
    np.testing.assert_array_equal(drawn["labels"], random.labels_from_seeds(seeds, CLASSES))
    np.testing.assert_array_equal(drawn["one_hot"].argmax(-1), drawn["labels"])


def test_every_record_can_be_played_back(clothes, held):
    found = []
    for request in records(clothes[1]):
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        found.append((request.model_spec.signature_name, len(next(iter(inputs.values())))))
        assert ("labels" in inputs) == (found[-1][0] not in ("draw_labels", "class_names"))
        assert all(len(output) == found[-1][1] for output in held.predict(found[-1][0], inputs).values())
    names = ("serving_default", "generate", "generate_png", "draw_labels", "class_names")
    assert sorted(found) == sorted((name, size) for name in names for size in (1, 4))


def test_generate_py_takes_a_label_for_exports_and_servers(clothes, held, tmp_path, capsys):
    model, version = clothes
    with server.over_rest(held) as url:
        for source in (version, url):
            flags = [f"--model={source}", "--num=4", "--label=2", f"--output={tmp_path / 'grid.png'}"]
            assert generate.main(flags) == 0
            with Image.open(tmp_path / "grid.png") as image:
                made = np.asarray(image, int)
            assert np.abs(made - np.asarray(pictures.grid(model.generate(4, labels=2)), int)).max() <= 1
            assert generate.main([*flags[:2], "--label=dög", flags[3]]) == 0
            assert generate.main([*flags[:2], "--label=5", flags[3]]) == 2
            assert "label=5 must be in [0, 4]" in capsys.readouterr().err
        strips = tmp_path / "strips.png"
        assert generate.main([f"--model={url}", "--num=2", "--interpolate=3", f"--output={strips}"]) == 0


@pytest.mark.thorough
def test_the_loader_runs_it(loader, clothes, tmp_path):
    done = subprocess.run([loader, clothes[1], tmp_path / "first.png"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert lines["draw_labels"] == "labels[2] one_hot[2,5] mean 0.2 (1 of 1 wrong ranks refused)"
    assert lines["generate_png"] == "image_bytes[2] (3 of 3 wrong ranks refused)"
    expected = np.mean(clothes[0].generate(2, labels=0))
    assert float(lines["generate"].split()[2]) == pytest.approx(float(expected), rel=1e-4)
