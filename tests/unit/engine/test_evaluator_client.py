"""An evaluator that dies, hangs or reads nothing: the engine never waits for it, and what is due is measured later."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from dltui.config.sections import load
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine import evaluator_client as module
from dltui.engine import restarts
from dltui.engine.evaluator_client import EVALUATOR, HUNG_SECONDS, EvaluatorClient
from dltui.engine.forkserver_client import Child
from dltui.errors import RunError
from dltui.rundir.paths import RunPaths

DIGEST = "ab" * 32
GENESIS = {
    "kind": "genesis",
    "digest": DIGEST,
    "data": {"dataset": "d", "schema": "s", "records": 9, "classes": 2, "test": 2, "sha256": "cd" * 32},
    "model": {"model": "m", "parameters": 5, "bytes": 20, "device": "cpu", "round_seconds": 1.0},
}


class Bench:
    """An evaluator whose fork server is played, whose pipe the test reads, and whose clock is moved."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        for place in (module, restarts):
            monkeypatch.setattr(place.time, "monotonic", lambda: self.now)
        self.children: dict[str, Child] = {}
        self.signals: list[int] = []
        self.events: list[Payload] = []
        self._fifo = folder / "evaluator.fifo"
        self.evaluator = EvaluatorClient(load(), RunPaths(folder), self, self.events.append)  # type: ignore[arg-type]
        self.evaluator.start()

    def spawn(self, child_id: str, role: str, spec: dict[str, Any]) -> None:
        assert spec["requests"] == str(self._fifo)
        self.children[child_id] = Child(child_id, role, pid=10 + len(self.signals))

    def signal(self, child: Child, signum: int) -> None:
        self.signals.append(signum)

    def asked(self) -> list[int]:
        """The versions that are asked for in the pipe now."""
        reader = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return [json.loads(line)["version"] for line in os.read(reader, 1 << 16).splitlines()]
        except BlockingIOError:
            return []
        finally:
            os.close(reader)

    def measured(self, version: int) -> None:
        self.evaluator.told({"kind": "measured", "version": version, "accuracy_bp": 1, "loss": 0.5, "samples": 2})

    def ends(self, code: int = -9) -> None:
        child = self.children[EVALUATOR]
        child.code = code
        self.evaluator.ended(child)

    @property
    def alerts(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, ev.RunAlert)]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def test_a_reader_that_is_gone_never_holds_the_engine_up(bench: Bench) -> None:
    """The pipe holds some 690 requests: thousands of versions must not fill it."""
    signal.alarm(20)
    bench.evaluator.told(GENESIS)
    for version in range(3_000):
        bench.evaluator.measure(version, DIGEST)
        bench.evaluator.turn()
    signal.alarm(0)
    assert bench.asked() == [0] and bench.evaluator.unmeasured == 3_000


def test_versions_are_asked_for_one_by_one(bench: Bench) -> None:
    bench.evaluator.measure(1, DIGEST)
    bench.evaluator.turn()
    assert bench.asked() == [], "nothing is asked of one that has not made version 0 yet"
    bench.evaluator.told(GENESIS)
    bench.evaluator.measure(2, DIGEST)
    for version in (1, 2):
        bench.evaluator.turn()
        bench.evaluator.turn()
        assert bench.asked() == [version]
        bench.measured(version)
    assert bench.evaluator.unmeasured == 0
    assert [event.version for event in bench.events if isinstance(event, ev.ModelEvaluated)] == [1, 2]


def test_one_that_dies_comes_back_and_measures_what_it_owed(bench: Bench) -> None:
    bench.evaluator.told(GENESIS)
    bench.evaluator.measure(1, DIGEST)
    bench.evaluator.turn()
    bench.ends()
    assert bench.alerts == ["the evaluator was ended by SIGKILL; it starts again in 0.5 s"]
    bench.evaluator.turn()
    assert bench.children[EVALUATOR].code == -9
    bench.now += 1.0
    bench.evaluator.turn()
    bench.evaluator.told(GENESIS)
    bench.evaluator.turn()
    assert bench.asked() == [1]
    bench.measured(1)
    assert bench.events[-2:-1] == [ev.RunAlertCleared(id=EVALUATOR)]


def test_one_that_dies_again_and_again_is_given_up_and_nothing_waits_for_it(bench: Bench) -> None:
    bench.evaluator.told(GENESIS)
    bench.evaluator.measure(1, DIGEST)
    for _ in range(len(restarts.PAUSES) + 1):
        bench.ends()
        bench.now += 10.0
        bench.evaluator.turn()
    assert bench.alerts[-1].endswith("versions are no longer measured on the test split")
    bench.evaluator.measure(2, DIGEST)
    assert bench.evaluator.unmeasured == 0


def test_one_that_hangs_is_killed_and_one_that_says_it_lives_is_not(bench: Bench) -> None:
    bench.evaluator.told(GENESIS)
    bench.now += 2 * HUNG_SECONDS
    bench.evaluator.turn()
    bench.evaluator.measure(1, DIGEST)
    for _ in range(3):
        bench.evaluator.turn()
        bench.now += HUNG_SECONDS - 1
        bench.evaluator.told({"kind": "alive"})
    assert bench.signals == []
    bench.now += HUNG_SECONDS + 1
    bench.evaluator.turn()
    assert bench.signals == [signal.SIGKILL]


def test_version_0_is_tried_again_after_a_signal_but_not_after_an_error(bench: Bench) -> None:
    bench.ends(-9)
    bench.now += 1.0
    bench.evaluator.turn()
    assert bench.children[EVALUATOR].code is None
    with pytest.raises(RunError, match="version 0 could not be made"):
        bench.ends(1)
