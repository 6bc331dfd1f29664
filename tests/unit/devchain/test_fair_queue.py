"""Who works when: the run at once, strangers one after the other."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from dltui.devchain import fair_queue as module
from dltui.devchain.fair_queue import FairQueue, aside, is_stranger, step
from dltui.devchain.jsonrpc import answer
from tests.kits.chain import LocalNode, local_node, sign
from tests.kits.doors import until

DEADLINE = 10


class FakeTime:
    """Time that passes while somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds

    def work(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    clock = FakeTime()
    monkeypatch.setattr(module, "time", clock)
    return clock


class Crowd:
    """Strangers in threads of their own, who write down their names when they work."""

    def __init__(self, turns: FairQueue) -> None:
        self.turns = turns
        self.order: list[str] = []
        self._threads: list[threading.Thread] = []

    def add(self, name: str, parts: int = 1) -> None:
        """One more at the end of the line, with `parts` of work and a step after each."""
        before = len(self.turns.line)
        thread = threading.Thread(target=self._work, args=(name, parts), daemon=True)
        self._threads.append(thread)
        thread.start()
        until(lambda: len(self.turns.line) > before or name in self.order)

    def done(self) -> list[str]:
        """Wait for all; what was done, in order."""
        for thread in self._threads:
            thread.join(DEADLINE)
            assert not thread.is_alive()
        return self.order

    def _work(self, name: str, parts: int) -> None:
        with self.turns.stranger():
            for _ in range(parts):
                self.order.append(name)
                step()


def test_the_run_works_at_once_while_a_thousand_strangers_wait() -> None:
    turns = FairQueue()
    crowd = Crowd(turns)
    with turns.stranger():
        for number in range(1000):
            crowd.add(str(number))
        worker = threading.Thread(target=lambda: [crowd.order.append("run") for _ in range(3) if enter(turns)])
        worker.start()
        worker.join(DEADLINE)
        assert crowd.order == ["run"] * 3
    assert crowd.done() == ["run"] * 3 + [str(number) for number in range(1000)]


def enter(turns: FairQueue) -> bool:
    """Work for the run for a moment."""
    with turns.run():
        return not is_stranger()


def test_long_work_goes_round_from_connection_to_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 0.0)
    monkeypatch.setattr(module, "LONG", 3)
    crowd = Crowd(FairQueue())
    with crowd.turns.stranger():
        for name in ("a", "b", "c"):
            crowd.add(name, parts=3)
    assert crowd.done() == ["a", "b", "c"] * 3


def test_few_have_long_work_at_a_time_and_the_next_one_goes_on_when_one_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SLICE", 0.0)
    monkeypatch.setattr(module, "LONG", 1)
    crowd = Crowd(FairQueue())
    with crowd.turns.stranger():
        for name in ("a", "b"):
            crowd.add(name, parts=3)
    assert crowd.done() == ["a", "b", "a", "a", "b", "b"]


def test_long_work_is_given_up_if_others_have_theirs_for_too_long(
    clock: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONG", 1)
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    turns = FairQueue()
    done: list[str] = []

    def work(name: str, seconds: float) -> None:
        with turns.stranger():
            clock.work(seconds)
            step()
            done.append(name)

    def others() -> None:
        work("short", module.SLICE / 2)
        with pytest.raises(module.Busy, match="try again"):
            work("long", 2 * module.SLICE)

    with turns.stranger():
        clock.work(2 * module.SLICE)
        step()
        thread = threading.Thread(target=others)
        thread.start()
        until(lambda: len(turns.line) == 2)
        with aside():
            thread.join(DEADLINE)
    assert done == ["short"] and not thread.is_alive() and not turns.line
    work("long", 2 * module.SLICE)
    assert done == ["short", "long"]


def test_a_batch_that_may_not_go_on_says_so_in_its_answers(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 0.0)
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber"}
    queue = node.chain.queue
    with ExitStack() as held:
        for _ in range(module.LONG):
            assert queue.long.acquire(timeout=0)
            held.callback(queue.long.release)
        with queue.stranger():
            replies = json.loads(answer(node.methods, json.dumps([call, call]).encode()))
        assert [reply["error"]["code"] for reply in replies] == [-32005, -32005]
    with queue.stranger():
        replies = json.loads(answer(node.methods, json.dumps([call, call]).encode()))
    assert [reply["result"] for reply in replies] == ["0x0", "0x0"]


def test_a_turn_that_is_not_used_up_goes_on(clock: FakeTime) -> None:
    turns = FairQueue()
    crowd = Crowd(turns)
    with turns.stranger():
        crowd.add("next")
        clock.work(module.SLICE / 2)
        step()
        assert crowd.order == []
        clock.work(module.SLICE)
        step()
        assert crowd.done() == ["next"]


def test_strangers_rest_as_long_as_they_worked_while_the_run_worked(clock: FakeTime) -> None:
    turns = FairQueue()
    with turns.stranger():
        enter(turns)
        clock.work(0.25)
    with turns.stranger():
        assert clock.slept == [0.25]
        clock.work(0.5)
    with turns.stranger():
        assert clock.slept == [0.25]
    with turns.run(), turns.stranger():
        clock.work(0.125)
    with turns.stranger():
        assert clock.slept == [0.25, 0.125]


def test_who_waits_lets_others_work_and_does_not_make_strangers_rest(clock: FakeTime) -> None:
    turns = FairQueue()
    crowd = Crowd(turns)
    with turns.stranger(), aside():
        crowd.add("other")
        assert crowd.done() == ["other"]
    with turns.run(), aside():
        assert turns.working == 0
        began, begun = clock.now, turns.begun
        clock.work(1.0)
        assert turns.rest(began, begun) == 0.0
    assert turns.working == 0 and not turns.line


def test_work_that_fails_ends_its_turn() -> None:
    turns = FairQueue()
    for context in (turns.run(), turns.stranger()):
        with pytest.raises(ZeroDivisionError), context:
            _ = 1 / 0
        assert turns.working == 0 and not turns.line and not is_stranger()


def test_a_batch_is_no_longer_turn_than_a_call(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 0.0)
    turns, order = node.chain.queue, []
    call = {"jsonrpc": "2.0", "id": 1, "method": "noted", "params": []}

    class Noting:
        def __init__(self, name: str) -> None:
            self.name = name

        def call(self, method: str, given: object) -> None:
            order.append(self.name)

    def ask(name: str, count: int) -> None:
        with turns.stranger():
            answer(Noting(name), json.dumps([call] * count).encode())

    threads = []
    with turns.stranger():
        for number, (name, count) in enumerate((("flood", 200), ("tool", 1))):
            threads.append(threading.Thread(target=ask, args=(name, count)))
            threads[-1].start()
            until(lambda line=number + 2: len(turns.line) == line)  # type: ignore[misc]
    for thread in threads:
        thread.join(DEADLINE)
    assert order.index("tool") <= 1 and len(order) == 201


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("dltui_waitBlock", ["0xffff", "0x1388"]),
        ("dltui_waitLogs", ["0x0", [], [], "0x1388"]),
        ("eth_sendRawTransactionSync", None),
    ],
)
def test_a_stranger_that_waits_holds_nobody_up(tmp_path: Path, method: str, params: list[str] | None) -> None:
    with local_node(tmp_path, batch_ms=60_000) as (node, _):
        turns = node.chain.queue
        given = params or ["0x" + sign(0, 0).hex(), "0x1388"]

        def wait() -> None:
            with turns.stranger():
                answer(
                    node.methods, json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": given}).encode()
                )

        waiting = threading.Thread(target=wait)
        waiting.start()
        until(lambda: bool(node.miner.taken_since(0)[0]) if params is None else waiting.is_alive())
        with turns.stranger():
            assert waiting.is_alive() and node.call("eth_blockNumber") == "0x0"
        node.chain.mine([sign(1, 0)])
        node.miner.stop()
        waiting.join(DEADLINE)
        assert not waiting.is_alive()
