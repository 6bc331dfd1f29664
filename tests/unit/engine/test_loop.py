"""What one turn of the loop does, and when the run is finished; everything around it is played."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.chain.rpc_errors import NodeUnreachable
from dltui.chain.types import Revert, Reverted
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine import loop as module
from dltui.engine.forkserver_client import ForkServerLost
from dltui.engine.loop import MEASURE_SECONDS, Loop
from dltui.engine.scheduler import Waiting
from dltui.engine.waiting_alert import Hold
from dltui.errors import ChainError, RunError


class World:
    """Everything that the loop looks at, and a list of what it did."""

    def __init__(self) -> None:
        self.did: list[Any] = []
        self.events: list[Payload] = []
        self.raises: Exception | None = None
        # recorder
        self.state = SimpleNamespace(in_flight=None, model=None, alerts={})
        self.emit = self.events.append
        # disk, excused rounds, timings
        self.full, self.lack = False, cast(Any, None)
        self.disk = self.excused_rounds = self.timings = self
        # workers and evaluator
        self.due: list[str] = []
        self.evaluator, self.unmeasured = self, 0
        # chain
        self.indexer, self.behind, self.block, self.block_due, self.silent_since = self, False, 3, True, None
        # scheduler
        self.paused, self.why, self.call, self.done = False, "", cast(Any, None), False
        self.waits: Waiting | None = None
        self.reading, self.screen, self.gate, self.watches = Hold(), Hold(), self, self
        self.recorder, self.reactor, self.workers, self.stop_reason = self, self, self, cast("str | None", None)
        role = cast(Any, self)
        block_watch = cast(Any, BlockWatch(self))
        self.loop = Loop(role, role, block_watch, role, role)

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.did.append((name, *args))

    def handle(self) -> None:
        if self.raises is not None:
            error, self.raises = self.raises, None
            raise error

    def settled(self) -> list[Payload]:
        return []

    def due_restarts(self) -> list[str]:
        return self.due

    @contextlib.contextmanager
    def asking(self, since: float | None) -> Iterator[None]:
        yield

    def poll(self, idle: bool) -> None:
        self.did.append(("poll",))

    def failure(self) -> str:
        return self.why

    def next_call(self) -> Any:
        return self.call

    def waiting(self) -> Waiting | None:
        return self.waits

    def unanswered(self) -> None:
        return None

    def complete(self) -> bool:
        return self.done

    def turn(self, *ignored: str) -> list[Any]:
        """Take one turn and return what was done in it, save the look at the disk."""
        self.did.clear()
        self.loop.turn()
        return [entry for entry in self.did if entry[0] not in ("look", *ignored)]


class BlockWatch:
    """Says when the chain is looked at."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.silent_since = None

    @property
    def due(self) -> bool:
        return self._world.block_due

    def looked(self, block: int, busy: bool) -> None:
        self._world.did.append(("looked", block, busy))

    def forget(self) -> None:
        self._world.did.append(("forget",))


@pytest.fixture
def world() -> World:
    return World()


LOOKED = [("poll",), ("looked", 3, False)]
SENT = ("send", "call")
CLEARED = ("clear", "operator-tx")


def test_a_turn_looks_at_the_chain_if_there_may_be_something(world: World) -> None:
    assert world.turn() == LOOKED
    world.block_due = False
    assert world.turn() == []


def test_a_chain_that_has_more_to_read_is_looked_at_again_at_once(world: World) -> None:
    world.behind = True
    assert world.turn() == [("poll",)]


def test_what_is_due_is_sent_and_the_chain_is_read_after_it(world: World) -> None:
    world.block_due, world.call = False, "call"
    assert world.turn() == [SENT, CLEARED]
    world.call = None
    assert world.turn() == LOOKED
    assert world.turn() == []


def test_a_reverted_transaction_is_told_and_tried_again_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    world.block_due, world.call = False, "call"
    world.raises = Reverted("call", Revert("No", "it says no"))
    assert world.turn() == []
    (alert,) = world.events
    assert isinstance(alert, ev.RunAlert) and alert.id == "operator-tx" and "it says no" in alert.text
    assert world.turn() == [], "it is too early for another try"
    now[0] += 1
    assert world.turn() == [SENT, CLEARED]


def test_a_lost_node_and_a_lost_fork_server_are_brought_back(world: World) -> None:
    world.raises = node = NodeUnreachable("gone", where="node")
    assert world.turn() == [("forget",), ("node", node)]
    world.raises = server = ForkServerLost("gone")
    assert world.turn() == [("fork_server", server)]


def test_another_failure_of_the_chain_ends_the_run(world: World) -> None:
    world.raises = ChainError("the key is used elsewhere")
    with pytest.raises(ChainError, match="the key is used elsewhere"):
        world.turn()


def test_a_full_disk_excuses_the_round_once_there_is_room_again(world: World) -> None:
    world.state.in_flight = SimpleNamespace(number=4)
    error = ChainError("cannot be written")
    error.__cause__ = OSError(28, "no space")
    world.raises = error
    world.turn()
    assert world.full
    world.lack = Waiting("disk", "the disk is full", "free space")
    assert ("excuse", 4, "the disk was full") not in world.turn() and world.full
    world.lack = None
    assert ("excuse", 4, "the disk was full") in world.turn() and not world.full
    assert ("excuse", 4, "the disk was full") not in world.turn()


def test_rounds_that_abort_end_the_run(world: World) -> None:
    world.why = "3 rounds in a row were aborted"
    with pytest.raises(RunError, match="3 rounds in a row were aborted"):
        world.turn()


def test_clients_that_are_due_start_again(world: World) -> None:
    world.due, world.block_due = ["a", "b"], False
    assert world.turn() == [("restart_client", "a"), ("restart_client", "b")]


def test_a_run_that_is_held_sends_nothing_between_rounds_and_does_not_fail_meanwhile(world: World) -> None:
    world.block_due, world.call = False, "call"
    world.waits = Waiting("starved", "too few", "restart them", 0.001)
    world.reading.hold(60)
    assert world.turn() == [] and world.events == []
    world.state.in_flight = cast(Any, SimpleNamespace(number=1))
    assert world.turn() == [SENT, CLEARED], "a round that is open goes on"
    assert [event.id for event in world.events if isinstance(event, ev.RunAlert)] == ["starved"]


def test_what_is_waited_for_is_told_once(world: World) -> None:
    world.waits = Waiting("approval", "version 1 waits", "approve it")
    world.turn()
    world.turn()
    assert [(e.id, e.text) for e in world.events if isinstance(e, ev.RunAlert)] == [("approval", "version 1 waits")]
    world.waits = None
    world.turn()
    assert world.events[1:] == [ev.RunAlertCleared(id="approval")]


def test_a_run_is_finished_once_it_is_complete_and_measured(world: World) -> None:
    assert not world.loop.finished()
    world.done = True
    assert world.loop.finished()
    world.unmeasured = 1
    assert not world.loop.finished()
    world.unmeasured, world.paused = 0, True
    assert not world.loop.finished()
    world.paused = False
    world.reading.hold(60)
    assert not world.loop.finished()


def test_an_evaluator_that_does_not_answer_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    world.done, world.unmeasured = True, 2
    assert not world.loop.finished()
    now[0] += MEASURE_SECONDS
    assert not world.loop.finished() and world.did == []
    now[0] += 1
    assert not world.loop.finished() and world.did == [("give_up", MEASURE_SECONDS)]


def test_a_stop_ends_the_loop_before_its_next_turn(world: World) -> None:
    world.stop_reason = "stopped by SIGTERM"
    world.loop.run()
    assert world.did == []
