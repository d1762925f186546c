"""Writes recipes/<name>.json from the flags of train.py, or all recipes' sentences and hashes again.

    python tools/make_recipe.py gan_ring --method=gan --dataset=ring --threads=1
    python tools/make_recipe.py brc_ring --note="Why d_lr is what it is." --method=brc --dataset=ring --d_lr=1e-4
    python tools/make_recipe.py

Without a name every recipe's sentence is made again of what the preset of its name came to, if there is one, and
tests/settings/recipes.json gets the hash of what every recipe resolves to: where it changes, the recipe is another run.
"""

import argparse
import hashlib
import json
import pathlib
import sys

from tfgan_zoo.cli import train
from tfgan_zoo.pretrained import presets
from tfgan_zoo.settings import checks, recipes
from tfgan_zoo.settings import config as configs
from tfgan_zoo.settings.resolve import implied, resolve

DIGESTS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "settings" / "recipes.json"


def outcome(name):
    """Returns what the preset of a recipe's name came to, None if there is none."""
    metadata = presets.BUILT_IN / name / presets.METADATA
    return outcome_of(json.loads(metadata.read_text())) if metadata.is_file() else None


def outcome_of(about):
    """Returns what came out, from a preset's metadata: the first metric, and how long it took."""
    first = next(it for it in about["metrics"] if "mean" in it)
    time = f" after {about['seconds']:,.0f} s of training" if "seconds" in about else ""
    return (
        f"{first['metric']} came to {first['mean']:.4g} ± {first['deviation']:.2g} ({first['value']}, {first['runs']}"
        f" evaluation runs){time}"
    )


def write(name, words, note=None):
    """Writes one recipe of its words."""
    path = recipes.FOLDER / f"{name}.json"
    path.write_text(recipes.to_json(words, recipes.sentence(words, outcome(name)), note))
    return path


def _of_flags(flags):
    values, given = train.COMMAND.parse(flags)
    asked = {name: value for name, value in values.items() if name in given}  # in the order of train.py's flags
    words = {name: tuple(value) if isinstance(value, list) else value for name, value in asked.items()}
    resolve(words)  # refuses what cannot be
    return words


def digests():
    """Returns {recipe: the hash of the configuration that it resolves to}; a path is as the recipe has it."""
    found = {}
    for name in recipes.names():
        words, _ = recipes.read(name)
        values = implied(words)
        options = checks.method_options(values["method"], values.pop("options"))
        known = configs.without_quiet({field: values[field] for field in recipes.FIELDS if field in values})
        text = json.dumps(known | options)
        found[name] = hashlib.sha256(text.encode()).hexdigest()
    return found


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
            words, sentences = recipes.read(name)
            print(write(name, words, sentences.get("note")))
        DIGESTS.write_text(json.dumps(digests(), indent=2) + "\n")
    except ValueError as error:
        print(f"tools/make_recipe.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
