"""Figures as inline SVG.

Written here because the page's style sheet must colour them (light, dark, print) and libraries bake colours in, and
because three shapes need no dependency. Elements are built as a tree, so text is escaped by the serialiser. No series
rests on its colour: lines differ in marker and dash and carry their name, parts of a bar carry theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from xml.etree.ElementTree import Element, SubElement, tostring

from dltui.core.series import Figure, nice_ticks

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 132, 14, 40
INNER_WIDTH, INNER_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
LINE_HEIGHT = 15
LETTER = 7.5
MOST_X_LABELS = 12
LABELLED_BAR = 34
"""Least width of a bar that carries text."""


def draw(figure: Figure, id: str) -> str:
    """Draw the figure as one `<svg>`; `id` is unique on its page. An empty figure has its axes and nothing on them."""
    root = Element("svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img")
    root.set("aria-labelledby", f"{id}-title {id}-says")
    SubElement(root, "title", id=f"{id}-title").text = figure.title
    SubElement(root, "desc", id=f"{id}-says").text = figure.says
    xs = sorted({x for series in figure.series for x, _ in series.points})
    low, high = figure.bounds
    ticks = nice_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])

    def across(x: int) -> float:
        at = xs.index(x) if xs else 0
        step = INNER_WIDTH / max(1, len(xs) - (figure.kind == "line"))
        return LEFT + step * (at if figure.kind == "line" and len(xs) > 1 else at + 0.5)

    def up(y: float) -> float:
        return TOP + INNER_HEIGHT * (1 - (y - low) / (high - low))

    _axes(root, figure, xs, ticks, across, up)
    if figure.kind == "line":
        _lines(root, figure, across, up)
    elif xs:
        _stacks(root, figure, xs, across, up)
    return tostring(root, encoding="unicode")


def _axes(
    root: Element,
    figure: Figure,
    xs: Sequence[int],
    ticks: Sequence[float],
    across: Callable[[int], float],
    up: Callable[[float], float],
) -> None:
    axes = SubElement(root, "g", {"class": "axis"})
    for tick in ticks:
        y = f"{up(tick):.1f}"
        SubElement(axes, "line", x1=str(LEFT), x2=str(LEFT + INNER_WIDTH), y1=y, y2=y)
        label = figure.value(tick) if figure.unit == "gas" else f"{tick:g}"
        _text(axes, LEFT - 8, up(tick) + 4, label, "end")
    every = max(1, ceil(len(xs) / MOST_X_LABELS))
    for x in xs[::every]:
        _text(axes, across(x), HEIGHT - BOTTOM + 18, str(x), "middle")
    _text(axes, LEFT + INNER_WIDTH / 2, HEIGHT - 4, figure.x, "middle")


def _lines(root: Element, figure: Figure, across: Callable[[int], float], up: Callable[[float], float]) -> None:
    shown = [series for series in figure.series if series.points]
    for at, series in enumerate(shown):
        group = SubElement(root, "g", {"class": f"line s{at}"})
        places = [(across(x), up(y)) for x, y in series.points]
        SubElement(group, "polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places))
        for x, y in places if len(places) <= 40 else places[-1:]:
            _marker(group, at, x, y)
    below = float("-inf")
    for series, at in sorted(((s, i) for i, s in enumerate(shown)), key=lambda item: up(item[0].points[-1][1])):
        below = max(up(series.points[-1][1]) + 4, below + LINE_HEIGHT)
        name = f"{series.name} {figure.value(series.last)}"
        label = _text(root, LEFT + INNER_WIDTH + 10, below, name, "start")
        label.set("class", f"name s{at}")


def _marker(parent: Element, kind: int, x: float, y: float) -> None:
    if kind == 0:
        SubElement(parent, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="4")
    else:
        SubElement(parent, "rect", x=f"{x - 3.5:.1f}", y=f"{y - 3.5:.1f}", width="7", height="7")


def _stacks(
    root: Element, figure: Figure, xs: Sequence[int], across: Callable[[int], float], up: Callable[[float], float]
) -> None:
    width = max(1.0, min(72.0, INNER_WIDTH / len(xs) * 0.72))
    parts, single = [dict(series.points) for series in figure.series], len(figure.series) == 1
    for x in xs:
        base = 0.0
        for at, series in enumerate(figure.series):
            value = parts[at].get(x, 0.0)
            if value <= 0:
                continue
            label = "" if width < LABELLED_BAR else figure.value(value) if single else _short(series.name, width)
            left, top, bottom = across(x) - width / 2, up(base + value), up(base)
            bar = _bar(root, at, left, top, width, max(0.5, bottom - top), f"{series.name} {figure.value(value)}")
            if label and single:
                _text(root, across(x), top - 5, label, "middle").set("class", "name")
            elif label and bottom - top >= LINE_HEIGHT:
                _text(bar, across(x), (top + bottom) / 2 + 4, label, "middle")
            base += value
    if not single:
        for at, series in enumerate(figure.series):
            y = HEIGHT - BOTTOM - at * LINE_HEIGHT - 4
            _bar(root, at, LEFT + INNER_WIDTH + 10, y - 9, 10, 10, series.name)
            _text(root, LEFT + INNER_WIDTH + 26, y, series.name[:16], "start").set("class", "name")


def _bar(root: Element, at: int, x: float, y: float, width: float, height: float, title: str) -> Element:
    group = SubElement(root, "g", {"class": f"bar s{at}"})
    SubElement(group, "title").text = title
    SubElement(group, "rect", x=f"{x:.1f}", y=f"{y:.1f}", width=f"{width:.1f}", height=f"{height:.1f}")
    return group


def _short(name: str, width: float) -> str:
    """Return what fits into a bar: the number of a client, the first letters of another name."""
    return name.removeprefix("client-")[: int(width / LETTER)]


def _text(parent: Element, x: float, y: float, text: str, anchor: str) -> Element:
    element = SubElement(parent, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor})
    element.text = text
    return element
