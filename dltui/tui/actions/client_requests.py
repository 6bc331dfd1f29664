"""What the keys about clients would do now: the client, the command, and its effect in words."""

from __future__ import annotations

from dltui.config.sections import slices
from dltui.core import format as fmt
from dltui.core.state.entities import Client, Round
from dltui.core.state.state import State
from dltui.tui.actions.requests import Request, Selection, Unavailable, own_client


def register(state: State, selection: Selection) -> Request:
    """Registers the selected pending client, or the one that waits longest."""
    pending = [c for c in state.clients.values() if c.membership == "pending"]
    if not pending:
        raise Unavailable("no client is waiting to be registered")
    client = next((c for c in pending if c.id == selection.client), pending[0])
    return Request(
        name="client.register",
        args={"client": client.id},
        title=f"Register {client.id}",
        does=(f"FLContract.approveClient({fmt.short(client.address)})", "it takes part from the next round"),
        button="Register",
        onchain=True,
    )


def add_client(state: State, _selection: Selection) -> Request:
    """Starts one more client; its name and slice are asked for."""
    free = free_slices(state)
    if not free:
        raise Unavailable("no slice of the data is left: set [data] parts higher than [clients] count before a run")
    return Request(
        name="client.register",
        args={"client": f"client-{free[0]}", "part": free[0]},
        title="Add a client",
        does=("starts a process with a key of its own, and funds it by one transfer", "it then asks to join"),
        button="Add",
    )


def free_slices(state: State) -> list[int]:
    """Slices of the data that no process of this run holds."""
    count = slices(state.setting("data", "parts", 0), state.setting("clients", "count", 0))
    used = {client.part for client in state.clients.values()}
    return [part for part in range(count) if part not in used]


def refuse(state: State, selection: Selection) -> Request:
    """Refuses the selected pending client."""
    client = own_client(state, selection)
    if client.membership != "pending":
        raise Unavailable(f"{client.id} is {client.membership}, not pending")
    return Request(
        name="client.reject",
        args={"client": client.id},
        title=f"Refuse {client.id}",
        does=(f"FLContract.rejectClient({fmt.short(client.address)})", "it may ask again"),
        button="Refuse",
        onchain=True,
    )


def suspend(state: State, selection: Selection) -> Request:
    """Leaves the selected client out until it is reinstated."""
    client = own_client(state, selection)
    if client.membership != "active":
        raise Unavailable(f"{client.id} is {client.membership}, not active")
    return _about(state, client, "suspend", "Suspend", "suspendClient", "it takes no part until it is reinstated")


def reinstate(state: State, selection: Selection) -> Request:
    """Lets the selected suspended client take part again."""
    client = own_client(state, selection)
    if client.membership != "suspended":
        raise Unavailable(f"{client.id} is {client.membership}, not suspended")
    return _about(state, client, "reinstate", "Reinstate", "reinstateClient", "it takes part from the next round")


def ban(state: State, selection: Selection) -> Request:
    """Shuts the selected client out for good."""
    client = own_client(state, selection)
    if client.index is None or client.membership == "banned":
        was = "banned already" if client.membership == "banned" else "not registered"
        raise Unavailable(f"{client.id} is {was}")
    return _about(state, client, "ban", "Ban", "banClient", "for good: nothing lets it in again")


def complete_leave(state: State, selection: Selection) -> Request:
    """Lets the selected client go, which left during a round that is over."""
    client = own_client(state, selection)
    if client.membership != "leaving":
        raise Unavailable(f"{client.id} is {client.membership}, not leaving")
    return _about(state, client, "complete-leave", "Let go", "completeLeave", "its place is free; it may join again")


def stop_client(state: State, selection: Selection) -> Request:
    """Stops the process of the selected client."""
    client = own_client(state, selection)
    if client.process not in ("starting", "ready"):
        raise Unavailable(f"{client.id} has no running process here")
    busy = _busy(state, client)
    pid = f" (pid {client.pid})" if client.pid is not None else ""
    after = f"round {busy.number} goes on without it" if busy is not None else "its key and its data stay"
    return Request(
        name="client.stop",
        args={"client": client.id},
        title=f"Stop {client.id}",
        does=(f"ends its process{pid}; nothing is written on chain", after),
        button="Stop",
        typed=_word(client) if busy is not None else "",
    )


def restart_client(state: State, selection: Selection) -> Request:
    """Starts the selected client's process again."""
    client = own_client(state, selection)
    if not client.down:
        raise Unavailable(f"{client.id} is running" if client.process != "none" else f"{client.id} is not on this host")
    return Request(
        name="client.restart",
        args={"client": client.id},
        title=f"Restart {client.id}",
        does=("starts its process again with the same key and data",),
        button="Restart",
    )


def _about(state: State, client: Client, verb: str, button: str, function: str, effect: str) -> Request:
    """A transaction about a registered client; one that takes it out of a running round wants its id typed."""
    busy = _busy(state, client) if verb in ("suspend", "ban") else None
    after = (f"round {busy.number} goes on without it",) if busy is not None else ()
    return Request(
        name=f"client.{verb}",
        args={"client": client.id},
        title=f"{button} {client.id}",
        does=(f"FLContract.{function}({client.index})", effect, *after),
        button=button,
        typed=_word(client) if busy is not None else "",
        onchain=True,
    )


def _word(client: Client) -> str:
    """What is typed for it: its name, or where not every keyboard has that, the first digits of its address."""
    return client.id if client.id.isascii() else client.address.removeprefix("0x")[:6].lower()


def _busy(state: State, client: Client) -> Round | None:
    """The round in flight that this client has a part in."""
    running = state.in_flight
    return running if running and (client.id in running.selected or client.id in running.committee) else None
