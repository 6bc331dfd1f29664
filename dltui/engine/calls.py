"""Which transactions a command means: asked before it is sent, for an estimate, and when it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dltui.chain.types import Call
from dltui.core.ledger import Member
from dltui.engine.deployment import Federation
from dltui.engine.scheduler import Scheduler
from dltui.errors import RunError
from dltui.protocol.facts import FactStream


class Calls:
    """From an operator's command to the contract calls that carry it out, in order."""

    def __init__(self, federation: Federation, facts: FactStream, scheduler: Scheduler) -> None:
        self._federation = federation
        self._facts = facts
        self._scheduler = scheduler

    def of(self, name: str, args: dict[str, Any]) -> list[Call]:
        """The calls of a command; none for one that sends no transaction.

        Raises RunError if what the chain says now rules the command out.
        """
        calls = _CALLS.get(name)
        return calls(self, args) if calls is not None else []

    def knows(self, client: str) -> bool:
        """Whether a client of that id has asked to join."""
        return any(self._facts.id_of(address) == client for address in self._facts.ledger.members)

    def member(self, client: str) -> Member:
        """The client of that id, as the chain knows it. Raises RunError if nobody of that id asked to join."""
        for member in self._facts.ledger.members.values():
            if self._facts.id_of(member.address) == client:
                return member
        raise RunError(f"no client {client} has asked to join", hint="look at the clients pane for the ids")

    def _index(self, args: dict[str, Any]) -> int:
        member = self.member(args["client"])
        if member.index is None:
            raise RunError(f"{args['client']} is not registered yet")
        return member.index

    def _pending(self, args: dict[str, Any], hint: str = "") -> Member:
        member = self.member(args["client"])
        if member.status != "pending":
            raise RunError(f"{args['client']} is {member.status}, not pending", hint=hint)
        return member

    def _register(self, args: dict[str, Any]) -> list[Call]:
        return self._approve(args) if self.knows(args["client"]) else []

    def _approve(self, args: dict[str, Any]) -> list[Call]:
        member = self._pending(args)
        if member.address not in self._facts.ledger.data:
            raise RunError(f"{args['client']} has not committed to its data yet", hint="try again in a moment")
        return self._scheduler.pending_call(member)

    def _reject(self, args: dict[str, Any]) -> list[Call]:
        return [self._federation.fl.reject_client(self._pending(args, "suspend it instead").address)]

    def _suspend(self, args: dict[str, Any]) -> list[Call]:
        return [self._federation.fl.suspend_client(self._index(args))]

    def _reinstate(self, args: dict[str, Any]) -> list[Call]:
        return [self._federation.fl.reinstate_client(self._index(args))]

    def _ban(self, args: dict[str, Any]) -> list[Call]:
        return [self._federation.fl.ban_client(self._index(args))]

    def _complete_leave(self, args: dict[str, Any]) -> list[Call]:
        return [self._federation.fl.complete_leave(self._index(args))]

    def _approve_version(self, args: dict[str, Any]) -> list[Call]:
        return [self._federation.models.approve(args["version"])]

    def _reject_version(self, args: dict[str, Any]) -> list[Call]:
        return [self._federation.models.reject(args["version"])]

    def _open_round(self, args: dict[str, Any]) -> list[Call]:
        current = self._facts.ledger.current
        if current is not None and current.state.in_flight:
            raise RunError(f"round {current.number} is {current.state}")
        return [self._federation.fl.open_round()]


_CALLS: dict[str, Callable[[Calls, dict[str, Any]], list[Call]]] = {
    "client.register": Calls._register,
    "client.approve": Calls._approve,
    "client.reject": Calls._reject,
    "client.suspend": Calls._suspend,
    "client.reinstate": Calls._reinstate,
    "client.ban": Calls._ban,
    "client.complete-leave": Calls._complete_leave,
    "model.approve": Calls._approve_version,
    "model.reject": Calls._reject_version,
    "round.open": Calls._open_round,
}
