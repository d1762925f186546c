"""Writes recipes/<name>.json from the flags of train.py, or all recipes again.

    python tools/make_recipe.py gan_ring --method=gan --dataset=ring --threads=1
    python tools/make_recipe.py brc_ring --note="Why d_lr is what it is." --method=brc --dataset=ring --d_lr=1e-4
    python tools/make_recipe.py

Without a name every recipe is completed, for when `Config` has a new field, and its sentence is made again of what
the preset of its name came to, if there is one.
"""

import argparse
import json
import sys

from tfgan_zoo import presets
from tfgan_zoo.cli import train
from tfgan_zoo.training import config as configs
from tfgan_zoo.training import recipes


def outcome(name):
    """Returns what the preset of a recipe's name came to, None if there is none."""
    metadata = presets.SHELF / name / presets.METADATA
    return outcome_of(json.loads(metadata.read_text())) if metadata.is_file() else None


def outcome_of(about):
    """Returns what came out, from a preset's metadata: the first metric, and how long it took."""
    first = next(it for it in about["metrics"] if "mean" in it)
    time = f" after {about['seconds']:,.0f} s of training" if "seconds" in about else ""
    return (
        f"{first['metric']} came to {first['mean']:.4g} ± {first['deviation']:.2g} ({first['value']}, {first['runs']}"
        f" evaluation runs){time}"
    )


def write(name, values, note=None):
    """Writes one recipe; `values` has all of `recipes.FIELDS`."""
    path = recipes.FOLDER / f"{name}.json"
    path.write_text(recipes.to_json(values, recipes.sentence(values, outcome(name)), note))
    return path


def _of_flags(flags):
    values, given = train.COMMAND.parse(flags)
    asked = {name: values[name] for name in given}
    config = configs.resolve(**{name: tuple(it) if isinstance(it, list) else it for name, it in asked.items()})
    return vars(config) | {"dataset": values["dataset"] or config.dataset}  # a path as it was given


def main():
    """Runs the tool; returns the exit status."""
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("name", nargs="?", help="the recipe's; none: all that are there")
    command.add_argument("--note", help="what a reader should know beside the sentence")
    own, flags = command.parse_known_args()
    try:
        if own.name is not None:
            print(write(own.name, _of_flags(flags), own.note))
            return 0
        for name in recipes.names():
            recipe = recipes.read(name)
            print(write(name, recipes.complete(recipe), recipe.get("note")))
    except ValueError as error:
        print(f"tools/make_recipe.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
