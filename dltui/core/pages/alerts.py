"""The page of alerts: what needs the operator now, with what to do, and what has been cleared."""

from __future__ import annotations

from dltui.core import format as fmt
from dltui.core.alerts import APPROVAL, subject_of
from dltui.core.events import RunAlert, RunAlertCleared
from dltui.core.pages.page import Col, Fact, Line, Page, Table, Target, known_client, known_round
from dltui.core.state.entities import Alert
from dltui.core.state.state import State
from dltui.core.views.wait import limit

_COLUMNS = (Col("time", 10), Col("for", 12), Col("alert", 0))


def alerts_page(state: State, _id: object, now: float) -> Page:
    """Return every alert, the newest first; then those that are over, as far as the events in memory go back."""
    facts: list[Fact] = []
    told = {event.ts: event.seq for event in state.events}
    told |= {event.data.id: event.seq for event in state.events if isinstance(event.data, RunAlert)}
    for alert in reversed(state.alerts.values()):
        seq = told.get(alert.id, told.get(alert.at))
        target = _about(state, alert) or (("event", seq) if seq is not None else None)
        tone = "bad" if alert.severity == "error" else "warn"
        text = ": ".join(part for part in (limit(alert, now), alert.text) if part)
        facts.append(Fact(f"{fmt.symbol(tone)} {fmt.age(alert.at, now)}", text, tone, target))
        if alert.hint:
            facts.append(Fact("", alert.hint, "", target))
    if not facts:
        facts = [Fact("", f"{fmt.symbol('done')} nothing needs you", "done")]
    return Page("alerts", None, "alerts", tuple(facts), (_cleared(state),))


def _about(state: State, alert: Alert) -> Target | None:
    """Return the thing that an alert is about."""
    kind, name = subject_of(alert.id)
    if kind is APPROVAL and state.awaiting:
        return "version", state.awaiting[-1].number
    if kind is not None and kind.about == "round":
        return known_round(state, int(name)) if name.isdecimal() else None
    return known_client(state, name)


def _cleared(state: State) -> Table:
    raised: dict[str, tuple[str, str]] = {}
    lines = []
    for event in state.events:
        if isinstance(event.data, RunAlert):
            raised.setdefault(event.data.id, (event.ts, event.data.text))
        elif isinstance(event.data, RunAlertCleared) and event.data.id in raised:
            since, text = raised.pop(event.data.id)
            start, end = fmt.unix(since), fmt.unix(event.ts)
            lasted = fmt.duration(end - start) if start is not None and end is not None else fmt.NONE
            lines.append(Line(((fmt.time_of_day(since), "quiet"), lasted, text), ("event", event.seq)))
    return Table("Over", _COLUMNS, tuple(reversed(lines)), "nothing has been cleared yet")
