"""What becomes of each command: transactions, processes, the schedule, and the answer; everything else is played."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.chain.rpc_errors import NodeUnreachable
from dltui.core import answers
from dltui.core import events as ev
from dltui.core.answers import CheckResult
from dltui.core.commands import Command, new_command
from dltui.core.events import Payload
from dltui.engine import operator as module
from dltui.engine.operator import Operator
from dltui.errors import RunError


class World:
    """Transactor, fleet, scheduler, calls, queries and checks in one, which notes what is asked of it."""

    def __init__(self) -> None:
        self.did: list[Any] = []
        self.events: list[Payload] = []
        self.known = {"alice"}
        self.paused = False
        self.refusal: Exception | None = None
        current = SimpleNamespace(number=4)
        self.facts = SimpleNamespace(ledger=SimpleNamespace(current=current, base=2))
        self.result = CheckResult(ok=True, steps=("version 2 matches", "asked of the chain"))
        checks = SimpleNamespace(check=self.verify)
        roles = cast(Any, (self, self, self, self, self, checks))
        self.operator = Operator(*roles, self.events.append, lambda why: self.did.append(("stop", why)))

    def of(self, name: str, args: dict[str, Any]) -> list[str]:
        return [f"{name} {value}" for value in args.values()] or [name]

    def knows(self, client: str) -> bool:
        return client in self.known

    def check(self, name: str, args: dict[str, Any]) -> None:
        self.did.append(("check", name))
        if self.refusal is not None:
            raise self.refusal

    def send(self, *calls: str) -> Any:
        self.did.append(("send", *calls))
        return SimpleNamespace(block=17)

    def poll(self) -> None:
        self.did.append(("poll",))

    def start_new(self, name: str, part: int | None) -> tuple[str, int]:
        self.did.append(("start", name, part))
        return f"{name}-1a", 3

    def stop(self, name: str, kill: bool) -> int:
        self.did.append(("end", name, kill))
        return 99

    def restart(self, name: str) -> None:
        self.did.append(("restart", name))

    def answer(self, command: Command) -> str:
        return f"answer to {command.name}"

    def registry(self) -> str:
        return "v0 verified"

    def verify(self, name: str, args: dict[str, Any]) -> CheckResult:
        self.did.append(("verify", name, args))
        return self.result

    def asks(self, name: str, force: bool = False, **args: Any) -> str:
        return self.operator.handle(new_command(name, "cli", force=force, **args))


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("name", "args", "answer"),
    [
        ("client.approve", {"client": "alice"}, "alice is registered in block 17; it takes part from the next round"),
        ("client.register", {"client": "alice"}, "alice is registered in block 17; it takes part from the next round"),
        ("client.reject", {"client": "alice"}, "alice was refused"),
        ("client.suspend", {"client": "alice"}, "alice is suspended"),
        ("client.reinstate", {"client": "alice"}, "alice takes part again from the next round"),
        ("client.ban", {"client": "alice"}, "alice is shut out for good (block 17)"),
        ("client.complete-leave", {"client": "alice"}, "alice has left"),
        ("model.approve", {"version": 2}, "version 2 is approved and released (block 17)"),
        ("model.reject", {"version": 2}, "version 2 is rejected; the next round starts from 2"),
        ("round.open", {}, "round 4 is open"),
    ],
)
def test_a_command_sends_its_transactions_once_they_would_succeed_and_says_so(
    world: World, name: str, args: dict[str, Any], answer: str
) -> None:
    assert world.asks(name, **args) == answer
    sent = "client.approve" if name == "client.register" else name
    assert world.did == [("check", name), ("send", *world.of(sent, args))]


def test_a_forced_command_is_sent_without_a_look_at_what_becomes_of_it(world: World) -> None:
    world.refusal = RunError("the contract would refuse it")
    world.asks("client.suspend", force=True, client="alice")
    assert world.did == [("send", "client.suspend alice")]


def test_a_refused_command_sends_nothing_and_is_recorded_with_the_reason(world: World) -> None:
    world.refusal = RunError("the contract would refuse it")
    with pytest.raises(RunError, match="the contract would refuse it"):
        world.asks("client.suspend", client="alice")
    assert world.did == [("check", "client.suspend")]
    command, result = world.events
    assert isinstance(command, ev.OpCommand) and command.cli == "dltui client suspend alice"
    assert result == ev.OpResult(id=command.id, ok=False, message="the contract would refuse it")


def test_a_command_that_comes_twice_is_carried_out_once_and_answered_twice(world: World) -> None:
    command = new_command("client.ban", "cli", client="alice")
    assert world.operator.handle(command) == world.operator.handle(command)
    assert [did[0] for did in world.did] == ["check", "send"] and len(world.events) == 2


def test_a_refusal_is_remembered_too(world: World) -> None:
    world.refusal, command = RunError("no"), new_command("client.ban", "cli", client="alice")
    for _ in range(2):
        with pytest.raises(RunError, match="no"):
            world.operator.handle(command)
    assert len(world.did) == 1


def test_the_oldest_answers_are_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    commands = [new_command("client.ban", "cli", client="alice") for _ in range(3)]
    for command in [*commands, commands[0]]:
        world.operator.handle(command)
    assert [did[0] for did in world.did].count("send") == 4


def test_an_unknown_client_is_started_on_the_slice_that_is_asked_for(world: World) -> None:
    assert world.asks("client.register", client="bob", part=3).startswith("bob-1a was started with slice 3 of the data")
    assert world.did == [("check", "client.register"), ("start", "bob", 3)]
    world.asks("client.register", client="carol")
    assert world.did[-1] == ("start", "carol", None)


def test_a_process_is_ended_or_killed_and_started_again(world: World) -> None:
    assert world.asks("client.stop", client="alice") == "alice (pid 99) was told to end"
    assert world.asks("client.stop", client="alice", signal="kill") == "alice (pid 99) was killed"
    assert world.asks("client.restart", client="alice") == "alice starts again"
    assert [did for did in world.did if did[0] != "check"] == [
        ("end", "alice", False),
        ("end", "alice", True),
        ("restart", "alice"),
    ]


def test_a_run_is_paused_and_resumed_once_each(world: World) -> None:
    with pytest.raises(RunError, match="the run is not paused"):
        world.asks("run.resume")
    world.asks("run.pause")
    assert world.paused
    with pytest.raises(RunError, match="the run is paused already"):
        world.asks("run.pause")
    world.asks("run.resume")
    assert not world.paused
    assert [e for e in world.events if isinstance(e, (ev.RunPaused, ev.RunResumed))] == [
        ev.RunPaused(by="operator"),
        ev.RunResumed(by="operator"),
    ]


def test_a_stop_is_asked_for(world: World) -> None:
    assert world.asks("run.stop") == "the run ends"
    assert ("stop", "stopped by the operator") in world.did


@pytest.mark.parametrize("ok", [True, False])
def test_a_check_reads_the_chain_first_and_once_and_answers_with_what_it_found(world: World, ok: bool) -> None:
    world.result = CheckResult(ok=ok, steps=("version 2 matches", "asked of the chain"))
    assert answers.decode(world.asks("model.verify", version=2), CheckResult) == world.result
    assert world.did == [("check", "model.verify"), ("poll",), ("verify", "model.verify", {"version": 2})]
    result = world.events[-1]
    assert isinstance(result, ev.OpResult)
    assert (result.ok, result.message) == (ok, "version 2 matches; asked of the chain")


def test_a_node_that_is_lost_in_a_command_gets_an_answer(world: World) -> None:
    world.refusal = NodeUnreachable("gone", where="node")
    with pytest.raises(RunError, match="gone"):
        world.asks("client.suspend", client="alice")
    assert isinstance(world.events[-1], ev.OpResult) and not world.events[-1].ok


def test_questions_and_beats_of_a_walkthrough_leave_no_command_in_the_journal(world: World) -> None:
    assert world.asks("tx.show", hash="0x" + "ab" * 32) == "answer to tx.show"
    assert world.asks("demo.step", n=1, of=2, title="t", text="x") == ""
    assert world.events == [ev.DemoStep(n=1, of=2, title="t", text="x")]


def test_the_registry_is_read(world: World) -> None:
    assert world.asks("registry.read") == "v0 verified"
