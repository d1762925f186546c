"""Results on disk: a JSON line each, and a table for people."""

import json
import re
import statistics

from tfgan_zoo.files import append_line


def append(path, line):
    """Appends a result to a .jsonl file."""
    append_line(path, json.dumps(line))


def table(lines):
    """Returns results as a Markdown table, a row for each value of each metric, runs put together.

    Args:
        lines: list of results, as `Evaluator.measure` returns them, each with "model", "checkpoint" and "run" added,
            and "class_names" where classes have some.

    >>> line = {"metric": "m", "values": {"distance": 1.5}, "checkpoint": "last", "fakes": 10, "reference": {"ring": 5}}
    >>> print(table([line]).splitlines()[-1])
    | m | distance | last | 1.5 | 1 | 10 | 5 of ring |  |
    """
    rows = [
        "| metric | value | checkpoint | mean ± deviation | runs | fakes | reals | note |",
        "|---|---|---|---|---|---|---|---|",
    ]
    groups = {}
    for line in lines:
        for name, value in line["values"].items():
            known = (None, int(line["checkpoint"]) if line["checkpoint"].isdecimal() else None)
            at = "" if line.get("step") in known else f" (step {line['step']})"
            groups.setdefault((line["metric"], name, line["checkpoint"] + at), []).append((value, line))
    for (metric, name, checkpoint), entries in groups.items():
        line = entries[0][1]
        reals = ", ".join(f"{count} of {which}" for which, count in line["reference"].items())
        mean = _spread([value for value, _ in entries])
        cells = [metric, _called(name, line), checkpoint, mean, len(entries), line["fakes"], reals]
        cells = [str(cell).replace("|", "¦") for cell in (*cells, line.get("note", ""))]  # of folders, as names
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _called(name, line):
    """Returns the name of a value, with that of its class: "class_3 dress"."""
    number, names = re.fullmatch("class_([0-9]+)", name), line.get("class_names", ())
    return f"{name} {names[int(number[1])]}" if number and int(number[1]) < len(names) else name


def _spread(values):
    values = [value for value in values if value is not None]
    if not values:
        return "-"
    mean = f"{statistics.fmean(values):.5g}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.2g}"
