"""Decisions that wait for the operator: who may join, and which version of the model is released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dltui.core import format as fmt
from dltui.core.chain_states import ClientStatus, VersionState
from dltui.core.commands.arguments import ClientArgs, RegisterArgs, VersionArgs
from dltui.core.commands.declaration import Request, Selection, Shortcut, Unavailable, declare
from dltui.core.commands.selected import client_that_is

if TYPE_CHECKING:
    from dltui.core.state.entities import Version
    from dltui.core.state.state import State


def _register(state: State, selection: Selection) -> Request:
    pending = [c for c in state.clients.values() if c.membership == ClientStatus.PENDING]
    if not pending:
        raise Unavailable("no client is waiting to be registered")
    client = next((c for c in pending if c.id == selection.client), pending[0])
    return REGISTER.request(
        {"client": client.id},
        f"Register {client.id}",
        "it takes part from the next round",
        on=fmt.short(client.address),
        button="Register",
    )


def _add_client(state: State, _selection: Selection) -> Request:
    free = free_slices(state)
    if not free:
        raise Unavailable("no slice of the data is left: set [data] parts higher than [clients] count before a run")
    return REGISTER.request(
        {"client": f"client-{free[0]}", "part": free[0]},
        "Add a client",
        "starts a process with a key of its own, and funds it by one transfer",
        "it then asks to join",
        button="Add",
    )


def free_slices(state: State) -> list[int]:
    """Return the slices of the data that no process of this run holds."""
    count = state.setting("data", "parts", 0) or state.setting("clients", "count", 0)
    used = {client.part for client in state.clients.values()}
    return [part for part in range(count) if part not in used]


def _refuse(state: State, selection: Selection) -> Request:
    client = client_that_is(ClientStatus.PENDING, state, selection)
    return REJECT_CLIENT.request(
        {"client": client.id},
        f"Refuse {client.id}",
        "it may ask again",
        on=fmt.short(client.address),
        button="Refuse",
    )


def _approve(state: State, selection: Selection) -> Request:
    """The selected version (an older one is a rollback), or the newest that awaits a decision."""
    chosen = _selected(state, selection)
    version = chosen if chosen is not None and _approvable(chosen) else _newest_awaiting(state)
    if version is None:
        raise Unavailable("no model version awaits approval")
    again = version.state == VersionState.APPROVED
    return APPROVE.request(
        {"version": version.number},
        f"Release model v{version.number} again" if again else f"Approve model v{version.number}",
        f"v{version.number} becomes the released version" + (" (a rollback)" if again else ""),
        on=str(version.number),
        button="Release" if again else "Approve",
    )


def _reject(state: State, selection: Selection) -> Request:
    """The selected version, or the newest that awaits a decision."""
    chosen = _selected(state, selection)
    fits = chosen is not None and chosen.number != 0 and not chosen.tainted and chosen.state in ("verified", "approved")
    version = chosen if fits else _newest_awaiting(state)
    if version is None or version.number == 0:
        raise Unavailable("no model version awaits a decision")
    running = state.in_flight
    hit = running is not None and running.base >= version.number
    aborts = (f"round {running.number}, which builds on v{running.base}, is aborted",) if running and hit else ()
    return REJECT.request(
        {"version": version.number},
        f"Reject model v{version.number}",
        "every version that descends from it is tainted",
        *aborts,
        on=str(version.number),
        button="Reject",
        typed=f"v{version.number}" if hit else "",
    )


def _approvable(version: Version) -> bool:
    return not version.tainted and not version.released and version.state in ("verified", "approved")


def _newest_awaiting(state: State) -> Version | None:
    return state.awaiting[-1] if state.awaiting else None


def _selected(state: State, selection: Selection) -> Version | None:
    return None if selection.version is None else state.versions.get(selection.version)


REGISTER = declare(
    "client.register", RegisterArgs,
    Shortcut("register", "r", "Register", "register the selected pending client, or the one that waits longest",
             _register, subject=True, footer=True, page=True),
    Shortcut("add_client", "c", "Add client", "start one more client with a free slice of the data; it asks to join",
             _add_client),
    help="""Accept a client, or start a new one.

    One that asked to join is accepted, as `approve` does; for any other name a process starts, with a free slice of
    the data, and asks to join.
    """,
    transaction="FLContract.approveClient",
)  # fmt: skip
declare(
    "client.approve", ClientArgs,
    help="Accept a client that asked to join.",
    transaction="FLContract.approveClient",
)  # fmt: skip
REJECT_CLIENT = declare(
    "client.reject", ClientArgs,
    Shortcut("refuse", "D", "Refuse", "refuse the selected pending client; it may ask again",
             _refuse, subject=True, dangerous=True),
    help="Refuse a pending client.",
    transaction="FLContract.rejectClient",
)  # fmt: skip
APPROVE = declare(
    "model.approve", VersionArgs,
    Shortcut("approve", "a", "Approve", "approve the selected model version, or the newest that awaits approval",
             _approve, subject=True, footer=True, page=True),
    help="Approve a version: it is the released one.",
    transaction="ModelRegistry.approve",
)  # fmt: skip
REJECT = declare(
    "model.reject", VersionArgs,
    Shortcut("reject", "x", "Reject", "reject the selected model version, or the newest that awaits approval",
             _reject, subject=True, footer=True, page=True, dangerous=True),
    help="Reject a version and all that come from it.",
    transaction="ModelRegistry.reject",
)  # fmt: skip
