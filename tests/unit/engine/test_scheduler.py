"""What the operator's schedule does when clients are down, suspended or excused; the contracts are played."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.config.sections import load
from dltui.core.chain_states import RoundState, SuspendReason
from dltui.core.client_set import ClientSet
from dltui.core.ledger import Commitment, Ledger, Member, RoundFacts
from dltui.engine import scheduler as module
from dltui.engine.scheduler import JOIN_SECONDS, MOST_ABORTS, MOST_LOST, STARVED_SECONDS, Scheduler, Waiting

COUNT = 4


class Played:
    """A wrapper of a contract: each call is its name and arguments."""

    def __getattr__(self, name: str) -> Callable[..., tuple[Any, ...]]:
        return lambda *args: (name, *args)


class Bench:
    """A scheduler over a ledger that the test fills. `down` and `excused` are addresses and rounds."""

    def __init__(self, **flags: Any) -> None:
        self.ledger = Ledger()
        self.down: set[str] = set()
        self.local = {f"0x{index}": index for index in range(COUNT)}
        self.excused: set[int] = set()
        for index in range(COUNT):
            member = Member(f"0x{index}", f"client-{index}", "active", index)
            self.ledger.members[member.address] = self.ledger.by_index[index] = member
            self.ledger.data[member.address] = Commitment(b"", 1, b"", True)
        self.ledger.plans[0] = {"maxMissed": 2, "quorum": 2}
        self._flags = flags
        self.scheduler = self.begin()

    def begin(self) -> Scheduler:
        """The scheduler of an engine that starts now."""
        scheduler = Scheduler(
            load(None, {}, {"clients.count": COUNT, **self._flags}),
            cast(Any, SimpleNamespace(fl=Played(), data=Played())),
            self.ledger,
            lambda facts: (),
            self.excused.__contains__,
            self,
        )
        scheduler.order = list(self.local)
        return scheduler

    def is_gone(self, address: str) -> bool:
        return address in self.down

    def round(self, number: int, state: RoundState, submitted: int = 0) -> RoundFacts:
        facts = RoundFacts(number, 0, "", "", ClientSet((1 << COUNT) - 1), ClientSet(7), b"", 0, 0, state)
        facts.submissions = {i: cast(Any, None) for i in range(submitted)}
        self.ledger.rounds[number] = facts
        return facts

    @property
    def call(self) -> Any:
        return self.scheduler.next_call()


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for joining is over."""
    now = module.time.monotonic() + JOIN_SECONDS + 1
    monkeypatch.setattr(module.time, "monotonic", lambda: now)


def test_misses_of_an_excused_round_are_not_recorded(bench: Bench) -> None:
    bench.round(1, RoundState.ABORTED, submitted=1)
    assert bench.call[:3] == ("record_miss", 1, 1)
    bench.excused.add(1)
    assert bench.call == ("open_round",)


def test_aborts_end_the_run_unless_the_run_itself_was_down(bench: Bench) -> None:
    for number in range(1, MOST_ABORTS + 1):
        assert bench.scheduler.failure() == ""
        bench.round(number, RoundState.ABORTED)
    assert bench.scheduler.failure() == f"{MOST_ABORTS} rounds in a row were aborted"
    bench.excused.add(1)
    assert bench.scheduler.failure() == ""
    for number in range(1, MOST_LOST + 1):
        bench.round(number, RoundState.ABORTED)
        bench.excused.add(number)
    assert bench.scheduler.failure() == f"{MOST_LOST} rounds in a row were aborted"


def test_a_version_between_two_aborts_begins_the_count_again(bench: Bench) -> None:
    aborted, finalised = RoundState.ABORTED, RoundState.FINALISED
    for number, state in enumerate((aborted, aborted, finalised, aborted), start=1):
        bench.round(number, state)
    assert bench.scheduler.failure() == ""


def test_aborts_before_this_engine_do_not_end_it(bench: Bench) -> None:
    for number in range(1, MOST_ABORTS + 1):
        bench.round(number, RoundState.ABORTED)
    bench.scheduler = bench.begin()
    assert bench.scheduler.failure() == ""


def test_no_round_is_opened_for_clients_without_a_process(bench: Bench, late: None) -> None:
    assert bench.call == ("open_round",)
    bench.down |= {"0x1", "0x2", "0x3"}
    assert bench.call is None
    waiting = bench.scheduler.waiting()
    assert waiting is not None and (waiting.id, waiting.fails_after) == ("starved", STARVED_SECONDS)
    assert waiting.text == "1 client can take part, a round needs 2"
    assert waiting.hint == "restart client-1, client-2 and client-3 (dltui client restart client-1)"


def test_the_way_back_of_suspended_clients_is_named(bench: Bench, late: None) -> None:
    for index in (0, 1, 3):
        bench.ledger.by_index[index].status = "suspended"
    waiting = bench.scheduler.waiting()
    assert waiting is not None
    assert waiting.hint == "reinstate client-0, client-1 and client-3 (dltui client reinstate client-0)"


def test_who_was_suspended_before_this_engine_is_reinstated_once(bench: Bench) -> None:
    for index in (1, 3):
        bench.ledger.by_index[index].status, bench.ledger.by_index[index].suspended_for = (
            "suspended",
            SuspendReason.MISSED,
        )
    bench.scheduler.missed_before = {"0x1", "0x3"}
    for index in (1, 3):
        assert bench.call == ("reinstate_client", index)
        bench.ledger.by_index[index].status = "active"
    assert bench.call == ("open_round",)
    bench.ledger.by_index[1].status = "suspended"
    assert bench.call == ("open_round",), "the operator's own suspension stays"


def test_who_asked_to_join_is_told_of_until_there_is_an_answer_whatever_else_goes_on() -> None:
    bench = Bench(**{"clients.auto_register": False})
    for index in (2, 3):
        bench.ledger.by_index[index].status = "pending"
    told = bench.scheduler.unanswered()
    assert told is not None and told.text == "waiting to be registered: client-2 and client-3"
    assert bench.scheduler.waiting() is None and bench.call is None
    bench.ledger.by_index[2].status = "rejected"
    bench.round(1, RoundState.OPEN)
    bench.scheduler.paused = True
    told = bench.scheduler.unanswered()
    assert told is not None and (told.id, told.text) == ("pending", "waiting to be registered: client-3")
    bench.ledger.by_index[3].status = "active"
    assert bench.scheduler.unanswered() is None and Bench().scheduler.unanswered() is None


@pytest.mark.parametrize("state", [RoundState.OPEN, RoundState.REPORTING, RoundState.ATTESTING, RoundState.FINALISED])
def test_what_the_machine_lacks_is_told_whatever_the_round_does(bench: Bench, state: RoundState) -> None:
    scheduler = bench.begin()
    bench.round(1, state)
    assert scheduler.waiting() is None
    scheduler.lack = Waiting("disk", "the disk is full", "free space")
    assert scheduler.waiting() == scheduler.lack
    scheduler.paused = True
    assert scheduler.waiting() == scheduler.lack
