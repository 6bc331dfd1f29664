"""The page of a round: what happened when, who took part, what was decided, where time and gas went."""

from __future__ import annotations

from dltui.core import format as fmt
from dltui.core.chain_states import RoundState
from dltui.core.pages.page import (
    Cell,
    Col,
    Fact,
    Line,
    Page,
    Table,
    digest_fact,
    known_client,
    known_version,
    missing,
    tx_table,
    update_cell,
)
from dltui.core.state.entities import Round
from dltui.core.state.state import State
from dltui.core.views.taking_part import seconds_since_opening
from dltui.core.views.time import idle, spent, training
from dltui.core.views.wait import waiting

_STORY = (Col("time", 10), Col("after", 8, right=True), Col("who", 16), Col("what", 0))
_PEOPLE = (
    Col("client", 0),
    Col("update", 18),
    Col("weight", 8, right=True),
    Col("sent after", 10, right=True),
    Col("seat", 16),
)
_TONES = {RoundState.FINALISED: "done", RoundState.ABORTED: "bad"}


def round_page(state: State, number: int, now: float) -> Page:
    """Return the round of that number."""
    shown = state.rounds.get(number)
    if shown is None:
        return missing("round", number)
    txs = [tx for tx in state.txs if tx.round == number]
    tables = (_people(state, shown), _story(state, shown), tx_table("Transactions", txs, senders=True))
    return Page("round", number, f"round {number}", _facts(state, shown, now), tables)


def _facts(state: State, shown: Round, now: float) -> tuple[Fact, ...]:
    tone = _TONES.get(shown.state, "busy")
    took = seconds_since_opening(shown, shown.closed_at)
    facts = [Fact("state", f"{fmt.symbol(tone)} {shown.state}", tone)]
    if shown.reason:
        facts.append(Fact("because", shown.reason, "bad"))
    if shown.excuse:
        facts.append(Fact("excused", shown.excuse, "warn"))
    wait = waiting(state, now) if shown is state.in_flight else None
    if wait is not None:
        facts.append(Fact("waiting", wait.text.removeprefix("waiting "), "busy"))
    facts += [
        Fact("base", f"v{shown.base}", "", known_version(state, shown.base)),
        Fact("result", _result(shown), "", known_version(state, shown.version)),
        Fact("opened", f"{fmt.time_of_day(shown.opened_at)} UTC"),
        Fact("took", fmt.duration(took) if took is not None else "it still runs"),
        Fact("attempts", str(shown.attempt + 1), "warn" if shown.attempt else ""),
        Fact("updates", f"{len(shown.submitted)} of {len(shown.selected)}"),
        *_clip(state),
        Fact("committee", fmt.names(shown.committee, 16) or fmt.NONE),
        Fact("seals", _seals(state, shown)),
        Fact("gas", f"{shown.gas:,}"),
        *_timing(state, shown),
        digest_fact("verdicts", shown.verdicts_root),
        digest_fact("seed", shown.seed),
    ]
    return tuple(facts)


def _clip(state: State) -> list[Fact]:
    bound = state.setting("training", "clip", 0.0)
    return [Fact("clip", f"a larger norm than {bound:g} is scaled down, or left out")] if bound else []


def _result(shown: Round) -> str:
    if shown.version is None:
        return "none" if shown.closed_at else "none yet"
    return f"v{shown.version}, accuracy {fmt.accuracy(shown.accuracy_bp)}"


def _seals(state: State, shown: Round) -> str:
    if shown.agreeing:
        return f"{len(shown.agreeing)} equal of {len(shown.attested)}"
    need = f", {state.plan.quorum} equal ones decide" if state.plan else ""
    return f"{len(shown.attested)}{need}"


def _timing(state: State, shown: Round) -> list[Fact]:
    longest = sorted(((name, s) for name, s in spent(shown) if s > 0), key=lambda part: -part[1])
    facts = [Fact("time in", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in longest))] if longest else []
    told = (("training", training(state, shown)), ("nobody worked", idle(shown)))
    return facts + [Fact(name, text) for name, text in told if text]


def _after(shown: Round, ts: str) -> str:
    seconds = seconds_since_opening(shown, ts)
    return fmt.NONE if seconds is None else f"{seconds:.1f} s"


def _people(state: State, shown: Round) -> Table:
    sent = {who: ts for ts, what, who in shown.story if what == "submitted"}
    everybody = dict.fromkeys((*shown.selected, *shown.submitted, *shown.committee))
    lines = (
        Line(
            (
                client,
                update_cell(state, shown, client),
                f"{shown.weights[client]:,}" if client in shown.weights else fmt.NONE,
                _after(shown, sent.get(client, "")),
                _seat(shown, client),
            ),
            known_client(state, client),
            shown.submitted.get(client, ""),
        )
        for client in everybody
    )
    return Table("Who took part", _PEOPLE, tuple(lines), "nobody was selected")


def _seat(shown: Round, client: str) -> Cell:
    if client not in shown.committee:
        return fmt.NONE, "quiet"
    if client in shown.attested:
        agreed = not shown.agreeing or client in shown.agreeing
        return f"attested {fmt.accuracy(shown.attested[client])}", "ok" if agreed else "bad"
    if client in shown.reported:
        return "reported", "ok"
    return ("missed", "warn") if shown.closed_at else ("a seat", "accent")


def _story(state: State, shown: Round) -> Table:
    lines = (
        Line(
            (
                (fmt.time_of_day(ts), "quiet"),
                _after(shown, ts),
                (who, "accent") if who else ("the contract", "quiet"),
                (what, "strong" if not who else "warn" if what.startswith("no ") else ""),
            ),
            known_client(state, who),
        )
        for ts, what, who in shown.story
    )
    return Table("What happened", _STORY, tuple(lines))
