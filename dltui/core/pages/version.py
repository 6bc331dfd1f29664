"""The page of a version: where it comes from, who made it with which weight, how good it is, who vouched for it."""

from __future__ import annotations

from dltui.core import format as fmt
from dltui.core.pages.page import (
    Cell,
    Col,
    Fact,
    Line,
    Page,
    Table,
    known_client,
    known_round,
    missing,
    share_text,
    verdict_cell,
)
from dltui.core.state.entities import Round, Version
from dltui.core.state.state import State
from dltui.core.views import registry_rows

_CONTRIBUTORS = (
    Col("client", 0),
    Col("verdict", 18),
    Col("weight", 8, right=True),
    Col("share", 6, right=True),
    Col("update", 9),
)
_ATTESTATIONS = (Col("member", 0), Col("accuracy", 8, right=True), Col("result", 16))
_LINEAGE = (
    Col("version", 8),
    Col("state", 12),
    Col("committee", 9, right=True),
    Col("test", 6, right=True),
    Col("", 0),
)


def version_page(state: State, number: int, now: float) -> Page:
    """Return the version of that number."""
    version = state.versions.get(number)
    if version is None:
        return missing("version", number)
    made = state.rounds.get(version.round)
    tables = [_contributors(state, made), _attestations(state, made)] if made is not None else []
    return Page("version", number, f"v{number}", _facts(state, version, made), (*tables, _lineage(state, version)))


def _facts(state: State, version: Version, made: Round | None) -> tuple[Fact, ...]:
    row = next(row for row in registry_rows(state) if row.version == version.number)
    released, parent = state.released, None if version.parent is None else state.versions.get(version.parent)
    facts = [
        Fact("state", f"{fmt.symbol(row.tone)} {row.word}", row.tone),
        Fact("released", _released(version, released)),
        Fact("by", version.by or "nobody has decided on it"),
        Fact("committee", f"accuracy {fmt.accuracy(version.accuracy_bp)}{_against(version, parent, 'accuracy_bp')}"),
        Fact("test split", _tested(version) + _against(version, parent, "test_accuracy_bp")),
        Fact(
            "round",
            str(version.round) if version.round else "none: the first model",
            "",
            known_round(state, version.round),
        ),
    ]
    if version.parent is not None:
        facts.append(Fact("parent", f"v{version.parent}", "", ("version", version.parent)))
    facts += [
        Fact("published", f"{fmt.time_of_day(version.published_at)} UTC" if version.published_at else fmt.NONE),
        Fact("digest", version.digest),
        Fact("CID", version.cid),
    ]
    if made is not None and made.verdicts_root:
        facts.append(Fact("verdicts", made.verdicts_root))
    return tuple(facts)


def _released(version: Version, released: Version | None) -> str:
    if version.released:
        return "this is the released version"
    return f"v{released.number} is" if released else "no version is"


def _tested(version: Version) -> str:
    if version.test_accuracy_bp is None:
        return "not measured"
    return f"accuracy {fmt.accuracy(version.test_accuracy_bp)}, loss {fmt.number(version.test_loss)}"


def _against(version: Version, parent: Version | None, field: str) -> str:
    """Return the difference to the parent, if both were measured."""
    mine, theirs = getattr(version, field), getattr(parent, field, None)
    return (
        "" if parent is None or mine is None or theirs is None else f" ({fmt.delta(mine - theirs)} to v{parent.number})"
    )


def _contributors(state: State, made: Round) -> Table:
    lines = (
        Line(
            (
                v.client,
                verdict_cell(v.included, v.reason),
                f"{v.weight:,}",
                share_text(made, v.client),
                (fmt.short(v.digest), "quiet"),
            ),
            known_client(state, v.client),
            v.digest,
        )
        for v in sorted(made.verdicts, key=lambda v: (not v.included, -v.weight))
    )
    return Table("Contributors", _CONTRIBUTORS, tuple(lines), "the verdicts are not known yet")


def _attestations(state: State, made: Round) -> Table:
    lines = (
        Line((member, fmt.accuracy(accuracy), _agreed(made, member)), known_client(state, member))
        for member, accuracy in made.attested.items()
    )
    return Table("Attestations", _ATTESTATIONS, tuple(lines), "nobody has attested yet")


def _agreed(made: Round, member: str) -> Cell:
    if not made.agreeing:
        return "sealed", "quiet"
    return ("equal seal", "ok") if member in made.agreeing else ("another result", "bad")


def _lineage(state: State, version: Version) -> Table:
    """Return its ancestors, itself, and what descends from it directly, newest first."""
    line: list[Version] = []
    at: Version | None = version
    while at is not None:
        line.append(at)
        at = state.versions.get(at.parent) if at.parent is not None else None
    children = [v for v in state.versions.values() if v.parent == version.number]
    rows = {row.version: row for row in registry_rows(state)}
    lines = []
    for v in [*reversed(children), *line]:
        row = rows[v.number]
        note = "this version" if v is version else "from it" if v in children else ""
        state_cell = (f"{fmt.symbol(row.tone)} {row.word}", row.tone)
        cells = (row.label, state_cell, row.accuracy, row.test_accuracy, (note, "quiet"))
        lines.append(Line(cells, None if v is version else ("version", v.number), v.digest))
    return Table("Lineage", _LINEAGE, tuple(lines))
