"""What the writing keys would do now, and to what: the target, the command, and its effect in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dltui.core.state.entities import Client, Version
from dltui.core.state.state import State

VERIFY = {"client": "client", "version": "model", "round": "round", "tx": "tx"}
"""Kind of thing to the group of its `verify` command."""

Selected = tuple[str, Any]
"""A kind (client, version, round, tx, event) and its id (client id, version, round or event number, hash)."""


@dataclass(frozen=True)
class Selection:
    """Where the operator is: the focused pane or page, the thing under its cursor, and what this screen may do."""

    pane: str = ""
    client: str | None = None
    version: int | None = None
    round: int | None = None
    tx: str | None = None
    event: int | None = None
    thing: Selected | None = None
    """What `open`, `verify` and `copy` act on; the fields above also hold what the page itself is about."""
    about: Selected | None = None
    """The subject of a page."""
    read_only: bool = False
    past: str = ""
    """The earlier moment that is shown, in words: nothing is written from it."""
    finished: bool = False
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
    def of(cls, pane: str, selected: Selected | None, about: Selected | None = None) -> Selection:
        """The selection with this thing under the cursor, on a page that is `about` something."""
        chosen = {thing[0]: thing[1] for thing in (about, selected) if thing is not None}
        fields = {kind: chosen[kind] for kind in ("client", "version", "round", "tx", "event") if kind in chosen}
        return cls(pane=pane, thing=selected or about, about=about, **fields)


@dataclass(frozen=True)
class Request:
    """A command that is ready to be sent, pinned to the ids it was made for, and what it will do, for people."""

    name: str
    args: dict[str, Any]
    title: str
    does: tuple[str, ...]
    button: str
    typed: str = ""
    """What has to be typed to confirm, where a slip would be costly."""
    onchain: bool = False
    """It sends transactions, so it is asked about with its gas."""


class Unavailable(Exception):
    """A key can do nothing now; the text says why."""


def something(_state: State, selection: Selection) -> Selected:
    """What is selected. Raises Unavailable where nothing is."""
    if selection.thing is None:
        raise Unavailable("nothing is selected")
    return selection.thing


def verifiable(_state: State, selection: Selection) -> Selected | None:
    """What can be checked: the selected thing, or a page's own, by the engine; None for a whole run.

    Raises Unavailable otherwise.
    """
    if not selection.may_ask:
        if not selection.whole:
            raise Unavailable("this screen only reads, and the run is not over")
        return None
    for thing in (selection.thing, selection.about):
        if thing is not None and thing[0] in VERIFY:
            return thing
    raise Unavailable("select a client, a version, a round or a transaction")


def story(_state: State, selection: Selection) -> None:
    """Raises Unavailable where there is no story to move through."""
    if not selection.led:
        raise Unavailable("no walkthrough leads this run, and it is no replay")


def order(_state: State, selection: Selection) -> None:
    """Raises Unavailable where the rows cannot be put in another order."""
    if not selection.sortable:
        raise Unavailable("this pane has an order of its own; Clients and Model registry can be sorted")


def earlier_round(_state: State, selection: Selection) -> None:
    """Raises Unavailable where no earlier round is kept."""
    if not selection.earlier:
        raise Unavailable("there is no earlier round to look back on")


def later_round(_state: State, selection: Selection) -> None:
    """Raises Unavailable where no earlier round is shown."""
    if not selection.later:
        raise Unavailable("the present is shown")


def own_client(state: State, selection: Selection) -> Client:
    """The selected client. Raises Unavailable where none is."""
    client = state.clients.get(selection.client or "")
    if client is None:
        raise Unavailable("no client is selected")
    return client


def _approvable(state: State, version: Version) -> bool:
    return not version.tainted and not version.released and version.state in ("verified", "approved")


def _newest_awaiting(state: State) -> Version | None:
    return state.awaiting[-1] if state.awaiting else None


def _selected(state: State, selection: Selection) -> Version | None:
    return None if selection.version is None else state.versions.get(selection.version)


def approve(state: State, selection: Selection) -> Request:
    """Approves the selected version (an older one is a rollback), or the newest that awaits a decision."""
    chosen = _selected(state, selection)
    version = chosen if chosen is not None and _approvable(state, chosen) else _newest_awaiting(state)
    if version is None:
        raise Unavailable("no model version awaits approval")
    again = version.state == "approved"
    return Request(
        name="model.approve",
        args={"version": version.number},
        title=f"Release model v{version.number} again" if again else f"Approve model v{version.number}",
        does=(
            f"ModelRegistry.approve({version.number})",
            f"v{version.number} becomes the released version" + (" (a rollback)" if again else ""),
        ),
        button="Release" if again else "Approve",
        onchain=True,
    )


def reject(state: State, selection: Selection) -> Request:
    """Rejects the selected version, or the newest that awaits a decision."""
    chosen = _selected(state, selection)
    fits = chosen is not None and chosen.number != 0 and not chosen.tainted and chosen.state in ("verified", "approved")
    version = chosen if fits else _newest_awaiting(state)
    if version is None or version.number == 0:
        raise Unavailable("no model version awaits a decision")
    running = state.in_flight
    does = [f"ModelRegistry.reject({version.number})", "every version that descends from it is tainted"]
    hit = running is not None and running.base >= version.number
    if running is not None and hit:
        does.append(f"round {running.number}, which builds on v{running.base}, is aborted")
    return Request(
        name="model.reject",
        args={"version": version.number},
        title=f"Reject model v{version.number}",
        does=tuple(does),
        button="Reject",
        typed=f"v{version.number}" if hit else "",
        onchain=True,
    )


def open_round(state: State, _selection: Selection) -> Request:
    """Opens the next round now."""
    running = state.in_flight
    if running is not None:
        raise Unavailable(f"round {running.number} is still running")
    if state.status not in ("running", "paused"):
        raise Unavailable(f"the run is {state.status}")
    base = state.base
    if state.require_approval and base is not None and base.state == "verified":
        raise Unavailable(f"v{base.number} awaits approval first")
    does = ("FLContract.openRound()", "a committee is drawn and every active client trains")
    return Request("round.open", {}, "Open the next round", does, "Open", onchain=True)


def pause(state: State, _selection: Selection) -> Request:
    """Pauses the run, or resumes it."""
    if state.status == "paused":
        return Request("run.resume", {}, "Resume the run", ("rounds are opened again",), "Resume")
    if state.status != "running":
        raise Unavailable(f"the run is {state.status}")
    return Request("run.pause", {}, "Pause the run", ("no new round is opened",), "Pause")


def stop_run() -> Request:
    """Stops the whole run."""
    return Request("run.stop", {}, "Stop the run", ("the chain and every client end",), "Stop all")
