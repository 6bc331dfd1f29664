"""The client that a key acts on, and its part in the round that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dltui.core.chain_states import ClientStatus
from dltui.core.commands.declaration import Selection, Unavailable

if TYPE_CHECKING:
    from dltui.core.state.entities import Client, Round
    from dltui.core.state.state import State


def selected_client(state: State, selection: Selection) -> Client:
    """Return the selected client. Raises Unavailable if none is selected."""
    client = state.clients.get(selection.client or "")
    if client is None:
        raise Unavailable("no client is selected")
    return client


def client_that_is(status: ClientStatus, state: State, selection: Selection) -> Client:
    """Return the selected client. Raises Unavailable if none is selected, or its membership is another one."""
    client = selected_client(state, selection)
    if client.membership != status:
        raise Unavailable(f"{client.id} is {client.membership}, not {status}")
    return client


def busy_round(state: State, client: Client) -> Round | None:
    """Return the round in flight, if this client has a part in it."""
    running = state.in_flight
    return running if running and (client.id in running.selected or client.id in running.committee) else None


def word_of(client: Client) -> str:
    """Return what is typed to confirm: the id, or if a keyboard may lack it, the first digits of the address."""
    return client.id if client.id.isascii() else client.address.removeprefix("0x")[:6].lower()
