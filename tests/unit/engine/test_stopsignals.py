"""A signal ends the run at once, however long its loop would sleep."""

from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Iterator

import pytest

from dltui.engine.startup import SIGNALS
from dltui.engine.stopsignals import StopSignals


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    """A loop's selector; what a test does to the signals of this process is undone."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    waker = signal.set_wakeup_fd(-1)
    with selectors.DefaultSelector() as selector:
        yield selector
    signal.set_wakeup_fd(waker)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_wakes_the_loop_and_gives_the_reason(selector: selectors.BaseSelector, number: int) -> None:
    reasons: list[str] = []
    signals = StopSignals(selector, reasons.append)
    os.kill(os.getpid(), number)
    awake = selector.select(30)
    assert reasons == [f"stopped by {signal.Signals(number).name}"] and len(awake) == 1
    awake[0][0].data()
    assert selector.select(0) == [], signals


def test_a_storm_of_signals_holds_nobody_up(selector: selectors.BaseSelector) -> None:
    reasons: list[str] = []
    signals = StopSignals(selector, reasons.append)
    for _ in range(2_000):
        os.kill(os.getpid(), signal.SIGTERM)
    assert len(reasons) == 2_000 and selector.select(30), signals
