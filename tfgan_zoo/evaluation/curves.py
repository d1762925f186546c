"""Curves of a run as inline SVG: what its ticks wrote down, over thousands of images."""

import html
import math

_WIDE, _HIGH, _LEFT, _BELOW, _ABOVE, _RIGHT = 640, 220, 64, 36, 10, 10
_COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b", "#e377c2")
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
    """Returns a plot as SVG text.

    Args:
        lines: {name: [(x, y), ...]}, at least one line of at least two finite points.

    >>> svg({"d_loss": [(0, 1.0), (1, 2.0)]}).count("<polyline")
    1
    """
    xs, ys = ([point[axis] for points in lines.values() for point in points] for axis in (0, 1))
    x_of = _scale(0, max(xs), _LEFT, _WIDE - _RIGHT)
    y_of = _scale(min(ys), max(ys), _HIGH - _BELOW, _ABOVE)
    parts = [f"<svg viewBox='0 0 {_WIDE} {_HIGH}' width='{_WIDE}' role='img' font-family='sans-serif' font-size='12'>"]
    for value in _ticks(min(ys), max(ys)):
        y = y_of(value)
        parts.append(f"<path d='M{_LEFT} {y:.1f}H{_WIDE - _RIGHT}' stroke='#ddd'/>")
        parts.append(f"<text x='{_LEFT - 6}' y='{y + 4:.1f}' text-anchor='end'>{value:.4g}</text>")
    for value in _ticks(0, max(xs)):
        x = f"{x_of(value):.1f}"
        parts.append(f"<text x='{x}' y='{_HIGH - _BELOW + 16}' text-anchor='middle'>{value:.6g}</text>")
    parts.append(f"<text x='{_WIDE - _RIGHT}' y='{_HIGH - 4}' text-anchor='end'>kimg</text>")
    for number, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points)
        parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='1.5'/>")
        at = f"x='{_LEFT + 120 * number}' y='{_HIGH - 4}'"
        parts.append(f"<text {at} fill='{colour}'>{html.escape(name)}</text>")
    return "".join([*parts, "</svg>"])


def _scale(low, high, first, last):
    """Returns a linear function from [low, high] to [first, last]; one value alone lies in the middle."""
    if high == low:
        return lambda value: (first + last) / 2
    return lambda value: first + (value - low) / (high - low) * (last - first)


def _ticks(low, high):
    """Returns round numbers within [low, high], about five of them."""
    if high == low:
        return [low]
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 5)
    return [step * number for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
