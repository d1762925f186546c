"""Makes a preset of a run, or measures one again.

    python tools/make_preset.py --run_dir=runs/00000-pconv-fashion_mnist_10k --name=my_preset
    python tools/make_preset.py --name=my_preset          # measures it anew and rewrites its card

Writes models/<name>/: config, weights, metadata, a grid of samples, and the card, made of the metadata alone. The
metrics are those of `protocols.defaults` for the data set, three runs on samples of different seeds.
"""

import json
import statistics
import sys

from tfgan_zoo import presets
from tfgan_zoo.cli import app

RUNS = 3

COMMAND = app.Command(
    "tools/make_preset.py", "Makes a preset of a run, or measures one.", ("--run_dir=runs/00000 --name=my_preset",)
)
COMMAND.string("run_dir", None, "the run; without it the preset is there and is measured")
COMMAND.string("name", None, "the preset's name: a folder in models/")

CARD = """# {name}

{trained} Samples of the seeds 0 to 63, in order, none picked:

![samples](samples.png)

    python generate.py --model={name} --num=64 --output=grid.png

| metric | value | mean ± deviation of {runs} runs | fakes | reals | note |
|---|---|---|---|---|---|
{rows}

What the metrics are: docs/metrics.md. The generator has {parameters:,} parameters; `config.json` has the networks,
`metadata.json` the rest. Licence: Apache 2.0.
"""


def body(values, given):
    app.import_tensorflow()
    from tfgan_zoo import loading, pictures

    with app.checks():
        if not values["name"]:
            raise ValueError("--name is needed")
        folder = presets.SHELF / values["name"]
        if values["run_dir"]:
            details = details_of(values["run_dir"])
            presets.save_to_preset(loading.load(values["run_dir"]), folder, **details)
        model = presets.from_preset(folder)
    pictures.grid(model.generate(64)).save(folder / "samples.png")
    about = json.loads((folder / presets.METADATA).read_text())
    about["metrics"] = measure(model, about["dataset"])
    (folder / presets.METADATA).write_text(json.dumps(about, indent=2) + "\n")
    (folder / "README.md").write_text(card(values["name"], about))
    print(folder)
    return app.DONE


def details_of(run_dir):
    """Returns what metadata.json says of the training."""
    from tfgan_zoo import registry
    from tfgan_zoo.training.run_directory import RunDirectory

    config = RunDirectory(run_dir).config()
    flags = f"--method={config.method} --dataset={config.dataset} --kimg={config.kimg:g} --seed={config.seed}"
    return {
        "method": config.method,
        "summary": registry.METHODS[config.method].summary,
        "dataset": config.dataset,
        "kimg": config.kimg,
        "seed": config.seed,
        "command": f"python train.py {flags}",
        "hardware": f"CPU, {config.threads} threads, {config.precision}",
        "versions": config.versions,
    }


def measure(model, dataset):
    """Returns a list of {metric, value, mean, deviation, fakes, reference, note} over `RUNS` runs."""
    from tfgan_zoo import data
    from tfgan_zoo.evaluation import protocols, sets
    from tfgan_zoo.evaluation.evaluator import RUN_STRIDE, Evaluator

    size = dict(zip(("image_size", "channels"), model.image_shape[1:], strict=False))  # none of a mixture
    reference = sets.DataReference(data.load(dataset, **size))
    chosen = protocols.choose(
        protocols.defaults(dataset, model.image_shape, model.num_classes), shape=model.image_shape
    )
    evaluator = Evaluator(chosen, model.image_shape, reference, dataset)
    runs = [evaluator.measure(sets.Fakes(model, run * RUN_STRIDE), run * RUN_STRIDE) for run in range(RUNS)]
    found = []
    for results in zip(*runs, strict=True):
        first = results[0]
        for name in first["values"]:
            values = [result["values"][name] for result in results]
            spread = (
                {"mean": statistics.fmean(values), "deviation": statistics.stdev(values)} if None not in values else {}
            )
            about = {key: first[key] for key in ("metric", "fakes", "reference", "extractor") if key in first}
            found.append(about | {"value": name, "runs": RUNS, "note": first.get("note", "")} | spread)
    return found


def card(name, about):
    """Returns the card's text; it says nothing that metadata.json does not hold."""
    rows = []
    for it in about["metrics"]:
        reals = ", ".join(f"{count} of {which}" for which, count in it["reference"].items())
        spread = f"{it['mean']:.4g} ± {it['deviation']:.2g}" if "mean" in it else "-"
        rows.append(f"| {it['metric']} | {it['value']} | {spread} | {it['fakes']} | {reals} | {it['note']} |")
    trained = (
        f"Method `{about['method']}`, {about['summary']}: `{about['command']}`, {about['step']} steps on tfgan_zoo"
        f" {about['versions']['tfgan-zoo']}, TensorFlow {about['versions']['tensorflow']}, {about['hardware']}."
    )
    parameters = about["generator_parameters"]
    return CARD.format(name=name, trained=trained, runs=RUNS, rows="\n".join(rows), parameters=parameters)


if __name__ == "__main__":
    sys.exit(COMMAND.run(body))
