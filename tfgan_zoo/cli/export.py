"""export.py: writes a trained generator as a SavedModel for TensorFlow Serving."""

import pathlib
import shlex

from tfgan_zoo import pictures, registry, transparency
from tfgan_zoo.cli import app, entry
from tfgan_zoo.files import check_replaceable, check_writable
from tfgan_zoo.pretrained import download, hub, loading, publishing
from tfgan_zoo.serving import addresses, server_files, web_runtime

# format: how the name of its file ends, "" for a folder
FORMATS = {"saved_model": "", "onnx": ".onnx", "litert": ".tflite", "openvino": ".xml", "web": "", "preset": ""}

COMMAND = app.Command(
    "export.py",
    "Exports a trained generator as <output>/<version>, a SavedModel with the signatures serving_default (latents), "
    "generate (seeds) and generate_png (seeds).",
    (
        "--model=runs/00000-pconv-fashion_mnist_10k --output=exports/pconv",
        "--model=pconv_fashion_mnist_10k --output=exports/pconv --with_serving_files",
        "--model=pconv_fashion_mnist_10k --format=onnx --output=pconv.onnx",
        "--model=runs/00000-pconv-fashion_mnist_10k --format=web --output=site",
        "--model=pconv_conditional_fashion_mnist --format=web --single_file --output=clothes.html",
        "--model=runs/00000-pconv-fashion_mnist_10k --format=preset --output=hf://me/clothes --dry_run",
    ),
)


def _declare():
    COMMAND.string("model", None, "a run directory, a preset's name or folder, or a .keras file")
    COMMAND.string(
        "output",
        None,
        "the model's folder, which TensorFlow Serving watches; of a preset also hf://ORGANISATION/NAME",
    )
    COMMAND.integer("version", None, "the version's number (default: the next one)")
    COMMAND.string("checkpoint", "last", "of a run: last, best or a step")
    COMMAND.integer("max_batch", 256, "the most rows of a batch; the exported graph refuses more")
    COMMAND.boolean("new_signature", False, "allow a version whose inputs or outputs differ from the one before")
    COMMAND.boolean("with_serving_files", False, "warm-up requests, and <output>.serving: what a server starts with")
    COMMAND.string(
        "format",
        "saved_model",
        f"one of {', '.join(FORMATS)}; web is a page that runs the generator in a browser, and --output its folder; "
        "preset is a folder that loads and trains on, here or on the Hugging Face hub; of onnx, litert and openvino "
        "--output is the file",
    )
    COMMAND.boolean("single_file", False, "of a web page: one HTML file, --output, that opens from disk")
    COMMAND.boolean(
        "webgpu",
        None,
        "of a web page: that it computes on the visitor's graphics card, where the browser has WebGPU (default: of a "
        "folder, for images of 128 x 128 pixels and more)",
    )
    COMMAND.string("license", None, "of a preset: the hub's word for what others may do with it, such as apache-2.0")
    COMMAND.boolean("dry_run", False, "of a preset for the hub: print what would go up, and send nothing")


_declare()


def main(argv=None):
    """Runs export.py with `argv`; returns the exit status."""
    return COMMAND.run(_body, argv)


def _body(values, given):
    with app.checks():
        output = _checked(values)
        if values["format"] == "web":
            try:
                # before the minutes that TensorFlow and a large model may take
                web_runtime.read(bool(values["webgpu"]))
            except web_runtime.RuntimeMissing as missing:
                return app.fail(f"{COMMAND.name}: {missing}", app.FAILED)
        app.import_tensorflow()
        if values["format"] == "preset":
            return _preset(output, values)
        model = loading.load(values["model"], values["checkpoint"])
        try:
            if values["format"] == "web":
                return _web_page(model, output, values)
            if values["format"] != "saved_model":
                return _other_format(model, values["format"], output)
            version = _saved_model(model, output, values)
        except OSError as error:
            return app.fail(f"{COMMAND.name}: {error}", app.FAILED)
    print(f"export    {version}")
    if len(model.image_shape) == 3 and model.image_shape[2] in pictures.CHANNELS:
        # Without the flag generate.py asks for 64 at once.
        batch = f" --batch_size={values['max_batch']}" if values["max_batch"] < 64 else ""
        flags = f"--model={shlex.quote(str(output))} --num=64 --output=grid.png{batch}"
        print(f"generate  {entry.typed('generate.py')} {flags}")
    return app.DONE


def _saved_model(model, output, values):
    from tfgan_zoo.serving import export

    if not values["with_serving_files"]:
        return export(model, output, values["version"], values["max_batch"], new_signature=values["new_signature"])
    sizes = server_files.batch_sizes(values["max_batch"])
    version = export(model, output, values["version"], values["max_batch"], sizes, values["new_signature"])
    print(f"files     {server_files.write_server_files(output, sizes)}")
    print(f"serve     {server_files.docker_line(output)}")
    return version


def _other_format(model, name, output):
    from tfgan_zoo.serving.formats import FormatError, export_format

    try:
        error = export_format(model, name, output)
    except FormatError as failure:
        return app.fail(f"{COMMAND.name}: {failure}", app.FAILED)
    inputs = f"latents[N, {model.latent_dim}]" + (", labels[N]" if model.num_classes else "")
    kind = "RGBA in [0, 1], colours times alpha" if model.image_shape[-1] == transparency.CHANNELS else "in [0, 1]"
    print(f"export    {output}: {inputs} -> images {kind}, within {error:.1e} of ours")
    return app.DONE


def _web_page(model, output, values):
    from tfgan_zoo.serving.formats import FormatError
    from tfgan_zoo.serving.web_page import export_page

    title = pathlib.Path(values["model"]).resolve().name  # of . and .. too, and the last part of an address
    card = loading.card(values["model"])
    try:
        files, dtype, error = export_page(model, output, title, card, values["single_file"], values["webgpu"])
    except (FormatError, web_runtime.RuntimeMissing) as failure:
        return app.fail(f"{COMMAND.name}: {failure}", app.FAILED)
    size = f"{sum(files.values()) / 1e6:.1f} MB"
    print(f"export    {output}: {size}, weights in {dtype}, images within {error * 255:.2g} levels of ours")
    if values["single_file"]:
        print("look      open it in a browser")
    else:
        print(f"look      python -m http.server --directory {shlex.quote(str(output))}, then http://localhost:8000")
    return app.DONE


def _preset(output, values):
    with publishing.as_preset(values["model"], values["checkpoint"]) as folder:
        title = pathlib.PurePosixPath(str(output)).name
        files = publishing.files_of(folder, title, str(output), values["license"])
    size = f"{sum(map(len, files.values())) / 1e6:.1f} MB"
    try:
        if isinstance(output, pathlib.Path):
            publishing.write(files, output)
        else:
            publishing.send(files, output, values["dry_run"], "output")
    except (OSError, hub.HubError) as error:
        return app.fail(f"{COMMAND.name}: {error}", app.FAILED)
    if not values["dry_run"]:
        print(f"export    {output}: {size}, {len(files)} files")
        print(f'load      tfgan_zoo.load("{output}")')
    return app.DONE


def _checked(values):
    """Checks the flags and returns the output folder, or the hub's address, a str."""
    registry.choose("format", values["format"], FORMATS)
    for name in ("model", "output"):
        if not values[name]:
            raise ValueError(f"--{name} is missing")
    if values["version"] is not None and not 1 <= values["version"] < 2**63:
        raise ValueError(f"version={values['version']} must be a 64-bit integer, and at least 1")
    if loading.kind(values["model"]) in ("saved_model", "server"):
        raise ValueError(f"model={values['model']} is an export already; name what it was made from")
    if values["max_batch"] < 1:
        raise ValueError(f"max_batch={values['max_batch']} must be at least 1")
    for name, neutral in (("single_file", False), ("webgpu", None)):
        if values[name] != neutral and values["format"] != "web":
            raise ValueError(f"{name}={values[name]} is for format=web")
    if values["format"] == "preset":
        return _checked_preset(values)
    for name in ("license", "dry_run"):
        if values[name]:
            raise ValueError(f"{name}={values[name]} is for format=preset")
    if download.is_remote(values["output"]):
        raise ValueError(f"output={values['output']} is for format=preset")
    output = pathlib.Path(values["output"])
    if values["format"] != "saved_model":
        return _checked_other(values, output)
    addresses.check_folder_of_versions(output)
    if values["version"] is not None and (output / str(values["version"])).exists():
        raise ValueError(f"version={values['version']} exists in {output}; a served version is never overwritten")
    if values["with_serving_files"]:
        check_writable("output", server_files.folder_of(output))
    check_writable("output", output)
    return output


def _checked_preset(values):
    if download.is_remote(values["output"]):
        publishing.check(values["output"], values["license"], values["dry_run"], "output")
        _refuse_serving(values)
        return values["output"]
    if values["dry_run"]:
        raise ValueError(f"dry_run=True is for output=hf://ORGANISATION/NAME, not {values['output']}")
    publishing.check_license(values["license"])
    return _checked_other(values, pathlib.Path(values["output"]))


def _refuse_serving(values):
    """Refuses the flags of a SavedModel."""
    neutral_values = (("version", None), ("max_batch", 256), ("with_serving_files", False), ("new_signature", False))
    for name, neutral in neutral_values:
        if values[name] != neutral:
            raise ValueError(f"{name}={values[name]} is for format=saved_model")


def _checked_other(values, output):
    """Checks what makes sense for other formats; returns the file or the page's folder."""
    suffix = ".html" if values["single_file"] else FORMATS[values["format"]]
    if suffix and output.suffix != suffix:
        raise ValueError(f"output={output} must end in {suffix} for format={values['format']}")
    if output.exists() and (suffix or not output.is_dir() or any(output.iterdir())):
        raise ValueError(f"output={output} exists; it is not overwritten")
    if not suffix:
        check_replaceable("output", output)
    weights = output.with_suffix(".bin")
    if values["format"] == "openvino" and weights.exists():
        raise ValueError(f"output={output} has its weights in {weights}, which exists; it is not overwritten")
    _refuse_serving(values)
    check_writable("output", output.parent)
    return output
