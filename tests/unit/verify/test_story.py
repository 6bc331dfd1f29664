"""Order, times and kinds of a journal, on events made for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dltui
from dltui.core import events as ev
from dltui.core.events import Event, Payload, payload_from
from dltui.errors import MismatchError
from dltui.rundir.journal import timestamp
from dltui.verify.story import CLOCK_SLACK, check_block_times, check_order, unknown

BEGAN = 1_800_000_000.0
START = ev.RunStarted(run="abc", version=dltui.__version__, seed=1, rounds=1, config={})
END = ev.RunFinished(status="stopped", exit_code=0)
BLOCK = ev.ChainBlock(number=1, gas_used=1, txs=1, timestamp=int(BEGAN), hash="0x")


def told(*payloads: Payload, after: float = 1.0) -> list[Event]:
    """Events that follow each other by `after` seconds."""
    return [Event(i, timestamp(BEGAN + i * after), data) for i, data in enumerate(payloads, start=1)]


@given(steps=st.lists(st.floats(-CLOCK_SLACK / 3, 100.0), max_size=20))
def test_a_clock_may_be_set_back_a_little_but_not_more(steps: list[float]) -> None:
    times = [BEGAN]
    for step in steps:
        times.append(times[-1] + step)
    events = [Event(i, timestamp(now), BLOCK if i else START) for i, now in enumerate(times)]
    back = max(max(times[: i + 1]) - now for i, now in enumerate(times))
    if back < CLOCK_SLACK - 0.01:
        check_order(events, "journal")
    elif back > CLOCK_SLACK + 0.01:
        with pytest.raises(MismatchError, match="the time goes back"):
            check_order(events, "journal")


def test_an_end_is_followed_by_a_resume_or_by_nothing() -> None:
    check_order(told(START, BLOCK, END, ev.RunResumed(by="engine"), BLOCK, END), "journal")
    with pytest.raises(MismatchError, match=r"chain\.block follows run\.finished") as caught:
        check_order(told(START, END, BLOCK), "journal")
    assert caught.value.where == "journal, event 3"
    for events in (told(BLOCK, START), told(START, START)):
        with pytest.raises(MismatchError, match=r"begins with run\.started"):
            check_order(events, "journal")


@pytest.mark.parametrize(
    ("genesis", "by_clock", "words"),
    [
        (BEGAN, True, ""),
        (BEGAN - 1e5, True, "after its first block"),
        (BEGAN + 1e5, True, ""),
        (BEGAN, False, ""),
    ],
)
def test_the_first_block_is_made_when_the_run_has_begun(genesis: float, by_clock: bool, words: str) -> None:
    events = told(START, BLOCK)
    if words:
        with pytest.raises(MismatchError, match=words):
            check_block_times(events, int(genesis), by_clock, "journal")
    else:
        check_block_times(events, int(genesis), by_clock, "journal")


def test_a_block_is_told_after_it_was_made_unless_its_clock_may_be_ahead() -> None:
    early = told(START, ev.ChainBlock(number=1, gas_used=1, txs=1, timestamp=int(BEGAN) + 9_999, hash="0x"))
    check_block_times(early, int(BEGAN), False, "journal")
    with pytest.raises(MismatchError, match=r"block 1 is told 9,997 s before it was made"):
        check_block_times(early, int(BEGAN), True, "journal")


def fields(kind: str, **given: Any) -> tuple[Event, dict[str, Any]]:
    return Event(2, timestamp(BEGAN), payload_from(kind, given)), given


@pytest.mark.parametrize(
    ("version", "counted"),
    [("0.0.1", None), (dltui.__version__, None), (f"{dltui.__version__}.dev7+local", None), ("9999.0", 1)],
)
@pytest.mark.parametrize(
    "strange",
    [fields("model.praised"), fields("chain.lost", reason="gone", mood="bad")],
    ids=["kind", "field"],
)
def test_only_a_newer_version_may_tell_what_is_unknown(
    strange: tuple[Event, dict[str, Any]], version: str, counted: int | None
) -> None:
    began = fields("run.started", run="abc", version=version, seed=1, rounds=1, config={"new": {"key": 1}})
    known = fields("chain.lost", reason="gone")
    assert unknown([began, known], "journal") == 0
    if counted is not None:
        assert unknown([began, strange, known], "journal") == counted
        return
    with pytest.raises(MismatchError, match="has the unknown") as caught:
        unknown([began, strange], "journal")
    assert caught.value.where == "journal, event 2"
