"""An event is declared in one place: a toy one is known to the journal, the chain's reader, the state and the panes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from dltui.chain.history.blocks import MinedTx
from dltui.chain.types import Log
from dltui.core.envelope import KINDS, LOGS, ChainFact, Event, Names, Payload
from dltui.core.events import payload_from, record
from dltui.core.ledger import Ledger, Member
from dltui.core.state.state import State, require
from dltui.core.views import event_row
from dltui.protocol.facts import FactStream

TS = "2026-11-24T10:20:30.400Z"


@pytest.fixture
def toy() -> Iterator[type[ChainFact]]:
    """A contract event that a later release may have: a client praises another."""

    class ClientPraised(ChainFact, frozen=True, kw_only=True):
        KIND: ClassVar[str] = "client.praised"
        LOG: ClassVar[str] = "Praised"
        LEVEL: ClassVar[str] = "good"
        id: str
        by: tuple[str, ...]

        @classmethod
        def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ClientPraised:
            return cls(id=names.client(args["index"]), by=names.clients(args["by"]))

        @staticmethod
        def record(ledger: Ledger, args: dict[str, Any]) -> None:
            ledger.by_index[args["index"]].misses = 0

        def fold(self, state: State, ts: str) -> tuple[str, ...]:
            require(self.id in state.clients, f"{self.id} was praised before it was known")
            state.clients[self.id].last_seen = ts
            return ("clients",)

        def sentence(self) -> str:
            return f"{self.id} praised by {' and '.join(self.by)}"

    yield ClientPraised
    del KINDS["client.praised"], LOGS["Praised"]


def no_reason(tx: MinedTx, block: int) -> str:
    return ""


def test_one_declaration_gives_fact_ledger_fold_and_sentence(toy: type[ChainFact]) -> None:
    facts = FactStream("0xop", no_reason, lambda digest: digest)
    facts.ledger.by_index = {i: Member(f"0x{i}", f"client-{i}", index=i, misses=2) for i in range(3)}
    facts.ids = {f"0x{i}": f"client-{i}" for i in range(3)}
    (fact,) = facts._meaning(Log("FLContract", "Praised", {"index": 1, "by": 0b101}, 7, "0xaa", 0))
    assert fact == payload_from("client.praised", {"id": "client-1", "by": ["client-0", "client-2"]})
    assert type(fact) is toy and facts.ledger.by_index[1].misses == 0 and facts.ledger.by_index[2].misses == 2
    state = State()
    state.client("client-1")
    assert state.apply(Event(1, TS, fact)) == {"clients", "events"}
    assert state.clients["client-1"].last_seen == TS and not state.alerts
    row = event_row(Event(1, TS, fact))
    assert (row.group, row.text, row.severity) == ("client", "client-1 praised by client-0 and client-2", "good")
    assert State().apply(Event(1, TS, fact)) == {"alert", "events"}


def test_a_log_that_nobody_declares_is_no_fact_and_changes_nothing() -> None:
    facts = FactStream("0xop", no_reason, lambda digest: digest)
    assert facts._meaning(Log("FLContract", "Praised", {"index": 1}, 7, "0xaa", 0)) == []
    ledger = Ledger()
    record(ledger, "Praised", {"index": 1})
    assert ledger == Ledger()


def test_two_events_of_one_kind_or_of_one_log_are_refused() -> None:
    with pytest.raises(TypeError, match=r"there is an event round\.opened already"):

        class Again(Payload, frozen=True, kw_only=True):
            KIND: ClassVar[str] = "round.opened"

    with pytest.raises(TypeError, match="there is an event of the log RoundOpened already"):

        class Twice(ChainFact, frozen=True, kw_only=True):
            LOG: ClassVar[str] = "RoundOpened"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_event_has_a_sentence_and_every_log_a_fact(kind: str) -> None:
    cls = KINDS[kind]
    assert cls.sentence is not Payload.sentence and cls.__doc__
    assert set(cls.ADDED) <= {name for name in cls.__struct_fields__}
    if issubclass(cls, ChainFact) and cls.LOG:
        assert LOGS[cls.LOG] is cls and cls.from_log.__func__ is not ChainFact.from_log.__func__  # type: ignore[attr-defined]
