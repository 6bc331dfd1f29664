"""The one door from text to the screen: every drawn line passes here, so foreign text is harmless.

Text is never parsed as markup, control characters and escape sequences are removed, and in ASCII mode every symbol is
replaced by one of the same width.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from dltui.core.format import SYMBOLS
from dltui.core.sanitize import clean
from dltui.tui.theme import INKS

Part = tuple[str, str]
"""A piece of text and the name of its ink."""

_ASCII = str.maketrans(
    {
        **dict(SYMBOLS.values()),
        **dict.fromkeys("◆", "*"),
        **dict.fromkeys("▼", "v"),
        **dict.fromkeys("▲", "^"),
        **dict.fromkeys("←", "<"),
        **dict.fromkeys("▁▂", "."),
        **dict.fromkeys("▃▄▅", ":"),
        **dict.fromkeys("▆▇", "|"),
        **dict.fromkeys("█━╸", "#"),
        **dict.fromkeys("─·", "-"),
        **dict.fromkeys("‖", "|"),
        **dict.fromkeys("…", "~"),
    }
)
_WARNING = re.compile(r"▲(?= \w)")
"""The symbol of a state stands before its word; elsewhere it is the arrow of a rise."""
_HEAD = re.compile(r"\s*(?:\S+(?: \S+)*\s{2,})?")
"""What a line begins with: its indent, and a first column where two blanks end one."""
_CONSOLE = Console(
    width=4096, force_terminal=True, color_system="truecolor", markup=False, emoji=False, highlight=False
)


def plain_ascii(text: str) -> str:
    """`text` with the interface's symbols replaced by ASCII ones of the same width."""
    return _WARNING.sub("!", text).translate(_ASCII)


def ink(text: str, name: str = "") -> Text:
    """A harmless text in one ink."""
    return Text(clean(text), style=INKS[name], no_wrap=True, end="")


def line(*parts: Part | str) -> Text:
    """A line from pieces, each a string or a pair of string and ink."""
    out = Text(no_wrap=True, end="")
    for part in parts:
        body, name = part if isinstance(part, tuple) else (part, "")
        out.append(clean(body), INKS[name])
    return out


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` terminal cells: cut with an ellipsis, or filled with blanks on the other side."""
    if width <= 0:
        return ""
    text = clean(text)
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…"
    blanks = " " * (width - length)
    return blanks + text if right else text + blanks


def wrapped(text: str, width: int) -> list[str]:
    """A harmless text in lines of at most `width` characters, broken between words."""
    return textwrap.wrap(clean(text), max(1, width))


def folded(text: Text, width: int) -> list[Text]:
    """A line in pieces of at most `width` cells, broken between words; what follows stands under the first column."""
    plain, start, pieces = text.plain, 0, []
    head = _HEAD.match(plain)
    hang = min(head.end() if head else 0, width // 4)
    room = max(1, width)
    while cell_len(plain[start:]) > room:
        end = start
        while cell_len(plain[start : end + 1]) <= room:
            end += 1
        space = plain.rfind(" ", start + 1, end + 1)
        end = space if space > start + (hang if start == 0 else 0) else max(end, start + 1)
        pieces.append(text[start:end])
        start = end + (plain[end] == " ")
        room = max(1, width - hang)
    pieces.append(text[start:])
    return [pieces[0], *(Text(" " * hang, no_wrap=True, end="").append_text(piece) for piece in pieces[1:])]


def row_style(focused: bool) -> Style:
    """The ground of the line under a cursor."""
    return INKS["row-focused" if focused else "row"]


def strip_of(text: Text, width: int, base: Style, *, ascii: bool = False) -> Strip:
    """One drawn line of exactly `width` cells on the widget's `base` style; an ellipsis stands for what is cut."""
    if text.cell_len > width:
        text = text.copy()
        text.truncate(width, overflow="ellipsis")
    segments: Iterable[Segment] = text.render(_CONSOLE)
    if ascii:
        segments = [Segment(plain_ascii(s.text), s.style) for s in segments]
    return Strip(list(segments)).adjust_cell_length(width).apply_style(base)
