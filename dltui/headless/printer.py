"""The narration of a run on stderr: one line a fact worth saying, a block a round, and every wait by its name.

A round has three lines, and one for each thing that happened in it; `verbose` tells its steps, `quiet` trouble alone.
"""

from __future__ import annotations

from typing import Literal, TextIO

from rich.text import Text

from dltui.core import events as ev
from dltui.core import format as fmt
from dltui.core import views
from dltui.core.chain_states import RoundState
from dltui.core.events import Event, Payload
from dltui.core.state.entities import GasRow, Round
from dltui.core.state.state import State
from dltui.core.views.taking_part import seconds_since_opening
from dltui.core.views.time import account
from dltui.headless.console import console

QUIET_SECONDS = 5.0
"""Silence after which a wait is named, and again after each such silence that follows."""

SILENT: tuple[type[Payload], ...] = (
    ev.ChainBlock,
    ev.ClientProgress,
    ev.ClientReady,
    ev.ClientSpawned,
    ev.DataCommitted,
    ev.DataApproved,
    ev.ModelEvaluated,
    ev.RoundIncluded,
    ev.RoundReported,
    ev.RoundAttested,
    ev.RoundTimed,
    ev.RunAlertCleared,
    ev.TxMined,
    ev.UpdateSubmitted,
    ev.DemoStep,
)
"""Told in a round's block, or too small to tell."""

STEPS: tuple[type[Payload], ...] = (
    ev.RoundOpened,
    ev.RoundReporting,
    ev.RoundAttesting,
    ev.RoundFinalised,
    ev.OpResult,
)
"""What the block of a round, or the event behind a command, says again."""

Level = Literal["quiet", "normal", "verbose"]

_STYLES = {"info": "", "good": "green", "warning": "yellow", "error": "bold red"}


class Printer:
    """Writes what happens for a person who reads along."""

    def __init__(self, err: TextIO, level: Level = "normal", *, ascii: bool = False) -> None:
        self._console = console(err)
        self._level = level
        self._ascii = ascii or not (self._console.encoding or "").lower().startswith("utf")
        self._told: dict[int, int] = {}
        """The rounds whose block was told, and the transactions that it counted."""
        self._alerts: dict[str, bool] = {}
        """The alerts that stand, and whether what they threaten is held."""
        self._spoke_at: float | None = None

    def event(self, event: Event, state: State, now: float) -> None:
        """Tell one event; `state` has taken it in already."""
        data = event.data
        if isinstance(data, ev.RunFinished):
            self._rounds(state)
        if isinstance(data, (ev.RoundOpened, ev.RunFinished)):
            self._late_gas(state)
        if self._repeated(data):
            return
        row = views.event_row(event)
        if isinstance(data, ev.DemoStep) and self._level != "quiet":
            self._step(data)
        elif not isinstance(data, SILENT) and not self._spared(data, row.severity):
            line = Text(f"{row.time[:8]}  ", style="dim").append(f"{row.group:<7}", style="cyan")
            self._say(line.append(row.text, style=_STYLES.get(row.severity, "")))
        else:
            if isinstance(data, ev.RoundTimed) and data.round in state.rounds:
                self._block(state, state.rounds[data.round])
            return
        self._spoke_at = now

    def idle(self, state: State, now: float) -> None:
        """Name the wait when nothing was said for a while."""
        if self._spoke_at is None:
            self._spoke_at = now
        waiting = views.waiting(state, now)
        if waiting is not None and self._level != "quiet" and now - self._spoke_at >= QUIET_SECONDS:
            self._say(Text(f"          ... {waiting.text}", style="dim"))
            self._spoke_at = now

    def note(self, text: str, style: str = "") -> None:
        """A line of the program's own."""
        self._say(Text(text, style=style))

    def _spared(self, data: Payload, severity: str) -> bool:
        """Return whether this level passes over a fact."""
        if self._level == "quiet":
            return severity not in ("warning", "error") and not isinstance(data, ev.RunFinished)
        if self._level == "verbose" or severity in ("warning", "error"):
            return False
        return isinstance(data, STEPS) or (isinstance(data, ev.ModelPublished) and data.round > 0)

    def _repeated(self, data: Payload) -> bool:
        """Return whether an alert still stands and only changes its words: the wait's own line keeps up with it."""
        if isinstance(data, ev.RunAlertCleared):
            self._alerts.pop(data.id, None)
        if not isinstance(data, ev.RunAlert):
            return False
        before, self._alerts[data.id] = self._alerts.get(data.id), data.held is True
        return before == self._alerts[data.id]

    def _rounds(self, state: State) -> None:
        """The rounds that closed without a word about their time."""
        for _, shown in sorted(state.rounds.items()):
            if shown.state in (RoundState.FINALISED, RoundState.ABORTED):
                self._block(state, shown)

    def _step(self, data: ev.DemoStep) -> None:
        self._say(Text(f"\n[{data.n}/{data.of}] {data.title}", style="bold magenta"))
        self._say(Text(f"  {data.text}\n", style="italic"))

    def _block(self, state: State, shown: Round) -> None:
        if shown.number in self._told:
            return
        self._told[shown.number] = state.chain.by_round.get(shown.number, GasRow()).txs
        took = fmt.duration(_took(shown))
        good = shown.state == RoundState.FINALISED
        if good and self._level == "quiet":
            return
        mark = fmt.symbol("done" if good else "bad", self._ascii)
        title = f"{mark} round {shown.number} {shown.state} after {took}" + (f": {shown.reason}" if not good else "")
        self._say(Text(title, style="bold green" if good else "bold red"))
        facts = block_lines(state, shown)
        for name, text in facts if self._level == "verbose" else in_short(facts):
            self._say(Text(f"    {name:<10}", style="dim").append(text))

    def _late_gas(self, state: State) -> None:
        """What was still booked to a round after its block was told: misses and approvals, until the next one opens."""
        for number, told in self._told.items():
            row = state.chain.by_round.get(number, GasRow())
            if row.txs > told and self._level == "verbose":
                self._told[number] = row.txs
                text = f"{_gas(row)}: {row.txs - told} more after round {number} had closed"
                self._say(Text(f"    {'gas':<10}", style="dim").append(text))

    def _say(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def _took(shown: Round) -> float:
    return shown.timing.get("total", seconds_since_opening(shown, shown.closed_at) or 0.0)


def block_lines(state: State, shown: Round) -> list[tuple[str, str]]:
    """Return the facts of a round by name: who submitted, the verdicts, accuracy, gas and where the time went."""
    sent = [f"{id} ({shown.weights.get(id, 0):,})" for id in shown.selected if id in shown.submitted]
    lines = [("updates", f"{len(sent)} of {len(shown.selected)}: {', '.join(sent) or 'none'}")]
    missing = [id for id in shown.selected if id not in shown.submitted]
    if missing:
        lines.append(("missing", ", ".join(missing)))
    if shown.verdicts:
        counted = sum(verdict.included for verdict in shown.verdicts)
        refused = [f"{verdict.client} {verdict.reason}" for verdict in shown.verdicts if not verdict.included]
        lines.append(("verdicts", f"{counted} included" + (f", refused: {', '.join(refused)}" if refused else "")))
    if shown.members:
        seals = f"{len(shown.attested)} of {len(shown.members)} attested"
        lines.append(("committee", f"{fmt.names(shown.committee, 16)}; {seals}"))
    version = state.versions.get(shown.version) if shown.version is not None else None
    if version is not None:
        tested = f", test split {fmt.accuracy(version.test_accuracy_bp, 4)}" if version.test_accuracy_bp else ""
        lines.append(("accuracy", f"committee's median {fmt.accuracy(version.accuracy_bp, 4)}{tested}"))
        lines.append(("model", f"version {version.number}  {version.digest}"))
    row = state.chain.by_round.get(shown.number)
    if row is not None:
        lines.append(("gas", _gas(row)))
    if shown.timing:
        lines.append(("time", account(state, shown)))
    return lines


def _gas(row: GasRow) -> str:
    return f"{row.gas:,} in {fmt.plural(row.txs, 'transaction')}, {fmt.ether(row.fee)} ether"


def in_short(facts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the facts of a round in two lines: what came from whom, and what was made of it at what cost."""
    told = dict(facts)
    missing = f"missing {told['missing']}" if "missing" in told else ""
    gas = told.get("gas", "").partition(" in ")[0]
    lines = {
        "updates": [told["updates"], missing, told.get("verdicts", "").partition(", ")[2]],
        "model": [
            told.get("model", "")[:24].rstrip(),
            told.get("accuracy", ""),
            f"{gas} gas up to its end" if gas else "",
        ],
    }
    joined = [(name, "; ".join(part for part in parts if part)) for name, parts in lines.items()]
    return [(name, text) for name, text in joined if text]
