"""Which transactions a command means, and when the ledger rules them out."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.core.chain_states import ClientStatus, RoundState
from dltui.core.client_set import ClientSet
from dltui.core.ledger import Commitment, Ledger, Member, RoundFacts
from dltui.engine.calls import Calls
from dltui.errors import RunError


class Played:
    """A wrapper of a contract: each call is its name and arguments."""

    def __getattr__(self, name: str) -> Callable[..., tuple[Any, ...]]:
        return lambda *args: (name, *args)


class Bench:
    """Three members: alice is active, bob pending, carol pending without data."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        statuses = {"alice": ClientStatus.ACTIVE, "bob": ClientStatus.PENDING, "carol": ClientStatus.PENDING}
        for name, status in statuses.items():
            index = 0 if status == ClientStatus.ACTIVE else None
            self.ledger.members[f"0x{name}"] = Member(f"0x{name}", name, status, index)
            if name != "carol":
                self.ledger.data[f"0x{name}"] = Commitment(b"", 5, b"", True)
        facts = SimpleNamespace(ledger=self.ledger, id_of=lambda address: address[2:])
        scheduler = SimpleNamespace(pending_call=lambda member: [("accept", member.name)])
        federation = SimpleNamespace(fl=Played(), models=Played())
        self.calls = Calls(cast(Any, federation), cast(Any, facts), cast(Any, scheduler))

    def of(self, name: str, **args: Any) -> Any:
        return self.calls.of(name, args)

    def opened(self, state: RoundState) -> None:
        everybody = ClientSet(1)
        self.ledger.rounds[3] = RoundFacts(3, 0, "", "", everybody, everybody, b"", 0, 0, state)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("name", "client", "call"),
    [
        ("client.approve", "bob", ("accept", "bob")),
        ("client.register", "bob", ("accept", "bob")),
        ("client.reject", "bob", ("reject_client", "0xbob")),
        ("client.reject", "carol", ("reject_client", "0xcarol")),
        ("client.suspend", "alice", ("suspend_client", 0)),
        ("client.reinstate", "alice", ("reinstate_client", 0)),
        ("client.ban", "alice", ("ban_client", 0)),
        ("client.complete-leave", "alice", ("complete_leave", 0)),
    ],
)
def test_a_command_about_a_client(bench: Bench, name: str, client: str, call: Any) -> None:
    assert bench.of(name, client=client) == [call]


@pytest.mark.parametrize(
    ("name", "client", "why"),
    [
        ("client.approve", "alice", "alice is active, not pending"),
        ("client.approve", "carol", "carol has not committed to its data yet"),
        ("client.reject", "alice", "alice is active, not pending"),
        ("client.suspend", "bob", "bob is not registered yet"),
        ("client.ban", "carol", "carol is not registered yet"),
        ("client.ban", "dave", "no client dave has asked to join"),
    ],
)
def test_what_the_ledger_rules_out(bench: Bench, name: str, client: str, why: str) -> None:
    with pytest.raises(RunError, match=why):
        bench.of(name, client=client)


def test_a_command_about_a_version(bench: Bench) -> None:
    assert bench.of("model.approve", version=4) == [("approve", 4)]
    assert bench.of("model.reject", version=4) == [("reject", 4)]


def test_a_round_is_opened_unless_one_is_in_flight(bench: Bench) -> None:
    assert bench.of("round.open") == [("open_round",)]
    for state in (RoundState.OPEN, RoundState.REPORTING, RoundState.ATTESTING):
        bench.opened(state)
        with pytest.raises(RunError, match=f"round 3 is {state}"):
            bench.of("round.open")
    for state in (RoundState.FINALISED, RoundState.ABORTED):
        bench.opened(state)
        assert bench.of("round.open") == [("open_round",)]


def test_a_new_client_and_what_needs_no_transaction_give_no_call(bench: Bench) -> None:
    assert bench.of("client.register", client="dave") == []
    assert bench.of("run.pause") == [] and bench.of("client.stop", client="alice") == []
