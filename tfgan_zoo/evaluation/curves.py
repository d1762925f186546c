"""Curves of a run as inline SVG: what its ticks wrote down, over thousands of images."""

import io
import math

_TOGETHER = {"Losses": ("d_loss", "g_loss"), "What D says of reals and fakes": ("d_real", "d_fake")}


def of_run(rows, metrics=()):
    """Returns {caption: SVG} of a run's records: losses, D's means, and each metric that was followed.

    Args:
        rows: dicts, the lines of a run's metrics.jsonl, each with "kimg".
        metrics: names of metrics, of which a run follows some.

    Returns:
        A dict of str; without what has fewer than two finite points.
    """
    followed = {f"{name}, followed while training": (name,) for name in metrics}
    drawn = {
        caption: {name: points for name in names if len(points := _points(rows, name)) > 1}
        for caption, names in (_TOGETHER | followed).items()
    }
    return {caption: svg(lines) for caption, lines in drawn.items() if lines}


def _points(rows, name):
    """Returns [(kimg, value)] of the rows that have a finite number of a name."""
    pairs = [(row.get("kimg"), row.get(name)) for row in rows]
    return [pair for pair in pairs if all(isinstance(it, int | float) and math.isfinite(it) for it in pair)]


def svg(lines):
    """Returns a plot as SVG text to stand in a page, the same for the same lines.

    Args:
        lines: {name: [(x, y), ...]}, at least one line of at least two finite points.

    >>> svg({"d_loss": [(0, 1.0), (1, 2.0)]})[:4]
    '<svg'
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 2.4), layout="constrained")
    axes = figure.add_subplot(xlabel="kimg")
    for name, points in lines.items():
        axes.plot(*zip(*points, strict=True), label=name, gid=name)
    axes.set_xlim(left=0)
    axes.grid(color="0.9")
    axes.legend()
    content = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tfgan_zoo"}):
        FigureCanvasSVG(figure).print_svg(content, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = content.getvalue()
    return text[text.index("<svg") :]  # a page has no XML declaration inside
