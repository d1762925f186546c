"""Recipes: each is the whole of a configuration, and what a user says beside one wins."""

import dataclasses
import json

import make_recipe
import pytest
from PIL import Image

from tfgan_zoo.choices import listed
from tfgan_zoo.cli.train import COMMAND, main
from tfgan_zoo.settings import config as configs
from tfgan_zoo.settings import recipes
from tfgan_zoo.settings.config import Config
from tfgan_zoo.settings.resolve import implied, resolve

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
    """The configuration of a recipe's words, or of a recipe by its name, with flags."""
    return resolve(recipes.read(recipe)[0] if isinstance(recipe, str) else recipe, **given)


def everything(name):
    """The file of a recipe as it was before 0.1.0: every field, and the options in a table of their own."""
    config = json.loads(resolved(name).to_json())
    left_out = {"penalty_every"}
    if config["perturb_generator"] == configs.before_later_fields(config)["perturb_generator"]:
        left_out.add("perturb_generator")
    values = {field: config[field] for field in recipes.FIELDS if field not in left_out}
    (penalty,), (weight,) = config["penalty"] or ("none",), config["penalty_weight"] or (0.0,)
    return values | {"penalty": penalty, "penalty_weight": weight}


@pytest.fixture
def whole(tmp_path):
    """A function that writes such a file and returns what is read of it."""

    def write(name):
        (tmp_path / f"{name}.json").write_text(json.dumps(everything(name)))
        return recipes.read(str(tmp_path / f"{name}.json"))[0]

    return write


# What is committed


def test_a_committed_recipe_resolves_to_what_it_did():
    """Where this fails, the recipe is another run now; if that is meant: python tools/make_recipe.py"""
    assert make_recipe.digests() == json.loads(make_recipe.DIGESTS.read_text())


@pytest.mark.parametrize("name", recipes.names())
def test_a_committed_recipe_is_as_the_tool_writes_it(name):
    """No word that is implied, and the sentence of a run that nobody made says so."""
    words, sentences = recipes.read(name)
    text = (recipes.FOLDER / f"{name}.json").read_text()
    assert recipes.to_json(words, sentences["about"], sentences.get("note")) == text
    assert sentences["about"].startswith(recipes.sentence(words).partition(";")[0])
    for word in words.keys() - {"method", "dataset"}:
        assert implied({name: value for name, value in words.items() if name != word}) != implied(words), word


@pytest.mark.parametrize("name", [name for name in recipes.names() if not name.endswith(("_r3gan", "_stylegan2"))])
def test_a_recipe_that_holds_everything_is_the_same_recipe(name, whole):
    assert resolved(whole(name)) == resolved(name)


def test_recipes_of_other_machines_leave_theirs_to_them():
    """Threads, precision and XLA decide a run's bits: a recipe that we ran has settled them."""
    settled = {"strategy": "none", "precision": "float32", "jit": "off", "threads": 1}
    for name in recipes.names():
        words, sentences = recipes.read(name)
        found = {field: words[field] for field in settled if field in words}
        if name.endswith(("_sngan", "_r3gan", "_stylegan2")):
            assert not found and sentences["about"].endswith("not run by us.")
        else:
            assert found == settled


# What flags do beside it


def test_what_the_user_says_wins():
    recipe = "brc_ring"
    assert resolved(recipe, clamp=0.5, g_lr=1e-4) == dataclasses.replace(
        resolved(recipe), g_lr=1e-4, options=resolved(recipe).options | {"clamp": 0.5}
    )


WHOLE = pytest.mark.parametrize("of", [lambda name, whole: name, lambda name, whole: whole(name)], ids=["words", "all"])


@WHOLE
@pytest.mark.parametrize("name", ["pconv_fashion_mnist", "particle_fashion_mnist", "ces_ring", "brc_ring"])
def test_another_method_takes_along_what_the_recipe_had_for_its_own(name, of, whole):
    plain = name.replace(name.split("_")[0], "gan", 1)
    assert resolved(of(name, whole), method="gan") == resolved(plain)


@WHOLE
@pytest.mark.parametrize("name", ["gan_ring", "particle_ring"])
def test_another_method_brings_what_it_asks_for_on_the_recipes_network(name, of, whole):
    assert resolved(of(name, whole), method="brc") == resolved("brc_ring")


@WHOLE
@pytest.mark.parametrize(
    "name, host",
    [
        *((name, host) for name in ("express_ring", "express_fashion_mnist") for host in ("ces", "particle", "brc")),
        ("express_fashion_mnist", "pconv"),
    ],
)
def test_another_host_brings_what_it_asks_for(name, host, of, whole):
    config = resolved(of(name, whole), host=host)
    own = {"latent_share": 0.2}  # of express itself: it stays
    fresh = resolve(method="express", host=host, network=config.network, dataset=config.dataset, **own)
    for field in ("loss", "n_dis", "d_lr", "beta_1", "normalization", "perturb", "options"):
        assert getattr(config, field) == getattr(fresh, field), field


def test_another_method_with_a_host_brings_what_the_host_asks_for():
    config = resolved("gan_ring", method="express", host="brc")
    assert (config.d_lr, config.options["host"], config.options["inner_steps"]) == (1e-4, "brc", 10)
    assert resolved("gan_ring", method="express", host="particle").loss is None


@WHOLE
def test_another_loss_brings_its_penalty_and_what_that_asks_for(of, whole):
    config = resolved(of("gan_fashion_mnist", whole), loss="wasserstein")
    found = (config.penalty, config.penalty_weight, config.penalty_every, config.n_dis, config.normalization)
    assert found == (("wgan_gp",), (10,), (1,), 5, "none")


def test_a_weight_goes_with_its_penalty():
    recipe = recipes.read("gan_fashion_mnist")[0] | {"penalty": "r1", "penalty_weight": 7.0}
    assert resolved(recipe).penalty_weight == (7,) and resolved(recipe, penalty="none").penalty_weight == ()
    assert resolved(recipe, penalty="lecam").penalty_weight == (0.1,)
    assert resolved(recipe, penalty=("r1", "r2")).penalty_weight == (1, 1)


@WHOLE
def test_another_network_brings_its_own_rates(of, whole):
    config = resolved(of("gan_fashion_mnist", whole), network="sngan")
    assert (config.loss, config.n_dis, config.beta_2, config.normalization) == ("hinge", 5, 0.9, "spectral")
    assert (config.width, config.kimg) == (32, 512)


def test_another_penalty_takes_the_place_of_what_the_network_has():
    assert resolved("gan_fashion_mnist", penalty="wgan_gp").normalization == "none"


def test_another_augmentation_leaves_out_what_belonged_to_ada():
    recipe = recipes.read("pconv_fashion_mnist")[0] | {"augment": ("ada",), "ada_target": 0.5, "ada_kimg": 100.0}
    assert resolved(recipe).ada_kimg == 100
    assert resolved(recipe, augment=("color",)).ada_kimg is None


def test_the_config_of_a_run_is_a_recipe(tmp_path):
    config = resolve(method="gan", dataset="ring", seed=4, threads=2)
    (tmp_path / "config.json").write_text(config.to_json())
    words = recipes.read(str(tmp_path / "config.json"))[0]
    assert words == {"method": "gan", "dataset": "ring", "seed": 4, "threads": 2} and resolved(words) == config


@pytest.mark.parametrize(
    "asked",
    [
        {"penalty": "r1", "penalty_weight": 2.0, "penalty_every": 4, "normalization": "none"},
        {"loss": "wasserstein", "penalty_weight": 5.0},
        {"penalty": ("r1", "r2"), "penalty_weight": (2.0, 3.0), "normalization": "none"},
    ],
)
def test_the_config_of_a_run_with_penalties_is_a_recipe(asked, tmp_path):
    config = resolve(method="gan", dataset="ring", **asked)
    (tmp_path / "config.json").write_text(config.to_json())
    assert resolved(recipes.read(str(tmp_path / "config.json"))[0]) == config


def test_the_weight_of_an_implied_penalty_follows_it():
    recipe = {"method": "gan", "dataset": "ring", "loss": "wasserstein", "penalty_weight": 5.0}
    assert resolved(recipe).penalty_weight == (5,)
    assert resolved(recipe, loss="hinge").penalty == ()
    assert resolved(recipe, penalty="wgan_gp").penalty_weight == (5,)  # said again
    assert resolved(recipe, penalty="r1").penalty_weight == (1,)


def test_a_whole_recipe_from_before_a_field_has_what_was_usual_then(tmp_path, monkeypatch):
    values = everything("pconv_fashion_mnist")
    for name in ("ada_kimg", "perturb_generator"):
        values.pop(name, None)
    (tmp_path / "old.json").write_text(json.dumps(values))
    monkeypatch.setitem(configs.DEFAULTS, "ada_kimg", 3.0)
    monkeypatch.setattr(recipes, "fewest_words", lambda words: words)
    assert recipes.read(str(tmp_path / "old.json"))[0]["ada_kimg"] == 3.0
    assert recipes.read(str(tmp_path / "old.json"))[0]["perturb_generator"] is True


def test_a_recipe_may_say_one_number_for_all_penalties(tmp_path):
    words = {"method": "gan", "dataset": "ring", "penalty": ["r1", "r2"], "penalty_weight": 2}
    (tmp_path / "two.json").write_text(json.dumps(words))
    assert resolved(recipes.read(str(tmp_path / "two.json"))[0]).penalty_weight == (2, 2)


# On the command line


def test_dry_run_of_a_recipe_is_its_configuration(run):
    status, out, err = run("--recipe=gan_ring", "--seed=7", "--dry_run", "--threads=2")
    assert (status, err.count("width: null is 128 (network=mlp's own)")) == (0, 1)
    assert Config.from_json(out) == dataclasses.replace(
        resolved("gan_ring"), seed=7, threads=2, replicas=1, first_tick_kimg=0.0
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
    assert all(
        f"  {name}\n" in out and recipes.read(name)[1]["about"] in " ".join(out.split()) for name in recipes.names()
    )


@pytest.mark.parametrize(
    "content, words",
    [
        ("{", "is not JSON"),
        (b"\xff", "is not JSON"),
        ("[]", "not an object"),
        ('{"methods": "gan"}', "no fields of a configuration: methods"),
        ('{"kimg": "long"}', "kimg='long' must be a number"),
        ('{"method": ["gan"]}', "method=['gan'] must be a word"),
        ('{"augment": [["color"]]}', "augment=[['color']] must be a tuple of words"),
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
    assert err.rstrip().endswith(f"choose from {listed(recipes.names())}")


def test_every_field_of_a_recipe_is_a_flag():
    assert recipes.FIELDS.keys() - {"options"} <= COMMAND.parse([])[0].keys()
