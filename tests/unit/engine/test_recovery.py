"""What is lost is brought back, and what was interrupted is done again; the world around it is played."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.chain.rpc_errors import NodeUnreachable
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine.forkserver_client import ForkServerLost
from dltui.engine.reactor import Stopped
from dltui.engine.recovery import MOST_LOSSES, Recovery

GONE, DEAD = NodeUnreachable("gone", where="node"), ForkServerLost("dead", where="forkserver.log")


class World:
    """Node, wallet, indexer, workers and fork server in one; `losses` are raised one by one when it is heard."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.losses: list[Exception] = []
        self.events: list[Payload] = []
        self.running = ["client-0", "client-10", "client-2"]
        self.warm, self.stop_reason = False, cast("str | None", None)
        self.logs = Path("logs")
        self.fork_server = self
        self.evaluator = SimpleNamespace(begun=True, start=lambda: self.did.append("evaluator"))

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.did.append(" ".join([name, *(arg for arg in args if isinstance(arg, str))]))

    def poll(self) -> None:
        pass

    def start(self) -> None:
        self.did.append("start")
        self.warm = False

    def handle(self) -> None:
        if self.losses:
            raise self.losses.pop(0)
        self.warm = True

    def everybody_lost(self) -> list[str]:
        lost, self.running = self.running, []
        return lost

    def check_stop(self) -> None:
        if self.stop_reason is not None:
            raise Stopped(self.stop_reason)

    def serve(self, seconds: float) -> None:
        pass

    def restart_client(self, name: str) -> None:
        self.did.append(f"restart {name}")
        self.running.append(name)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def recovery(world: World) -> Recovery:
    role = cast(Any, world)
    return Recovery(role, role, role, role, world.events.append)


AGAIN = ["stop", "start", "evaluator", "restart client-0", "restart client-10"]
AGAIN += ["restart client-2"]


def steps(*losses: Exception) -> tuple[list[int], Any]:
    """A step that is interrupted by each of `losses`, and the numbers of its beginnings."""
    begun: list[int] = []

    def step() -> str:
        begun.append(len(begun) + 1)
        if len(begun) <= len(losses):
            raise losses[len(begun) - 1]
        return "done"

    return begun, step


def test_a_step_is_taken_again_where_the_node_or_the_fork_server_was_lost_in_it(
    world: World, recovery: Recovery
) -> None:
    begun, step = steps(GONE, DEAD, GONE)
    assert recovery.surviving(step) == "done"
    assert begun == [1, 2, 3, 4]
    node = [f"recover {GONE}", "forget"]
    assert world.did == [*node, *AGAIN, *node]


def test_a_step_that_is_interrupted_again_and_again_is_given_up(recovery: Recovery) -> None:
    _, step = steps(*[GONE] * (MOST_LOSSES + 1))
    with pytest.raises(NodeUnreachable):
        recovery.surviving(step)


def test_a_stop_ends_the_tries(world: World, recovery: Recovery) -> None:
    world.stop_reason = "stopped by SIGTERM"
    begun, step = steps()
    with pytest.raises(Stopped, match="stopped by SIGTERM"):
        recovery.surviving(step)
    assert begun == []


def test_a_fork_server_that_dies_while_it_is_waited_for_is_replaced_and_nobody_is_forgotten(
    world: World, recovery: Recovery
) -> None:
    world.losses = [DEAD, DEAD]
    recovery.until(lambda: world.warm, 5.0, "the fork server", "forkserver.log")
    assert world.did.count("start") == 2
    assert world.running == ["client-0", "client-10", "client-2"]
    assert [type(event) for event in world.events] == [ev.RunAlert, ev.RunAlertCleared]


def test_fork_servers_that_all_die_end_the_run(world: World, recovery: Recovery) -> None:
    world.losses = [DEAD] * 50
    with pytest.raises(ForkServerLost):
        recovery.fork_server(DEAD)
    assert world.did.count("start") == MOST_LOSSES


def test_an_evaluator_that_was_not_started_yet_is_not_started_by_a_rescue(world: World, recovery: Recovery) -> None:
    world.evaluator.begun = False
    recovery.fork_server(DEAD)
    assert "evaluator" not in world.did
