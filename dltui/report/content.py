"""What a report tells, gathered from the journal: the state, and what the state forgets as it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from dltui.core import events as ev
from dltui.core.events import Event
from dltui.core.state.state import State
from dltui.errors import MismatchError, RunError
from dltui.rundir import journal
from dltui.rundir.documents import read_json
from dltui.rundir.paths import RunPaths


@dataclass
class Asked:
    """A command and what became of it; `ok` is None if no answer is on record."""

    at: str
    source: str
    name: str
    cli: str
    ok: bool | None = None
    message: str = ""


@dataclass
class Raised:
    """An alert, and when its cause was gone; empty if it still stood at the end."""

    at: str
    severity: str
    text: str
    cleared_at: str = ""


@dataclass
class Phases:
    """When a round reached each phase for the first time (UTC); empty if it did not."""

    opened: str = ""
    reporting: str = ""
    attesting: str = ""
    closed: str = ""


@dataclass
class Content:
    """A run as a report shows it."""

    state: State = field(default_factory=State)
    asked: list[Asked] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    phases: dict[int, Phases] = field(default_factory=dict)
    operator: str = ""
    """Address that the operator sends from."""
    state_sha256: str = ""
    """Hash of the node's closed state file."""
    head: str = ""
    """Hash of the journal's last line, from the summary; empty if the run has none."""
    damage: str = ""
    """Where the journal could not be read further, and why."""


def gather(paths: RunPaths) -> Content:
    """Read a run's journal as far as it is sound. Raises RunError if there is none."""
    content = Content(head=_head(paths))
    taker = _Taker(content)
    try:
        for event in journal.read(paths.journal, head=content.head or None):
            taker.take(event)
    except MismatchError as error:
        content.damage = str(error)
    if not content.state.last_seq and not content.damage:
        raise RunError("has no journal to report on", where=paths.id)
    return content


class _Taker:
    """Folds events into a content."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._asked: dict[str, Asked] = {}
        self._standing: dict[str, Raised] = {}

    def take(self, event: Event) -> None:
        data, content = event.data, self._content
        content.state.apply(event)
        if isinstance(data, ev.OpCommand) and data.name != "demo.step":
            asked = self._asked[data.id] = Asked(event.ts, data.source, data.name, data.cli)
            content.asked.append(asked)
        elif isinstance(data, ev.OpResult) and data.id in self._asked:
            asked = self._asked.pop(data.id)
            asked.ok, asked.message = data.ok, data.message
        elif isinstance(data, ev.RunAlert):
            self._raise(event.ts, data)
        elif isinstance(data, ev.RunAlertCleared) and data.id in self._standing:
            self._standing.pop(data.id).cleared_at = event.ts
        elif isinstance(data, ev.TxMined) and data.sender == "operator":
            content.operator = data.address
        elif isinstance(data, ev.ChainStopped):
            content.state_sha256 = data.state_sha256
        else:
            self._time(event)

    def _raise(self, at: str, data: ev.RunAlert) -> None:
        """An alert that only changes its words while it stands is one alert."""
        raised = self._standing.get(data.id)
        if raised is None:
            raised = self._standing[data.id] = Raised(at, data.severity, data.text)
            self._content.raised.append(raised)
        raised.severity, raised.text = data.severity, data.text

    def _time(self, event: Event) -> None:
        data = event.data
        if not isinstance(
            data, (ev.RoundOpened, ev.RoundReporting, ev.RoundAttesting, ev.RoundFinalised, ev.RoundAborted)
        ):
            return
        phases = self._content.phases.setdefault(data.round, Phases())
        if isinstance(data, ev.RoundOpened):
            phases.opened = event.ts
        elif isinstance(data, ev.RoundReporting):
            phases.reporting = phases.reporting or event.ts
        elif isinstance(data, ev.RoundAttesting):
            phases.attesting = phases.attesting or event.ts
        else:
            phases.closed = event.ts


def _head(paths: RunPaths) -> str:
    """Return the hash that the journal must end with. A summary that cannot be read is found by the verification."""
    try:
        return str(read_json(paths.summary)["journal"]["head"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
