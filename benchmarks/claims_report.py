"""Makes docs/claims.md, and the claims in the README, of the lines of benchmarks/claims.jsonl.

The page's words are in claims_page.md. In it `{{claims}}` and `{{tables}}` stand for what is made here, and
`{{ring_r5/ces best/modes}}` for that arm's mean and deviation, `{{.../strength_hinge}}` for any other number of its
lines: no number of a run is written by hand.
"""

import math
import pathlib
import re

import numpy as np
from claims_arms import CLAIMS, MODES, kind

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "claims.md"
README = ROOT / "README.md"
TEMPLATE = ROOT / "benchmarks" / "claims_page.md"
MARKERS = ("<!-- claims -->", "<!-- /claims -->")
LEAST = 3  # seeds below which nothing is decided
FEW = 5  # seeds below which an interval says little: that of 3 seeds is as wide as the three differences


def pages(done):
    """Returns {path: text} of the pages as they should be, from {(dataset, arm, seed): line}."""
    claims = claims_table(done)
    text = TEMPLATE.read_text()
    text = text.replace("{{claims}}", "\n".join(claims)).replace("{{tables}}", "\n".join(tables(done)))
    text = re.sub(r"\{\{([^/}]+)/([^/}]+)/([^/}]+)\}\}", lambda found: _told(done, *found.groups()), text)
    readme = README.read_text()
    begin, end = (readme.index(marker) for marker in MARKERS)
    block = "\n".join([MARKERS[0], "", *claims, "", ""])
    return {PAGE: text, README: readme[:begin] + block + readme[end:]}


def paired(one, two, draws=10_000):
    """Compares paired values.

    Args:
        one, two: float[n], of the same seeds.
        draws: bootstrap resamples of the differences.

    Returns:
        (mean difference, lower and upper end of its 95 % bootstrap interval).
    """
    difference = np.asarray(one, float) - np.asarray(two, float)
    picks = np.random.default_rng(0).integers(0, len(difference), (draws, len(difference)))
    low, high = np.percentile(difference[picks].mean(axis=1), [2.5, 97.5])
    return difference.mean(), low, high


def compare(done, dataset, one, two, name):
    """Compares two arms on the seeds that both have finished.

    Returns:
        {"seeds", "one", "two" (means), "difference", "low", "high", "wins", "verdict"}; None without a common seed.
        The verdict is "better" or "worse" if the interval excludes 0, else, and with fewer than 3 seeds, "undecided".
    """
    runs = {arm: _lines(done, dataset, arm) for arm in (one, two)}
    seeds = sorted(runs[one].keys() & runs[two].keys())
    if not seeds:
        return None
    values = [np.array([_value(runs[arm][seed], name) for seed in seeds]) for arm in (one, two)]
    mean, low, high = paired(*values)
    more = kind(dataset).measures[name].more
    wins = int(((values[0] > values[1]) if more else (values[0] < values[1])).sum())
    good, bad = (low > 0, high < 0) if more else (high < 0, low > 0)
    return {
        "seeds": len(seeds),
        "one": values[0].mean(),
        "two": values[1].mean(),
        "difference": mean,
        "low": low,
        "high": high,
        "wins": wins,
        "verdict": "undecided" if len(seeds) < LEAST else "better" if good else "worse" if bad else "undecided",
    }


def claims_table(done):
    """Returns the claims as the lines of a Markdown table, a row for each measure and what it is held against."""
    rows = ["| claim | arm, data | it has | against | difference [95 %] | better on | verdict |", "|---" * 7 + "|"]
    for claim in CLAIMS:
        head = [f"`{claim.method}`: {claim.promise}", f"`{claim.arm}` on {claim.dataset}"]
        for name in claim.measures:
            measure = kind(claim.dataset).measures[name]
            mine = [_value(line, name) for line in _lines(done, claim.dataset, claim.arm).values()]
            head.append(f"{measure.title} {_spread(mine, measure.digits)}")
            for arm, called in claim.against.items():
                found = compare(done, claim.dataset, claim.arm, arm, name)
                rows.append(f"| {' | '.join(head)} | {_against(found, measure, called)} |")
                head = ["", "", ""]  # what stands above is not said again
            head = head[:2]
    return rows


def _against(found, measure, called):
    """Returns the last cells of a claim's row."""
    if found is None:
        return f"{called} | - | - | not yet run"
    seeds = f"{found['wins']} of {found['seeds']} seeds{', few' if found['seeds'] < FEW else ''}"
    return (
        f"{called}: {found['two']:.{measure.digits}f} | {_interval(found, measure)} | {seeds} | **{found['verdict']}**"
    )


def tables(done, least=LEAST):
    """Returns the lines of every data set's two tables; comparisons of at least so many seeds."""
    parts = []
    for dataset in sorted({key[0] for key in done}):
        arms = {arm: lines for arm in kind(dataset).arms if (lines := _lines(done, dataset, arm, diverged=True))}
        parts += [f"\n### {dataset}\n", *_arms(dataset, arms), "", *_comparisons(done, dataset, least)]
    return parts


def _arms(dataset, arms):
    measures = kind(dataset).measures
    titles = [measure.title for measure in measures.values()]
    rows = [f"| arm | seeds | {' | '.join(titles)} | reals read | CPU s |", "|---" * (len(titles) + 4) + "|"]
    for arm, lines in arms.items():
        good = [line for line in lines.values() if line["exit"] == 0]
        cells = [_spread([_value(line, name) for line in good], measures[name].digits) for name in measures]
        diverged = f" ({len(lines) - len(good)} diverged)" if len(good) < len(lines) else ""
        reals = f"{np.median([line['reals_read'] for line in good]) / 1e6:.2g} M" if good else "-"
        rows.append(f"| {arm} | {len(lines)}{diverged} | {' | '.join(cells)} | {reals} | {_seconds(good)} |")
    return rows


def _comparisons(done, dataset, least):
    shown = dict(list(kind(dataset).measures.items())[:2])
    titles = [f"{measure.title}: difference, wins" for measure in shown.values()]
    rows = [f"| method | against | seeds | {' | '.join(titles)} | reals | time |", "|---" * (len(titles) + 5) + "|"]
    for one, two in kind(dataset).comparisons:
        found = {name: compare(done, dataset, one, two, name) for name in shown}
        if any(it is None or it["seeds"] < least for it in found.values()):
            continue
        cells = [f"{_interval(it, shown[name])}, {it['wins']}/{it['seeds']}" for name, it in found.items()]
        runs = [_lines(done, dataset, arm) for arm in (one, two)]
        ratio = [np.median([line["reals_read"] for line in lines.values()]) for lines in runs]
        time = [_time(lines.values()) for lines in runs]
        seeds = next(iter(found.values()))["seeds"]
        rows.append(
            f"| {one} | {two} | {seeds} | {' | '.join(cells)} | {ratio[0] / ratio[1]:.1f} x | "
            f"{time[0] / time[1]:.1f} x |"
        )
    return rows if len(rows) > 2 else []


def _lines(done, dataset, arm, diverged=False):
    """Returns {seed: line} of an arm's runs."""
    lines = {seed: line for (d, a, seed), line in done.items() if (d, a) == (dataset, arm)}
    return {seed: line for seed, line in lines.items() if diverged or line["exit"] == 0}


def _value(line, name):
    """Returns a line's number; the KL of a run without a good sample counts as that of one mode."""
    return math.log(MODES[line["dataset"]]) if line[name] is None else line[name]


def _time(lines):
    """Returns the median of the processor time where it was taken, else of the wall-clock time, in seconds."""
    lines = list(lines)
    for name in ("cpu_seconds", "seconds"):
        if taken := [line[name] for line in lines if name in line]:
            return np.median(taken)
    return math.nan


def _seconds(lines):
    return (
        "-" if not lines else f"{_time(lines):.0f}{'' if any('cpu_seconds' in line for line in lines) else ' (wall)'}"
    )


def _interval(found, measure):
    return "{:+.{n}f} [{:+.{n}f}, {:+.{n}f}]".format(
        *(found[k] for k in ("difference", "low", "high")), n=measure.digits
    )


def _spread(values, digits):
    if not values:
        return "-"
    deviation = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{deviation}"


def _told(done, dataset, arm, name):
    values = [_value(line, name) for line in _lines(done, dataset, arm).values() if name in line]
    if not values:
        raise ValueError(f"claims_page.md: no run of {dataset}/{arm} has {name}")
    measure = kind(dataset).measures.get(name)
    return _spread(values, measure.digits if measure else 2)
