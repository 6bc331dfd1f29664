"""What becomes of a client's words, and of its silence."""

from __future__ import annotations

from typing import Any

import pytest

from dltui.config.sections import load
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine import telemetry as module
from dltui.engine.forkserver_client import Child
from dltui.engine.pace import Pace
from dltui.engine.telemetry import SILENT_SECONDS, TelemetryReader
from dltui.engine.timing import Timings

CHILD = Child("client-0", "client", -1, pid=5)


class Heard:
    """A hearing, the events that it writes, and a clock to be moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: list[Payload] = []
        self.now = 1_000.0
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)
        self.telemetry = TelemetryReader(Timings(), Pace(load(), self.events.append), self.events.append)
        self.telemetry.heard("client-0")

    def tells(self, **message: Any) -> None:
        self.telemetry.told("client-0", CHILD, "client-0.log", message)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    return Heard(monkeypatch)


def test_the_start_and_the_end_of_training_reach_the_journal_however_short_it_was(heard: Heard) -> None:
    for activity in ("wait", "train", "train", "trained", "publish"):
        heard.tells(kind="progress", activity=activity, round=1, epoch=1, epochs=1, loss=0.5)
    told = [event.activity for event in heard.events if isinstance(event, ev.ClientProgress)]
    assert told == ["wait", "train", "trained"]


def test_the_first_word_on_a_round_reaches_the_journal_however_soon_it_comes(heard: Heard) -> None:
    """A client that queues for its turn says so once, and then nothing for as long as it queues."""
    for activity, number in (("trained", 1), ("publish", 1), ("attest", 1), ("wait", 2), ("wait", 2)):
        heard.tells(kind="progress", activity=activity, round=number)
    told = [(event.activity, event.round) for event in heard.events if isinstance(event, ev.ClientProgress)]
    assert told == [("trained", 1), ("wait", 2)]


def test_a_late_client_that_is_silent_is_named_until_it_speaks_again(heard: Heard) -> None:
    heard.now += SILENT_SECONDS + 1
    heard.telemetry.late("client-0", 5)
    alert = heard.events.pop()
    assert isinstance(alert, ev.RunAlert) and alert.id == "silent-client-0"
    assert alert.text.startswith("client-0 (pid 5) has said nothing for 4 s, it may hang")
    assert "dltui client stop client-0 --kill" in alert.hint
    heard.tells(kind="alive")
    assert heard.events == [ev.RunAlertCleared(id="silent-client-0")]


def test_a_late_client_that_speaks_is_only_slow(heard: Heard) -> None:
    heard.now += SILENT_SECONDS + 1
    heard.tells(kind="alive")
    heard.now += SILENT_SECONDS - 1
    heard.telemetry.late("client-0", 5)
    assert heard.events == []


def test_the_end_of_a_silent_client_clears_its_alert(heard: Heard) -> None:
    heard.now += SILENT_SECONDS + 1
    heard.telemetry.late("client-0", 5)
    heard.telemetry.over("client-0")
    heard.telemetry.over("client-0")
    assert [type(event) for event in heard.events] == [ev.RunAlert, ev.RunAlertCleared]


def test_why_there_is_no_update_is_told_in_harmless_words(heard: Heard) -> None:
    heard.tells(kind="trouble", round=2, text="not \x1b[31mfinite\n" + "x" * 1_000, hint="lower it")
    (alert,) = heard.events
    assert isinstance(alert, ev.RunAlert) and alert.id == "no-update-client-0"
    assert alert.text.startswith("client-0 has no update in round 2: not finite xxx") and len(alert.text) < 400
    assert alert.hint == "lower it; its log: client-0.log"


@pytest.mark.parametrize("message", [{}, {"kind": 1}, {"kind": "trouble", "round": "x", "text": "", "hint": ""}])
def test_nonsense_is_dropped(heard: Heard, message: dict[str, Any]) -> None:
    heard.tells(**message)
    assert heard.events == []
