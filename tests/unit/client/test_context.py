"""A client's place in the federation: what it knows of itself, which plan it keeps to, and how it sends."""

from __future__ import annotations

import os
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from dltui.chain import merkle
from dltui.chain.types import Call, Revert, Reverted
from dltui.client.context import MOST_TRIES, ClientContext
from dltui.client.duties.committee import CommitteeDuty
from dltui.client.duties.trainer import TrainingDuty
from dltui.client.spec import ClientSpec
from dltui.client.telemetry import Telemetry
from dltui.config.sections import Config, load
from dltui.core import events as ev
from dltui.core.chain_states import RoundState
from dltui.core.client_set import ClientSet
from dltui.core.events import Payload
from dltui.core.ledger import Ledger, Member, RoundFacts
from dltui.engine.forkserver_client import Child
from dltui.engine.pace import Pace
from dltui.engine.telemetry import TelemetryReader
from dltui.engine.timing import Timings
from dltui.learning.plan import LearningPlan

ADDRESS, FEDERATION = "0x" + "1a" * 20, "0x" + "2b" * 20
PLAN = LearningPlan.of(Config())


class Wallet:
    """Mines every call, or reverts it while `reverting`."""

    address = ADDRESS

    def __init__(self) -> None:
        self.sent: list[Call] = []
        self.reverting = False

    def send(self, call: Call) -> Any:
        self.sent.append(call)
        if self.reverting:
            raise Reverted(call.function, Revert("TooLate", "it is too late"))
        return SimpleNamespace(block=7, gas_used=21_000, hash="0x2")


def context(plan: LearningPlan = PLAN, descriptor: int | None = None) -> ClientContext:
    return ClientContext(
        wallet=cast(Any, Wallet()),
        contract=cast(Any, SimpleNamespace(address=FEDERATION)),
        registry=cast(Any, None),
        federation_id=b"\x33" * 32,
        chain_id=31_337,
        ledger=Ledger(),
        learner=cast(Any, SimpleNamespace(plan=plan, rank=0)),
        store=cast(Any, None),
        telemetry=Telemetry(descriptor),
    )


def opened(number: int = 3, plan: LearningPlan = PLAN) -> RoundFacts:
    return RoundFacts(number, 0, "cd" * 32, plan.hash, ClientSet(0b11), ClientSet(0b11), b"", 2**40, 0)


def test_it_knows_its_index_once_it_was_approved() -> None:
    held = context()
    assert (held.member, held.index) == (None, -1)
    held.ledger.members[ADDRESS] = Member(ADDRESS, "client-0", index=None)
    assert held.index == -1
    held.ledger.members[ADDRESS] = Member(ADDRESS, "client-0", index=4)
    assert held.index == 4


def test_its_seal_is_worthless_to_another_member_round_or_federation() -> None:
    held, facts = context(), opened()
    digest, root = "ef" * 32, b"\x44" * 32
    seal = held.seal(facts, digest, root)
    assert seal == merkle.seal(31_337, FEDERATION, b"\x33" * 32, 3, 0, ADDRESS, bytes.fromhex(digest), root)
    other = replace(held, federation_id=b"\x34" * 32)
    others = {other.seal(facts, digest, root), held.seal(opened(4), digest, root), held.seal(facts, "ee" * 32, root)}
    assert len(others | {seal}) == 4


def test_what_reverts_in_one_phase_is_tried_three_times_and_again_in_the_next() -> None:
    held, facts, call = context(), opened(), Call("FLContract", "submit", FEDERATION, b"", 90_000)
    wallet = cast(Wallet, held.wallet)
    wallet.reverting = True
    assert [held.send(call, facts) for _ in range(5)] == [True] * MOST_TRIES + [False] * 2
    assert len(wallet.sent) == MOST_TRIES and not held.sent
    wallet.reverting = False
    assert held.send(call, replace(facts, attempt=1)) and held.sent


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"model": "cnn"},
        {"training": msgspec.structs.replace(PLAN.training, learning_rate=0.06)},
        {"aggregation": msgspec.structs.replace(PLAN.aggregation, scale_bits=20)},
        {"deadlines": msgspec.structs.replace(PLAN.deadlines, train=11)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_client_with_another_plan_in_one_field_neither_trains_nor_votes_and_says_why(
    change: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """From the duty to the alert that the screen shows: the engine holds the plan of the round, the client another."""
    reader, writer = os.pipe()
    held = context(msgspec.structs.replace(PLAN, **change), writer)
    held.ledger.members[ADDRESS] = Member(ADDRESS, "client-0", index=1)
    facts = opened()
    training = TrainingDuty(held, cast(ClientSpec, SimpleNamespace(gate="", slots=0)), facts)
    vote = CommitteeDuty(held, facts)
    assert not training.step(facts) and not vote.step(facts)
    facts.state = RoundState.REPORTING
    assert not training.step(facts) and not vote.step(facts) and vote.due_at(facts) == float("inf")
    assert cast(Wallet, held.wallet).sent == []
    mine = held.learner.plan.hash[:12]
    reason = f"the round runs under plan {PLAN.hash[:12]}, and {mine} is the plan that is held here"
    assert [record.getMessage().partition(" - ")[0] for record in caplog.records] == [f"round 3: {reason}"]
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        (message,) = (msgspec.json.decode(line) for line in pipe)
    events: list[Payload] = []
    hearing = TelemetryReader(Timings(), Pace(load(), events.append), events.append)
    hearing.told("client-0", Child("client-0", "client", -1, pid=5), "client-0.log", message)
    (alert,) = events
    assert isinstance(alert, ev.RunAlert) and alert.text == f"client-0 has no update in round 3: {reason}"
    assert "client-0.log" in alert.hint


def test_a_refusal_is_said_once_a_round(caplog: pytest.LogCaptureFixture) -> None:
    held = context(msgspec.structs.replace(PLAN, seed=2))
    for number in (3, 3, 4, 4):
        assert not held.agrees(opened(number))
    assert len(caplog.records) == 2
    assert held.agrees(opened(5, held.learner.plan)) and len(caplog.records) == 2
