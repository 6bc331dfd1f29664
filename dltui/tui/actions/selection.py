"""Where the operator is on the screen, and what the keys that send nothing need there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dltui.core.commands import Selection, Unavailable
from dltui.core.commands.checks import CHECKS
from dltui.core.state.state import State

Selected = tuple[str, Any]
"""A kind (client, version, round, tx, event) and its id (client id, version, round or event number, hash)."""


@dataclass(frozen=True)
class ScreenSelection(Selection):
    """The focused pane or page, the thing under its cursor, and what this screen may do."""

    pane: str = ""
    thing: Selected | None = None
    """What `open`, `verify` and `copy` act on; the fields above also hold what the page itself is about."""
    about: Selected | None = None
    """The subject of a page."""
    may_ask: bool = False
    """The engine answers questions of this screen."""
    whole: bool = False
    """The run is over, or this is a recording of it, so that it can be checked as a whole."""
    led: bool = False
    """There is a walkthrough or a recording to move through."""
    sortable: bool = False
    earlier: bool = False
    """An earlier round can be looked back on."""
    later: bool = False
    """An earlier round is shown, so that there is one after it."""

    @classmethod
    def of(cls, pane: str, selected: Selected | None, about: Selected | None = None) -> ScreenSelection:
        """Return the selection with this thing under the cursor, on a page that is `about` something."""
        chosen = {thing[0]: thing[1] for thing in (about, selected) if thing is not None}
        fields = {kind: chosen[kind] for kind in ("client", "version", "round", "tx", "event") if kind in chosen}
        return cls(pane=pane, thing=selected or about, about=about, **fields)


def something(_state: State, selection: ScreenSelection) -> Selected:
    """Return what is selected. Raises Unavailable if nothing is."""
    if selection.thing is None:
        raise Unavailable("nothing is selected")
    return selection.thing


def verifiable(_state: State, selection: ScreenSelection) -> Selected | None:
    """Return what can be checked: the selected thing, or a page's own, by the engine; None for a whole run.

    Raises Unavailable if nothing can be.
    """
    if not selection.may_ask:
        if not selection.whole:
            raise Unavailable("this screen only reads, and the run is not over")
        return None
    for thing in (selection.thing, selection.about):
        if thing is not None and thing[0] in CHECKS:
            return thing
    raise Unavailable("select a client, a version, a round or a transaction")


def story(_state: State, selection: ScreenSelection) -> None:
    """Raise Unavailable if there is no story to move through."""
    if not selection.led:
        raise Unavailable("no walkthrough leads this run, and it is no replay")


def order(_state: State, selection: ScreenSelection) -> None:
    """Raise Unavailable if the rows cannot be put in another order."""
    if not selection.sortable:
        raise Unavailable("this pane has an order of its own; Clients and Model registry can be sorted")


def earlier_round(_state: State, selection: ScreenSelection) -> None:
    """Raise Unavailable if no earlier round is kept."""
    if not selection.earlier:
        raise Unavailable("there is no earlier round to look back on")


def later_round(_state: State, selection: ScreenSelection) -> None:
    """Raise Unavailable if no earlier round is shown."""
    if not selection.later:
        raise Unavailable("the present is shown")
