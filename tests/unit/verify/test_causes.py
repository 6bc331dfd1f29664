"""What a journal tells beside the facts has its cause before it, and comes once."""

from __future__ import annotations

import pytest

from dltui.core import events as ev
from dltui.core.events import Event, Payload
from dltui.errors import MismatchError
from dltui.verify import causes

READY = ev.ChainReady(engine="embedded", pid=7, port=1, chain_id=31337, url="", reason="")
STOPPED = ev.ChainStopped(blocks=1, state_sha256="")
PUBLISHED = ev.ModelPublished(version=1, digest="ab", cid="", parent=0, round=1, accuracy_bp=9)
EVALUATED = ev.ModelEvaluated(version=1, accuracy_bp=9, loss=1.0, samples=9)
OPENED = ev.RoundOpened(round=1, base=0, base_digest="", plan_hash="", seed="", selected=(), committee=(), deadline=1)
ABORTED = ev.RoundAborted(round=1, attempt=0, reason="NO_QUORUM")
EXCUSED = ev.RoundExcused(round=1, reason="the run was down in it")
INCLUDED = ev.RoundIncluded(round=1, verdicts=())
WHOLE = (READY, OPENED, EXCUSED, PUBLISHED, EVALUATED, ABORTED, INCLUDED, STOPPED)


def check(*payloads: Payload) -> None:
    causes.check([Event(i, "", data) for i, data in enumerate(payloads, start=1)], "journal")


def test_each_after_its_cause_passes_and_a_node_may_come_back() -> None:
    check(*WHOLE, READY, PUBLISHED)


@pytest.mark.parametrize(
    ("payloads", "named"),
    [
        ((PUBLISHED, READY), "event 1: model.published is told before its node was ready"),
        ((*WHOLE, OPENED), "event 9: round.opened is told after its node ended"),
        ((READY, EVALUATED, PUBLISHED), "event 2: model.evaluated is told of version 1 before that was published"),
        ((READY, EXCUSED, OPENED), "event 2: round.excused is told of round 1 before that was opened"),
        ((READY, OPENED, INCLUDED, ABORTED), "event 3: round.included is told of round 1 before that ended"),
        ((*WHOLE, EVALUATED), "event 9: model.evaluated is told of version 1 a second time"),
        ((*WHOLE, EXCUSED), "event 9: round.excused is told of round 1 a second time"),
        ((*WHOLE, INCLUDED), "event 9: round.included is told of round 1 a second time"),
    ],
)
def test_what_comes_early_or_twice_is_named(payloads: tuple[Payload, ...], named: str) -> None:
    with pytest.raises(MismatchError) as caught:
        check(*payloads)
    assert named in str(caught.value)
