"""What is carried out while the run comes up, while the node is silent, and while the disk is full."""

from __future__ import annotations

import selectors
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.core import events as ev
from dltui.core.commands import Command, new_command
from dltui.core.events import Payload
from dltui.engine.command_gate import CommandGate
from dltui.engine.reactor import Reactor
from dltui.errors import RunError


class Bench:
    """A gate, and an operator that notes what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.events: list[Payload] = []
        self.asked: list[str] = []
        self.disk = SimpleNamespace(full=False)
        self.reactor = Reactor()
        recorder = cast(Any, SimpleNamespace(emit=self.events.append))
        self.gate = CommandGate(folder / "s", self.reactor, recorder, cast(Any, self.disk))

    def handle(self, command: Command) -> str:
        self.asked.append(command.name)
        return "done"

    def asks(self, name: str, **args: Any) -> str:
        return self.gate.handle(new_command(name, "cli", **args))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.gate.close()
    assert not (tmp_path / "s").exists()


def test_the_operator_carries_commands_out_once_the_run_is_up(bench: Bench) -> None:
    with pytest.raises(RunError, match="the run is still coming up"):
        bench.asks("run.pause")
    bench.gate.operator = bench
    assert bench.asks("run.pause") == "done" and bench.asked == ["run.pause"]


def test_only_a_stop_and_a_walkthrough_are_heard_in_the_middle_of_a_step(bench: Bench) -> None:
    bench.gate.operator, bench.reactor.blocked = bench, True
    with pytest.raises(RunError, match="the node does not answer now"):
        bench.asks("run.pause")
    assert bench.asks("demo.step", n=1, of=2, title="t", text="x") == ""
    assert bench.events == [ev.DemoStep(n=1, of=2, title="t", text="x")]
    assert bench.asks("run.stop") == "the run ends"
    assert bench.reactor.stop_reason == "stopped by the operator" and bench.asked == []


def test_a_full_disk_is_the_reason_that_is_given(bench: Bench) -> None:
    bench.gate.operator, bench.reactor.blocked, bench.disk.full = bench, True, True
    with pytest.raises(RunError, match="the disk is full"):
        bench.asks("round.open")


def test_who_reads_and_who_looks_holds_the_run_at_any_time(bench: Bench) -> None:
    assert bench.gate.reading.over and bench.gate.screen.over
    bench.asks("demo.hold", seconds=30.0)
    assert not bench.gate.reading.over and bench.gate.screen.over
    bench.asks("run.hold", seconds=9.0)
    assert not bench.gate.screen.over
    bench.asks("demo.hold", seconds=0.0)
    assert bench.gate.reading.over


def test_a_gate_listens_on_the_selector_of_the_engine(bench: Bench) -> None:
    assert isinstance(bench.reactor.selector, selectors.BaseSelector)
    assert len(bench.reactor.selector.get_map()) == 1
