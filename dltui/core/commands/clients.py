"""What an operator does to a client that takes part: its place in the federation, and its process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dltui.core.chain_states import ClientStatus
from dltui.core.commands.arguments import ClientArgs, StopArgs
from dltui.core.commands.declaration import Declaration, Request, Selection, Shortcut, Unavailable, declare
from dltui.core.commands.selected import busy_round, client_that_is, selected_client, word_of

if TYPE_CHECKING:
    from dltui.core.state.entities import Client
    from dltui.core.state.state import State


def _suspend(state: State, selection: Selection) -> Request:
    client = client_that_is(ClientStatus.ACTIVE, state, selection)
    return _leaves_out(SUSPEND, state, client, "Suspend", "it takes no part until it is reinstated")


def _reinstate(state: State, selection: Selection) -> Request:
    client = client_that_is(ClientStatus.SUSPENDED, state, selection)
    return _about(REINSTATE, client, "Reinstate", "it takes part from the next round")


def _ban(state: State, selection: Selection) -> Request:
    client = selected_client(state, selection)
    if client.index is None or client.membership == ClientStatus.BANNED:
        was = "banned already" if client.membership == ClientStatus.BANNED else "not registered"
        raise Unavailable(f"{client.id} is {was}")
    return _leaves_out(BAN, state, client, "Ban", "for good: nothing lets it in again")


def _complete_leave(state: State, selection: Selection) -> Request:
    client = client_that_is(ClientStatus.LEAVING, state, selection)
    return _about(COMPLETE_LEAVE, client, "Let go", "its place is free; it may join again")


def _stop(state: State, selection: Selection) -> Request:
    client = selected_client(state, selection)
    if client.process not in ("starting", "ready"):
        raise Unavailable(f"{client.id} has no running process here")
    busy = busy_round(state, client)
    pid = f" (pid {client.pid})" if client.pid is not None else ""
    return STOP.request(
        {"client": client.id},
        f"Stop {client.id}",
        f"ends its process{pid}; nothing is written on chain",
        f"round {busy.number} goes on without it" if busy is not None else "its key and its data stay",
        button="Stop",
        typed=word_of(client) if busy is not None else "",
    )


def _restart(state: State, selection: Selection) -> Request:
    client = selected_client(state, selection)
    if not client.down:
        raise Unavailable(f"{client.id} is running" if client.process != "none" else f"{client.id} is not on this host")
    does = "starts its process again with the same key and data"
    return RESTART.request({"client": client.id}, f"Restart {client.id}", does, button="Restart")


def _about(command: Declaration, client: Client, button: str, *effects: str, typed: str = "") -> Request:
    args, title = {"client": client.id}, f"{button} {client.id}"
    return command.request(args, title, *effects, on=str(client.index), button=button, typed=typed)


def _leaves_out(command: Declaration, state: State, client: Client, button: str, effect: str) -> Request:
    """A request that takes a client out of a round that may run: if it does, the id has to be typed."""
    busy = busy_round(state, client)
    if busy is None:
        return _about(command, client, button, effect)
    after = f"round {busy.number} goes on without it"
    return _about(command, client, button, effect, after, typed=word_of(client))


SUSPEND = declare(
    "client.suspend", ClientArgs,
    Shortcut("suspend", "u", "Suspend", "leave the selected client out until it is reinstated",
             _suspend, subject=True, page=True, dangerous=True),
    help="Leave a client out until it is reinstated.",
    transaction="FLContract.suspendClient",
)  # fmt: skip
REINSTATE = declare(
    "client.reinstate", ClientArgs,
    Shortcut("reinstate", "U", "Reinstate", "let the selected suspended client take part again",
             _reinstate, subject=True, page=True),
    help="Let a suspended client take part again.",
    transaction="FLContract.reinstateClient",
)  # fmt: skip
BAN = declare(
    "client.ban", ClientArgs,
    Shortcut("ban", "B", "Ban", "shut the selected client out for good", _ban, subject=True, dangerous=True),
    help="Shut a client out for good.",
    transaction="FLContract.banClient",
)  # fmt: skip
COMPLETE_LEAVE = declare(
    "client.complete-leave", ClientArgs,
    Shortcut("complete_leave", "none", "Complete leave", "let a client go that left during a round which is over",
             _complete_leave, subject=True),
    help="Let a client go that left during a round which is over.",
    transaction="FLContract.completeLeave",
)  # fmt: skip
STOP = declare(
    "client.stop", StopArgs,
    Shortcut("stop_client", "K", "Stop client", "end the process of the selected client",
             _stop, subject=True, page=True, dangerous=True, confirm=True),
    help="End the process of a client; the round goes on without it.",
)  # fmt: skip
RESTART = declare(
    "client.restart", ClientArgs,
    Shortcut("restart_client", "R", "Restart", "start the selected client's process again",
             _restart, subject=True, page=True),
    help="Start the process of a client again.",
)  # fmt: skip
