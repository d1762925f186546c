"""generate.py: samples a trained generator into PNG files."""

import math
import pathlib

import numpy as np

from tfgan_zoo import pictures
from tfgan_zoo.cli import app, directions, inverting, mixing, walks
from tfgan_zoo.cli.wanted import Wanted, check_latents, consecutive, label_of, labels_of, paired
from tfgan_zoo.files import check_writable
from tfgan_zoo.pretrained import loading
from tfgan_zoo.sharing import films, inversion, latent_files, seed_lists
from tfgan_zoo.training.run_directory import RunDirectory

COMMAND = app.Command(
    "generate.py",
    "Samples a trained generator: one grid, single images, interpolations, walks. Image i is the image of seed + i.",
    (
        "--model=runs/00000-pconv-fashion_mnist_10k --num=64 --output=grid.png",
        "--model=http://localhost:8501/v1/models/pconv --num=16 --output=served.png",
        "--model=exports/pconv --num=100 --seed=1000 --individual --output=images",
        "--model=runs/00000-pconv-fashion_mnist_10k --num=8 --interpolate=10 --output=strips.png",
        "--model=pconv_conditional_fashion_mnist --label=all --num=8 --output=classes.png",
        "--model=pconv_conditional_fashion_mnist --seeds=0-9,42 --labels=3 --individual --output=shirts",
        "--model=pconv_fashion_mnist --latents=z.npy --output=grid.png",
        "--model=pconv_fashion_mnist --num=16 --interpolate=8 --seconds=10 --output=walk.webp",
        "--model=pconv_fashion_mnist --directions=5 --output=directions.png",
        "--model=pconv_fashion_mnist --invert=photo.png --save_latents=photo.npy --output=inverted.png",
        "--run_dir=runs/00000-pconv-fashion_mnist_10k --output=training.webp",
    ),
)
# What is made in the place of samples, by the flag that asks for it, and the flags that are for it alone.
_MODES = {"directions": directions, "mix": mixing, "invert": inverting}
_OF_MODES = {"directions": ("directions_by", "strength"), "mix": ("mix_layers",), "invert": ("invert_steps",)}


def _declare():
    c = COMMAND
    c.string("model", None, "a run directory, a preset, a .keras file, an exported SavedModel or a server's URL")
    c.string("run_dir", None, "in the place of --model: a run whose sheets become a film, an --output as for walks")
    c.number("seconds", 10.0, "how long a walk or a film is")
    c.string("checkpoint", "last", "of a run: last, best or a step")
    c.integer(
        "num", 64, "how many images; with --interpolate, how many strips or walks; with --label=all, how many a class"
    )
    c.integer("seed", 0, "the first image's seed")
    c.words("seeds", None, "in the place of --num and --seed: seeds and ranges of them, as 0-9,42")
    c.string("latents", None, "in the place of seeds: a .npy file of latents, float[N, latent_dim]")
    c.string(
        "output",
        None,
        "the PNG file to write (default: grid.png); with --individual the folder (default: images); of walks and films"
        " a .gif, .webp, .apng or .mp4",
    )
    c.string("label", None, "of a conditional model: a class, by name or number, or all, a class a row of the grid")
    c.words(
        "labels",
        None,
        "of a conditional model: classes by name or number, or ranges as 0-9, one for each image; or one",
    )
    c.number("truncation", 1.0, "in [0, 1], scales the latents: less variety, more typical images")
    c.integer("columns", None, "images in a row of the grid (default: as square as can be)")
    c.boolean("individual", False, "write seed<N>.png files into the folder --output instead of a grid")
    c.string("save_latents", None, "a .npy file for the latents of the images, before any truncation")
    c.integer(
        "interpolate",
        0,
        "steps from each seed's image to the next one's, a row each; 0 switches it off; with a .gif, .webp, .apng or"
        " .mp4 for --output, the stops of closed walks",
    )
    c.integer("directions", 0, "draws so many directions in which latents change images most, a row each; see strength")
    c.string("directions_by", "sefa", "how they are found: sefa, of the first weights, or pca, of the first features")
    c.number("strength", 3.0, "how far a row goes along its direction to both sides, in standard deviations")
    c.words("mix", None, "of a network with styles: seeds whose images lend styles to others, a column each")
    c.words("mix_layers", None, "the layers whose styles are the columns', as 0-3 (default: the first half)")
    c.words("invert", None, "looks for the latents of pictures, and shows these beside what the model makes of them")
    c.integer("invert_steps", inversion.STEPS, "of the optimisation, for each picture")
    c.integer("batch_size", 64, "images computed at once; the result does not depend on it")


_declare()


def main(argv=None):
    """Runs generate.py with `argv`; returns the exit status."""
    return COMMAND.run(_body, argv)


def _body(values, given):
    if "run_dir" in given:
        return _film(values, given)
    with app.checks():
        _check(values, given)
        mode = _mode(values, given)
        default = "images" if values["individual"] else getattr(mode, "OUTPUT", "grid.png")
        output = _writable(pathlib.Path(values["output"] or default), values["individual"])
        latents = None if values["latents"] is None else latent_files.read(values["latents"])
        app.import_tensorflow()
        model = loading.load(values["model"], values["checkpoint"])
        try:
            _check_images(values["model"], tuple(model.image_shape))
            labels = _labels(values, model)
            check_latents(latents, labels, model, values["latents"])
        except ConnectionError as error:  # a server is asked for it
            return app.fail(f"{COMMAND.name}: {error}", app.FAILED)
    try:
        done = (mode.write if mode else _write)(model, output, values, given, latents, labels)
    except pictures.NotFinite as error:
        return app.fail(f"{COMMAND.name}: model={values['model']} is damaged: {error}", app.FAILED)
    except OSError as error:
        return app.fail(f"{COMMAND.name}: {error}", app.FAILED)
    except ValueError as error:  # what only the model itself knows, such as the largest batch of an export
        raise app.BadInput(str(error)) from None
    print(f"{done} of {values['model']}, {_source(values)}: {output}")
    return app.DONE


def _check_images(source, shape):
    if len(shape) == 1:
        raise ValueError(f"model={source} samples points of dimension {shape[0]}, not images")
    if len(shape) != 3 or shape[2] not in pictures.CHANNELS:
        raise ValueError(f"model={source} samples arrays of the shape {list(shape)}, not images of 1 to 4 channels")


def _film(values, given):
    with app.checks():
        others = sorted(given - {"run_dir", "output", "seconds"})
        if others:
            raise ValueError(f"run_dir makes a film of a run's sheets: leave out --{others[0]}, or --run_dir")
        output = pathlib.Path(values["output"] or "grid.png")
        if not films.is_film(output):
            known = ", ".join(films.FORMATS)
            raise ValueError(f"output={output} must end in one of {known}: run_dir makes a film; --model samples")
        films.check(output, values["seconds"])
        run = RunDirectory(values["run_dir"])
        if not run.is_run(run.path):
            raise ValueError(f"run_dir={run.path} is no run: it holds no config.json")
        _writable(output, folder=False)
        sheets = films.read(films.sheets(run.samples, values["seconds"]))
        try:
            films.write(sheets, output, max(1, round(1000 * values["seconds"] / len(sheets))))
        except OSError as error:
            return app.fail(f"{COMMAND.name}: {error}", app.FAILED)
    print(f"{len(sheets)} sheets of {run.path}: {output}")
    return app.DONE


def _source(values):
    if values["latents"] is not None:
        return f"latents of {values['latents']}"
    return f"seeds from {values['seed']}" if values["seeds"] is None else f"seeds {','.join(values['seeds'])}"


def _check(values, given):
    if values["model"] is None:
        raise ValueError("--model is missing: name a run directory, a preset or an export")
    for name, least in (("num", 1), ("batch_size", 1), ("interpolate", 0), ("columns", 1)):
        if values[name] is not None and values[name] < least:
            raise ValueError(f"{name}={values[name]} must be at least {least}")
    consecutive(values["seed"], values["num"])
    if not 0 <= values["truncation"] <= 1:
        raise ValueError(f"truncation={values['truncation']} must be in [0, 1]")
    if values["interpolate"] == 1 or (values["interpolate"] and values["individual"]):
        raise ValueError(f"interpolate={values['interpolate']} must be 0 or at least 2, and makes one picture")
    if values["label"] == "all" and any(values[name] for name in ("individual", "interpolate", "columns")):
        raise ValueError("label=all makes one grid, a class a row: leave out --individual, --interpolate and --columns")
    _check_modes(values, given)
    _check_alternatives(given)
    if values["seeds"] is not None:
        values["rows"] = seed_lists.parse(values["seeds"])
    if values["save_latents"] is not None:
        _check_npy("save_latents", values["save_latents"])
    loading.kind(values["model"])


def _mode(values, given):
    """Returns the module of what is asked for in the place of samples, or None."""
    if values["output"] is not None and films.is_film(values["output"]):
        return walks
    return next((mode for name, mode in _MODES.items() if name in given), None)


def _check_modes(values, given):
    mode = _mode(values, given)
    if mode is not walks and "seconds" in given:
        raise ValueError("seconds is for a walk, --output=walk.webp, or a film of --run_dir")
    for name, others in _OF_MODES.items():
        alone = [other for other in others if other in given and name not in given]
        if alone:
            raise ValueError(f"{alone[0]} is for --{name}: add it, or leave out --{alone[0]}")
    asked = [name for name in _MODES if name in given]
    asked += [name for name in ("interpolate", "individual") if values[name]]
    asked += ["label=all"] if values["label"] == "all" else []
    if len(asked) > 1 and set(asked) & set(_MODES):
        raise ValueError(f"{asked[0]} makes one picture of its own: leave out --{asked[1]}")
    if mode is walks and set(asked) & set(_MODES):
        raise ValueError(f"{asked[0]} makes a picture: output={values['output']} must end in .png")
    if mode is not None:
        mode.check(values, given)


def _check_alternatives(given):
    for one, others in (("seeds", ("num", "seed")), ("latents", ("num", "seed", "seeds")), ("labels", ("label",))):
        both = [other for other in others if one in given and other in given]
        if both:
            raise ValueError(f"{one} takes the place of {both[0]}: leave out --{both[0]} or --{one}")


def _check_npy(argument, path):
    path = pathlib.Path(path)
    if path.suffix.lower() != ".npy" or path.is_dir():
        raise ValueError(f"{argument}={path} must be a file that ends in .npy")
    check_writable(argument, path.parent)


def _wanted(values, given, latents, labels, model):
    """Returns the `Wanted` images; with --interpolate, where the strips begin and end."""
    strips = bool(values["interpolate"])
    rows = values.get("rows") if latents is None else latents
    if rows is None:
        num = len(labels) if "num" not in given and np.ndim(labels) else values["num"]
        rows = consecutive(values["seed"], num + strips)
    if strips and len(rows) < 2:
        raise ValueError(f"interpolate={values['interpolate']} needs at least 2 seeds or latents, from one to the next")
    if np.ndim(labels):
        rows, labels = paired(rows, labels, len(rows) - strips)
    wanted = Wanted(rows, labels, named=bool({"seeds", "labels", "latents"} & given))
    if values["individual"] and not isinstance(rows, range):
        names = wanted.names(model)
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"{twice}.png would be written twice: name every seed and class once")
    return wanted


def _labels(values, model):
    """Returns what --label or --labels say: None, "all", an int or int32[N]."""
    word = values["label"] if values["labels"] is None else ",".join(values["labels"])
    if word is None:
        return None
    argument = "label" if values["labels"] is None else "labels"
    if not model.num_classes:
        raise ValueError(f"{argument}={word} is for conditional models; model={values['model']} has no classes")
    if argument == "labels":
        return labels_of(values["labels"], model, values["model"])
    return word if word == "all" else label_of(word, model, values["model"])


def _check_room(values, model, wanted):
    """Refuses what would hold more pixels at once than a picture is worth; single images are held a batch at a time."""
    num, pixels = len(wanted), math.prod(model.image_shape)
    if values["individual"]:
        size = 4 * min(num, values["batch_size"]) * pixels
        size = max(size, 4 * num * model.latent_dim if values["save_latents"] else 0)
    else:
        num -= 1 if values["interpolate"] else 0
        all_classes = isinstance(wanted.labels, str)
        each = values["interpolate"] or (model.num_classes if all_classes else 1)
        columns = num if all_classes else values["interpolate"] or values["columns"]
        cells = math.prod(pictures.layout(num * each, columns))
        size = max(4 * num * each * pixels, cells * pixels, 4 * num * each * model.latent_dim)
    rows = next((name for name in ("seeds", "latents") if values[name]), "num")
    names = ("batch_size",) if values["individual"] else (rows, "columns", "interpolate")
    shown = values | {"seeds": ",".join(values["seeds"] or ())}
    pictures.check_bytes(size, ", ".join(f"{name}={shown[name]}" for name in names if shown[name]))


def _writable(output, folder):
    if output.is_dir() and not folder:
        raise ValueError(f"output={output} is a folder; name a file, or of single images add --individual")
    if not folder and output.suffix.lower() != ".png" and not films.is_film(output):
        raise ValueError(f"output={output} must end in .png, or of a walk in one of {', '.join(films.FORMATS)}")
    check_writable("output", output if folder else output.parent)
    return output


def _write(model, output, values, given, latents, labels):
    """Samples and writes; returns what to tell."""
    wanted = _wanted(values, given, latents, labels, model)
    _check_room(values, model, wanted)
    if values["individual"]:
        count = _write_each(model, output, values, wanted)
        _save_latents(values, wanted.latents, model)
        return f"{count} images"
    asked = (values["truncation"], values["batch_size"])
    columns = values["columns"]
    if values["interpolate"]:
        columns, latents = values["interpolate"], wanted.latents(model)
        labels = wanted.drawn_labels(model) if np.ndim(wanted.labels) == 0 else wanted.labels
        labels = None if labels is None else labels[: len(wanted) - 1]
        images = model.interpolate_latents(latents, values["interpolate"], *asked, labels=labels)
        _save_latents(values, lambda _: model.latents_between(latents, values["interpolate"]), model)
    elif isinstance(wanted.labels, str):
        columns = len(wanted)
        images = np.concatenate([wanted.of_class(label).images(model, *asked) for label in range(model.num_classes)])
        _save_latents(values, wanted.latents, model)
    else:
        images = wanted.images(model, *asked)
        _save_latents(values, wanted.latents, model)
    pictures.write(pictures.grid(images, columns, alpha=True), output)
    return f"{len(images)} images"


def _save_latents(values, latents, model):
    if values["save_latents"] is not None:
        latent_files.write(values["save_latents"], latents(model))


def _write_each(model, folder, values, wanted):
    """Writes a file an image, batch by batch, so that their number does not matter to memory."""
    size = values["batch_size"]
    for start in range(0, len(wanted), size):
        part = wanted.part(start, start + size)
        levels = pictures.to_levels(part.images(model, values["truncation"], size))
        for name, image in zip(part.names(model, start), levels, strict=True):
            pictures.write(pictures.to_image(image), folder / f"{name}.png")
    return len(wanted)
