"""Writes the tables of results into README.md and pages of docs/, from the metadata of the presets alone.

    python tools/results.py            # writes all of them
    python tools/results.py --check    # exit status 1 if a table is not what the metadata say

Each table stands between two comments, `<!-- results: KIND -->` and `<!-- /results -->`.
"""

import argparse
import json
import pathlib
import re
import statistics
import sys

from tfgan_zoo.evaluation.protocols import PROTOCOLS
from tfgan_zoo.pretrained import presets

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASELINE = "gan"
METHODS = ("gan", "pconv", "ces", "particle", "express", "brc")
PAGES = ("README.md", "docs/results.md", *(f"docs/methods/{method}.md" for method in METHODS))
IMAGES = "fashion_mnist"
MARKED = re.compile(r"(<!-- results: (\w+) -->\n).*?(<!-- /results -->)", re.DOTALL)


def shelf(folder=None):
    """Returns {name: metadata} of the presets."""
    folder = folder or presets.BUILT_IN
    found = sorted(path for path in folder.iterdir() if presets.is_preset(path))
    return {path.name: json.loads((path / presets.METADATA).read_text()) for path in found}


def headline(about):
    """Returns the entry of the first metric's headline value, of the weights that were shipped."""
    return entry(about, PROTOCOLS[about["metrics"][0]["metric"]].headline)


def entry(about, value):
    """Returns the entry of one value of the first metric, of the weights that were shipped."""
    first, shipped = about["metrics"][0]["metric"], about.get("checkpoint", "last")
    kept = (it for it in about["metrics"] if it.get("checkpoint", "last") == shipped and it["metric"] == first)
    return next(it for it in kept if it["value"] == value)


def baseline_of(about):
    """Returns the name of the plain GAN's preset on the same data, with or without labels alike."""
    return f"{BASELINE}{'_conditional' if about.get('classes') else ''}_{about['dataset']}"


def difference(about, baseline):
    """Compares a preset with the plain GAN's, evaluation run by evaluation run: the same seeds of the samples.

    Args:
        about, baseline: metadata.

    Returns:
        (mean, deviation) of the differences of the headline values; None where budgets, data or metrics differ.

    >>> one, two = ({"metric": "fd_fashion_10k", "value": "distance", "values": values} for values in ([5, 6], [1, 3]))
    >>> kept = {"dataset": "d", "classes": 0, "kimg": 1.0, "checkpoint": "last"}
    >>> difference(kept | {"metrics": [one]}, kept | {"metrics": [two]})
    (3.5, 0.7071067811865476)
    """
    same = ("dataset", "classes", "kimg")
    if baseline is None or any(about.get(name, 0) != baseline.get(name, 0) for name in same):
        return None
    ours, theirs = headline(about), headline(baseline)
    if ours["metric"] != theirs["metric"] or "values" not in ours or "values" not in theirs:
        return None
    differences = [one - two for one, two in zip(ours["values"], theirs["values"], strict=True)]
    return statistics.fmean(differences), statistics.stdev(differences)


def images(found):
    """Returns the presets of images as a Markdown table."""
    return _table({name: it for name, it in found.items() if not _is_mixture(it)}, {})


def mixtures(found):
    """Returns the presets of mixtures as a Markdown table; modes alone would hide how few samples are good."""
    return _table({name: it for name, it in found.items() if _is_mixture(it)}, {"good": "share of good samples"})


def _table(found, more, among=None):
    """A row a preset: the headline value, `more` values of the same metric {value: title}, and what it took.

    `among` are the presets that have the baselines; None if they are in the table.
    """
    head = ["preset", "data", "metric", "mean ± deviation", *more.values(), "fakes / reals", "kimg", "training"]
    rows = [f"| {' | '.join([*head, 'difference to `gan`'])} |", "|---" * (len(head) + 1) + "|"]
    for name in sorted(found, key=lambda name: (found[name]["dataset"], found[name].get("classes", 0), name)):
        about = found[name]
        it = headline(about)
        reals = ", ".join(f"{count:,}" for count in it["reference"].values()) or "the mixture"
        cells = [
            f"`{name}`",
            about["dataset"] + (", conditional" if about.get("classes") else ""),
            f"{it['metric']}{' (' + it['note'] + ')' if it['note'] else ''}",
            *(_spread(entry(about, value)) for value in (it["value"], *more)),
            f"{it['fakes']:,} / {reals}",
            f"{about['kimg']:,g}",
            f"{about['seconds']:,.0f} s" if "seconds" in about else "-",
            _compared(about, (among or found).get(baseline_of(about))),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def checkpoints(found):
    """Returns, of the presets whose run followed a metric, its best and last value, as a Markdown table."""
    rows = ["| preset | metric | best, at step | last, at step | shipped |", "|---|---|---|---|---|"]
    for name, about in found.items():
        if about.get("tracked"):
            best, last = (about["tracked"][which] for which in ("best", "last"))
            cells = [f"{it['value']:.4g}, {it['step']:,}" for it in (best, last)]
            rows.append(
                f"| `{name}` | {about['tracked']['metric']} | {cells[0]} | {cells[1]} | {about['checkpoint']} |"
            )
    return "\n".join(rows) + "\n"


def methods(found):
    """Returns the presets of all methods on the same images, as a Markdown table of six rows: what README shows."""
    return _table({f"{method}_{IMAGES}": found[f"{method}_{IMAGES}"] for method in METHODS}, {})


def of_method(method):
    """Returns a function of the presets that makes the table of one method's."""
    return lambda found: _table({name: it for name, it in found.items() if it["method"] == method}, {}, among=found)


KINDS = {"methods": methods, "images": images, "mixtures": mixtures, "checkpoints": checkpoints}
KINDS |= {method: of_method(method) for method in METHODS}


def fill(text, found):
    """Returns a page with its tables as the metadata say."""
    return MARKED.sub(lambda match: match[1] + "\n" + KINDS[match[2]](found) + "\n" + match[3], text)


def _is_mixture(about):
    return PROTOCOLS[about["metrics"][0]["metric"]].reference == "mixture"


def _compared(about, baseline):
    if about["method"] == BASELINE:
        return "the baseline"
    found = difference(about, baseline)
    return "-" if found is None else f"{found[0]:+.4g} ± {found[1]:.2g}"


def _spread(it):
    return f"{it['mean']:.4g} ± {it['deviation']:.2g}"


def main(argv=None):
    """Runs the tool; returns the exit status."""
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--check", action="store_true", help="write nothing; fail if a table has drifted")
    check = command.parse_args(argv).check
    found, drifted = shelf(), []
    for page in PAGES:
        path = ROOT / page
        text = path.read_text()
        if fill(text, found) == text:
            continue
        drifted.append(page)
        if not check:
            path.write_text(fill(text, found))
    if drifted and check:
        print(f"{', '.join(drifted)}: not what models/*/metadata.json say; run tools/results.py", file=sys.stderr)
    return 1 if drifted and check else 0


if __name__ == "__main__":
    sys.exit(main())
