"""Fields that a later release added to an event: a journal that lacks them is accepted, one that lies is not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from dltui.core import events as ev
from dltui.core.events import Event, Payload
from dltui.errors import MismatchError
from dltui.verify.facts import compare

TS = "2026-11-24T00:00:00.000Z"

PLAN = ev.PlanSet(plan=1, plan_hash="ab", committee=3, quorum=2, require_approval=False, min_submissions=4)
UPDATE = ev.UpdateSubmitted(round=1, client="a", digest="cd", weight=5, tx="0x", scheme=1, group=7)
REPORT = ev.RoundReported(round=1, attempt=0, member="a", available=("a",), scores="beef")


def told(fact: Payload, **fields: object) -> list[Event]:
    return [Event(1, TS, replace(fact, **fields))]


@pytest.mark.parametrize(
    ("fact", "field", "older", "wrong"),
    [
        (PLAN, "min_submissions", 0, 2),
        (UPDATE, "scheme", 0, 2),
        (UPDATE, "group", 0, 8),
        (REPORT, "scores", "", "dead"),
    ],
)
def test_a_field_that_an_older_journal_lacks_is_accepted_and_a_wrong_one_is_not(
    fact: Payload, field: str, older: object, wrong: object
) -> None:
    assert compare([(1, fact)], told(fact), 1, "journal") == 1
    assert compare([(1, fact)], told(fact, **{field: older}), 1, "journal") == 1
    with pytest.raises(MismatchError, match=f"{field}={wrong}"):
        compare([(1, fact)], told(fact, **{field: wrong}), 1, "journal")


def test_what_every_journal_has_told_must_be_right() -> None:
    with pytest.raises(MismatchError, match="quorum=3"):
        compare([(1, PLAN)], told(PLAN, quorum=3), 1, "journal")
