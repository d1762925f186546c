"""generate.py: samples a trained generator into PNG files."""

import pathlib

from tfgan_zoo import loading
from tfgan_zoo.cli import app
from tfgan_zoo.training.run_directory import check_writable

COMMAND = app.Command(
    "generate.py",
    "Samples a trained generator: one grid, single images, or interpolations. Image i is the image of seed + i.",
    (
        "--model=runs/00000-pconv-fashion_mnist_10k --num=64 --output=grid.png",
        "--model=http://localhost:8501/v1/models/pconv --num=16 --output=served.png",
        "--model=exports/pconv --num=100 --seed=1000 --individual --output=images",
        "--model=runs/00000-pconv-fashion_mnist_10k --num=8 --interpolate=10 --output=strips.png",
        "--model=pconv_conditional_fashion_mnist --label=all --num=8 --output=classes.png",
    ),
)


def _declare():
    c = COMMAND
    c.string("model", None, "a run directory, a preset, a .keras file, an exported SavedModel or a server's URL")
    c.string("checkpoint", "last", "of a run: last, best or a step")
    c.integer("num", 64, "how many images; with --interpolate, how many strips; with --label=all, how many a class")
    c.integer("seed", 0, "the first image's seed")
    c.string("output", "grid.png", "the PNG file to write; with --individual the folder")
    c.string("label", None, "of a conditional model: the class of all images, or all, a class a row of the grid")
    c.number("truncation", 1.0, "in [0, 1], scales the latents: less variety, more typical images")
    c.integer("columns", None, "images in a row of the grid (default: as square as can be)")
    c.boolean("individual", False, "write seed<N>.png files into the folder --output instead of a grid")
    c.integer("interpolate", 0, "steps from each seed's image to the next one's, a row each; 0 switches it off")
    c.integer("batch_size", 64, "images computed at once; the result does not depend on it")


_declare()


def main(argv=None):
    """Runs generate.py with `argv`; returns the exit status."""
    return COMMAND.run(_body, argv)


def _body(values, given):
    with app.checks():
        values["label"] = _label(values["label"])
        _check(values)
        output = _writable(pathlib.Path(values["output"]), values["individual"])
        app.import_tensorflow()
        model = loading.load(values["model"], values["checkpoint"])
        try:
            shape = model.image_shape
        except ConnectionError as error:  # a server is asked for it
            return app.fail(f"generate.py: {error}", app.FAILED)
        if len(shape) != 3:
            raise ValueError(f"model={values['model']} samples points of dimension {shape[0]}, not images")
        _check_label(values["label"], model, values["model"])
    try:
        count = _write(model, output, values)
    except OSError as error:
        return app.fail(f"generate.py: {error}", app.FAILED)
    except ValueError as error:  # what only the model itself knows, such as the largest batch of an export
        raise app.BadInput(str(error)) from None
    print(f"{count} images of {values['model']}, seeds from {values['seed']}: {output}")
    return app.DONE


def _check(values):
    if values["model"] is None:
        raise ValueError("--model is missing: name a run directory, a preset or an export")
    for name, least in (("num", 1), ("batch_size", 1), ("interpolate", 0), ("columns", 1)):
        if values[name] is not None and values[name] < least:
            raise ValueError(f"{name}={values[name]} must be at least {least}")
    if not -(2**63) <= values["seed"] < 2**63 - 1 - values["num"]:
        raise ValueError(f"seed={values['seed']} must be a 64-bit integer, and seed + num too")
    if not 0 <= values["truncation"] <= 1:
        raise ValueError(f"truncation={values['truncation']} must be in [0, 1]")
    if values["interpolate"] == 1 or (values["interpolate"] and values["individual"]):
        raise ValueError(f"interpolate={values['interpolate']} must be 0 or at least 2, and makes one picture")
    if values["label"] == "all" and any(values[name] for name in ("individual", "interpolate", "columns")):
        raise ValueError("label=all makes one grid, a class a row: leave out --individual, --interpolate and --columns")
    loading.kind(values["model"])


def _label(label):
    """Returns what --label says: None, "all" or an int."""
    if label in (None, "all"):
        return label
    try:
        return int(label)
    except ValueError:
        raise ValueError(f"label={label!r} must be a class, an integer from 0, or all") from None


def _check_label(label, model, name):
    classes = model.num_classes
    if label is not None and not classes:
        raise ValueError(f"label={label} is for conditional models; model={name} has no classes")
    if isinstance(label, int) and not 0 <= label < classes:
        raise ValueError(f"label={label} must be in [0, {classes - 1}], the classes of model={name}")


def _writable(output, folder):
    if output.is_dir() and not folder:
        raise ValueError(f"output={output} is a folder; name a .png file, or add --individual")
    if not folder and output.suffix.lower() != ".png":
        raise ValueError(f"output={output} must end in .png")
    check_writable("output", output if folder else output.parent)
    return output


def _write(model, output, values):
    from tfgan_zoo import pictures

    (output if values["individual"] else output.parent).mkdir(parents=True, exist_ok=True)
    if values["interpolate"]:
        images = _strips(model, values)
        pictures.grid(images, columns=values["interpolate"]).save(output)
        return len(images)
    asked = (values["num"], values["seed"], values["truncation"], values["batch_size"])
    if values["label"] == "all":
        pictures.classes(model, model.num_classes, *asked).save(output)
        return model.num_classes * values["num"]
    labels = {} if values["label"] is None else {"labels": values["label"]}
    images = model.generate(*asked, **labels)
    if values["individual"]:
        for seed, levels in enumerate(pictures.to_levels(images), start=values["seed"]):
            pictures.to_image(levels).save(output / f"seed{seed:08d}.png")
    else:
        pictures.grid(images, values["columns"]).save(output)
    return len(images)


def _strips(model, values):
    """Returns images of `num` rows, each from the latents of one seed to the next one's along a great circle.

    Of a conditional model a row keeps one class: the label, else that of its first seed.
    """
    import numpy as np

    from tfgan_zoo import random

    num, seed, steps, size = values["num"], values["seed"], values["interpolate"], values["batch_size"]
    ends = random.latents_from_seeds(random.consecutive_seeds(num + 1, seed), model.latent_dim).numpy()
    rows = [random.slerp(ends[i], ends[i + 1], np.linspace(0, 1, steps)) for i in range(num)]
    columns = [values["truncation"] * np.concatenate(rows)]
    if model.num_classes:
        labels = random.seed_labels(values["label"], random.consecutive_seeds(num, seed), model.num_classes)
        columns.append(np.repeat(labels, steps))
    cuts = range(size, num * steps, size)
    parts = zip(*(np.split(column, cuts) for column in columns), strict=True)
    return np.concatenate([np.asarray(model.sample(*part)) for part in parts])
