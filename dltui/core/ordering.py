"""Filter and order of a list, apart from how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)


def matcher(pattern: str) -> Callable[[str], bool]:
    """Return whether a text has every word of the pattern, in any case; `!` in front wants those that do not.

    An empty pattern, or a lone `!`, fits everything.
    """
    inverted = pattern.startswith("!")
    words = pattern.removeprefix("!").casefold().split()
    if not words:
        return lambda _text: True

    def fits(text: str) -> bool:
        folded = text.casefold()
        return all(word in folded for word in words) != inverted

    return fits


class Ordering(Generic[K]):
    """How a list is filtered and sorted. While it is held, what is shown keeps its places and new things come last."""

    def __init__(self) -> None:
        self.pattern = ""
        self.column = ""
        """Empty for the list's own order."""
        self.descending = False
        self.held = False
        self._last: list[K] = []

    def arrange(
        self, keys: Sequence[K], value: Callable[[K, str], Any], text: Callable[[K], str] = lambda _key: ""
    ) -> list[K]:
        """Return the keys to show. `value` gives what a column sorts by (None is last), `text` what is searched."""
        fits = matcher(self.pattern)
        kept = [key for key in keys if fits(text(key))] if self.pattern else list(keys)
        if self.held:
            there = set(kept)
            before = [key for key in self._last if key in there]
            placed = set(before)
            kept = before + [key for key in kept if key not in placed]
        else:
            kept = self._sorted(kept, value)
        self._last = kept
        return kept

    def _sorted(self, keys: list[K], value: Callable[[K, str], Any]) -> list[K]:
        if not self.column:
            return keys[::-1] if self.descending else keys
        values = {key: value(key, self.column) for key in keys}
        known = [key for key in keys if values[key] is not None]
        known.sort(key=lambda key: values[key], reverse=self.descending)
        return known + [key for key in keys if values[key] is None]
