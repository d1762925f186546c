"""The shelf: every preset is whole, says what is true of it, and comes out of its recipe again."""

import json
import pathlib
import subprocess
import sys

import make_preset
import make_recipe
import numpy as np
import pytest
import results

from tfgan_zoo.cli.train import main
from tfgan_zoo.evaluation import sets
from tfgan_zoo.evaluation.evaluator import Evaluator
from tfgan_zoo.evaluation.protocols import PROTOCOLS
from tfgan_zoo.pretrained import presets
from tfgan_zoo.settings import recipes
from tfgan_zoo.settings.config import versions
from tfgan_zoo.settings.resolve import implied

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMES = presets.names()
REPEATED = "gan_fashion_mnist"


def metadata(name):
    return json.loads((presets.BUILT_IN / name / "metadata.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_whole_small_and_its_card_is_of_its_metadata(name):
    folder, about = presets.BUILT_IN / name, metadata(name)
    presets.verify(folder)
    files = {path.name for path in folder.iterdir()}
    assert files == about["sha256"].keys() | {"README.md", "metadata.json"}
    assert all(presets.digest(folder / file) == digest for file, digest in about["sha256"].items())
    assert (folder / "README.md").read_text() == make_preset.card(name, about)
    loaded = {"config.json", "metadata.json", "model.weights.h5"}
    assert sum((folder / file).stat().st_size for file in loaded) < 6e6
    assert sum((folder / file).stat().st_size for file in files - loaded) < 1.2e6  # its card, and what that shows


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_loads_and_samples(name):
    model = presets.from_preset(name)
    samples = model.generate(2)
    assert samples.shape == (2, *model.image_shape) and np.isfinite(samples).all()
    assert np.abs(samples[0] - samples[1]).max() > 1e-3
    assert model.generator.count_params() == metadata(name)["generator_parameters"]


@pytest.mark.parametrize("name", sorted(set(NAMES) & set(recipes.names())))
def test_a_preset_and_its_recipe_tell_the_same(name):
    about, (words, sentences) = metadata(name), recipes.read(name)
    recipe = implied(words)
    assert about["command"] == f"python train.py --recipe={name}"
    assert {field: about[field] for field in ("method", "dataset", "kimg", "seed")}.items() <= recipe.items()
    assert sentences["about"] == recipes.sentence(words, make_recipe.outcome_of(about))
    assert recipes.sentence(words) != sentences["about"]
    assert bool(about["tracked"]) == bool(recipe["eval_metrics"])
    assert about["last_step"] == round(recipe["kimg"] * 1000 / recipe["batch_size"])


def test_a_recipe_without_a_preset_is_not_run_by_us():
    for name in set(recipes.names()) - set(NAMES):
        words, sentences = recipes.read(name)
        assert sentences["about"] == recipes.sentence(words)


# The tables


def test_the_tables_are_as_the_tool_writes_them(capsys):
    assert results.main(["--check"]) == 0, capsys.readouterr().err
    assert all(text.count("<!-- results:") for text in ((ROOT / page).read_text() for page in results.PAGES))


def test_a_table_that_has_drifted_is_found_and_mended(tmp_path, monkeypatch, capsys):
    (tmp_path / "docs" / "methods").mkdir(parents=True)
    for page in results.PAGES:
        text = (ROOT / page).read_text()
        (tmp_path / page).write_text(text.replace(f"| `{REPEATED}` |", "| `gan_king` |"))
    monkeypatch.setattr(results, "ROOT", tmp_path)
    assert results.main(["--check"]) == 1
    assert "README.md, docs/results.md, docs/methods/" in capsys.readouterr().err
    assert results.main([]) == 0 and results.main(["--check"]) == 0
    assert all((tmp_path / page).read_text() == (ROOT / page).read_text() for page in results.PAGES)


def test_a_difference_is_of_runs_on_the_same_seeds_and_equal_budgets():
    def about(values, **more):
        entry = {"metric": "modes_2500", "value": "modes", "values": values}
        return {
            "dataset": "ring",
            "kimg": 8.0,
            "metrics": [entry | {"value": "kl"}, entry],
            "checkpoint": "last",
        } | more

    ours, theirs = about([8, 6, 8]), about([5, 6, 4])
    gaps = np.subtract([8, 6, 8], [5, 6, 4])
    assert results.difference(ours, theirs) == pytest.approx((gaps.mean(), gaps.std(ddof=1)))
    for other in ({"kimg": 4.0}, {"dataset": "grid"}, {"classes": 10}):
        assert results.difference(ours, theirs | other) is None
    assert results.difference(ours, None) is None


def test_a_preset_is_compared_with_the_plain_gan_of_its_data_and_labels():
    assert results.baseline_of(metadata("pconv_fashion_mnist")) == "gan_fashion_mnist"
    assert results.baseline_of(metadata("pconv_conditional_fashion_mnist")) == "gan_conditional_fashion_mnist"


def test_half_precision_must_be_within_the_deviation_in_every_value():
    exact = {"modes": {"mean": 8.0, "deviation": 0.0}, "good": {"mean": 0.5, "deviation": 0.01}}
    assert make_preset.costs_nothing(exact, exact)
    for value, mean in (("modes", 7.9), ("good", 0.52), ("good", 0.48)):
        assert not make_preset.costs_nothing(exact, exact | {value: {"mean": mean, "deviation": 9.0}})


# From the recipe again


def preset_of(run, folder, dtype):
    from tfgan_zoo.pretrained import loading

    presets.save_to_preset(loading.load(run), folder, dtype)
    return (folder / "model.weights.h5").read_bytes()


@pytest.mark.slow
def test_a_recipe_run_twice_gives_the_same_bits(tmp_path):
    """Its first steps, on the threads of the tests and the images in the package: that holds on any machine."""
    flags = [f"--recipe={REPEATED}", "--dataset=fashion_mnist_10k", "--kimg=0.2", "--threads=2"]
    for run in ("one", "two"):
        assert main([*flags, f"--run_dir={tmp_path / run}"]) == 0
    one, two = (preset_of(tmp_path / run, tmp_path / f"{run}_preset", "float32") for run in ("one", "two"))
    assert one == two


@pytest.mark.slow
@pytest.mark.parametrize("name", [REPEATED])
def test_a_recipe_gives_the_preset_again(name, tmp_path):
    """Bit for bit, where processor and versions are those that the preset was made with."""
    about = metadata(name)
    here = {"processor": make_preset.processor(), "versions": versions()}
    for what, found in here.items():
        if about[what] != found:
            pytest.skip(f"made with another {what}: {about[what]}, here {found}")
    flags = [f"--recipe={name}", f"--run_dir={tmp_path / 'run'}"]
    code = f"import sys; from tfgan_zoo.cli.train import main; sys.exit(main({flags}))"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    weights = preset_of(tmp_path / "run", tmp_path / "preset", about["dtype"])
    assert weights == (presets.BUILT_IN / name / "model.weights.h5").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_stated_metric_is_found_again(name):
    about = metadata(name)
    stated = results.headline(about)
    model = presets.from_preset(name)
    chosen = {stated["metric"]: PROTOCOLS[stated["metric"]]}
    shipped = about["dataset"].startswith("fashion_mnist")  # its reference's features are in the package
    reference = None if shipped else make_preset.reference_of(about["dataset"], model.image_shape)
    evaluator = Evaluator(chosen, model.image_shape, reference, about["dataset"])
    (found,) = evaluator.measure(sets.Fakes(model))
    assert found["values"][stated["value"]] == pytest.approx(stated["mean"], abs=3 * stated["deviation"] + 1e-6)
