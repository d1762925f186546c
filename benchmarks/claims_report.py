"""Makes docs/claims.md, and the claims in the README and in docs/methods/, of the lines of benchmarks/claims.jsonl.

The page's words are in claims_page.md. In it `{{claims}}`, `{{coverage}}` and `{{tables}}` stand for what is made here,
and `{{ring_r5/ces best/modes}}` for that arm's mean and deviation, `{{.../strength_hinge}}` for any other number of its
lines: no number of a run is written by hand. paired.py has the statistics.
"""

import dataclasses
import functools
import math
import pathlib
import re

import numpy as np
import paired
from claims_arms import CLAIMS, MODES, kind

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "claims.md"
README = ROOT / "README.md"
METHODS = ROOT / "docs" / "methods"  # a page a method
TEMPLATE = ROOT / "benchmarks" / "claims_page.md"
MARKERS = ("<!-- claims -->", "<!-- /claims -->")
LEAST = 3  # seeds below which nothing is decided


def pages(done):
    """Returns {path: text} of the pages as they should be, from {(dataset, arm, seed): line}.

    The README has the main row of every claim that has one, docs/claims.md has all, a method's page its own; the
    verdicts are the same everywhere.
    """
    made = {"claims": claims_table(done), "coverage": coverage(), "tables": tables(done)}
    text = TEMPLATE.read_text()
    for name, lines in made.items():
        text = text.replace("{{" + name + "}}", "\n".join(lines))
    text = re.sub(r"\{\{([^/}]+)/([^/}]+)/([^/}]+)\}\}", lambda found: _told(done, *found.groups()), text)
    filled = {README: _filled(README, claims_table(done, main=True))}
    for path in sorted(METHODS.glob("*.md")):
        if MARKERS[0] in path.read_text():
            filled[path] = _filled(path, claims_table(done, method=path.stem))
    return {PAGE: text} | filled


def _filled(path, lines):
    """Returns the text of a page with these lines between its markers."""
    text = path.read_text()
    begin, end = (text.index(marker) for marker in MARKERS)
    return text[:begin] + "\n".join([MARKERS[0], "", *lines, "", ""]) + text[end:]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two arms on the seeds that both have finished.

    Attributes:
        one, two: float[n], their values.
        more: bool, whether more is better.
        difference: the `paired.Difference` one - two.
    """

    one: np.ndarray
    two: np.ndarray
    more: bool
    difference: paired.Difference

    @property
    def seeds(self):
        """How many seeds."""
        return self.difference.seeds

    @property
    def wins(self):
        """On how many seeds `one` is better."""
        return int(((self.one > self.two) if self.more else (self.one < self.two)).sum())

    def verdict(self, p):
        """Returns "better" or "worse" of `one` if p, corrected, is below 0.05, else "undecided"."""
        if self.seeds < LEAST or p >= 1 - paired.LEVEL:
            return "undecided"
        return "better" if (self.difference.mean > 0) == self.more else "worse"


def compare(done, dataset, one, two, name):
    """Returns the `Comparison` of two arms by a number of their lines; None without a common seed that has it."""
    runs = {arm: _lines(done, dataset, arm) for arm in (one, two)}
    seeds = [seed for seed in sorted(runs[one].keys() & runs[two].keys()) if all(name in runs[a][seed] for a in runs)]
    if not seeds:
        return None
    values = [np.array([_value(runs[arm][seed], name) for seed in seeds], float) for arm in (one, two)]
    return Comparison(*values, kind(dataset).measures[name].more, paired.difference(*values))


def corrected(comparisons, least=LEAST):
    """Returns Holm's p of every comparison of a table; None where there is none, or too few seeds to be tested."""
    tested = [it is not None and it.seeds >= least for it in comparisons]
    p_values = iter(paired.holm([it.difference.p for it, yes in zip(comparisons, tested, strict=True) if yes]))
    return [next(p_values) if yes else None for yes in tested]


def claims_table(done, main=False, method=None):
    """Returns the claims as the lines of a Markdown table, a row for each measure and what it is held against.

    Args:
        done: {(dataset, arm, seed): line}.
        main: bool, show the claims' main rows alone. They are corrected among themselves, the others likewise, so that
            a row's verdict is the same wherever it is shown, and a control that is added costs the main rows nothing.
        method: str, show the rows of one method alone.
    """
    keys = [(claim, name, arm) for claim in CLAIMS for name in claim.measures for arm in claim.against]
    found = [compare(done, claim.dataset, claim.arm, arm, name) for claim, name, arm in keys]
    is_main = [(name, arm) == claim.main for claim, name, arm in keys]
    p_values = dict.fromkeys(range(len(keys)))
    for group in (True, False):
        rows = [i for i, it in enumerate(is_main) if it is group]
        p_values |= zip(rows, corrected([found[i] for i in rows]), strict=True)
    titles = ("claim", "arm, data", "it has", "against", "difference [95 %]", "better on", "p", "p, flips", "verdict")
    rows, above = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"], [None] * 3
    for i, (claim, name, arm) in enumerate(keys):
        if (main and not is_main[i]) or (method is not None and claim.method != method):
            continue
        it, p = found[i], p_values[i]
        measure = kind(claim.dataset).measures[name]
        mine = measure.title if it is None else f"{measure.title} {_spread(it.one, measure.digits)}"
        head = [f"`{claim.method}`: {claim.promise}", f"`{claim.arm}` on {claim.dataset}", mine]
        same = [above[: i + 1] == head[: i + 1] for i in range(len(head))]  # what stands above is not said again
        shown = ["" if known else cell for known, cell in zip(same, head, strict=True)]
        rows.append(f"| {' | '.join(shown)} | {_against(it, p, measure, claim.against[arm])} |")
        above = head
    return rows


def _against(it, p, measure, called):
    """Returns the last cells of a claim's row."""
    if it is None:
        return f"{called} | - | - | - | - | not yet run"
    cells = [
        f"{called}: {it.two.mean():.{measure.digits}f}",
        _interval(it.difference, measure),
        f"{it.wins} of {it.seeds} seeds",
        "-" if p is None else _p(p),
        "-" if it.difference.flips is None else _p(it.difference.flips),
        f"**{it.verdict(1.0 if p is None else p)}**",
    ]
    return " | ".join(cells)


@functools.cache
def coverage():
    """Returns, as the lines of a Markdown table, how often an interval misses 0 where there is no difference."""
    rows = ["| seeds | Student's t | percentile bootstrap | least p of the sign flips |", "|---" * 4 + "|"]
    for seeds in (3, 5, 10):
        student, bootstrap = paired.missed(seeds)
        rows.append(f"| {seeds} | {student:.0%} | {bootstrap:.0%} | {_p(2.0 ** (1 - seeds))} |")
    return rows


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
        values = {name: [_value(line, name) for line in good if name in line] for name in measures}
        cells = [_spread(values[name], measures[name].digits) for name in measures]
        diverged = f" ({len(lines) - len(good)} diverged)" if len(good) < len(lines) else ""
        reals = f"{np.median([line['reals_read'] for line in good]) / 1e6:.2g} M" if good else "-"
        rows.append(f"| {arm} | {len(lines)}{diverged} | {' | '.join(cells)} | {reals} | {_seconds(good)} |")
    return rows


def _comparisons(done, dataset, least):
    shown = {name: kind(dataset).measures[name] for name in kind(dataset).compared}
    titles = [f"{measure.title}: difference, wins" for measure in shown.values()]
    rows = [f"| method | against | seeds | {' | '.join(titles)} | reals | time |", "|---" * (len(titles) + 5) + "|"]
    pairs = [pair for pair in kind(dataset).comparisons if _common(done, dataset, *pair) >= least]
    found = [compare(done, dataset, *pair, name) for pair in pairs for name in shown]
    cells = iter(
        _cell(it, p, measure)
        for it, p, measure in zip(found, corrected(found, least), [*shown.values()] * len(pairs), strict=True)
    )
    for one, two in pairs:
        runs = [_lines(done, dataset, arm) for arm in (one, two)]
        ratio = [np.median([line["reals_read"] for line in lines.values()]) for lines in runs]
        time = [_cpu_seconds(lines.values()) for lines in runs]
        times = f"{time[0] / time[1]:.1f} x" if all(time) else "-"
        numbers = " | ".join(next(cells) for _ in shown)
        seeds = _common(done, dataset, one, two)
        rows.append(f"| {one} | {two} | {seeds} | {numbers} | {ratio[0] / ratio[1]:.1f} x | {times} |")
    return rows if pairs else []


def _common(done, dataset, one, two):
    """Returns how many seeds two arms have both finished."""
    return len(_lines(done, dataset, one).keys() & _lines(done, dataset, two).keys())


def _cell(it, p, measure):
    """Returns a comparison as a cell, in bold type if its corrected p decides it."""
    if it is None:
        return "-"
    interval, wins = _interval(it.difference, measure), f"{it.wins}/{it.seeds}"
    return f"{interval}, {wins}" if p is None or it.verdict(p) == "undecided" else f"**{interval}**, {wins}"


def _lines(done, dataset, arm, diverged=False):
    """Returns {seed: line} of an arm's runs."""
    lines = {seed: line for (d, a, seed), line in done.items() if (d, a) == (dataset, arm)}
    return {seed: line for seed, line in lines.items() if diverged or line["exit"] == 0}


def _value(line, name):
    """Returns a line's number; the KL of a run without a good sample counts as that of one mode."""
    return math.log(MODES[line["dataset"]]) if line[name] is None else line[name]


def _cpu_seconds(lines):
    """Returns the median of the processor time; None where it was not taken: wall-clock time is no match for it."""
    taken = [line["cpu_seconds"] for line in lines if "cpu_seconds" in line]
    return np.median(taken) if taken else None


def _seconds(lines):
    seconds = _cpu_seconds(lines)
    return "-" if seconds is None else f"{seconds:.0f}"


def _interval(difference, measure):
    """Returns the mean difference with its interval, or with what there is in its place."""
    mean = f"{difference.mean:+.{measure.digits}f}"
    if difference.low is None:
        return f"{mean} on {'every' if difference.seeds > 1 else 'the one'} seed"
    return f"{mean} [{difference.low:+.{measure.digits}f}, {difference.high:+.{measure.digits}f}]"


def _p(p):
    return "< 0.001" if p < 0.001 else f"{p:.2f}" if p >= 0.1 else f"{p:.3f}"


def _spread(values, digits):
    if not len(values):
        return "-"
    deviation = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{deviation}"


def _told(done, dataset, arm, name):
    values = [_value(line, name) for line in _lines(done, dataset, arm).values() if name in line]
    if not values:
        raise ValueError(f"claims_page.md: no run of {dataset}/{arm} has {name}")
    measure = kind(dataset).measures.get(name)
    return _spread(values, measure.digits if measure else 2)
