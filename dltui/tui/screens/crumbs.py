"""The first line of a screen that is not the main one: the run, the way here, and the moment that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from dltui.tui.widgets.safe_text import Part, line

if TYPE_CHECKING:
    from dltui.tui.host import Host


def crumbs(app: Host, *names: str, past: bool = False) -> Text:
    """The names, the last one strong; `past` says that the screen draws the moment that the main screen shows."""
    parts: list[Part] = [(" dltui", "head"), (f"   run {app.state.run or 'no run yet'}", "quiet")]
    for at, name in enumerate(names, start=1):
        parts += [("  >  ", "faint"), (name, "strong" if at == len(names) else "quiet")]
    if past and not app.picture.live:
        parts.append((f"   ▲ as of {app.picture.says}", "warn"))
    return line(*parts)
