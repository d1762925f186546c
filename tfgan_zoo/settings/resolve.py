"""From what a user says to a whole configuration: one order of precedence. No TensorFlow here.

Later words win: defaults, data set, network (and the data set on that network), loss, penalty, augmentation, method
(and the method on that network; then the hosted one), the recipe, the flags.
"""

from typing import Any

from tfgan_zoo import image_sizes, registry, schedules
from tfgan_zoo.choices import choose
from tfgan_zoo.data import catalogue
from tfgan_zoo.objectives import penalties
from tfgan_zoo.settings import checks, fields
from tfgan_zoo.settings import config as configs

_CHOICES = ("network", "loss", "penalty", "augment", "method")  # in the order in which one may imply a later one


def resolve(recipe: dict[str, Any] | None = None, **given: Any) -> configs.Config:
    """Completes what a recipe and the user say with what the choices imply, and checks it.

    Args:
        recipe: {name of a field or of an option: value}, what a recipe says; None for none.
        **given: fields of `Config` and the method's options, the user's own; a None counts as not given. A penalty may
            be one word, its weight and interval one number.

    Returns:
        A `Config`; strategy, replicas, precision, jit and threads may be "auto" (see `devices.resolve`).

    Raises:
        ValueError: in one line that names the argument, the value and what is allowed.
        TypeError: for an unknown field.

    >>> resolve(method="pconv", batch_size=32).perturb
    0.5
    """
    given = {name: value for name, value in given.items() if value is not None}
    words = given if recipe is None else {**without_dependents(recipe, given), **given}
    unknown = words.keys() - configs.FIELDS.keys() - checks.options().keys()
    if "options" in words:
        raise TypeError("a method's options are given by their names, not as options")
    if unknown:
        raise TypeError(f"no fields of a configuration: {', '.join(sorted(unknown))}")
    values = implied(words)
    shape = catalogue.check(
        values["dataset"],
        **{name: values[name] for name in ("data_dir", "image_size", "channels", "split")},
        sizes=registry.NETWORKS[values["network"]].sizes or None,
    )
    if len(shape) == 3:  # the size that the data have may imply something too
        values = implied(words | {"image_size": image_sizes.of(shape)}) | {"channels": shape[2]}
    reading = catalogue.reading(values["dataset"], **{name: values[name] for name in catalogue.READING})
    values |= {"data_key": catalogue.key(values["dataset"], shape, reading)}
    values |= {"dataset": catalogue.absolute(values["dataset"])}
    values["options"] = checks.method_options(values["method"], values["options"])
    config = configs.Config(**{"versions": configs.versions(), **values})
    checks.check(config)
    return config


def implied(words: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of a configuration that words say and imply, but for what only the data know.

    Args:
        words: {name of a field or of an option: value}.

    >>> values = implied({"dataset": "ring", "method": "brc"})
    >>> values["network"], values["d_lr"]
    ('mlp', 0.0001)
    """
    options = {name: words[name] for name in words.keys() & checks.options().keys()}
    words = with_tuples({name: value for name, value in words.items() if name not in options})
    values = configs.DEFAULTS | words
    data = catalogue.source(values["dataset"])
    values = configs.DEFAULTS | data.implies | words
    for choice in _CHOICES:
        more = data.on.get(values["network"], {}) if choice == "network" else {}
        values |= _with_numbers(_implied_by(choice, values, options)) | more | _with_numbers(words)
    for name in ("penalty_weight", "penalty_every"):
        usual = [getattr(registry.PENALTIES[penalty], f"usual_{name[8:]}") for penalty in values["penalty"]]
        each = penalties.one_each(name, values[name] or None, values["penalty"])
        values[name] = tuple(own if one is None else one for one, own in zip(each, usual, strict=True))
    values |= _begun(values, words)
    values["penalty_every"] = tuple(max(1, every) if every >= 0 else every for every in values["penalty_every"])
    return values | {"options": options}


def _begun(values, words):
    """Returns the schedules, and the fields that begin as they say.

    What the user schedules begins there. Of what a choice implies, a number that another choice or the user says is
    not scheduled, nor are rates that decay. The average of a run that begins at trained weights is theirs from its
    first step on: a half-life that grows from 0 would forget it, so that it has the usual one.
    """
    found = schedules.parse_all(values["schedule"])
    if "schedule" in words:
        return {name: _start(schedule, values) for name, schedule in found.items() if name not in words}
    said = set(words) | ({"g_lr", "d_lr"} if values["lr_decay"] != "none" else set())
    kept = {name for name, it in found.items() if name not in said and values[name] == _start(it, values) != ()}
    begun = {}
    if values["init_from"] is not None and "ema_kimg" in kept:
        kept.remove("ema_kimg")
        begun = {"ema_kimg": configs.DEFAULTS["ema_kimg"]}
    return begun | {"schedule": tuple(text for text in values["schedule"] if schedules.parse(text).name in kept)}


def _start(schedule, values):
    """Returns the value of a field at the first step."""
    return (schedule.start,) * len(values["penalty"]) if schedule.name == "penalty_weight" else schedule.start


def _with_numbers(fields_of_choice):
    """Returns fields, of which a penalty brings its own numbers: none, the usual ones, if it says none."""
    return ({"penalty_weight": (), "penalty_every": ()} if "penalty" in fields_of_choice else {}) | fields_of_choice


def _implied_by(choice, values, options):
    """Returns the fields that one choice implies."""
    if choice == "augment":
        return dict(registry.ADA) if "ada" in values["augment"] else {}
    tables = {"network": registry.NETWORKS, "loss": registry.LOSSES, "method": registry.METHODS}
    if choice == "penalty":
        entries = [registry.PENALTIES[choose(choice, name, registry.PENALTIES)] for name in values["penalty"]]
    else:
        entries = [tables[choice][choose(choice, values[choice], tables[choice])]]
    if choice == "network":
        return entries[0].defaults(values["image_size"], values["batch_size"])
    if choice == "method":
        methods = [registry.METHODS[name] for name in checks.owners(values["method"], options)]
        return {field: value for method in methods for field, value in method.defaults(values["network"]).items()}
    return {field: value for entry in entries for field, value in entry.implies.items()}


def with_tuples(words: dict[str, Any]) -> dict[str, Any]:
    """Returns words in which a penalty is a tuple, and its weights and intervals are tuples too.

    An image size is as `image_sizes.parse` returns it.

    >>> with_tuples({"penalty": "r1", "penalty_weight": 1.0})
    {'penalty': ('r1',), 'penalty_weight': (1.0,)}
    """
    words = dict(words)
    if words.get("image_size") is not None:
        words["image_size"] = image_sizes.parse(words["image_size"])
    if "penalty" in words and (words["penalty"] is None or isinstance(words["penalty"], str)):
        words["penalty"] = penalties.names_of(words["penalty"])
    if words.get("penalty") == ("none",):
        words["penalty"] = ()
    if words.get("schedule") in ("none", ("none",), ["none"]):
        words["schedule"] = ()
    elif isinstance(words.get("schedule"), str):
        words["schedule"] = (words["schedule"],)
    for name in ("penalty", "penalty_weight", "penalty_every", "schedule"):
        if isinstance(words.get(name), list):
            words[name] = tuple(words[name])
        elif name in words and not isinstance(words[name], tuple):
            words[name] = (words[name],)
        if name in words:
            fields.check_field(configs.FIELDS[name], words[name])
    return words


def without_dependents(recipe: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Returns the words of a recipe without those that belong to a choice which the user makes otherwise.

    An option goes with its method, a penalty's weight with the penalty, ADA's numbers with the augmentation; a choice
    that another one implied, as a loss does its penalty, is a choice too.

    >>> without_dependents({"penalty": ("r1",), "penalty_weight": (1.0,), "seed": 3}, {"penalty": ("lecam",)})
    {'penalty': ('r1',), 'seed': 3}
    """
    known = checks.options()
    before, now = _methods(recipe), _methods({**recipe, **given})
    owned_before, owned_now = _owners_of_numbers(recipe), _owners_of_numbers({**recipe, **given})
    kept = {}
    for name, value in recipe.items():
        if name in known:
            goes = known[name][0] in before and known[name][0] not in now
        else:
            owner = configs.ROWS[name].of
            goes = owner is not None and owned_before[owner] != owned_now[owner]
        if value is not None and not goes:
            kept[name] = value
    return kept


def _owners_of_numbers(words):
    """Returns {field: value} of the choices, made or implied, to which other fields belong."""
    values = implied({name: value for name, value in words.items() if not _belongs(name)})
    return {row.of: values[row.of] for row in configs.ROWS.values() if row.of}


def _belongs(name):
    return name in configs.ROWS and configs.ROWS[name].of is not None


def _methods(words):
    """Returns the methods that words choose: one, or one and the one that it hosts."""
    method = choose("method", words.get("method", configs.DEFAULTS["method"]), registry.METHODS)
    return checks.owners(method, {name: words[name] for name in words.keys() & checks.options().keys()})
