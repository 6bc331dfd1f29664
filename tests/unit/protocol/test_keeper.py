"""Who moves a round on that is due: one of many, whenever they wake up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltui.client import participant
from dltui.client.context import ClientContext
from dltui.client.duties import committee
from dltui.client.duties.committee import CommitteeDuty
from dltui.client.participant import Participant
from dltui.core.chain_states import RoundState
from dltui.core.client_set import ClientSet
from dltui.core.ledger import RoundFacts
from dltui.protocol import keeper

START = 1_800_000_000.0
STEP = 0.01
MINED_IN = 0.2
"""Seconds from sending a transaction to its block."""
PLAN = {"quorum": 2, "attestWindow": 10}
NOWS = st.floats(START, START + 1_000, allow_nan=False)


@given(st.integers(1, 20), st.data(), NOWS)
def test_a_late_turn_comes_within_a_cycle_and_belongs_to_one(places: int, data: Any, now: float) -> None:
    place = data.draw(st.integers(0, places - 1))
    turn = keeper.late_turn(place, places, now)
    assert now <= turn < now + places * keeper.LATE
    within = turn % (places * keeper.LATE) / keeper.LATE
    assert place - 1e-3 <= within <= place + 0.5 + 1e-3 or places - within < 1e-3


@given(st.integers(0, 12), st.floats(0, 60, allow_nan=False))
def test_who_is_there_in_time_acts_in_order(rank: int, after: float) -> None:
    facts = overdue(RoundState.OPEN)
    first = keeper.due_at(facts, rank)
    turn = keeper.next_turn(facts, rank, facts.deadline + after)
    assert turn >= first
    if facts.deadline + after < first + keeper.SPACING:
        assert turn == max(first, facts.deadline + after)


def overdue(state: str) -> RoundFacts:
    facts = RoundFacts(
        1, 0, "cd" * 32, "ab" * 32, ClientSet(0b11111), ClientSet(0b11111), b"", int(START), 0, state=state
    )
    facts.reports = {index: ClientSet(0b11111) for index in range(5)}
    return facts


class Federation:
    """A chain on which one transaction moves the round on, and each later one reverts; its clock is moved by hand."""

    def __init__(self, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.state, self.moved_at = START + 60, state, None
        self.sent: list[float] = []
        for module in (keeper, committee, participant):
            if hasattr(module, "time"):
                monkeypatch.setattr(module.time, "time", lambda: self.now)

    @property
    def moved(self) -> bool:
        return bool(self.sent) and self.now >= self.sent[0] + MINED_IN

    def round_of(self, number: int) -> Any:
        state = RoundState.FINALISED if self.moved else RoundState[self.state.upper()]
        return SimpleNamespace(state=state, attempt=0)

    def __getattr__(self, name: str) -> Any:
        return lambda *args: (name, *args)

    def seat(self, index: int) -> ClientContext:
        made = SimpleNamespace(
            index=index, contract=self, enforced=lambda facts: PLAN, agrees=lambda facts: True, send=self._send
        )
        return cast(ClientContext, made)

    def _send(self, call: Any, facts: RoundFacts) -> bool:
        self.sent.append(self.now)
        return True


def play(chain: Federation, awake: list[float], member: Any) -> None:
    """Step every member, awake from its time on, until a while after the round moved on; a sender waits for its block.

    Each sees what moved only half a second later, as in a node that is busy.
    """
    facts = [overdue(chain.state) for _ in awake]
    for told in facts:
        told.attested = dict.fromkeys(range(len(awake)), 9_000)
    members = [member(index) for index in range(len(awake))]
    busy_until = [START + 60 + at for at in awake]
    for _ in range(1_200):
        chain.now += STEP
        for index, step in enumerate(members):
            if chain.now < busy_until[index]:
                continue
            if chain.moved and chain.now > chain.sent[0] + MINED_IN + 0.5:
                facts[index].state = RoundState.FINALISED
            if facts[index].state == chain.state and step(facts[index]):
                busy_until[index] = chain.now + MINED_IN
    assert chain.moved


AWAKE = st.lists(st.floats(0, 3, allow_nan=False), min_size=2, max_size=5) | st.lists(
    st.just(0.0), min_size=2, max_size=5
)


@given(AWAKE)
@settings(deadline=None, max_examples=15)
def test_one_of_the_members_that_come_back_finalises(awake: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        chain = Federation(RoundState.ATTESTING, patch)
        result = SimpleNamespace(digest="ee" * 32, verdict_blob=None, model=None, manifest=None)
        patch.setattr(CommitteeDuty, "_compute", lambda duty, facts: duty.__dict__.setdefault("_told", result))
        duties = {i: CommitteeDuty(chain.seat(i), overdue(RoundState.ATTESTING)) for i in range(len(awake))}
        play(chain, awake, lambda index: duties[index].step)
        assert len(chain.sent) == 1


@given(AWAKE)
@settings(deadline=None, max_examples=15)
def test_one_of_the_clients_that_wake_up_closes_the_phase(awake: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        chain = Federation(RoundState.OPEN, patch)

        def member(index: int) -> Any:
            client = cast(Any, object.__new__(Participant))
            client._context, client._contract = chain.seat(index), chain
            return client._move_on

        play(chain, awake, member)
        assert len(chain.sent) == 1


def test_members_that_stood_still_with_their_result_at_hand_do_not_all_finalise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They had their turns in order, all of which passed while they stood still."""
    chain = Federation(RoundState.ATTESTING, monkeypatch)
    result = SimpleNamespace(digest="ee" * 32, verdict_blob=None, model=None, manifest=None)
    monkeypatch.setattr(CommitteeDuty, "_compute", lambda duty, facts: result)
    duties = [CommitteeDuty(chain.seat(index), overdue(RoundState.ATTESTING)) for index in range(5)]
    for duty in duties:
        duty._published, duty._finalise_at = True, START + 10
    play(chain, [0.0] * 5, lambda index: duties[index].step)
    assert len(chain.sent) == 1


def test_nobody_sends_what_the_chain_has_done_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own view may be blocks behind."""
    chain = Federation(RoundState.OPEN, monkeypatch)
    chain.sent.append(START)
    client = cast(Any, object.__new__(Participant))
    client._context, client._contract = chain.seat(0), chain
    for _ in range(1_000):
        chain.now += STEP
        assert not client._move_on(overdue(RoundState.OPEN))
    assert chain.sent == [START]
