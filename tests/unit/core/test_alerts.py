"""Alerts are declared once: ids that journals hold, what they are about, and what clears them."""

from __future__ import annotations

import pytest

from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.state.entities import Alert


def test_ids_are_those_of_recorded_runs() -> None:
    assert alerts.EXITED.id("client-3") == "exited-client-3" and alerts.VERDICTS.id(7) == "verdicts-7"
    assert alerts.NO_UPDATE.id("client-3") == "no-update-client-3" and alerts.STARVED.id() == "starved"
    names = [name for kind in alerts.KINDS for name in (kind.name, *kind.earlier)]
    assert len(names) == len(set(names)) and len(alerts.KINDS) == 19


@pytest.mark.parametrize("kind", alerts.KINDS, ids=lambda kind: kind.name)
def test_an_id_says_what_it_is_about(kind: alerts.AlertKind) -> None:
    subject = {"": "", "client": "node-1", "round": "12"}[kind.about]
    assert alerts.subject_of(kind.id(subject)) == (kind, subject)


def test_an_alert_of_an_earlier_release_is_found_under_its_old_name() -> None:
    old = Alert("nursery", "error", "gone", "", "")
    assert alerts.FORKSERVER.among({"nursery": old}) is old and alerts.FORKSERVER.among({}) is None
    assert alerts.subject_of("examiner") == (alerts.EVALUATOR, "") and alerts.subject_of("new-thing") == (None, "")


@pytest.mark.parametrize(
    ("event", "cleared"),
    [
        (ev.ClientSpawned(id="a", pid=1, address="0x"), ["exited-a"]),
        (ev.ClientReinstated(id="a"), ["suspended-a"]),
        (ev.UpdateSubmitted(round=1, client="a", digest="", weight=1, tx=""), ["no-update-a"]),
        (ev.ClientLeft(id="a"), []),
        (
            ev.RoundFinalised(
                round=1, attempt=0, version=1, digest="", verdicts_root="", accuracy_bp=0, agreeing=("a",)
            ),
            ["too-slow"],
        ),
    ],
)
def test_an_event_clears_what_it_ends(event: ev.Payload, cleared: list[str]) -> None:
    assert alerts.cleared_by(event) == cleared
