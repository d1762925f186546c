"""Makes a preset of a run: python tools/make_preset.py --run_dir=runs/... --name=pconv_fashion_mnist_10k.

Writes models/<name>/: config, weights, metadata, a grid of samples, and a card that says how to repeat it.
"""

import sys

from tfgan_zoo import presets
from tfgan_zoo.cli import app

COMMAND = app.Command("tools/make_preset.py", "Makes a preset of a run.", ("--run_dir=runs/00000 --name=my_preset",))
COMMAND.string("run_dir", None, "the run")
COMMAND.string("name", None, "the preset's name: a new folder in models/")

CARD = """# {name}

Method `{method}` ({summary}), trained on `{dataset}` ({shape}) for {kimg:g} kimg with seed {seed}.
Samples of the seeds 0 to 63, in order, none picked:

![samples](samples.png)

    python generate.py --model={name} --num=64 --output=grid.png

Trained by

    python train.py {flags}

on tfgan_zoo {version}, TensorFlow {tensorflow}, in float32 on {threads} CPU threads. `config.json` has the networks,
`metadata.json` the rest. The generator has {parameters:,} parameters. Not yet measured by a named metric.
Licence: Apache 2.0.
"""


def body(values, given):
    app.import_tensorflow()
    from tfgan_zoo import loading, pictures, registry
    from tfgan_zoo.training.run_directory import RunDirectory

    with app.checks():
        if not values["run_dir"] or not values["name"]:
            raise ValueError("--run_dir and --name are needed")
        config = RunDirectory(values["run_dir"]).config()
        model = loading.load(values["run_dir"])
        folder = presets.SHELF / values["name"]
        presets.save_to_preset(model, folder, dataset=config.dataset, kimg=config.kimg, seed=config.seed)
    pictures.grid(model.generate(64)).save(folder / "samples.png")
    card = CARD.format(
        name=values["name"],
        method=config.method,
        summary=registry.METHODS[config.method].summary,
        dataset=config.dataset,
        shape=" x ".join(map(str, config.shape)),
        kimg=config.kimg,
        seed=config.seed,
        flags=f"--method={config.method} --dataset={config.dataset} --seed={config.seed}",
        version=config.versions["tfgan-zoo"],
        tensorflow=config.versions["tensorflow"],
        threads=config.threads,
        parameters=model.generator.count_params(),
    )
    (folder / "README.md").write_text(card)
    print(folder)
    return app.DONE


if __name__ == "__main__":
    sys.exit(COMMAND.run(body))
