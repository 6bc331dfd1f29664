"""From logs to facts and to the ledger: what a log says of an update and a report is kept whole."""

from __future__ import annotations

from typing import Any

import pytest

from dltui.chain.types import Log
from dltui.core import events as ev
from dltui.core.chain_states import AbortReason, ClientStatus, RoundState
from dltui.core.client_set import ClientSet
from dltui.core.ledger import Member, RoundFacts, Submission
from dltui.errors import ChainError
from dltui.protocol.facts import FACTS, FactStream


@pytest.fixture
def facts() -> FactStream:
    made = FactStream("0xop", lambda tx, block: "", lambda digest: f"cid-{digest}")
    for index in range(4):
        member = Member(f"0x{index}", f"client-{index}", ClientStatus.ACTIVE, index)
        made.ledger.members[member.address] = made.ledger.by_index[index] = member
        made.ids[member.address] = member.name
    everybody = ClientSet.of(range(4))
    made.ledger.rounds[1] = RoundFacts(1, 0, "", "", everybody, ClientSet(0b11), b"", 0, 1)
    return made


def said(facts: FactStream, event: str, **args: Any) -> list[ev.Payload]:
    return facts._meaning(Log("FLContract", event, args, 5, "0xaa", 0))


def submitted(facts: FactStream, index: int, scheme: int = 0, group: int = 0) -> list[ev.Payload]:
    digest = bytes([index]) * 32
    return said(facts, "UpdateSubmitted", round=1, index=index, digest=digest, weight=9, scheme=scheme, group=group)


def test_scheme_and_group_of_an_update_and_scores_of_a_report_are_kept(facts: FactStream) -> None:
    (fact,) = submitted(facts, 2, scheme=1, group=7)
    assert isinstance(fact, ev.UpdateSubmitted) and (fact.scheme, fact.group, fact.client) == (1, 7, "client-2")
    assert facts.ledger.rounds[1].submissions[2] == Submission(2, "02" * 32, 9, 1, 7)
    (fact,) = said(facts, "Reported", round=1, attempt=0, index=0, available=0b100, scores=b"\x01\xff")
    assert isinstance(fact, ev.RoundReported) and (fact.scores, fact.available) == ("01ff", ("client-2",))
    held = facts.ledger.rounds[1]
    assert held.scores == {0: b"\x01\xff"} and held.reports == {0: ClientSet(0b100)}
    assert held.candidates(1) == {2} and held.candidates(2) == set()


def test_who_was_late_is_said_before_the_phase_ends(facts: FactStream) -> None:
    submitted(facts, 0)
    said(facts, "ClientSuspended", index=3, reason=0)
    told = said(facts, "ReportingStarted", round=1, attempt=0, submitted=1, committee=0b11, deadline=9)
    assert [(late.id, late.what) for late in told[:-1] if isinstance(late, ev.ClientLate)] == [
        ("client-1", "submit"),
        ("client-2", "submit"),
    ]
    assert isinstance(told[-1], ev.RoundReporting) and facts.ledger.rounds[1].state == RoundState.REPORTING
    said(facts, "Reported", round=1, attempt=0, index=0, available=1, scores=b"")
    told = said(facts, "AttestingStarted", round=1, attempt=0, reported=1, deadline=9)
    assert told[0] == ev.ClientLate(id="client-1", round=1, what="report")
    told = said(facts, "RoundAborted", round=1, attempt=0, reason=2, verdictsRoot=bytes(32), nextSeed=bytes(32))
    assert told[0] == ev.ClientLate(id="client-0", round=1, what="attest")
    assert told[1] == ev.RoundAborted(round=1, attempt=0, reason=AbortReason.NO_QUORUM.text)


def test_nobody_is_late_for_a_round_whose_base_was_rejected(facts: FactStream) -> None:
    submitted(facts, 1)
    gone = AbortReason.BASE_REJECTED
    told = said(facts, "RoundAborted", round=1, attempt=0, reason=int(gone), verdictsRoot=bytes(32), nextSeed=b"")
    assert told == [ev.RoundAborted(round=1, attempt=0, reason=gone.text)]
    assert facts.ledger.rounds[1].selected == ClientSet(0b10)


def test_a_log_that_nothing_led_to_is_a_gap(facts: FactStream) -> None:
    with pytest.raises(ChainError, match="does not follow from the blocks"):
        said(facts, "UpdateSubmitted", round=9, index=0, digest=bytes(32), weight=1, scheme=0, group=0)


def test_what_comes_from_the_chain_alone() -> None:
    assert ev.ClientLate in FACTS and ev.ChainBlock in FACTS and ev.RoundOpened in FACTS
    assert ev.RoundTimed not in FACTS and ev.RoundIncluded not in FACTS and len(FACTS) == 30
