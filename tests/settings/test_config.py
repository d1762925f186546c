"""What a run's choices imply, what is refused, what config.json may hold."""

import dataclasses
import json
import math

import pytest

from tfgan_zoo import image_sizes, registry
from tfgan_zoo.cli.train import COMMAND
from tfgan_zoo.data import catalogue
from tfgan_zoo.settings import config as configs
from tfgan_zoo.settings import fields
from tfgan_zoo.settings.config import Config
from tfgan_zoo.settings.resolve import resolve


def message_of(function, *args, **kwargs):
    with pytest.raises(ValueError) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert "\n" not in message
    return message


# Precedence


def test_defaults_make_the_first_run():
    config = resolve()
    assert (config.method, config.dataset, config.network) == ("pconv", "fashion_mnist_10k", "dcgan")
    assert config.shape == (32, 32, 1)
    assert config.perturb == 0.5  # the method's, over the default of 0


@pytest.mark.parametrize(
    "given, field, value",
    [
        ({"method": "gan", "dataset": "ring"}, "network", "mlp"),  # data set over default
        ({"method": "gan", "dataset": "ring", "network": "mlp", "latent_dim": 3}, "latent_dim", 3),  # user over network
        ({"network": "sngan"}, "loss", "hinge"),  # network over default
        ({"network": "sngan", "loss": "least_squares"}, "loss", "least_squares"),
        ({"network": "sngan", "loss": "wasserstein"}, "penalty", ("wgan_gp",)),  # loss over default
        ({"loss": "wasserstein"}, "normalization", "none"),  # the implied penalty over the network
        ({"loss": "wasserstein", "normalization": "spectral"}, "normalization", "spectral"),  # user over penalty
        ({"loss": "wasserstein", "penalty": "r1"}, "penalty_weight", (1.0,)),  # the user's penalty brings its weight
        ({"penalty": "r1", "penalty_weight": 7}, "penalty_weight", (7,)),
        ({"penalty": ("r1", "r2"), "penalty_weight": 7}, "penalty_weight", (7, 7)),
        ({"penalty": ("r1", "lecam")}, "penalty_weight", (1.0, 0.1)),
        ({"penalty": ("r1", "lecam")}, "penalty_every", (16, 1)),
        ({"penalty": "r1", "penalty_every": 0}, "penalty_every", (1,)),
        ({"loss": "wasserstein", "penalty": "none"}, "penalty", ()),
        ({"method": "gan"}, "perturb", 0.0),
        ({"method": "gan", "perturb": 0.3}, "perturb", 0.3),  # user over default
        ({"perturb": 0.3}, "perturb", 0.3),  # user over method
        ({"batch_size": None}, "batch_size", 64),  # None is not given
    ],
)
def test_later_tables_win(given, field, value):
    assert getattr(resolve(**given), field) == value


def test_every_table_is_asked_in_its_turn(monkeypatch):
    """data set < network < loss < penalty < method < recipe < user, each over the ones before."""
    chosen = {"dataset": "ring", "network": "mlp", "loss": "hinge", "penalty": "r1", "method": "gan"}
    ring = catalogue.DATASETS["ring"]
    entries = [
        (catalogue.DATASETS, "ring", lambda it: dataclasses.replace(ring, implies=ring.implies | it)),
        (registry.NETWORKS._found, "mlp", lambda it: _with_implied(registry.NETWORKS["mlp"], it)),
        (registry.LOSSES._found, "hinge", lambda it: _with_implied(registry.LOSSES["hinge"], it)),
        (registry.PENALTIES._found, "r1", lambda it: type("R1", (registry.PENALTIES["r1"],), {"implies": it})),
        (registry.METHODS._found, "gan", lambda it: _with_implied(registry.METHODS["gan"], it)),
    ]
    for rank, (table, name, changed) in enumerate(entries, start=1):
        monkeypatch.setitem(table, name, changed({"batch_size": rank, "n_dis": rank}))
        assert resolve(**chosen).batch_size == rank
    assert resolve({"batch_size": 8}, **chosen).batch_size == 8
    config = resolve({"batch_size": 8}, **chosen, batch_size=9)
    assert (config.batch_size, config.n_dis) == (9, 5)


def _with_implied(entry, fields):
    return dataclasses.replace(entry, implies={**entry.implies, **fields})


# The rows


def test_every_flag_and_every_check_comes_from_a_row():
    flags = COMMAND.parse([])[0].keys()
    for name, row in configs.ROWS.items():
        assert (name in flags) == bool(row.help), name
        assert row.group in fields.GROUPS
        assert row.of is None or row.of in configs.ROWS
    assert set(configs.LATER) <= configs.DEFAULTS.keys()
    text = COMMAND.help()
    for name, row in configs.ROWS.items():
        assert not row.help or f"--{name} " in text


@pytest.mark.parametrize("name", [name for name, row in configs.ROWS.items() if row.high < math.inf or row.low > -9])
def test_every_number_is_held_to_its_range(name):
    row, (kind, items, _) = configs.ROWS[name], fields.kind_of(configs.FIELDS[name])
    number = int if kind is image_sizes.ImageSize else items or kind
    outside = [row.low - 1, *([row.low] if row.above else []), *([row.high + 1] if row.high < math.inf else [])]
    for value in (number(value) for value in outside):
        message = message_of(row.check, name, (value,) if items else value)
        assert message.startswith(f"{name}={value} must be ") and "\n" not in message
    for value in ([] if row.above else [row.low]) + ([row.high] if row.high < math.inf else []):
        row.check(name, number(value))


def test_a_digest_is_of_what_decides_the_numbers():
    config = resolve(method="gan", dataset="ring")
    assert config.digest() == resolve(method="gan", dataset="ring").digest()
    assert config.digest() != resolve(method="gan", dataset="ring", seed=1).digest()
    moved = dataclasses.replace(config, versions={}, replicas=1, data_dir="elsewhere")
    assert moved.digest() == config.digest() == json.loads(config.to_json())["digest"]


@pytest.mark.parametrize(
    "one, other",
    [
        ({"kimg": 4}, {"kimg": 4.0}),
        ({"penalty": "r1", "penalty_weight": 2}, {"penalty": "r1", "penalty_weight": 2.0}),
        ({"method": "particle", "beta": 1}, {"method": "particle", "beta": 1.0}),
    ],
)
def test_equal_configurations_have_equal_digests(one, other):
    one, other = (resolve(**{"method": "gan", "dataset": "ring"} | given) for given in (one, other))
    assert one == other and one.digest() == other.digest()


def test_a_quiet_field_is_part_of_the_digest_where_it_says_something():
    config = dataclasses.replace(resolve(), dataset="/a/pictures", data_key="ab12")
    for field, value in {
        "no_icc": True,
        "background": "black",
        "resize": "pad",
        "min_size": "enlarge",
        "mirror": True,
    }.items():
        assert dataclasses.replace(config, **{field: value}).digest() != config.digest()


def test_the_same_pictures_elsewhere_have_the_same_digest():
    config = dataclasses.replace(resolve(method="gan", dataset="ring"), dataset="/a/pictures", data_key="ab12")
    assert dataclasses.replace(config, dataset="/b/pictures").digest() == config.digest()
    assert dataclasses.replace(config, data_key="cd34").digest() != config.digest()


@pytest.mark.parametrize(
    "penalty, weight, expected",
    [("none", 0.0, ((), (), ())), ("r1", 2.0, (("r1",), (2.0,), (16,))), ("lecam", 0.1, (("lecam",), (0.1,), (1,)))],
)
def test_a_configuration_from_when_a_penalty_was_one_word_means_the_same(penalty, weight, expected):
    values = json.loads(resolve(method="gan", normalization="none").to_json())
    values |= {"penalty": penalty, "penalty_weight": weight}
    del values["penalty_every"], values["digest"]
    config = Config.from_json(json.dumps(values))
    assert (config.penalty, config.penalty_weight, config.penalty_every) == expected


# What is refused


def test_a_method_may_ask_for_other_values_on_one_network():
    ring = {"dataset": "ring"}
    assert (resolve(method="gan", **ring).d_lr, resolve(method="brc", **ring).d_lr) == (1e-3, 1e-4)
    assert resolve(method="brc").d_lr == resolve(method="gan").d_lr == 2e-4  # on dcgan
    assert resolve(method="express", host="brc", **ring).d_lr == 1e-4
    assert resolve(method="brc", d_lr=5e-4, **ring).d_lr == 5e-4


@pytest.mark.parametrize(
    "field, good, bad",
    [
        ("width", (1, 4096), (0, -1, 4097)),
        ("latent_dim", (1,), (0,)),
        ("batch_size", (1, 65536), (0, 65537)),
        ("n_dis", (1,), (0,)),
        ("g_lr", (1e-9, 1), (0, -1, 1.1, math.nan)),
        ("d_lr", (1e-9, 1), (0, math.inf)),
        ("beta_1", (0, 0.999), (-0.1, 1.0)),
        ("beta_2", (0, 0.999), (1.0, math.nan)),
        ("ema_kimg", (0, 1e6), (-1, math.inf)),
        ("perturb", (0.01, 3), (-1, math.inf)),
        ("kimg", (1e-6, 1e9), (0, -1, math.nan, math.inf, 1e300)),
        ("tick_kimg", (1e-6,), (0, math.nan, math.inf)),
        ("seed", (0, 2**31 - 1), (-1, 2**31)),
        ("threads", (1,), (0,)),
    ],
)
def test_ranges(field, good, bad):
    for value in good:
        assert getattr(resolve(**{field: value}), field) == value
    for value in bad:
        message = message_of(resolve, **{field: value})
        assert message.startswith(f"{field}={value} must be ")


@pytest.mark.parametrize(
    "given, words",
    [
        ({"batch_size": 32.5}, "batch_size=32.5 must be a whole number"),
        ({"batch_size": True}, "batch_size=True must be a whole number"),
        ({"g_lr": "high"}, "g_lr='high' must be a number"),
        ({"perturb_first": 1}, "perturb_first=1 must be true or false"),
        ({"augment": "color"}, "augment='color' must be a tuple of words"),
        ({"penalty": "r1", "penalty_weight": ("a",)}, "penalty_weight=['a'] must be a tuple of numbers"),
    ],
)
def test_types(given, words):
    assert words in message_of(resolve, **given)


@pytest.mark.parametrize(
    "given, words",
    [
        ({"method": "pcomv"}, "method=pcomv is unknown (did you mean pconv?); choose from gan, brc"),
        ({"loss": "hing"}, "did you mean hinge?"),
        ({"penalty": "gp"}, "penalty=gp is unknown"),
        ({"network": "dcgam"}, "did you mean dcgan?"),
        ({"normalization": "layer"}, "normalization=layer is unknown"),
        ({"perturb_law": "cauchy"}, "perturb_law=cauchy is unknown"),
        ({"augment": ("color", "colour")}, "augment=colour is unknown (did you mean color?)"),
        ({"lr_decay": "cosine"}, "lr_decay=cosine is unknown"),
        ({"strategy": "best"}, "strategy=best is unknown"),
        ({"precision": "float16"}, "precision=float16 is unknown"),
        ({"jit": "yes"}, "jit=yes is unknown"),
    ],
)
def test_unknown_names_come_with_the_nearest_and_the_list(given, words):
    message = message_of(resolve, **given)
    assert words in message and "choose from" in message


@pytest.mark.parametrize(
    "given, words",
    [
        ({"micro_batch": 5, "batch_size": 8}, "micro_batch=5 must divide batch_size=8"),
        ({"micro_batch": 2, "network": "stylegan2", "method": "gan"}, "micro_batch=2 must be a multiple of 4"),
        ({"penalty_weight": 5.0}, "penalty_weight=5.0 is of no use without a penalty"),
        ({"penalty": "r1", "penalty_weight": 0}, "penalty_weight=0 must be above 0 and finite for penalty=r1"),
        ({"penalty": "r1", "penalty_weight": math.inf}, "penalty_weight=inf must be"),
        ({"penalty": ("r1", "r1")}, "penalty=r1,r1 names one twice"),
        ({"penalty": ("r1", "r2"), "penalty_weight": (1, 2, 3)}, "penalty_weight=1,2,3 must be one number, or one"),
        ({"penalty": "lecam", "penalty_every": 4}, "penalty_every=4 for penalty=lecam must be 0 or 1"),
        ({"penalty": "r1", "penalty_every": -1}, "penalty_every=-1 must be at least 0"),
        ({"method": "brc", "damping": math.inf}, "damping=inf must be in [1e-10, "),
        (
            {"method": "brc", "inner_steps": 0, "loss": "wasserstein", "penalty": "none"},
            "inner_steps=0 leaves method=brc nothing to do for loss=wasserstein without a penalty",
        ),
        ({"method": "express", "latent_share": 0.95}, "latent_share=0.95 must be in [0.0, 0.9]"),
        ({"penalty": "prox", "n_dis": 1}, "choose n_dis=2 or more"),
        ({"image_size": 28}, ("image_size=28", "dcgan", "32, 64, 128, 256")),
        ({"dataset": "ring", "network": "dcgan"}, ("network=dcgan", "network=mlp", "ring")),
        ({"dataset": "ring", "method": "gan", "augment": ("color",)}, ("augment=color", "ring")),
        ({"ada_kimg": 100.0}, ("ada_kimg=100.0", "augment=ada", "only")),
        ({"augment": ("color",), "ada_target": 0.5}, ("ada_target=0.5", "augment=ada", "only")),
        ({"dataset": "ring"}, ("network=mlp", "method=pconv", "perturb=0.5")),
        ({"perturb": 0.0}, ("perturb=0", "pconv", "method=gan")),
        ({"perturb_law": "bernoulli", "perturb": 1.0}, ("perturb=1.0", "bernoulli", "below 1")),
        ({"penalty": "wgan_gp", "normalization": "batch"}, ("normalization=batch", "wgan_gp", "spectral")),
        ({"network": "sngan", "normalization": "batch"}, ("normalization=batch", "sngan", "spectral, none")),
        ({"penalty": "prox", "n_dis": 1}, ("n_dis=1", "penalty=prox", "D0")),
        ({"method": "brc", "penalty": "prox", "inner_steps": 0}, ("n_dis=1", "penalty=prox", "D0")),
        ({"method": "brc", "inner_steps": 0, "clamp": 0.0}, ("inner_steps=0", "clamp=0", "method=gan")),
    ],
)
def test_choices_that_do_not_go_together(given, words):
    message = message_of(resolve, **given)
    assert all(word in message for word in words), message


def test_options_are_given_by_their_names():
    with pytest.raises(TypeError, match="by their names"):
        resolve(method="particle", options={"beta": 1.0})


def test_unknown_field_is_a_programming_error():
    with pytest.raises(TypeError, match="n_gen"):
        resolve(n_gen=2)


# Lengths


def test_steps_and_ticks():
    config = resolve(batch_size=50, kimg=1.0, tick_kimg=0.3)
    assert (config.steps, config.steps_per_tick) == (20, 6)
    assert resolve(batch_size=64, kimg=0.001).steps == 1
    assert resolve(batch_size=50, kimg=1.0, tick_kimg=50.0).steps_per_tick == 20  # a tick is no longer than the run


# config.json


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"augment": ("color", "cutout"), "threads": 2, "width": 8},
        {"augment": ("ada",), "ada_kimg": 100.0},
        {"dataset": "cube", "method": "gan", "lr_decay": "linear"},
        {"method": "ces", "costs": ("hinge", "least_squares"), "normalize": True},
        {"method": "express", "host": "brc", "clamp": math.inf},
    ],
)
def test_json_round_trip(given):
    config = resolve(**given)
    assert Config.from_json(config.to_json()) == config
    assert Config.from_json(config.to_json()).shape == config.shape


def damaged(**changes):
    values = json.loads(resolve().to_json()) | changes
    return json.dumps({name: value for name, value in values.items() if value != "drop"})


def test_a_run_written_before_a_field_was_there_begins_with_its_default_or_what_was_usual_then():
    older = Config.from_json(damaged(**dict.fromkeys(configs.LATER, "drop")))
    assert older == dataclasses.replace(resolve(), perturb_generator=True) and older.ada_kimg is None
    plain = Config.from_json(damaged(method="gan", perturb=0.0, **dict.fromkeys(configs.LATER, "drop")))
    assert plain.perturb_generator is False


def test_a_run_from_before_colour_profiles_were_applied_leaves_them_out():
    older = Config.from_json(damaged(dataset="/photos", image_size=32, channels=3, no_icc="drop"))
    assert older.no_icc and older.data_arguments["no_icc"] and older.reading.no_icc
    assert not Config.from_json(damaged(dataset="/photos", image_size=32, channels=3)).no_icc


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("[]", "not a configuration"),
        ("3", "not a configuration"),
        ("null", "not a configuration"),
        ('[{"a": 1}]', "not a configuration"),
        (damaged(loss="drop"), "missing: loss"),
        (damaged(colour=1), "unknown: colour"),
        (damaged(batch_size="64"), "batch_size='64' must be a whole number"),
        (damaged(batch_size=-1), "batch_size=-1 must be at least 1"),
        (damaged(batch_size=None), "batch_size=None must be a whole number"),
        (damaged(augment=3), "augment=3 must be a tuple"),
        (damaged(augment=None), "augment=None must be a tuple"),
        (damaged(augment=["colour"]), "augment=colour is unknown"),
        (damaged(augment=[1]), "augment=[1] must be a tuple of words"),
        (damaged(augment=["ada"]), "ada_target=None goes with augment=ada"),
        (damaged(method="gun"), "method=gun is unknown"),
        (damaged(kimg=1e999), "kimg=inf must be"),
        (damaged(versions=[]), "versions=[] must be a dict"),
        (damaged(normalization=None), "normalization=None"),
        (damaged(image_size=33), "image_size=33"),
    ],
)
def test_damaged_json_is_one_line(text, words):
    assert words in message_of(Config.from_json, text)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"selection": "drop"}, "lack selection"),
        ({"colour": 1}, "colour=1 is no method's option"),
        ({"clamp": 0.1}, "clamp=0.1 is an option of method=brc"),
        ({"normalize": "yes"}, "normalize='yes' must be true or false"),
        ({"costs": "hinge"}, "costs='hinge' must be a tuple of words"),
        ({"costs": ["hing"]}, "costs=hing is unknown (did you mean hinge?)"),
    ],
)
def test_damaged_options_are_one_line(options, words):
    values = json.loads(resolve(method="ces").to_json())
    values["options"] |= options
    values["options"] = {name: value for name, value in values["options"].items() if value != "drop"}
    assert words in message_of(Config.from_json, json.dumps(values))


def test_versions_are_those_installed():
    import tensorflow as tf

    assert configs.versions()["tensorflow"] == tf.__version__
    assert resolve().versions == configs.versions()


def test_a_network_without_labels_is_not_for_a_conditional_run(monkeypatch):
    monkeypatch.setitem(
        registry.NETWORKS._found, "dcgan", dataclasses.replace(registry.NETWORKS["dcgan"], labels=False)
    )
    message = message_of(resolve, conditional=True)
    able = ", ".join(name for name in registry.NETWORKS if name != "dcgan")
    assert message == f"conditional=True: network=dcgan takes no labels; choose from {able}"


@pytest.mark.parametrize(
    ("words", "normalization", "augment"),
    [
        ({}, "spectral", ("translation", "cutout")),
        ({"method": "particle"}, "spectral", ("translation", "cutout")),
        ({"method": "particle", "network": "sngan"}, "none", ("translation", "cutout")),
        ({"loss": "wasserstein"}, "none", ("translation", "cutout")),
        ({"network": "r3gan"}, "none", ("translation", "cutout")),
        ({"normalization": "batch", "augment": ("ada",)}, "batch", ("ada",)),
        ({"dataset": "fashion_mnist_10k"}, "batch", ()),
    ],
)
def test_few_pictures_in_colour_imply_what_they_need_and_other_choices_win(words, normalization, augment):
    config = resolve(**{"method": "gan", "dataset": "noto_emoji_64"} | words)
    assert (config.normalization, config.augment) == (normalization, augment)
