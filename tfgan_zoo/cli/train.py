"""train.py: trains a GAN, or goes on with a run."""

import contextlib
import dataclasses
import os
import re
import shlex
import signal
import sys
import tempfile
import time

from tfgan_zoo import functions, image_sizes, registry, schedules
from tfgan_zoo.cli import app, entry
from tfgan_zoo.data import catalogue
from tfgan_zoo.evaluation import protocols
from tfgan_zoo.files import check_writable
from tfgan_zoo.objectives.penalties import one_each
from tfgan_zoo.pretrained import finetuning
from tfgan_zoo.settings import budget, checks, fields, nulls, recipes
from tfgan_zoo.settings import config as configs
from tfgan_zoo.settings.resolve import resolve, with_tuples, without_dependents
from tfgan_zoo.training import cluster
from tfgan_zoo.training.run_directory import RunDirectory


def _declare(c):
    kinds = {str: c.string, int: c.integer, float: c.number, bool: c.boolean, image_sizes.ImageSize: c.string}
    grouped = {}
    for name, row in configs.ROWS.items():
        if row.help:
            grouped.setdefault(row.group, []).append(name)
    for group in ("common", *(name for name in fields.GROUPS if name != "common")):
        c.heading(fields.GROUPS[group])
        for name in grouped[group]:
            kind, items, _ = fields.kind_of(configs.FIELDS[name])
            declare = (c.words if items is str else c.numbers) if kind is tuple else kinds[kind]
            declare(name, None, _help(configs.ROWS[name], "some" if kind is tuple else "one"))
        if group == "common":
            c.string(
                "recipe", None, "what was asked of a run: a name (--list) or a .json file; other flags win over it"
            )
            c.string("run_dir", None, "the run's folder; an existing run is resumed (default runs/<next>)")
            c.boolean(
                "dry_run",
                False,
                "print the resolved configuration as JSON (what a null becomes: stderr), and stop",
            )
            c.boolean("list", False, "print what there is to choose from, and stop")
    c.heading("what one method alone offers")
    for name, (method, option) in checks.options().items():
        if name in _NOT_CONFIG:
            raise ValueError(f"the option {name} of method={method} is a flag of train.py already; rename it")
        default = option.default
        shown = ",".join(default) if isinstance(default, tuple) else str(default).lower()
        choices = option.choices() if callable(option.choices) else option.choices
        some = "some" if isinstance(default, tuple) else "one"
        named = f"; {some} of {', '.join(choices)}" if choices else ""
        declare = c.words if isinstance(default, tuple) else kinds[type(default)]
        declare(name, None, f"{method}: {option.summary}{named} (default {shown})")


def _help(row, some):
    """Returns a row's help with its choices and its default, where the text does not say them."""
    choices = tuple(row.choices()) if callable(row.choices) else row.choices
    told = all(re.search(rf"\b{re.escape(choice)}\b", row.help) for choice in choices)
    named = "" if told else f"; {some} of {', '.join(choices)}"
    default = row.default
    if default in (fields.MISSING, None, (), 0.0, False) or "(default" in row.help:
        return row.help + named
    shown = {True: "true"}.get(default, default) if isinstance(default, bool) else default
    return f"{row.help}{named} (default {f'{shown:g}' if isinstance(shown, float) else shown})"


COMMAND = app.Command(
    "train.py",
    "Trains a GAN, or resumes a run. What is not given follows the method, the network and the data set.",
    (
        "--method=pconv",
        "--method=gan --loss=hinge --network=sngan --width=64 --kimg=500",
        "--recipe=pconv_fashion_mnist",
        "--run_dir=runs/00003-pconv-fashion_mnist_10k",
    ),
    _declare,
)
_COLUMN = 27  # of --list's texts
_BEGAN = time.monotonic() - time.process_time()  # of the process, or just after: a budget is counted from here
_SHOWN = 20  # lines about the data on the terminal
_LEAVE_THE_PAST_ALONE = ("on_nan", "tick_kimg", "keep_checkpoints", "events")
_RATES = ("g_lr", "d_lr")
_NOT_CONFIG = {"help", "recipe", "run_dir", "dry_run", "list"}


def main(argv=None):
    """Runs train.py with `argv`; returns the exit status."""
    return COMMAND.run(_body, argv)


def _body(values, given):
    if values["list"]:
        with app.checks():
            print(_list())
        return app.DONE
    with contextlib.ExitStack() as held:
        return _run(values, given, held)


def _run(values, given, held):
    """Runs train.py; `held` takes the lock of the run's folder."""
    with app.checks():
        config, run, words = _wanted(values, given, held)
        told = None
        if run is None and (config.budget or config.auto):
            config, told = _chosen(config, *words)
        if values["dry_run"]:
            catalogue.look_over(config.dataset, config.shape, config.bad_images, config.conditional, config.reading)
        else:
            catalogue.prepare(config.dataset, config.shape, config.bad_images, config.data_key, config.reading)
        app.import_tensorflow()
        from tfgan_zoo import data as data_sets
        from tfgan_zoo.training import devices

        measured = config.precision == "auto"
        config = devices.resolve(config)
        if measured:
            told = "\n".join(filter(None, [told, f"precision {config.precision}: measured, and kept"]))
        if values["dry_run"]:
            if not config.conditional:  # whose classes only the data tell
                config = _described(config, given, values)
            print(config.to_json(), end="", flush=True)
            print(
                "\n".join([*filter(None, [told]), *nulls.lines(config)]), file=sys.stderr
            )  # beside the JSON, which stays whole
            return app.DONE
        if config.strategy == "multiworker":
            devices.make_strategy(config)  # before other work of TensorFlow
        data = data_sets.load(config.dataset, **config.data_arguments)
        config = _described(configs.labelled(config, data), given, values)
        begin = _initial(config, run)
        if not cluster.is_chief(config):
            folder = held.enter_context(tempfile.TemporaryDirectory())
            return _assist(config, RunDirectory.create(config, os.path.join(folder, "run")), data)
        if run is None:
            missing = config.eval_metrics and _missing(config, data)
            if missing:
                return app.fail(f"{COMMAND.name}: {missing}", app.FAILED)
            run = RunDirectory.create(config, values["run_dir"])
            held.enter_context(run.locked())
    return _train(config, run, data, begin, told)


def _wanted(values, given, held):
    """Returns the `Config` that the flags ask for, the `RunDirectory` to resume, locked, and what was said.

    The second is None for a new run, the third the words of the recipe and those of the user.
    """
    flags = {name: values[name] for name in given - _NOT_CONFIG}
    flags = {name: tuple(value) if isinstance(value, list) else value for name, value in flags.items()}
    recipe = {} if values["recipe"] is None else recipes.read(values["recipe"])[0]
    path = values["run_dir"]
    if path and RunDirectory.is_run(path):
        run = RunDirectory(path)
        if not values["dry_run"] and cluster.is_chief(run.config()):
            held.enter_context(run.locked())
        return _resumed(run, {**recipe, **flags}), run, (recipe, flags)
    recipe = _like_donor(recipe, flags)
    config = resolve(recipe, **flags)
    why_not = registry.METHODS[config.method].fine_tuning
    if config.init_from and why_not:
        raise ValueError(f"init_from={config.init_from} is not for method={config.method}, {why_not}")
    config = _from_anywhere(config)
    if not values["dry_run"] and cluster.is_chief(config):
        RunDirectory.check(path) if path else check_writable("run_dir", "runs")
    if config.strategy != "multiworker" and not {"tick_kimg", "eval_every_kimg"} & {*recipe, *flags}:
        config = dataclasses.replace(config, first_tick_kimg=0.0)  # the clock says it
    return config, None, (recipe, flags)


def _chosen(config, recipe, flags):
    """Returns a new run's `Config` with what the time, this machine and the pictures ask for, and a line about it."""
    for name in ("kimg", "tick_kimg"):
        if config.budget and name in flags:
            raise ValueError(f"{name}={flags[name]}: budget={config.budget} says it; leave one of the two out")
    app.import_tensorflow()
    from tfgan_zoo import data
    from tfgan_zoo.training import devices, speed

    devices.resolve(dataclasses.replace(config, precision="float32"))  # the threads, before the first operation
    pictures, operations = catalogue.count(config.dataset), speed.operations_per_second()
    if pictures is None and len(config.shape) == 3:
        pictures = data.load(config.dataset, **config.data_arguments).num_train
    if config.auto:
        words, seconds = budget.choose_all(operations, pictures, config.shape)
    else:
        words = budget.choose(budget.seconds(config.budget), operations, pictures, config.shape)
    if config.network != "dcgan":  # whose widths the rules know
        words.pop("width", None)
    first = 0.0 if config.budget else config.first_tick_kimg
    config = dataclasses.replace(_from_anywhere(resolve({**words, **recipe}, **flags)), first_tick_kimg=first)
    chosen = ", ".join(f"{name}={_plain(name, getattr(config, name))}" for name in words if not name.endswith("kimg"))
    what = f"{pictures or 'many'} pictures at {operations / 1e9:.0f} GFLOP/s"
    if config.auto:
        as_chosen = all(getattr(config, name) == value for name, value in words.items())
        told = f", some {_duration(seconds)} here of the plain GAN on dcgan" if words and as_chosen else ""
        length = f", {config.kimg:g} kimg{told}"
        return config, f"auto      for {what}: {chosen or 'no choice'}{length}"
    return config, f"budget    {config.budget} for {what}: {chosen or 'no choice but the length'}"


def _duration(seconds):
    """Returns seconds as a person says them, roughly: "40 minutes", "3.5 hours"."""
    minutes = seconds / 60
    return f"{max(1, round(minutes))} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"


def _plain(name, value):
    """Returns the value of a field as its flag has it."""
    if name == "image_size" and value is not None:
        return image_sizes.shown(value)
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else value


def _like_donor(recipe, flags):
    """Lets a run follow the model that it begins at, where neither a recipe nor the user says otherwise."""
    source = flags.get("init_from", recipe.get("init_from"))
    if source is None:
        return recipe
    words = {**without_dependents(finetuning.settings(source), recipe), **recipe}
    if not {"network"} & {*words, *flags}:
        raise ValueError(
            f"init_from={source} has networks of your own: say which function makes them, --network=module:function"
        )
    return words


def _from_anywhere(config):
    """Returns the configuration with absolute paths, so that a run can be resumed from elsewhere."""
    named = {name: getattr(config, name) for name in _ABSOLUTE if name != "dataset"}  # which is already
    return dataclasses.replace(config, **{name: _ABSOLUTE[name](path) for name, path in named.items() if path})


def _absolute(source):
    """Returns the absolute path of a file or folder; a name as it is."""
    return os.path.abspath(source) if os.path.exists(source) else source


def _folder(path):
    """Returns the absolute path of a folder that may yet be made; a URL as it is."""
    return path if "://" in path else os.path.abspath(os.path.expanduser(path))


_ABSOLUTE = {"dataset": catalogue.absolute, "init_from": _absolute, "inception": _absolute, "data_dir": _folder}


def _initial(config, run):
    """Returns a function that gives a fresh model the weights that the run begins at; None if there are none to give.

    Raises:
        ValueError: in one line, if they do not fit.
    """
    if config.init_from is None:
        return None
    from tfgan_zoo.pretrained import loading
    from tfgan_zoo.training import checkpoints
    from tfgan_zoo.training.build import build_model
    from tfgan_zoo.training.errors import RunError

    try:
        if run and checkpoints.newest(run.checkpoints)[0] is not None:
            return None
    except RunError as error:
        raise ValueError(str(error)) from None

    finetuning.settings(config.init_from)
    donor = loading.load(config.init_from)
    finetuning.copy(donor, build_model(config), config.init_from)
    return lambda model: finetuning.copy(donor, model, config.init_from)


def _missing(config, data):
    """Says which weights the metrics of a run need that are not available; None if they can be measured.

    Raises:
        ValueError: in one line, if they never can: the run would end at its first measurement.
    """
    from tfgan_zoo.evaluation.extractors import Unavailable
    from tfgan_zoo.training import best_weights

    try:
        best_weights.evaluator(config, data)
    except Unavailable as error:
        return str(error)
    except ValueError as error:
        raise ValueError(checks.as_followed(error)) from None
    return None


def _described(config, given, values):
    """Returns the configuration with what is known of networks that a function makes, once they have been made."""
    if functions.spec(config.network) is None:
        return config
    from tfgan_zoo.training.build import build_model, described

    config = described(config)
    for name in ("width", "normalization"):
        found = getattr(config, name)
        if name in given and values[name] != found:
            raise ValueError(
                f"{name}={values[name]}: the networks of network={config.network} have {found or 'none'};"
                f" leave {name} out"
            )
    checks.check(config)
    build_model(config)  # what the method finds wrong with them is told before a run is made
    return config


def _assist(config, run, data):
    """Trains as a worker that is not the chief, whose run is in a temporary folder."""
    from tfgan_zoo.training.errors import Interrupted, RunError
    from tfgan_zoo.training.train import train

    try:
        train(config, run, data)
    except Interrupted as stop:
        app.fail(f"{COMMAND.name}: stopped by {signal.Signals(stop.signal).name} with the other workers", app.FAILED)
        return 128 + stop.signal
    except (RunError, OSError) as error:
        return app.fail(f"{COMMAND.name}: {error}", app.FAILED)
    return app.DONE


def _train(config, run, data, begin, told):
    from tfgan_zoo.training.errors import Interrupted, RunError
    from tfgan_zoo.training.train import train

    path = shlex.quote(str(run.path))
    try:
        print(f"run       {run.path}")
        if told:
            _tell(run, told)
        if catalogue.is_path(config.dataset):
            _tell_data(config, run, data)
        if "ada" in config.augment and isinstance(config.image_size, tuple):
            _tell(run, "augment   ada turns images that are no squares by 180 degrees, not by 90")
        for name, version in configs.versions().items():
            begun = config.versions.get(name)
            if begun != version:
                print(f"begun with {name} {begun}, now {version}: equal to tolerance, not bit for bit")
        before = run.config()
        if before.replicas not in (None, config.replicas):
            print(f"begun with {before.replicas} replicas, now {config.replicas}: equal to tolerance, not bit for bit")
        for name in ("kimg", *_RATES, *_LEAVE_THE_PAST_ALONE):
            one, other = _now(before, name), _now(config, name)
            if one != other:
                _tell(run, f"from here on {name}={other}, before {one}")
        run.write_config(config)
        run.log(f"configuration {config.digest()}")
        train(config, run, data, begin, _BEGAN)
    except Interrupted as stop:
        app.fail(f"{COMMAND.name}: {stop}; go on with: {entry.typed('train.py')} --run_dir={path}", app.FAILED)
        return 128 + stop.signal
    except (RunError, OSError) as error:
        return app.fail(f"{COMMAND.name}: {error}", app.FAILED)
    print(f"run       {run.path}")
    sheets = sorted(run.samples.glob("step_*.png"), key=lambda path: (len(path.name), path.name))
    if sheets:  # which somebody may have moved away
        print(f"samples   {sheets[-1]}")
    if len(data.shape) == 3:
        print(f"generate  {entry.typed('generate.py')} --model={path} --num=64 --output=grid.png")
    print(f"export    {entry.typed('export.py')} --model={path} --output={_export_folder(run.path)}")
    return app.DONE


def _tell(run, line):
    print(line)
    run.log(line)


def _export_folder(path):
    """Returns where a run's export belongs: under the run's own name, so that no two runs are versions of one model."""
    return f"exports/{re.sub(r'[^A-Za-z0-9._-]', '_', path.resolve().name)}"


def _tell_data(config, run, data):
    """Says what was found in a folder, and lists what was left out: all of it in the log."""
    lines = [f"data      {config.dataset}: {data.description}", *(f"left out  {file}" for file in data.skipped)]
    if config.conditional and config.class_names:
        lines.insert(1, "classes   " + ", ".join(f"{number} {name}" for number, name in enumerate(config.class_names)))
    elif config.conditional:
        lines.insert(1, "classes   have numbers only: the run is from before classes had names")
    more = [f"          and {len(lines) - _SHOWN} more, see {run.log_file}"] if len(lines) > _SHOWN else []
    print("\n".join(lines[:_SHOWN] + more))
    for line in lines:
        run.log(line)


def _resumed(run, settings):
    """Returns the run's own config, or what flags may change of it; others may repeat it.

    --kimg may lengthen a run that does not follow its length, and --g_lr and --d_lr give it other rates from its last
    checkpoint on; --devices other devices; --on_nan says anew what becomes of broken numbers, --tick_kimg,
    --keep_checkpoints and --events what is recorded from here on, and --dataset where its pictures have been moved to.
    """
    config = run.config()
    for name, said in with_tuples(settings).items():
        value = _ABSOLUTE[name](said) if name in _ABSOLUTE and said else said
        if name in ("penalty_weight", "penalty_every"):  # one for all is as good as one each, 0 as 1
            value = one_each(name, value, config.penalty)
            value = tuple(max(1, every) for every in value) if name == "penalty_every" else value
        begun = config.options.get(name) if name in checks.options() else _now(config, name)
        if value in (begun, "auto") or said == begun:  # what was settled from "auto" is kept, and a path of before
            continue
        if name == "devices":
            config = dataclasses.replace(config, devices=value, strategy="auto", replicas=None)
            continue
        if name == "dataset" and config.data_key and catalogue.is_path(value):
            config = _moved(config, value, run)
            continue
        if name in _LEAVE_THE_PAST_ALONE:
            config = dataclasses.replace(config, **{name: value})
            continue
        if name in _RATES and not checks.follows_length(config):
            config = _at_another_rate(config, name, value, max(run.steps(), default=0))
            continue
        if name != "kimg" or checks.follows_length(config):
            one, other = _plain(name, value), _plain(name, begun)
            raise ValueError(f"{name}={one}: {run.path} was begun with {name}={other}; a run keeps it")
        if not value > begun:
            raise ValueError(f"kimg={value}: {run.path} was begun with kimg={begun}; a run can only get longer")
        config = dataclasses.replace(config, kimg=value)
    checks.check(config)
    if catalogue.is_path(config.dataset) and not os.path.exists(config.dataset):
        raise ValueError(
            f"dataset={config.dataset} does not exist; if it was moved, say where it is now, --dataset=..."
        )
    return config


def _now(config, name):
    """Returns the value of a field, of a rate that which a run has had since it was changed last."""
    schedule = schedules.parse_all(config.schedule).get(name) if name in _RATES else None
    return schedule.values[-1] if isinstance(schedule, schedules.Steps) else getattr(config, name)


def _at_another_rate(config, name, value, step):
    """Returns the configuration of a run with another learning rate from a step on, that of its last checkpoint.

    Rates stay functions of the step: whenever the run is killed, and wherever it goes on, each step has its own.
    """
    configs.ROWS[name].check(name, value)
    found = schedules.parse_all(config.schedule)
    changed = found.get(name, schedules.Steps(name, (getattr(config, name),), ())).changed(value, step)
    texts = {one: text for text in config.schedule if (one := schedules.parse(text).name) != name} | {
        name: str(changed)
    }
    return dataclasses.replace(config, schedule=tuple(texts[one] for one in schedules.NAMES if one in texts))


def _moved(config, path, run):
    """Returns the configuration of a run whose pictures lie elsewhere now, if they are the same ones."""
    if catalogue.key(path, config.shape, config.reading) != config.data_key:
        raise ValueError(
            f"dataset={path}: {run.path} was begun with other pictures, those of {config.dataset}; a run keeps them"
        )
    return dataclasses.replace(config, dataset=path)


def _list():
    tables = {
        "methods": registry.METHODS,
        "losses": registry.LOSSES,
        "penalties": registry.PENALTIES,
        "networks": registry.NETWORKS,
        "metrics": protocols.PROTOCOLS,
        "data sets": catalogue.DATASETS,
    }
    lines = []
    for title, table in tables.items():
        known = {name: entry.summary for name, entry in table.items()}
        if title == "networks":
            known["module:function"] = "two Keras models of your own: docs/own_networks.md"
        entries = [app.entry_of_list(name, summary, _COLUMN) for name, summary in known.items()]
        lines += [title, *(line for entry in entries for line in entry), ""]
    return "\n".join([*lines, "recipes", *(line for it in _recipes() for line in app.entry_of_list(*it, column=6))])


def _recipes():
    return [(name, recipes.read(name)[1].get("about", "")) for name in recipes.names()]


if __name__ == "__main__":
    sys.exit(main())
