"""The operator's hand: commands become transactions, signed with the operator's key, and answers in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dltui.chain.types import Receipt
from dltui.core import answers
from dltui.core import events as ev
from dltui.core.commands import COMMANDS, Command, cli_twin
from dltui.core.events import Payload
from dltui.engine.calls import Calls
from dltui.engine.fleet import Fleet
from dltui.engine.live_verify import CHECKS, LiveVerify
from dltui.engine.queries import Queries
from dltui.engine.scheduler import Scheduler
from dltui.engine.transactor import Transactor
from dltui.errors import DltuiError, RunError

REMEMBERED = 1000
"""Answers that are kept, so that a command that is sent twice is carried out once."""


class Operator:
    """Carries out commands. `emit` writes one event to the journal, `ask_stop` ends the run."""

    def __init__(
        self,
        transactor: Transactor,
        fleet: Fleet,
        scheduler: Scheduler,
        calls: Calls,
        queries: Queries,
        checks: LiveVerify,
        emit: Callable[[Payload], None],
        ask_stop: Callable[[str], None],
    ) -> None:
        self._transactor = transactor
        self._fleet = fleet
        self._scheduler = scheduler
        self._calls = calls
        self._queries = queries
        self._checks = checks
        self._emit = emit
        self._ask_stop = ask_stop
        self._answers: dict[str, tuple[bool, str]] = {}

    def handle(self, command: Command) -> str:
        """Carry a command out once and return what became of it; raises DltuiError if it is refused."""
        if COMMANDS[command.name].query:
            return self._queries.answer(command)
        if command.id not in self._answers:
            self._answers[command.id] = self._carry_out(command)
            if len(self._answers) > REMEMBERED:
                del self._answers[next(iter(self._answers))]
        ok, message = self._answers[command.id]
        if not ok:
            raise RunError(message)
        return message

    def _carry_out(self, command: Command) -> tuple[bool, str]:
        if command.name == "demo.step":
            self._emit(ev.DemoStep(**command.args))
            return True, ""
        self._emit(
            ev.OpCommand(
                id=command.id, name=command.name, args=command.args, source=command.source, cli=cli_twin(command)
            )
        )
        try:
            if not command.force:
                self._queries.check(command.name, command.args)
            if command.name in CHECKS:
                return self._check(command)
            ok, message = True, _HANDLERS[command.name](self, command.args)
        except DltuiError as error:
            ok, message = False, str(error)
        self._emit(ev.OpResult(id=command.id, ok=ok, message=message))
        return ok, message

    def _check(self, command: Command) -> tuple[bool, str]:
        """The answer is a document, with a difference too: the question was answered."""
        self._transactor.poll()
        result = self._checks.check(command.name, command.args)
        self._emit(ev.OpResult(id=command.id, ok=result.ok, message=result.text))
        return True, answers.encode(result)

    def _transact(self, name: str, args: dict[str, Any]) -> Receipt:
        """Send the transactions of a command, in order; the receipt of the last one."""
        return self._transactor.send(*self._calls.of(name, args))

    def _register(self, args: dict[str, Any]) -> str:
        client, part = args["client"], args.get("part")
        if self._calls.knows(client):
            return self._approve(args)
        name, chosen = self._fleet.start_new(client, part)
        return f"{name} was started with slice {chosen} of the data; it asks to join in a moment"

    def _approve(self, args: dict[str, Any]) -> str:
        receipt = self._transact("client.approve", args)
        return f"{args['client']} is registered in block {receipt.block}; it takes part from the next round"

    def _reject(self, args: dict[str, Any]) -> str:
        self._transact("client.reject", args)
        return f"{args['client']} was refused"

    def _suspend(self, args: dict[str, Any]) -> str:
        self._transact("client.suspend", args)
        return f"{args['client']} is suspended"

    def _reinstate(self, args: dict[str, Any]) -> str:
        self._transact("client.reinstate", args)
        return f"{args['client']} takes part again from the next round"

    def _ban(self, args: dict[str, Any]) -> str:
        receipt = self._transact("client.ban", args)
        return f"{args['client']} is shut out for good (block {receipt.block})"

    def _complete_leave(self, args: dict[str, Any]) -> str:
        self._transact("client.complete-leave", args)
        return f"{args['client']} has left"

    def _stop_client(self, args: dict[str, Any]) -> str:
        kill = args.get("signal") == "kill"
        pid = self._fleet.stop(args["client"], kill)
        return f"{args['client']} (pid {pid}) was {'killed' if kill else 'told to end'}"

    def _restart(self, args: dict[str, Any]) -> str:
        self._fleet.restart(args["client"])
        return f"{args['client']} starts again"

    def _approve_version(self, args: dict[str, Any]) -> str:
        receipt = self._transact("model.approve", args)
        return f"version {args['version']} is approved and released (block {receipt.block})"

    def _reject_version(self, args: dict[str, Any]) -> str:
        self._transact("model.reject", args)
        return f"version {args['version']} is rejected; the next round starts from {self._transactor.facts.ledger.base}"

    def _open_round(self, args: dict[str, Any]) -> str:
        self._transact("round.open", args)
        current = self._transactor.facts.ledger.current
        return f"round {current.number if current else '?'} is open"

    def _pause(self, args: dict[str, Any]) -> str:
        if self._scheduler.paused:
            raise RunError("the run is paused already")
        self._scheduler.paused = True
        self._emit(ev.RunPaused(by="operator"))
        return "no new round is opened until the run is resumed"

    def _resume(self, args: dict[str, Any]) -> str:
        if not self._scheduler.paused:
            raise RunError("the run is not paused")
        self._scheduler.paused = False
        self._emit(ev.RunResumed(by="operator"))
        return "rounds are opened again"

    def _stop_run(self, args: dict[str, Any]) -> str:
        self._ask_stop("stopped by the operator")
        return "the run ends"

    def _read_registry(self, args: dict[str, Any]) -> str:
        return self._queries.registry()


_HANDLERS: dict[str, Callable[[Operator, dict[str, Any]], str]] = {
    "client.register": Operator._register,
    "client.approve": Operator._approve,
    "client.reject": Operator._reject,
    "client.suspend": Operator._suspend,
    "client.reinstate": Operator._reinstate,
    "client.ban": Operator._ban,
    "client.complete-leave": Operator._complete_leave,
    "client.stop": Operator._stop_client,
    "client.restart": Operator._restart,
    "model.approve": Operator._approve_version,
    "model.reject": Operator._reject_version,
    "round.open": Operator._open_round,
    "run.pause": Operator._pause,
    "run.resume": Operator._resume,
    "run.stop": Operator._stop_run,
    "registry.read": Operator._read_registry,
}
