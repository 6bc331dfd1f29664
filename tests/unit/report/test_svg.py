from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.core.series import Figure, Series
from dltui.report.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw


def figure(*series: Series, kind: str = "line", unit: str = "fraction") -> Figure:
    return Figure("f", "A title", kind, "round", unit, series, "A sentence.")


def drawn(shown: Figure) -> Element:
    return fromstring(draw(shown, "f"))


def texts(root: Element) -> list[str]:
    return [element.text or "" for element in root.iter("text")]


def test_a_line_has_its_points_in_place_and_its_name_at_the_end() -> None:
    root = drawn(figure(Series("test", ((0, 0.0), (1, 1.0), (2, 0.5)))))
    (line,) = root.iter("polyline")
    points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    middle = (LEFT + WIDTH - RIGHT) / 2
    assert points == [
        (LEFT, HEIGHT - BOTTOM),
        (middle, TOP),
        (WIDTH - RIGHT, pytest.approx((TOP + HEIGHT - BOTTOM) / 2)),
    ]
    assert "test 0.500" in texts(root)
    assert root.findtext("title") == "A title" and root.findtext("desc") == "A sentence."


def test_names_that_end_at_the_same_height_do_not_overlap() -> None:
    root = drawn(figure(Series("a", ((0, 0.5), (1, 0.9))), Series("b", ((0, 0.4), (1, 0.9)))))
    heights = [float(t.attrib["y"]) for t in root.iter("text") if (t.text or "").endswith(" 0.900")]
    assert len(heights) == 2 and abs(heights[0] - heights[1]) >= 14
    groups = [g.attrib["class"] for g in root.iter("g") if g.attrib["class"].startswith("line")]
    assert groups == ["line s0", "line s1"]


def test_a_stack_reaches_the_sum_of_its_parts() -> None:
    root = drawn(figure(Series("a", ((1, 3.0),)), Series("b", ((1, 1.0),)), kind="stack"))
    bars = [r for r in root.iter("rect") if float(r.attrib["height"]) > 11]
    bottom, top = bars[0], bars[1]
    assert float(bottom.attrib["y"]) + float(bottom.attrib["height"]) == pytest.approx(HEIGHT - BOTTOM, abs=0.2)
    assert float(top.attrib["y"]) == pytest.approx(TOP, abs=0.2)
    assert float(bottom.attrib["height"]) == pytest.approx(3 * float(top.attrib["height"]), abs=0.5)
    assert {"a", "b"} <= set(texts(root))


def test_names_are_escaped() -> None:
    svg = draw(figure(Series("<script>&", ((0, 1.0), (1, 2.0)))), "f")
    assert "<script>" not in svg and "&lt;script&gt;&amp;" in svg


@given(
    st.sampled_from(["line", "stack"]),
    st.sampled_from(["fraction", "gas", "seconds", "nats"]),
    st.lists(st.lists(st.tuples(st.integers(0, 300), st.floats(0, 1e12)), max_size=20, unique_by=lambda p: p[0]),
             max_size=9),
)  # fmt: skip
def test_any_numbers_give_a_picture_inside_its_frame(
    kind: str, unit: str, given_series: list[list[tuple[int, float]]]
) -> None:
    series = [Series(f"s{n}", tuple(sorted(points))) for n, points in enumerate(given_series)]
    root = drawn(figure(*series, kind=kind, unit=unit))
    for rect in root.iter("rect"):
        assert -1 <= float(rect.attrib["y"]) <= HEIGHT and 0 <= float(rect.attrib["x"]) <= WIDTH
    for line in root.iter("polyline"):
        for pair in line.attrib["points"].split():
            x, y = map(float, pair.split(","))
            assert LEFT <= x <= WIDTH - RIGHT + 0.1 and TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1
