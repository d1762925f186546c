"""train.py: trains a GAN, or goes on with a run."""

import dataclasses
import os
import shlex
import sys

from tfgan_zoo import finetuning, registry
from tfgan_zoo.cli import app
from tfgan_zoo.data import names
from tfgan_zoo.training import config as configs
from tfgan_zoo.training import recipes
from tfgan_zoo.training.run_directory import RunDirectory, check_writable

COMMAND = app.Command(
    "train.py",
    "Trains a GAN, or resumes a run. What is not given follows the method, the network and the data set.",
    (
        "--method=pconv",
        "--method=gan --loss=hinge --network=sngan --width=64 --kimg=500",
        "--recipe=pconv_fashion_mnist",
        "--run_dir=runs/00003-pconv-fashion_mnist_10k",
    ),
)


def _declare():
    c = COMMAND
    c.string("recipe", None, "a whole configuration, by its name (--list) or a .json file; other flags win over it")
    c.string("method", None, f"the method: {', '.join(registry.METHODS)} (default pconv)")
    c.string("dataset", None, "a name (default fashion_mnist_10k; --list), or a folder or .zip of pictures")
    c.string("data_dir", None, "where TensorFlow Datasets keeps prepared data (default: its own choice)")
    c.string("split", None, "what trains of a TFDS set, in its syntax, such as train[:50%] (default train)")
    c.integer("image_size", None, "height and width of the images in pixels (default: follows the images)")
    c.integer("channels", None, "1 for grey, 3 for RGB (default: follows the images)")
    c.boolean("conditional", None, "train on the labels too: a generator that is told the class")
    c.string("bad_images", None, "files that cannot be used: error (default) stops, skip leaves them out")
    c.string("network", None, f"the architecture: {', '.join(registry.NETWORKS)}")
    c.integer("width", None, "the networks' base number of channels")
    c.integer("latent_dim", None, "dimension of the latents z")
    c.string("normalization", None, f"the discriminator's: {', '.join(configs.NORMALIZATIONS)}")
    c.string("loss", None, f"the loss: {', '.join(registry.LOSSES)}")
    c.string("penalty", None, f"the discriminator's penalty: {', '.join(registry.PENALTIES)}")
    c.number("penalty_weight", None, "its weight")
    c.words("augment", None, "what reals and fakes go through: ada, or DiffAugment's color,translation,cutout, or all")
    c.number("ada_target", None, "augment=ada: the share of reals known as such, less the rest, to hold (default 0.6)")
    c.number("ada_kimg", None, "augment=ada: kimg in which its probability would go from 0 to 1 (default 500)")
    c.integer("batch_size", None, "images in a batch, over all devices")
    c.integer("n_dis", None, "discriminator steps in a step")
    c.number("g_lr", None, "Adam's learning rate for the generator")
    c.number("d_lr", None, "Adam's learning rate for the discriminator")
    c.number("beta_1", None, "Adam's decay of the first moment")
    c.number("beta_2", None, "Adam's decay of the second moment")
    c.string("lr_decay", None, "linear: to 0 over the run; none (default)")
    c.number("ema_kimg", None, "half-life of the generator's average in kimg; 0 switches it off (default 10)")
    c.number("perturb", None, "rate of the perturbed convolutions in D, with any method; 0 is none (pconv 0.5)")
    c.string("perturb_law", None, f"their noise: {', '.join(configs.LAWS)}")
    c.boolean("perturb_first", None, "perturb what D's first convolution sees too (default true)")
    for name, (method, option) in configs.OPTIONS.items():
        kinds = {bool: c.boolean, int: c.integer, float: c.number, str: c.string, tuple: c.words}
        shown = ",".join(option.default) if isinstance(option.default, tuple) else option.default
        kinds[type(option.default)](name, None, f"{method}: {option.summary} (default {shown})")
    c.number("kimg", None, "length of the run in thousands of images: steps x batch_size / 1000")
    c.number("tick_kimg", None, "a sample grid, a line of metrics and a checkpoint every so many kimg")
    c.integer("seed", None, "the seed of everything random (default 0)")
    c.string("init_from", None, "fine-tune: begin at the weights of a preset, a run or a .keras file")
    c.string("run_dir", None, "the run's folder; an existing run is resumed (default runs/<next>)")
    c.string("strategy", None, "devices: auto, none (one device), mirrored (all of this machine)")
    c.string("precision", None, f"{', '.join(configs.PRECISIONS)}")
    c.words("eval_metrics", None, "metrics to follow while training, see evaluate.py --list; the first picks the best")
    c.number("eval_every_kimg", None, "how often, at the end of a tick (default: every tick)")
    c.string("inception", None, "TF-GAN's Inception for them: a URL, or the folder of a local copy")
    c.string("jit", None, "XLA: auto, on, off")
    c.integer("threads", None, "CPU threads of one operation (default: the cores)")
    c.boolean("dry_run", False, "print the resolved configuration as JSON and stop")
    c.boolean("list", False, "print the methods, losses, networks, data sets and recipes and stop")


_declare()
_SHOWN = 20  # lines about the data on the terminal
_NOT_CONFIG = {"help", "recipe", "run_dir", "dry_run", "list"}


def main(argv=None):
    """Runs train.py with `argv`; returns the exit status."""
    return COMMAND.run(_body, argv)


def _body(values, given):
    if values["list"]:
        print(_list())
        return app.DONE
    with app.checks():
        config, run = _wanted(values, given)
        if not values["dry_run"]:
            names.prepare(config.dataset, config.shape, config.bad_images, config.data_key)
        app.import_tensorflow()
        from tfgan_zoo import data as data_sets
        from tfgan_zoo.training import devices

        config = devices.resolve(config)
        if values["dry_run"]:
            print(config.to_json(), end="")
            return app.DONE
        data = data_sets.load(config.dataset, **config.data_arguments)
        config = configs.labelled(config, data)
        begin = _initial(config, run)
        run = run or RunDirectory.create(config, values["run_dir"])
    return _train(config, run, data, begin)


def _wanted(values, given):
    """Returns the `Config` that the flags ask for, and the `RunDirectory` to resume, None for a new one."""
    settings = {name: values[name] for name in given - _NOT_CONFIG}
    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    if values["recipe"] is not None:
        settings = recipes.settings(recipes.read(values["recipe"]), settings)
    path = values["run_dir"]
    if path and RunDirectory.is_run(path):
        run = RunDirectory(path)
        return _resumed(run, settings), run
    if "init_from" in settings:
        settings = _like_donor(settings)
    config = configs.resolve(**settings)
    if config.init_from and config.method == "express":
        raise ValueError(f"init_from={config.init_from} is not for method=express, whose parts are trained in turn")
    if not values["dry_run"]:
        RunDirectory.check(path) if path else check_writable("run_dir", "runs")
    return config, None


def _like_donor(settings):
    """Lets a run follow the model that it begins at, where the user has not said otherwise."""
    donor = finetuning.settings(settings["init_from"])
    if settings.get("method", donor["method"]) != donor["method"]:
        donor = {name: value for name, value in donor.items() if name not in configs.OPTIONS}
    return donor | settings | {"init_from": _absolute(settings["init_from"])}


def _absolute(source):
    """Returns the absolute path of a file or folder, so that a run can be resumed from elsewhere; a name as it is."""
    return os.path.abspath(source) if os.path.exists(source) else source


def _initial(config, run):
    """Returns a function that gives a fresh model the weights that the run begins at; None if there are none to give.

    Raises:
        ValueError: in one line, if they do not fit.
    """
    if config.init_from is None or (run and any(run.checkpoints.glob("*.index"))):
        return None
    from tfgan_zoo import loading
    from tfgan_zoo.training.build import build_model

    finetuning.settings(config.init_from)
    donor = loading.load(config.init_from)
    finetuning.copy(donor, build_model(config), config.init_from)
    return lambda model: finetuning.copy(donor, model, config.init_from)


def _train(config, run, data, begin):
    from tfgan_zoo.training.errors import Interrupted, RunError
    from tfgan_zoo.training.train import train

    path = shlex.quote(str(run.path))
    try:
        print(f"run       {run.path}")
        if names.is_path(config.dataset):
            _tell_data(config, run, data)
        for name, version in configs.versions().items():
            begun = config.versions.get(name)
            if begun != version:
                print(f"begun with {name} {begun}, now {version}: equal to tolerance, not bit for bit")
        run.write_config(config)
        train(config, run, data, begin)
    except Interrupted as stop:
        app.fail(f"train.py: {stop}; go on with: python train.py --run_dir={path}", app.FAILED)
        return 128 + stop.signal
    except (RunError, OSError) as error:
        return app.fail(f"train.py: {error}", app.FAILED)
    print(f"run       {run.path}")
    print(f"samples   {max(run.samples.glob('step_*.png'))}")
    if len(data.shape) == 3:
        print(f"generate  python generate.py --model={path} --num=64 --output=grid.png")
    print(f"export    python export.py --model={path} --output=exports/{config.method}")
    return app.DONE


def _tell_data(config, run, data):
    """Says what was found in a folder, and lists what was left out: all of it in the log."""
    lines = [f"data      {config.dataset}: {data.description}", *(f"left out  {file}" for file in data.skipped)]
    more = [f"          and {len(lines) - _SHOWN} more, see {run.log_file}"] if len(lines) > _SHOWN else []
    print("\n".join(lines[:_SHOWN] + more))
    for line in lines:
        run.log(line)


def _resumed(run, settings):
    """Returns the run's own config; a flag may repeat it, and --kimg may lengthen a run that does not follow it."""
    config = run.config()
    follows_length = config.lr_decay != "none" or config.method == "express"  # whose phases are shares of the run
    for name, value in settings.items():
        value = {"dataset": names.absolute, "init_from": _absolute}.get(name, lambda same: same)(value)
        begun = config.options.get(name) if name in configs.OPTIONS else getattr(config, name)
        if value in (begun, "auto"):  # what was settled from "auto" is kept
            continue
        if name != "kimg" or follows_length:
            raise ValueError(f"{name}={value}: {run.path} was begun with {name}={begun}; a run keeps it")
        if not value > begun:
            raise ValueError(f"kimg={value}: {run.path} was begun with kimg={begun}; a run can only get longer")
        config = dataclasses.replace(config, kimg=value)
    configs.check(config)
    return config


def _list():
    tables = {
        "methods": registry.METHODS,
        "losses": registry.LOSSES,
        "penalties": registry.PENALTIES,
        "networks": registry.NETWORKS,
        "data sets": names.DATASETS,
    }
    lines = []
    for title, table in tables.items():
        lines += [title, *(f"  {name:<20}{entry.summary}" for name, entry in table.items()), ""]
    return "\n".join([*lines, "recipes", *(f"  {name}\n      {about}" for name, about in _recipes())])


def _recipes():
    return [(name, recipes.read(name).get("about", "")) for name in recipes.names()]


if __name__ == "__main__":
    sys.exit(main())
