"""The alerts of a run, each declared once: its name, what it is about, and the event that clears it.

An alert without such an event is cleared by what raised it, when the cause is gone. Names are recorded in journals: a
new name for an old alert keeps the old one in `earlier`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.core.state.entities import Alert


@dataclass(frozen=True)
class AlertKind:
    """One kind of alert. If it is about a client or a round, that follows its name in the id, behind a hyphen."""

    name: str
    about: Literal["", "client", "round"] = ""
    cleared_by: type[Payload] | None = None
    """The event that clears the one of its client; if it is about none, the only one."""
    earlier: tuple[str, ...] = ()

    def id(self, subject: object = "") -> str:
        """Return the id of the alert about `subject`, the id of a client or the number of a round."""
        return f"{self.name}-{subject}" if self.about else self.name

    def among(self, alerts: Mapping[str, Alert]) -> Alert | None:
        """Return the alert of this kind that stands, under its present name or an earlier one; None if none does."""
        return next((alerts[name] for name in (self.name, *self.earlier) if name in alerts), None)


APPROVAL = AlertKind("approval")
PENDING = AlertKind("pending")
STARVED = AlertKind("starved")
DISK = AlertKind("disk")
CHAIN = AlertKind("chain")
OPEN_NODE = AlertKind("open-node")
OPERATOR_TX = AlertKind("operator-tx")
TOO_SLOW = AlertKind("too-slow", cleared_by=ev.RoundFinalised)
EXCUSED = AlertKind("excused")
SILENT_NODE = AlertKind("node")
EVALUATOR = AlertKind("evaluator", earlier=("examiner",))
FORKSERVER = AlertKind("forkserver", earlier=("nursery",))
FORKSERVER_HUNG = AlertKind("forkserver-hung", earlier=("nursery-hung",))
SILENT = AlertKind("silent", "client")
NO_UPDATE = AlertKind("no-update", "client", ev.UpdateSubmitted)
EXITED = AlertKind("exited", "client", ev.ClientSpawned)
SUSPENDED = AlertKind("suspended", "client", ev.ClientReinstated)
VERDICTS = AlertKind("verdicts", "round")
GAS_BUDGET = AlertKind("gas-budget")

KINDS = tuple(kind for kind in list(globals().values()) if isinstance(kind, AlertKind))
"""Every kind that this version raises."""


def subject_of(id: str) -> tuple[AlertKind | None, str]:
    """Return what kind of alert an id names and what it is about; None for one of another version."""
    for kind in KINDS:
        if kind.about and id.startswith(f"{kind.name}-"):
            return kind, id[len(kind.name) + 1 :]
        if not kind.about and id in (kind.name, *kind.earlier):
            return kind, ""
    return None, ""


def cleared_by(payload: Payload) -> list[str]:
    """Return the ids of the alerts whose cause this event takes away."""
    subject = payload.client if isinstance(payload, ev.UpdateSubmitted) else getattr(payload, "id", "")
    return [kind.id(subject) for kind in KINDS if kind.cleared_by is type(payload)]
