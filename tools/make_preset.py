"""Makes a preset of a run of the recipe of its name, or measures one again.

    python tools/make_preset.py --run_dir=runs/00000-gan-ring --name=gan_ring
    python tools/make_preset.py --name=gan_ring          # measures it anew and rewrites its card

Writes models/<name>/: config, weights, metadata, pictures, and the card, made of the metadata alone; and the sentence
of recipes/<name>.json. The weights are the best checkpoint's if the run has kept one. The metrics are those of
`protocols.defaults` for the data set, three runs on samples of different seeds. Weights are stored in float16 if that
moves no value of the first metric, of colour of the wavelets' distance, which needs no network, by more than the
deviation of the three runs. Where few images train, it shows the nearest ones. Make it on the machine that trained.
"""

import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import sys
import tempfile

import make_recipe

from tfgan_zoo import image_sizes, registry
from tfgan_zoo.cli import app
from tfgan_zoo.pretrained import presets
from tfgan_zoo.settings import recipes
from tfgan_zoo.settings.resolve import resolve

RUNS = 3
SAMPLES, POINTS, COLUMNS = 64, 2500, 8
PICTURES = ("samples.png", "interpolation.png", "neighbours.png")
PROBES, FEW = 8, 10_000
STORAGE = "fwd_10k"

COMMAND = app.Command(
    "tools/make_preset.py", "Makes a preset of a run, or measures one.", ("--run_dir=runs/00000 --name=my_preset",)
)
COMMAND.string("run_dir", None, "the run; without it the preset is there and is measured")
COMMAND.string("name", None, "the preset's name: that of its recipe, and of a folder in models/")

CARD = """# {name}

Method `{method}`, {summary}. Trained on `{dataset}` for {kimg:,g} kimg ({last_step:,} steps), seed {seed}, by

    {command}

on {hardware}{processor}, with {versions}{when}. These are the weights of step {step:,}{checkpoint}.
{tracked}
{caption}

![samples](samples.png)
{interpolation}
{usage}

| metric | value | checkpoint | mean ± deviation of {runs} runs | fakes | reals | note |
|---|---|---|---|---|---|---|
{rows}

What the metrics are: docs/metrics.md. {parameters}{storage} Left out: {left_out}.
`config.json` has the networks, `metadata.json` the rest. Licence: Apache 2.0.
"""


def body(values, given):
    app.import_tensorflow()
    with app.checks():
        if not values["name"]:
            raise ValueError("--name is needed")
        folder = presets.BUILT_IN / values["name"]
        work = _work(values["run_dir"], values["name"]) if values["run_dir"] else None
        model = None if work else presets.from_preset(folder)
    if work:
        _make(folder, *work)
    else:
        about = json.loads((folder / presets.METADATA).read_text())
        about["metrics"] = measure(model, reference_of(about["dataset"], model.image_shape), about["dataset"])
        finish(folder, model, about)
    print(folder)
    return app.DONE


def _work(run_dir, name):
    """Returns the `RunDirectory` and its `Config`, which must be the recipe's."""
    from tfgan_zoo.training.run_directory import RunDirectory

    run = RunDirectory(run_dir)
    config = run.config()
    asked = resolve(recipes.read(name)[0], data_dir=config.data_dir)
    other = [field for field in recipes.FIELDS if getattr(config, field) != getattr(asked, field)]
    if other:
        had, wanted = (getattr(one, other[0]) for one in (config, asked))
        raise ValueError(f"run_dir={run_dir} has {other[0]}={had}, recipe {name} {wanted}")
    if run.steps()[-1:] != [config.steps]:
        raise ValueError(f"run_dir={run_dir} is not at its end, step {config.steps}")
    return run, config


def _make(folder, run, config):
    """Measures and writes, in a folder of its own that takes the preset's name when all of it is there."""
    from tfgan_zoo import data
    from tfgan_zoo.evaluation import sets
    from tfgan_zoo.pretrained import loading

    tracked = tracked_of(run, config)
    kept = "best" if run.best.is_file() and tracked and tracked["best"] != tracked["last"] else "last"
    model = loading.load(run.path, kept)
    reference = sets.DataReference(data.load(config.dataset, **config.data_arguments))
    about = details_of(run, config, folder.name) | {"checkpoint": kept, "tracked": tracked}
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as temporary:
        new = pathlib.Path(temporary) / folder.name
        dtype, metrics, storage = smallest(model, pathlib.Path(temporary), reference, config.dataset)
        metrics = [it | {"checkpoint": kept} for it in metrics]
        if kept == "best":
            last = measure(loading.load(run.path), reference, config.dataset)
            metrics += [it | {"checkpoint": "last"} for it in last]
        presets.save_to_preset(model, new, dtype, **about, storage=storage, metrics=metrics)
        finish(new, presets.from_preset(new), json.loads((new / presets.METADATA).read_text()))
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(new, folder)
    words, sentences = recipes.read(folder.name)
    make_recipe.write(folder.name, words, sentences.get("note"))


def finish(folder, model, about):
    """Draws the pictures, and writes metadata.json and the card."""
    draw(model, folder, about["dataset"])
    found = {path.name: presets.digest(path) for path in sorted(folder.glob("*.png"))}
    about["sha256"] = {name: about["sha256"][name] for name in (presets.CONFIG, presets.WEIGHTS)} | found
    (folder / presets.METADATA).write_text(json.dumps(about, indent=2) + "\n")
    (folder / "README.md").write_text(card(folder.name, about))


def draw(model, folder, dataset):
    """Writes samples.png and, of images, interpolation.png."""
    from tfgan_zoo import data, pictures
    from tfgan_zoo.evaluation import report

    if len(model.image_shape) == 1:
        reals, _ = data.load(dataset).reals(POINTS)
        pictures.scatter(model.generate(POINTS), reals).save(folder / PICTURES[0])
        return
    classes = model.num_classes
    grid = pictures.classes(model, classes, COLUMNS) if classes else pictures.grid(model.generate(SAMPLES))
    grid.save(folder / PICTURES[0])
    report.strips(model).save(folder / PICTURES[1])
    reference = reference_of(dataset, model.image_shape)
    if reference.available("train") <= FEW:
        probes = pictures.to_levels(model.generate(PROBES))
        report.neighbours(probes, reference).save(folder / PICTURES[2])


def smallest(model, folder, reference, dataset):
    """Finds out whether float16 on disk costs anything: the first metric of both, three runs on the same seeds.

    Returns:
        (dtype, all metrics of the weights so stored, {"metric": its name, "float32": [...], "float16": [...]}).
    """
    presets.save_to_preset(model, folder / "half", "float16")
    half = presets.from_preset(folder / "half")
    names = defaults(dataset, model)
    first = STORAGE if STORAGE in names else names[0]
    metrics = measure(half, reference, dataset)
    both = {
        "float16": [it for it in metrics if it["metric"] == first],
        "float32": measure(model, reference, dataset, [first]),
    }
    storage = {
        dtype: {it["value"]: {"mean": it["mean"], "deviation": it["deviation"]} for it in found if "mean" in it}
        for dtype, found in both.items()
    }
    told = {"metric": first} | storage
    if costs_nothing(**storage):
        return "float16", metrics, told
    return "float32", measure(model, reference, dataset), told


def costs_nothing(float32, float16):
    """Returns whether no value of float16 is farther from float32's than the latter's deviation over the runs."""
    return float32.keys() == float16.keys() and all(
        abs(float16[value]["mean"] - exact["mean"]) <= exact["deviation"] for value, exact in float32.items()
    )


def details_of(run, config, name):
    """Returns what metadata.json says of the training."""
    timing = [json.loads(line) for line in run.timing.read_text().splitlines()]
    before = [0, *(tick["step"] for tick in timing)]
    images = [(tick["step"] - step) * config.batch_size for step, tick in zip(before, timing, strict=False)]
    threads = "1 thread" if config.threads == 1 else f"{config.threads} threads"
    return {
        "method": config.method,
        "summary": registry.METHODS[config.method].summary,
        "dataset": config.dataset,
        **({"split": config.split} if config.split else {}),
        "classes": config.num_classes or 0,
        **({"class_names": list(config.class_names)} if config.class_names else {}),
        "kimg": config.kimg,
        "last_step": config.steps,
        "seed": config.seed,
        "command": f"python train.py --recipe={name}",
        "hardware": f"CPU, {threads}, {config.precision}",
        "processor": processor(),
        "date": timing[-1]["clock"][:10],
        "seconds": sum(count / tick["images_per_second"] for count, tick in zip(images, timing, strict=True)),
        "versions": config.versions,
        "left_out": left_out(config.method),
    }


def processor():
    """Returns what decides, with the versions, which kernels run, and so the last bits: the kind of processor."""
    info = pathlib.Path("/proc/cpuinfo")
    lines = info.read_text() if info.is_file() else ""
    model, flags = (re.search(rf"^{key}\s*:\s*(.*)$", lines, re.MULTILINE) for key in ("model name", "flags"))
    return {
        "machine": platform.machine(),
        "model": model[1] if model else platform.processor(),
        "flags_sha256": hashlib.sha256(" ".join(sorted(flags[1].split())).encode()).hexdigest() if flags else None,
    }


def left_out(method):
    """Returns what of a trained model is not in its preset."""
    parts = ["the raw generator, in whose place the average stands", "the optimisers' state"]
    if method == "express":
        parts += ["the encoder, the decoder", "the discriminator of the codes"]
    return parts


def tracked_of(run, config):
    """Returns the first followed metric's best and last value, each with its step; None if none was followed."""
    from tfgan_zoo.evaluation import protocols

    if not config.eval_metrics:
        return None
    name = config.eval_metrics[0]
    rows = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    rows = [{"step": row["step"], "value": row[name]} for row in rows if row.get(name) is not None]
    pick = max if protocols.PROTOCOLS[name].better == "higher" else min
    return {"metric": name, "best": pick(rows, key=lambda row: row["value"]), "last": rows[-1]}


def defaults(dataset, model):
    """Returns the names of the metrics that say most about a model of a data set."""
    from tfgan_zoo.evaluation import protocols

    return protocols.defaults(dataset, model.image_shape, model.num_classes)


def reference_of(dataset, shape):
    """Returns the reals of a data set, for a model of images of a shape, or of points."""
    from tfgan_zoo import data
    from tfgan_zoo.evaluation import sets

    size = {} if len(shape) == 1 else {"image_size": image_sizes.of(shape), "channels": shape[2]}
    return sets.DataReference(data.load(dataset, **size))


def measure(model, reference, dataset, names=None):
    """Returns a list of {metric, value, values, mean, deviation, fakes, reference, note} over `RUNS` runs."""
    from tfgan_zoo.evaluation import protocols, sets
    from tfgan_zoo.evaluation.evaluator import Evaluator
    from tfgan_zoo.evaluation.protocols import RUN_STRIDE

    chosen = protocols.choose(names or defaults(dataset, model), shape=model.image_shape)
    evaluator = Evaluator(chosen, model.image_shape, reference, dataset)
    runs = [evaluator.measure(sets.Fakes(model, run * RUN_STRIDE), run * RUN_STRIDE) for run in range(RUNS)]
    found = []
    for results in zip(*runs, strict=True):
        first = results[0]
        for name in first["values"]:
            values = [result["values"][name] for result in results]
            spread = {}
            if None not in values:
                spread = {"mean": statistics.fmean(values), "deviation": statistics.stdev(values), "values": values}
            about = {key: first[key] for key in ("metric", "fakes", "reference", "extractor") if key in first}
            found.append(about | {"value": name, "runs": RUNS, "note": first.get("note", "")} | spread)
    return found


def card(name, about):
    """Returns the card's text; it says nothing that metadata.json does not hold."""
    rows = []
    for it in about["metrics"]:
        reals = ", ".join(f"{count} of {which}" for which, count in it["reference"].items()) or "-"
        spread = f"{it['mean']:.4g} ± {it['deviation']:.2g}" if "mean" in it else "-"
        cells = (it["metric"], it["value"], it.get("checkpoint", "last"), spread, it["fakes"], reals, it["note"])
        rows.append(f"| {' | '.join(map(str, cells))} |")
    words = {key: about[key] for key in ("method", "summary", "dataset", "kimg", "seed", "command", "hardware", "step")}
    return CARD.format(
        **words,
        name=name,
        last_step=about.get("last_step", about["step"]),
        versions=", ".join(f"{package} {version}" for package, version in about["versions"].items()),
        processor=f" ({about['processor']['model']})" if "processor" in about else "",
        when=_when(about),
        checkpoint=", the best on the way" if about.get("checkpoint") == "best" else ", the last",
        tracked=_tracked(about.get("tracked")),
        caption=_caption(about),
        interpolation=_interpolation(about),
        usage=_usage(name, about),
        runs=RUNS,
        rows="\n".join(rows),
        parameters=_parameters(about),
        storage=_storage(about),
        left_out="; ".join(about.get("left_out", ["the optimisers' state"])),
    )


def _when(about):
    seconds = f", {about['seconds']:,.0f} s of training" if "seconds" in about else ""
    return seconds + (f", {about['date']}" if "date" in about else "")


def _tracked(tracked):
    if tracked is None:
        return ""
    best, last = tracked["best"], tracked["last"]
    return (
        f"\nWhile training, {tracked['metric']} was {best['value']:.4g} at its best, at step {best['step']:,}, and"
        f" {last['value']:.4g} at the last, at step {last['step']:,}.\n"
    )


def _caption(about):
    if _is_mixture(about):
        return f"Samples of the seeds 0 to {POINTS - 1:,} over the data:"
    if about.get("classes"):
        names = f" ({', '.join(about['class_names'])})" if about.get("class_names") else ""
        return f"Samples of the seeds 0 to {COLUMNS - 1}, none picked, a class a row{names}:"
    return f"Samples of the seeds 0 to {SAMPLES - 1}, in order, none picked:"


def _interpolation(about):
    shown = {
        "interpolation": ("Interpolations between the latents of two seeds, a row each:", "interpolations"),
        "neighbours": (
            f"The first {PROBES} samples (left), and the five training images nearest to each, by pixels:",
            "nearest training images",
        ),
    }
    here = {name: words for name, words in shown.items() if f"{name}.png" in about["sha256"]}
    return "".join(f"\n{caption}\n\n![{alt}]({name}.png)\n" for name, (caption, alt) in here.items())


def _usage(name, about):
    if _is_mixture(about):
        return f'    tfgan_zoo.from_preset("{name}").generate(num=64, seed=0)  # float32 [64, 2]'
    return f"    python generate.py --model={name} --num=64 --output=grid.png"


def _parameters(about):
    stored = f"; {about['stored_weights']:,} weights are stored" if "stored_weights" in about else ""
    return f"The generator has {about['generator_parameters']:,} parameters{stored}."


def _storage(about):
    if "storage" not in about:
        return ""
    told = []
    for value, exact in about["storage"]["float32"].items():
        half = about["storage"]["float16"][value]["mean"]
        told.append(f"{value} {exact['mean']:.4g} ± {exact['deviation']:.2g} in float32 and {half:.4g} in float16")
    metric = about["storage"].get("metric", about["metrics"][0]["metric"])
    return f" They are stored in {about['dtype']}: on the same seeds, {metric} has {', '.join(told)}."


def _is_mixture(about):
    return about["metrics"][0]["metric"].startswith("modes_2500")


if __name__ == "__main__":
    sys.exit(COMMAND.run(body))
