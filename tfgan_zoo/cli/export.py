"""export.py: writes a trained generator as a SavedModel for TensorFlow Serving."""

import pathlib
import shlex

from tfgan_zoo import loading
from tfgan_zoo.cli import app
from tfgan_zoo.training.run_directory import check_writable

COMMAND = app.Command(
    "export.py",
    "Exports a trained generator as <output>/<version>, a SavedModel with the signatures serving_default (latents), "
    "generate (seeds) and generate_png (seeds).",
    ("--model=runs/00000-pconv-fashion_mnist_10k --output=exports/pconv",),
)


def _declare():
    COMMAND.string("model", None, "a run directory, a preset's name or folder, or a .keras file")
    COMMAND.string("output", None, "the model's folder, which TensorFlow Serving watches")
    COMMAND.integer("version", None, "the version's number (default: the next one)")


_declare()


def main(argv=None):
    """Runs export.py with `argv`; returns the exit status."""
    return COMMAND.run(_body, argv)


def _body(values, given):
    with app.checks():
        output = _checked(values)
        app.import_tensorflow()
        from tfgan_zoo import serving

        model = loading.load(values["model"])
        try:
            version = serving.export(model, output, values["version"])
        except OSError as error:
            return app.fail(f"export.py: {error}", app.FAILED)
    print(f"export    {version}")
    if len(model.image_shape) == 3:
        print(f"generate  python generate.py --model={shlex.quote(str(output))} --num=64 --output=grid.png")
    return app.DONE


def _checked(values):
    """Checks the flags and returns the output folder."""
    for name in ("model", "output"):
        if not values[name]:
            raise ValueError(f"--{name} is missing")
    if values["version"] is not None and values["version"] < 1:
        raise ValueError(f"version={values['version']} must be at least 1")
    if loading.kind(values["model"]) == "saved_model":
        raise ValueError(f"model={values['model']} is an export already; name what it was made from")
    output = pathlib.Path(values["output"])
    if values["version"] is not None and (output / str(values["version"])).exists():
        raise ValueError(f"version={values['version']} exists in {output}; a served version is never overwritten")
    check_writable("output", output)
    return output
