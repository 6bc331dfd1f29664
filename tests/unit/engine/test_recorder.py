"""Where events go, what follows them, and what a full disk does to them."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine import recorder as module
from dltui.engine.reactions import Reactions
from dltui.engine.reactor import Reactor, Stopped
from dltui.engine.recorder import Recorder
from dltui.errors import RunError
from dltui.rundir.journal import Journal, read

ALERT = ev.RunAlert(id="disk", severity="warning", text="x", hint="")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FULL_TURN", 0.0)


class Full:
    """A journal on a disk without room, until `tries` attempts were made."""

    def __init__(self, journal: Journal, tries: int) -> None:
        self.journal, self.tries = journal, tries

    def append(self, payload: Payload) -> Any:
        self.tries -= 1
        if self.tries >= 0:
            raise RunError("cannot be written") from OSError(errno.ENOSPC, "no space")
        return self.journal.append(payload)


def recorder(folder: Path, tries: int = 0) -> tuple[Recorder, Any, Reactor]:
    disk, reactor = SimpleNamespace(full=False), Reactor()
    return Recorder(cast(Any, Full(Journal(folder), tries)), cast(Any, disk), reactor), disk, reactor


def test_an_event_is_written_then_folded_then_followed(tmp_path: Path) -> None:
    made, _, _ = recorder(tmp_path)
    seen: list[tuple[Payload, bool, int]] = []
    made.follow(lambda payload: seen.append((payload, "disk" in made.state.alerts, len(list(read(tmp_path))))))
    made.emit(ALERT)
    assert seen == [(ALERT, True, 1)]


def test_an_alert_is_cleared_if_it_stands(tmp_path: Path) -> None:
    made, _, _ = recorder(tmp_path)
    made.clear("disk")
    made.emit(ALERT)
    made.clear("disk")
    made.clear("disk")
    assert [event.data for event in read(tmp_path)] == [ALERT, ev.RunAlertCleared(id="disk")]


def test_a_full_disk_is_waited_for_and_no_event_is_lost(tmp_path: Path) -> None:
    made, disk, _ = recorder(tmp_path, tries=3)
    made.emit(ALERT)
    assert disk.full and [event.data for event in read(tmp_path)] == [ALERT]


def test_a_stop_ends_the_wait_for_room(tmp_path: Path) -> None:
    made, _, reactor = recorder(tmp_path, tries=1_000)
    reactor.ask_stop("stopped by SIGTERM")
    with pytest.raises(Stopped, match="stopped by SIGTERM"):
        made.emit(ALERT)
    assert not reactor.blocked


def test_at_the_end_nothing_is_waited_for(tmp_path: Path) -> None:
    made, disk, reactor = recorder(tmp_path, tries=1)
    reactor.ending = True
    with pytest.raises(RunError, match="cannot be written"):
        made.emit(ALERT)
    assert not disk.full


def test_another_failure_of_the_disk_is_no_lack_of_room(tmp_path: Path) -> None:
    made, disk, _ = recorder(tmp_path)
    cast(Any, made)._journal = SimpleNamespace(append=lambda payload: (_ for _ in ()).throw(RunError("damaged")))
    with pytest.raises(RunError, match="damaged"):
        made.emit(ALERT)
    assert not disk.full


def test_the_summary_is_what_the_journal_adds_up_to(tmp_path: Path) -> None:
    disk, reactor = cast(Any, SimpleNamespace(full=False)), Reactor()
    made = Recorder(Journal(tmp_path / "journal"), disk, reactor)
    made.emit(ev.RunFinished(status="done", exit_code=0, reason=""))
    made.close(tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text())["status"] == "done"


PUBLISHED = ev.ModelPublished(version=1, digest="ab", cid="c", parent=0, round=1, accuracy_bp=5)


class Everybody:
    """Workers, timings and excused rounds in one."""

    def __init__(self) -> None:
        self.did: list[Any] = []
        self.running, self.wanted, self.evaluator = ["a"], ["a", "b"], self

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.did.append((name, *args))


@pytest.mark.parametrize(
    ("payload", "alert", "did"),
    [
        (
            ev.ModelPublished(version=1, digest="ab", cid="c", parent=0, round=1, accuracy_bp=5),
            "",
            ("measure", 1, "ab"),
        ),
        (ev.ClientLate(round=1, id="a", what="update"), "", ("late", "a")),
        (ev.ClientExited(id="a", pid=1, code=1, asked=False), "", ("ended", "a", ["a", "b"])),
        (ev.ClientExited(id="a", pid=1, code=1, asked=True), "", None),
        (ev.ClientSpawned(id="a", pid=1, address="0x", part=0), "exited-a", None),
        (ev.ClientReinstated(id="a"), "suspended-a", None),
    ],
)
def test_what_an_event_means_for_the_engine(tmp_path: Path, payload: Payload, alert: str, did: Any) -> None:
    made, _, _ = recorder(tmp_path)
    everybody = Everybody()
    if alert:
        made.emit(ev.RunAlert(id=alert, severity="warning", text="x", hint=""))
    Reactions(made, *[cast(Any, everybody)] * 3)
    made.emit(payload)
    assert ("saw", payload) in everybody.did and alert not in made.state.alerts
    assert [entry for entry in everybody.did if entry[0] != "saw"] == ([did] if did else [])
