"""What the writing keys would do now, and to what: the target, the command, and its effect in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dltui.core.model import Client, Version
from dltui.core.state import State


@dataclass(frozen=True)
class Selection:
    """Where the operator is: the focused pane, the rows under the cursors, and what this screen may do."""

    pane: str = ""
    client: str | None = None
    version: int | None = None
    read_only: bool = False
    finished: bool = False


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


class Unavailable(Exception):
    """A key can do nothing now; the text says why."""


def _own(state: State, selection: Selection) -> Client:
    client = state.clients.get(selection.client or "")
    if client is None:
        raise Unavailable("no client is selected")
    return client


def register(state: State, selection: Selection) -> Request:
    """Registers the selected pending client, or the one that waits longest."""
    pending = [c for c in state.clients.values() if c.membership == "pending"]
    if not pending:
        raise Unavailable("no client is waiting to be registered")
    client = next((c for c in pending if selection.pane == "clients" and c.id == selection.client), pending[0])
    return Request(
        name="client.register",
        args={"client": client.id},
        title=f"Register {client.id}",
        does=(f"FLContract.approveClient({client.address or client.id})", "it takes part from the next round"),
        button="Register",
    )


def _approvable(state: State, version: Version) -> bool:
    return not version.tainted and not version.released and version.state in ("verified", "approved")


def _newest_awaiting(state: State) -> Version | None:
    return state.awaiting[-1] if state.awaiting else None


def _selected(state: State, selection: Selection) -> Version | None:
    if selection.pane != "registry" or selection.version is None:
        return None
    return state.versions.get(selection.version)


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
    )


def stop_client(state: State, selection: Selection) -> Request:
    """Stops the process of the selected client."""
    client = _own(state, selection)
    if client.process not in ("starting", "ready"):
        raise Unavailable(f"{client.id} has no running process here")
    running = state.in_flight
    busy = running is not None and (client.id in running.selected or client.id in running.committee)
    pid = f" (pid {client.pid})" if client.pid is not None else ""
    after = f"round {running.number} goes on without it" if running is not None and busy else "its keys and data stay"
    return Request(
        name="client.stop",
        args={"client": client.id},
        title=f"Stop {client.id}",
        does=(f"ends its process{pid}; nothing is written on chain", after),
        button="Stop",
        typed=client.id if busy and client.id.isascii() else "",
    )


def restart_client(state: State, selection: Selection) -> Request:
    """Starts the selected client's process again."""
    client = _own(state, selection)
    if client.process not in ("exited", "stopped"):
        raise Unavailable(f"{client.id} is running" if client.process != "none" else f"{client.id} is not on this host")
    return Request(
        name="client.restart",
        args={"client": client.id},
        title=f"Restart {client.id}",
        does=("starts its process again with the same key and data",),
        button="Restart",
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
    return Request("round.open", {}, "Open the next round", ("FLContract.openRound()",), "Open")


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
