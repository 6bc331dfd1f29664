"""Small charts in one line of text."""

from __future__ import annotations

from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float], width: int, *, floor: float | None = None) -> str:
    """The last `width` values as a sparkline; the lowest level is `floor`, or the smallest value shown."""
    shown = list(values)[-width:] if width > 0 else []
    if not shown:
        return ""
    low = min(shown) if floor is None else floor
    span = max(shown) - low
    if span <= 0:
        return _LEVELS[0 if floor is None else 3] * len(shown)
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[max(0, min(top, round((value - low) / span * top)))] for value in shown)


def bar(part: int, whole: int, width: int) -> tuple[str, str]:
    """A progress bar in halves of a cell: the filled and the empty piece, together `width` cells."""
    if width <= 0:
        return "", ""
    share = 0.0 if whole <= 0 else max(0.0, min(1.0, part / whole))
    full, half = divmod(int(share * width * 2), 2)
    filled = "━" * full + "╸" * half
    return filled, "─" * (width - len(filled))
