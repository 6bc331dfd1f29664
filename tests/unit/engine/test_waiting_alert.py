"""What is waited for is told once and ends the run where it has a limit; what failed is tried ever later."""

from __future__ import annotations

import pytest

from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine import waiting_alert
from dltui.engine.scheduler import Waiting
from dltui.engine.waiting_alert import Backoff, Hold, WaitingAlert
from dltui.errors import RunError


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the module: one number, to be changed."""
    clock = [100.0]
    monkeypatch.setattr(waiting_alert.time, "monotonic", lambda: clock[0])
    return clock


def test_a_wait_is_told_once_renewed_and_cleared(now: list[float]) -> None:
    told: list[Payload] = []
    alert = WaitingAlert(told.append, Hold())
    first, other = Waiting("pending", "waiting for a", "r"), Waiting("pending", "waiting for a and b", "r")
    for waiting in (None, first, first, other, None):
        alert.tell(waiting)
    assert told == [
        ev.RunAlert(id="pending", severity="warning", text="waiting for a", hint="r"),
        ev.RunAlert(id="pending", severity="warning", text="waiting for a and b", hint="r"),
        ev.RunAlertCleared(id="pending"),
    ]


def test_a_wait_with_a_limit_ends_and_one_of_another_kind_begins_anew(now: list[float]) -> None:
    alert = WaitingAlert(lambda payload: None, Hold())
    alert.tell(Waiting("starved", "only 1", "register", fails_after=60.0))
    now[0] += 59
    alert.tell(Waiting("approval", "version 1", "a"))
    alert.tell(Waiting("starved", "only 1", "register", fails_after=60.0))
    now[0] += 60
    alert.tell(Waiting("starved", "only 1", "register", fails_after=60.0))
    now[0] += 1
    with pytest.raises(RunError, match="only 1"):
        alert.tell(Waiting("starved", "only 1", "register", fails_after=60.0))


def test_a_failure_is_tried_again_ever_later(now: list[float]) -> None:
    backoff, pauses = Backoff(), []
    assert backoff.over
    for _ in range(8):
        backoff.failed()
        began = now[0]
        while not backoff.over:
            now[0] += 0.5
        pauses.append(now[0] - began)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    backoff.succeeded()
    backoff.failed()
    now[0] += 0.5
    assert backoff.over


def test_a_reader_holds_the_engine_for_as_long_as_was_said_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(waiting_alert.time, "monotonic", lambda: now[0])
    hold = Hold()
    assert hold.over
    hold.hold(3.0)
    now[0] += 2.9
    assert not hold.over
    now[0] += 0.1
    assert hold.over
    hold.hold(60.0)
    hold.hold(0.0)
    assert hold.over


def test_a_limit_is_told_once_put_off_while_a_screen_is_open_and_then_begins_in_full(
    now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_alert.time, "time", lambda: now[0] + 1_000)
    told: list[ev.RunAlert] = []
    screen = Hold()
    alert = WaitingAlert(told.append, screen)  # type: ignore[arg-type]
    starved = Waiting("starved", "only 1", "register", fails_after=60.0)
    alert.tell(starved)
    now[0] += 59
    alert.tell(starved)
    for _ in range(30):
        screen.hold(9.0)
        alert.tell(starved)
        now[0] += 3
    now[0] += 6
    alert.tell(starved)
    assert [(a.until or 0, a.held or False) for a in told] == [(1_160, False), (0, True), (int(now[0]) + 1_060, False)]
    now[0] += 60
    alert.tell(starved)
    now[0] += 1
    with pytest.raises(RunError, match="only 1"):
        alert.tell(starved)


def test_a_screen_holds_nothing_that_has_no_limit(now: list[float]) -> None:
    told: list[Payload] = []
    screen = Hold()
    alert = WaitingAlert(told.append, screen)
    screen.hold(9.0)
    alert.tell(Waiting("approval", "version 1", "a"))
    assert told == [ev.RunAlert(id="approval", severity="warning", text="version 1", hint="a")]
