"""The operator's hand: commands become transactions, signed with the operator's key, and answers in words."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from dltui.chain.rpc_errors import NodeUnreachable
from dltui.chain.types import Call, Receipt
from dltui.config.sections import Config
from dltui.core import events as ev
from dltui.core.commands import COMMANDS, Command, cli_twin
from dltui.core.events import Payload
from dltui.engine.calls import Calls
from dltui.engine.deployment import Federation
from dltui.engine.indexer import ChainIndexer
from dltui.engine.live_verify import CHECKS, LiveVerify
from dltui.engine.queries import Queries
from dltui.engine.scheduler import Scheduler
from dltui.engine.workers import WorkerPool
from dltui.errors import DltuiError, RunError

REMEMBERED = 1000
"""Answers that are kept, so that a command that is sent twice is carried out once."""


class Operator:
    """Carries out commands. `send` signs, sends and waits for one transaction; `ask_stop` ends the run.

    `start_client` starts the client of a slice under a name and returns its id.
    """

    def __init__(
        self,
        config: Config,
        federation: Federation,
        indexer: ChainIndexer,
        workers: WorkerPool,
        scheduler: Scheduler,
        calls: Calls,
        queries: Queries,
        checks: LiveVerify,
        send: Callable[[Call], Receipt],
        emit: Callable[[Payload], None],
        start_client: Callable[[int, str], str],
        restart_client: Callable[[str], None],
        ask_stop: Callable[[str], None],
    ) -> None:
        self._config = config
        self._federation = federation
        self._indexer = indexer
        self._workers = workers
        self._scheduler = scheduler
        self._calls = calls
        self._queries = queries
        self._checks = checks
        self._send = send
        self._emit = emit
        self._start_client = start_client
        self._restart_client = restart_client
        self._ask_stop = ask_stop
        self._answers: dict[str, tuple[bool, str]] = {}

    def handle(self, command: Command) -> str:
        """Carry a command out once and return what became of it; raises DltuiError where it is refused."""
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
            self._indexer.poll()
            if not command.force:
                self._queries.check(command.name, command.args)
            if command.name in CHECKS:
                ok, message = True, CHECKS[command.name](self._checks, command.args)
            else:
                ok, message = True, _HANDLERS[command.name](self, command.args)
        except DltuiError as error:
            ok, message = False, str(error)
        # A chain that is lost now is found lost by the engine's next turn; the answer is given all the same.
        with contextlib.suppress(NodeUnreachable):
            self._indexer.poll()
        self._emit(ev.OpResult(id=command.id, ok=ok, message=message))
        return ok, message

    def _transact(self, name: str, args: dict[str, Any]) -> Receipt:
        """Send the transactions of a command, in order; the receipt of the last one."""
        return [self._send(call) for call in self._calls.of(name, args)][-1]

    def _register(self, args: dict[str, Any]) -> str:
        client, part = args["client"], args.get("part")
        if self._calls.knows(client):
            return self._approve(args)
        if client in self._workers.parts:
            raise RunError(f"{client} has not asked to join yet", hint="it starts; try again in a moment")
        used = set(self._workers.parts.values())
        free = [n for n in range(self._config.parts) if n not in used]
        if not free:
            raise RunError(
                f"no client {client} has asked to join, and no slice of the data is left for a new one",
                hint="set [data] parts higher than [clients] count before a run",
            )
        if part is not None and part not in free:
            raise RunError(f"slice {part} of the data is not free", hint=f"free: {', '.join(map(str, free))}")
        name = self._start_client(free[0] if part is None else part, client)
        return f"{name} was started with slice {self._workers.parts[name]} of the data; it asks to join in a moment"

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
        pid = self._workers.stop_client(args["client"], kill)
        return f"{args['client']} (pid {pid}) was {'killed' if kill else 'told to end'}"

    def _restart(self, args: dict[str, Any]) -> str:
        self._restart_client(args["client"])
        return f"{args['client']} starts again"

    def _approve_version(self, args: dict[str, Any]) -> str:
        receipt = self._transact("model.approve", args)
        return f"version {args['version']} is approved and released (block {receipt.block})"

    def _reject_version(self, args: dict[str, Any]) -> str:
        self._transact("model.reject", args)
        self._indexer.poll()
        return f"version {args['version']} is rejected; the next round starts from {self._indexer.facts.ledger.base}"

    def _open_round(self, args: dict[str, Any]) -> str:
        self._transact("round.open", args)
        self._indexer.poll()
        current = self._indexer.facts.ledger.current
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
        """The registry as the chain has it now, asked through eth_call rather than remembered."""
        models, released = self._federation.models, self._federation.models.released()
        rows = []
        for number in range(models.count()):
            version = models.version_of(number)
            mark = " (released)" if number == released else ""
            state = version.state
            rows.append(f"v{number} {state}{mark} {version.digest.hex()[:12]} {version.accuracy_bp / 100:.2f} %")
        return "; ".join(rows)


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
