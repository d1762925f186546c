"""Recipes: each is the whole of a configuration, and what a user says beside one wins."""

import dataclasses
import json

import pytest
from PIL import Image

from tfgan_zoo.cli.train import COMMAND, main
from tfgan_zoo.training import recipes
from tfgan_zoo.training.config import Config, resolve

FORMATS = {"fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3), "celeb_a": (218, 178, 3)}


@pytest.fixture(autouse=True)
def data_sets(tmp_path, monkeypatch):
    """The data sets that recipes name, as far as a configuration looks at them."""
    for name, sides in FORMATS.items():
        folder = tmp_path / "tfds" / name / "1.0.0"
        folder.mkdir(parents=True)
        (folder / "dataset_info.json").write_text("{}")
        image = {"image": {"shape": {"dimensions": list(map(str, sides))}, "dtype": "uint8"}}
        (folder / "features.json").write_text(json.dumps({"featuresDict": {"features": {"image": image}}}))
    photos = tmp_path / "here" / "tiny-imagenet-200" / "train" / "n01443537"
    photos.mkdir(parents=True)
    for shade in range(3):
        Image.new("RGB", (64, 64), (shade, 80, 160)).save(photos / f"{shade}.png")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def run(capsys):
    """A function that runs train.py: returns (status, stdout, stderr)."""

    def call(*flags):
        status = main(list(flags))
        output = capsys.readouterr()
        return status, output.out, output.err

    return call


def resolved(recipe, **given):
    return resolve(**recipes.settings(recipe, given))


def without_elsewhere(config):
    """A `Config` as recipes have it."""
    return json.loads(recipes.to_json(dataclasses.asdict(config), ""))


# What is committed


@pytest.mark.parametrize("name", recipes.names())
def test_a_committed_recipe_is_the_whole_of_what_it_resolves_to(name):
    written = json.loads((recipes.FOLDER / f"{name}.json").read_text())
    assert next(iter(written)) == "about" and written["about"].endswith(".")
    written["dataset"] = str(resolve(dataset=written["dataset"], method="gan").dataset)  # a path is made absolute
    found = without_elsewhere(resolved(recipes.read(name)))
    for words in (written, found):
        words.pop("note", None), words.pop("about")
    assert found == written


@pytest.mark.parametrize("name", recipes.names())
def test_a_committed_recipe_is_as_the_tool_writes_it(name):
    """No field missing, none in another order, and the sentence of a run that nobody made says so."""
    recipe = recipes.read(name)
    text = (recipes.FOLDER / f"{name}.json").read_text()
    assert recipes.to_json(recipes.complete(recipe), recipe["about"], recipe.get("note")) == text
    assert recipe["about"].startswith(recipes.sentence(recipe).partition(";")[0])


def test_recipes_of_other_machines_leave_theirs_to_them():
    """Threads, precision and XLA decide a run's bits: a recipe that we ran has settled them."""
    wishes = {"strategy": "auto", "precision": "auto", "jit": "auto", "threads": None}
    for name in recipes.names():
        recipe = recipes.read(name)
        found = {field: recipe[field] for field in wishes}
        if name.endswith("_sngan"):
            assert found == wishes and recipe["about"].endswith("not run by us.")
        else:
            assert found == {"strategy": "none", "precision": "float32", "jit": "off", "threads": 1}


# What flags do beside it


def test_what_the_user_says_wins():
    recipe = recipes.read("brc_ring")
    assert resolved(recipe, clamp=0.5, g_lr=1e-4) == dataclasses.replace(
        resolved(recipe), g_lr=1e-4, options=resolved(recipe).options | {"clamp": 0.5}
    )


@pytest.mark.parametrize("name", ["pconv_fashion_mnist", "particle_fashion_mnist", "ces_ring", "brc_ring"])
def test_another_method_takes_along_what_the_recipe_had_for_its_own(name):
    plain = name.replace(name.split("_")[0], "gan", 1)
    assert resolved(recipes.read(name), method="gan") == resolved(recipes.read(plain))


@pytest.mark.parametrize("name", ["gan_ring", "particle_ring"])
def test_another_method_brings_what_it_asks_for_on_the_recipes_network(name):
    assert resolved(recipes.read(name), method="brc") == resolved(recipes.read("brc_ring"))


@pytest.mark.parametrize(
    "name, host",
    [
        *((name, host) for name in ("express_ring", "express_fashion_mnist") for host in ("ces", "particle", "brc")),
        ("express_fashion_mnist", "pconv"),
    ],
)
def test_another_host_brings_what_it_asks_for(name, host):
    recipe = recipes.read(name)
    config = resolved(recipe, host=host)
    own = {"latent_share": recipe["options"]["latent_share"]}  # of express itself: it stays
    fresh = resolve(method="express", host=host, network=recipe["network"], dataset=recipe["dataset"], **own)
    for field in ("loss", "n_dis", "d_lr", "beta_1", "normalization", "perturb", "options"):
        assert getattr(config, field) == getattr(fresh, field), field
    back = recipe | {"options": config.options, "loss": config.loss, "d_lr": config.d_lr}
    assert resolved(back, host="gan").d_lr == resolved(recipe).d_lr


def test_another_method_with_a_host_brings_what_the_host_asks_for():
    config = resolved(recipes.read("gan_ring"), method="express", host="brc")
    assert (config.d_lr, config.options["host"], config.options["inner_steps"]) == (1e-4, "brc", 10)
    assert resolved(recipes.read("gan_ring"), method="express", host="particle").loss is None


def test_another_loss_brings_its_penalty_and_what_that_asks_for():
    config = resolved(recipes.read("gan_fashion_mnist"), loss="wasserstein")
    assert (config.penalty, config.penalty_weight, config.n_dis, config.normalization) == ("wgan_gp", 10, 5, "none")


def test_a_weight_goes_with_its_penalty():
    recipe = recipes.read("gan_fashion_mnist") | {"penalty": "r1", "penalty_weight": 7.0}
    assert resolved(recipe).penalty_weight == 7 and resolved(recipe, penalty="none").penalty_weight == 0
    assert resolved(recipe, penalty="lecam").penalty_weight == 0.1


def test_another_network_brings_its_own_rates():
    config = resolved(recipes.read("gan_fashion_mnist"), network="sngan")
    assert (config.loss, config.n_dis, config.beta_2, config.normalization) == ("hinge", 5, 0.9, "spectral")
    assert (config.width, config.kimg) == (32, 512)


def test_another_penalty_takes_the_place_of_what_the_network_has():
    assert resolved(recipes.read("gan_fashion_mnist"), penalty="wgan_gp").normalization == "none"


def test_another_augmentation_leaves_out_what_belonged_to_ada():
    recipe = recipes.read("pconv_fashion_mnist") | {"augment": ("ada",), "ada_target": 0.5, "ada_kimg": 100.0}
    assert resolved(recipe).ada_kimg == 100
    assert resolved(recipe, augment=("color",)).ada_kimg is None


def test_a_recipe_that_is_older_than_a_field_has_its_default(tmp_path):
    whole = json.loads((recipes.FOLDER / "brc_fashion_mnist.json").read_text())
    del whole["augment"], whole["note"], whole["options"]["damping"]
    (tmp_path / "old.json").write_text(json.dumps(whole))
    assert resolved(recipes.read(str(tmp_path / "old.json"))) == resolved(recipes.read("brc_fashion_mnist"))
    assert recipes.complete(whole)["options"] == recipes.read("brc_fashion_mnist")["options"]


def test_the_config_of_a_run_is_a_recipe(tmp_path):
    config = resolve(method="gan", dataset="ring", seed=4, threads=2)
    (tmp_path / "config.json").write_text(config.to_json())
    assert resolved(recipes.read(str(tmp_path / "config.json"))) == config


# On the command line


def test_dry_run_of_a_recipe_is_its_configuration(run):
    status, out, err = run("--recipe=gan_ring", "--seed=7", "--dry_run", "--threads=2")
    assert (status, err) == (0, "")
    assert Config.from_json(out) == dataclasses.replace(
        resolved(recipes.read("gan_ring")), seed=7, threads=2, replicas=1
    )
    assert "recipe" not in json.loads(out)


def test_a_recipe_of_one_s_own_data_takes_the_folder(run):
    flags = ("--recipe=tiny_imagenet_sngan", "--dry_run", "--threads=2")
    assert run(*flags, "--dataset=tiny-imagenet-200")[0] == 0
    status, _, err = run(*flags, "--dataset=./elsewhere")
    assert status == 2 and "dataset=./elsewhere" in err


def test_a_run_of_a_recipe_goes_on_with_it(run, tmp_path):
    short = ("--recipe=gan_ring", "--kimg=0.032", "--batch_size=8", "--threads=2", f"--run_dir={tmp_path / 'run'}")
    assert run(*short)[0] == 0
    assert "resuming at step 4" in run(*short)[1]
    status, _, err = run("--recipe=brc_ring", short[-1])
    assert status == 2 and "begun with" in err


def test_list_tells_recipes(run):
    out = run("--list")[1]
    assert all(f"  {name}\n" in out and recipes.read(name)["about"] in out for name in recipes.names())


@pytest.mark.parametrize(
    "content, words",
    [
        ("{", "is not JSON"),
        (b"\xff", "is not JSON"),
        ("[]", "not an object"),
        ('{"methods": "gan"}', "no fields of a configuration: methods"),
        ('{"kimg": "long"}', "kimg='long' must be a number"),
        ('{"method": ["gan"]}', "method=('gan',) must be a word"),
        ('{"augment": [["color"]]}', "augment=[['color']] must be words"),
        ('{"options": 3}', "options=3 must be a dict"),
        ('{"options": {"clam": 3}}', "options: clam is no method's option"),
        ('{"options": {"clamp": 3}}', "clamp=3 is an option of method=brc"),
        ('{"about": 3}', "about=3 must be a sentence"),
        ('{"dataset": "fasion_mnist"}', "did you mean fashion_mnist?"),
        ('{"network": "mpl"}', "network=mpl is unknown (did you mean mlp?)"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_recipe_is_one_line_before_tensorflow_starts(content, words, run, tmp_path, monkeypatch):
    monkeypatch.setattr("tfgan_zoo.cli.app.import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    status, out, err = run(f"--recipe={path}")
    assert (status, out, err.count("\n")) == (2, "", 1) and words in err, err


def test_an_unknown_name_lists_all_and_the_nearest(run):
    status, _, err = run("--recipe=gan_rign")
    assert status == 2 and "recipe=gan_rign is unknown (did you mean gan_ring?)" in err
    assert all(name in err for name in recipes.names())


def test_every_field_of_a_recipe_is_a_flag():
    assert recipes.FIELDS.keys() - {"options"} <= COMMAND.parse([])[0].keys()
