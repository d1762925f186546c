"""generate.py: samples a trained generator into PNG files."""

import math
import pathlib

from tfgan_zoo import pictures
from tfgan_zoo.cli import app
from tfgan_zoo.files import check_writable
from tfgan_zoo.pretrained import loading

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

MAX_BYTES = 2**31  # of the pixels that are held at once


def _declare():
    c = COMMAND
    c.string("model", None, "a run directory, a preset, a .keras file, an exported SavedModel or a server's URL")
    c.string("checkpoint", "last", "of a run: last, best or a step")
    c.integer("num", 64, "how many images; with --interpolate, how many strips; with --label=all, how many a class")
    c.integer("seed", 0, "the first image's seed")
    c.string(
        "output", None, "the PNG file to write (default: grid.png); with --individual the folder (default: images)"
    )
    c.string("label", None, "of a conditional model: a class, by name or number, or all, a class a row of the grid")
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
        _check(values)
        default = "images" if values["individual"] else "grid.png"
        output = _writable(pathlib.Path(values["output"] or default), values["individual"])
        app.import_tensorflow()
        model = loading.load(values["model"], values["checkpoint"])
        try:
            shape = model.image_shape
        except ConnectionError as error:  # a server is asked for it
            return app.fail(f"generate.py: {error}", app.FAILED)
        if len(shape) != 3:
            raise ValueError(f"model={values['model']} samples points of dimension {shape[0]}, not images")
        values["label"] = _label(values["label"], model, values["model"])
        _check_room(values, model)
    try:
        count = _write(model, output, values)
    except pictures.NotFinite as error:
        return app.fail(f"generate.py: model={values['model']} is damaged: {error}", app.FAILED)
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


def _label(label, model, name):
    """Returns what --label says: None, "all" or an int. A name comes before a number: folder "3" may be any class."""
    classes, names = model.num_classes, tuple(model.class_names)
    if label is None:
        return None
    if not classes:
        raise ValueError(f"label={label} is for conditional models; model={name} has no classes")
    if label == "all":
        return label
    if label in names:
        return names.index(label)
    try:
        number = int(label)
    except ValueError:
        known = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "") if names else "they have numbers only"
        raise ValueError(f"label={label!r} must be a class of model={name} ({known}), its number, or all") from None
    if not 0 <= number < classes:
        raise ValueError(f"label={label} must be in [0, {classes - 1}], the classes of model={name}")
    return number


def _check_room(values, model):
    """Refuses what would hold more pixels at once than a picture is worth; single images are held a batch at a time."""
    num, pixels = values["num"], math.prod(model.image_shape)
    if values["individual"]:
        size = 4 * min(num, values["batch_size"]) * pixels
    else:
        each = values["interpolate"] or (model.num_classes if values["label"] == "all" else 1)
        columns = num if values["label"] == "all" else values["interpolate"] or values["columns"]
        cells = math.prod(pictures.layout(num * each, columns))
        size = max(4 * num * each * pixels, cells * pixels, 4 * num * each * model.latent_dim)
    if size > MAX_BYTES:
        names = ("batch_size",) if values["individual"] else ("num", "columns", "interpolate")
        asked = ", ".join(f"{name}={values[name]}" for name in names if values[name])
        most = f"more than {MAX_BYTES / 2**30:g} GiB"
        raise ValueError(f"{asked}: {size / 2**30:.3g} GiB of pixels at once, {most}; ask for less")


def _writable(output, folder):
    if output.is_dir() and not folder:
        raise ValueError(f"output={output} is a folder; name a .png file, or add --individual")
    if not folder and output.suffix.lower() != ".png":
        raise ValueError(f"output={output} must end in .png")
    check_writable("output", output if folder else output.parent)
    return output


def _write(model, output, values):
    """Samples and writes; returns how many images."""
    asked = (values["num"], values["seed"], values["truncation"], values["batch_size"])
    if values["individual"]:
        return _write_each(model, output, values)
    if values["interpolate"]:
        images = model.interpolate(values["num"], values["interpolate"], *asked[1:], labels=values["label"])
        picture, count = pictures.grid(images, columns=values["interpolate"]), len(images)
    elif values["label"] == "all":
        picture, count = pictures.classes(model, model.num_classes, *asked), model.num_classes * values["num"]
    else:
        picture = pictures.grid(model.generate(*asked, labels=values["label"]), values["columns"])
        count = values["num"]
    output.parent.mkdir(parents=True, exist_ok=True)
    picture.save(output)
    return count


def _write_each(model, folder, values):
    """Writes a file an image, batch by batch, so that their number does not matter to memory."""
    size = values["batch_size"]
    for start in range(0, values["num"], size):
        num, seed = min(size, values["num"] - start), values["seed"] + start
        levels = pictures.to_levels(model.generate(num, seed, values["truncation"], size, labels=values["label"]))
        folder.mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(levels, start=seed):
            pictures.to_image(image).save(folder / f"seed{number:08d}.png")
    return values["num"]
