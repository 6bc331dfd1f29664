"""Filter, order and hold of a list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dltui.core.ordering import Ordering, matcher

KEYS = st.lists(st.integers(0, 30), unique=True)
VALUES = st.dictionaries(st.integers(0, 30), st.one_of(st.none(), st.integers(-3, 3)))


def test_a_pattern_wants_every_word_in_any_case_and_an_exclamation_mark_none_together() -> None:
    assert matcher("Client LATE")("client-5 is late")
    assert not matcher("client late")("client-5 sent")
    assert matcher("!late")("client-5 sent") and not matcher("!late")("client-5 is late")
    assert matcher("")("anything") and matcher("!")("anything") and matcher("  ")("")


@given(KEYS, VALUES, st.booleans())
def test_the_order_is_by_value_with_the_unknown_last_and_equal_ones_in_their_own_order(
    keys: list[int], values: dict[int, int | None], descending: bool
) -> None:
    order: Ordering[int] = Ordering()
    order.column, order.descending = "x", descending
    arranged = order.arrange(keys, lambda key, _column: values.get(key))
    assert sorted(arranged) == sorted(keys)
    known = [values[key] for key in arranged if values.get(key) is not None]
    assert known == sorted(known, reverse=descending)
    assert [values.get(key) is None for key in arranged] == sorted(values.get(key) is None for key in arranged)
    for value in set(known):
        same = [key for key in arranged if values.get(key) == value]
        assert same == [key for key in keys if key in same]


@given(KEYS, KEYS, VALUES, st.sampled_from(["", "1", "!1"]))
def test_while_it_is_held_nothing_that_stays_changes_places(
    before: list[int], after: list[int], values: dict[int, int | None], pattern: str
) -> None:
    order: Ordering[int] = Ordering()
    order.column, order.pattern = "x", pattern
    first = order.arrange(before, lambda key, _column: key, str)
    order.held = True
    held = order.arrange(after, lambda key, _column: values.get(key), str)
    assert set(held) == {key for key in after if matcher(pattern)(str(key))}
    staying = [key for key in first if key in set(held)]
    assert held[: len(staying)] == staying
    order.held = False
    assert set(order.arrange(after, lambda key, _column: values.get(key), str)) == set(held)
